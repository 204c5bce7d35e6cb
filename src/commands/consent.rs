//! What may be done to a consent: the rules, without clock, disk or network.

use events::consent::{ConsentEvent, ConsentTerms};

use super::Rejection;
use crate::parse::feed::ConsentLine;

/// What somebody wants of a consent.
#[derive(Debug, Clone)]
pub enum ConsentCommand {
    /// The bank's word about what its customers allowed.
    State(ConsentLine),
}

/// A consent as the rules see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consent {
    terms: Option<ConsentTerms>,
    revoked: bool,
}

impl Consent {
    /// Takes in what happened; never refuses.
    pub fn evolve(&mut self, event: &ConsentEvent) {
        match event {
            ConsentEvent::Granted(terms) => {
                self.terms = Some(terms.clone());
                self.revoked = false;
            }
            ConsentEvent::Amended(terms) => self.terms = Some(terms.clone()),
            ConsentEvent::Revoked => self.revoked = true,
        }
    }

    /// Says yes, with what then happens; or no, with the reason.
    pub fn decide(&self, command: ConsentCommand) -> Result<Vec<ConsentEvent>, Rejection> {
        let ConsentCommand::State(ConsentLine { terms, revoked, .. }) = command;
        let mut events = Vec::new();
        match &self.terms {
            None => events.push(ConsentEvent::Granted(terms)),
            Some(now) if now.client_identification != terms.client_identification => {
                return Err(Rejection::AnotherClients);
            }
            Some(now) if self.revoked && revoked && *now == terms => {}
            Some(_) if self.revoked && !revoked => events.push(ConsentEvent::Granted(terms)),
            Some(now) if *now != terms => events.push(ConsentEvent::Amended(terms)),
            Some(_) => {}
        }
        if revoked && !self.revoked {
            events.push(ConsentEvent::Revoked);
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests;
