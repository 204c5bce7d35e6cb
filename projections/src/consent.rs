//! What is known of a consent: its terms, whether it was revoked, and since when it stands.

use events::{
    consent::{ConsentEvent, ConsentTerms},
    id::{Position, Version},
};
use minicbor::{Decode, Encode};

use crate::document::Unapplied;

/// A consent that was granted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Consent {
    /// Of the last event applied.
    #[n(0)]
    pub(crate) version: Version,
    /// Where the grant lies in the log.
    #[n(1)]
    pub(crate) granted: Position,
    #[n(2)]
    pub(crate) revoked: bool,
    #[n(3)]
    #[cbor(with = "crate::json::in_cbor")]
    pub(crate) terms: ConsentTerms,
}

impl Consent {
    /// Bytes of the ids in it.
    pub(crate) fn weight(&self) -> usize {
        self.terms.customer_identifications.iter().map(|id| id.as_str().len()).sum()
    }
}

/// Applies one event; what does not fit leaves everything as it was.
pub(crate) fn apply(
    state: &mut Option<Consent>,
    position: Position,
    version: Version,
    event: &ConsentEvent,
) -> Result<(), Unapplied> {
    match (state.as_mut(), event) {
        (Some(consent), ConsentEvent::Granted(_)) if !consent.revoked => Err(Unapplied::BegunTwice),
        // Granted again after it was revoked: it stands since then.
        (_, ConsentEvent::Granted(terms)) => {
            let terms = terms.clone();
            *state = Some(Consent { version, granted: position, revoked: false, terms });
            Ok(())
        }
        (None, ConsentEvent::Amended(_) | ConsentEvent::Revoked) => Err(Unapplied::NotBegun),
        (Some(consent), ConsentEvent::Amended(terms)) => {
            consent.version = version;
            consent.terms = terms.clone();
            Ok(())
        }
        (Some(consent), ConsentEvent::Revoked) => {
            consent.version = version;
            consent.revoked = true;
            Ok(())
        }
    }
}
