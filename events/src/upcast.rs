//! Old tags to new ones, one line a step; what is stored is never rewritten.

use serde_json::Value;

use crate::{event::Payload, tag::Tag};

/// One past shape, the shape that came after it, and how to get there.
#[derive(Clone, Copy)]
struct Step {
    from: &'static str,
    to: &'static str,
    change: fn(Value) -> Value,
}

/// Every tag that was ever written and is no longer; none so far.
const STEPS: &[Step] = &[];

/// More steps than this from one tag is a circle.
const STEPS_MAX: usize = 64;

/// Why a stored tag does not lead to one of today's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpcastError {
    #[error("the tag {0} is unknown to this version of dossier")]
    UnknownTag(String),
    #[error("the payload under the tag {0} is not JSON")]
    NoJson(String),
}

/// Follows the steps from an old tag to today's, and changes the payload on the way.
///
/// A forgotten payload has nothing to change: it arrives forgotten.
pub(crate) fn to_current(tag: &str, payload: &Payload) -> Result<(String, Payload), UpcastError> {
    along(STEPS, tag, payload)
}

fn along(steps: &[Step], tag: &str, payload: &Payload) -> Result<(String, Payload), UpcastError> {
    let mut now = tag;
    let mut value = match payload {
        Payload::Json(json) => {
            Some(serde_json::from_slice(json).map_err(|_| UpcastError::NoJson(tag.to_owned()))?)
        }
        Payload::Empty | Payload::Forgotten => None,
    };
    for _ in 0..STEPS_MAX {
        let Some(step) = steps.iter().find(|step| step.from == now) else { break };
        now = step.to;
        value = value.map(step.change);
    }
    if Tag::parse(now).is_none() {
        return Err(UpcastError::UnknownTag(tag.to_owned()));
    }
    let payload = value.map_or_else(|| payload.clone(), |v| Payload::Json(v.to_string().into()));
    Ok((now.to_owned(), payload))
}

/// Refuses a hole: every past tag must lead to one of today's, or its events could not be read.
pub(crate) fn check() -> Result<(), UpcastError> {
    complete(STEPS)
}

fn complete(steps: &[Step]) -> Result<(), UpcastError> {
    steps.iter().try_for_each(|step| along(steps, step.from, &Payload::Empty).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAST: &[Step] = &[
        Step { from: "consent.granted.v-1", to: "consent.granted.v0", change: |value| value },
        Step { from: "consent.granted.v0", to: "consent.granted.v1", change: rename_client },
    ];

    fn rename_client(mut value: Value) -> Value {
        value["clientIdentification"] = value["client"].take();
        value
    }

    #[test]
    fn an_old_tag_is_read_in_todays_shape() {
        let old = Payload::Json(br#"{"client":"alpha"}"#.to_vec());
        let (tag, now) = along(PAST, "consent.granted.v-1", &old).unwrap();
        assert_eq!(tag, Tag::ConsentGranted.as_str());
        let Payload::Json(json) = now else { panic!("the payload is gone") };
        let value: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(value["clientIdentification"], "alpha");
    }

    #[test]
    fn a_forgotten_payload_stays_forgotten_under_an_old_tag() {
        let (tag, now) = along(PAST, "consent.granted.v0", &Payload::Forgotten).unwrap();
        assert_eq!((tag.as_str(), now), (Tag::ConsentGranted.as_str(), Payload::Forgotten));
    }

    #[test]
    fn an_unknown_tag_is_an_error_that_names_it() {
        let found = along(PAST, "consent.lent.v1", &Payload::Empty);
        assert_eq!(found, Err(UpcastError::UnknownTag("consent.lent.v1".to_owned())));
    }

    #[test]
    fn a_hole_in_the_steps_is_found() {
        assert_eq!(complete(PAST), Ok(()));
        assert!(complete(&PAST[..1]).is_err());
    }

    #[test]
    fn a_circle_of_steps_is_found() {
        let circle = [
            Step { from: "a.v1", to: "a.v2", change: |value| value },
            Step { from: "a.v2", to: "a.v1", change: |value| value },
        ];
        assert!(complete(&circle).is_err());
    }

    #[test]
    fn todays_steps_leave_no_hole() {
        assert_eq!(check(), Ok(()));
    }
}
