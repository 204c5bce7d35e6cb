//! Examples: the golden events, as the publisher would send them.

use events::{
    envelope::{Actor, Cause, Envelope, Head, PayloadKind},
    event::Payload,
    id::{EventId, Position, StreamId, Version},
    tag::Class,
    text::Trace,
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{kinds::Kind, messages::has_body};
use crate::publisher::{self, Published};

/// When all examples happened.
const RECORDED_AT: &str = "2026-01-02T03:04:05.678901Z";
/// Events before an example's aggregate was first heard of.
const BEFORE: u64 = 1000;
/// The leaf hash of an empty record.
const RECORD_HASH: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

macro_rules! golden {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../../events/fixtures/", $name, ".json")))),*]
    };
}

/// The golden events, by the names of their files.
pub(super) const GOLDEN: [(&str, &str); 22] = golden![
    "consent.amended.v1"
    "consent.granted.v1"
    "consent.revoked.v1"
    "customer.address-added.v1"
    "customer.address-changed.v1"
    "customer.address-removed.v1"
    "customer.amended.v1"
    "customer.closed.v1"
    "customer.kyc-recorded.v1"
    "customer.opened.v1"
    "customer.person-linked.v1"
    "customer.person-unlinked.v1"
    "customer.reopened.v1"
    "person.amended.v1"
    "person.contact-added.v1"
    "person.contact-changed.v1"
    "person.contact-removed.v1"
    "person.registered.v1"
    "person.registered.v1.association"
    "person.registered.v1.legal-person"
    "person.registered.v1.sole-proprietorship"
    "person.registered.v1.trust"
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Golden {
    tag: Box<str>,
    stream: StreamId,
    version: Version,
    event_id: EventId,
    object: Option<Box<str>>,
    class: Option<Class>,
    cause: GoldenCause,
    payload: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct GoldenCause {
    trace: Option<Trace>,
}

pub(super) fn of(published: &Published, kind: &Kind) -> Vec<Value> {
    let texts = GOLDEN.into_iter().filter(|(name, _)| is_of(name, kind.tag));
    texts.map(|(name, text)| example(published, kind, name, text)).collect()
}

fn is_of(name: &str, tag: &str) -> bool {
    name.strip_prefix(tag).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn example(published: &Published, kind: &Kind, name: &str, text: &str) -> Value {
    let golden: Golden = serde_json::from_str(text).expect("golden events are read by tests");
    let payload = golden.payload();
    let body = match &payload {
        Payload::Json(json) if has_body(published, kind) => serde_json::from_slice(json).ok(),
        Payload::Json(_) | Payload::Empty | Payload::Forgotten => None::<Value>,
    };
    let envelope = golden.envelope();
    let previous = match envelope.head.version.0 {
        1 => Position::ZERO,
        version => Position(BEFORE + version - 1),
    };
    let hash = hex::decode(RECORD_HASH).unwrap_or_default();
    let (subject, headers) = publisher::example(published, &envelope, previous, &hash, payload);
    let mut example =
        json!({ "name": name, "summary": format!("Under {subject}"), "headers": headers });
    if let Some(body) = body {
        example["payload"] = body;
    }
    example
}

impl Golden {
    fn payload(&self) -> Payload {
        let json = |raw: &RawValue| Payload::Json(raw.get().as_bytes().to_vec());
        self.payload.as_deref().map_or(Payload::Empty, json)
    }

    fn envelope(self) -> Envelope {
        let payload = match (self.class, &self.payload) {
            (Some(class), _) => PayloadKind::Sealed { class, slot: 0 },
            (None, Some(_)) => PayloadKind::Clear,
            (None, None) => PayloadKind::Empty,
        };
        let head = Head {
            stream: self.stream,
            version: self.version,
            tag: self.tag,
            event_id: self.event_id,
            object: self.object,
            cause: Cause { trace: self.cause.trace, ..Cause::by(Actor::Bank) },
            payload,
        };
        let recorded_at = RECORDED_AT.parse().expect("the time is one");
        Envelope { position: Position(BEFORE + head.version.0), recorded_at, head }
    }
}
