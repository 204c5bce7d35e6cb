//! What is known of the issuer's keys, and what that means for a token.

use std::{sync::Arc, time::Duration};

use jsonwebtoken::Algorithm;
use tokio::time::Instant;

use crate::access::{
    fault::Fault,
    fetch::FetchError,
    jwks::{Key, KeySet},
};

#[derive(Debug)]
pub(super) struct State {
    pub(super) set: Option<Arc<KeySet>>,
    pub(super) fetches: u64,
    fetched: Option<Instant>,
    has_failed: bool,
    /// Until then nothing is fetched.
    pub(super) rests_until: Instant,
}

impl State {
    pub(super) fn new(set: Option<Arc<KeySet>>) -> Self {
        let now = Instant::now();
        let fetched = set.is_some().then_some(now);
        Self { set, fetches: 0, fetched, has_failed: false, rests_until: now }
    }

    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<Key>> {
        self.set.as_ref()?.find(id, algorithm)
    }

    /// Of a token whose key is not there.
    pub(super) fn verdict(&self) -> Fault {
        // While the issuer is away, nobody knows whether it has got a new key.
        if self.has_failed || self.set.is_none() { Fault::Unreachable } else { Fault::UnknownKey }
    }

    /// Whether other keys are believed than before.
    pub(super) fn succeed(&mut self, set: KeySet) -> bool {
        self.fetched = Some(Instant::now());
        let was_failing = std::mem::take(&mut self.has_failed);
        let is_same = self.set.as_ref().is_some_and(|known| known.is_same(&set));
        if is_same && !was_failing {
            return false;
        }
        match set.len() {
            0 => tracing::warn!("The issuer has no key that can be used; no token is good."),
            keys => tracing::info!(keys, "The issuer's keys are there."),
        }
        self.set = Some(Arc::new(set));
        !is_same
    }

    /// The same; keys that cannot be fetched again are believed, but not for ever.
    pub(super) fn fail(&mut self, error: &FetchError, stale_max: Duration) -> bool {
        let is_too_old = self.fetched.is_some_and(|fetched| fetched.elapsed() > stale_max);
        let is_new = !std::mem::replace(&mut self.has_failed, true);
        if is_new {
            let reason = events::causes::chain(error);
            let known = self.set.is_some();
            tracing::warn!(reason, known, "The issuer's keys cannot be fetched; trying again.");
        }
        if is_too_old && self.set.take().is_some() {
            tracing::error!("The issuer's keys are too old to be believed any longer.");
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    fn set(keys: &str) -> KeySet {
        KeySet::parse(format!("{{\"keys\":[{keys}]}}").as_bytes()).unwrap()
    }

    /// RFC 8037, appendix A.2.
    fn some() -> KeySet {
        set(
            r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        )
    }

    fn error() -> FetchError {
        FetchError::TooLarge
    }

    fn finds(state: &State) -> bool {
        state.find(Some("a"), Algorithm::EdDSA).is_some()
    }

    #[test]
    fn keys_are_believed_while_they_cannot_be_fetched_until_they_are_too_old() {
        let mut state = State::new(None);
        assert_eq!(state.verdict(), Fault::Unreachable, "nothing is known");
        assert!(state.succeed(some()));
        assert_eq!((finds(&state), state.verdict()), (true, Fault::UnknownKey));
        assert!(!state.fail(&error(), LONG));
        assert_eq!((finds(&state), state.verdict()), (true, Fault::Unreachable));
        assert!(!state.succeed(some()), "they are the same");
        assert_eq!((finds(&state), state.verdict()), (true, Fault::UnknownKey));
        assert!(state.fail(&error(), Duration::ZERO), "they are too old");
        assert_eq!((finds(&state), state.verdict()), (false, Fault::Unreachable));
        assert!(state.succeed(some()));
        assert!(finds(&state));
    }

    #[test]
    fn an_issuer_that_has_no_key_any_more_is_obeyed() {
        let mut state = State::new(Some(Arc::new(some())));
        assert!(state.succeed(set("")));
        assert_eq!((finds(&state), state.verdict()), (false, Fault::UnknownKey));
    }
}
