//! What may be done to a consent: the rules, without clock, disk or network.

use events::{
    consent::{ConsentEvent, ConsentTerms},
    envelope::Actor,
};

use super::Rejection;
use crate::parse::{
    consent::{Edge, TermsChange},
    feed::ConsentLine,
};

/// What somebody wants of a consent.
#[derive(Debug, Clone)]
pub enum ConsentCommand {
    /// The bank's word about what its customers allowed.
    State(ConsentLine),
    /// An operator grants what is not in force.
    Grant(ConsentTerms),
    /// An operator changes what was granted and not revoked.
    Amend(TermsChange),
    /// An operator takes back what was granted.
    Revoke,
}

/// A consent as the rules see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consent {
    now: Option<Standing>,
    /// What the bank's feed stated last: said again, it is no news.
    stated: Option<Standing>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    terms: ConsentTerms,
    revoked: bool,
}

impl Consent {
    /// Takes in what happened; never refuses.
    pub fn evolve(&mut self, actor: Actor, event: &ConsentEvent) {
        Standing::evolve(&mut self.now, event);
        if actor == Actor::Bank {
            self.stated.clone_from(&self.now);
        }
    }

    /// Says yes, with what then happens; or no, with the reason.
    pub fn decide(&self, command: ConsentCommand) -> Result<Vec<ConsentEvent>, Rejection> {
        match command {
            ConsentCommand::State(line) => self.state(line),
            ConsentCommand::Grant(terms) => self.grant(terms),
            ConsentCommand::Amend(change) => self.amend(change),
            ConsentCommand::Revoke => self.revoke(),
        }
    }

    fn state(&self, line: ConsentLine) -> Result<Vec<ConsentEvent>, Rejection> {
        let ConsentLine { terms, revoked, .. } = line;
        self.belongs_to(&terms)?;
        let stated = Standing { terms: terms.clone(), revoked };
        if self.stated.as_ref() == Some(&stated) {
            return Ok(Vec::new());
        }
        let mut events = match &self.now {
            None => vec![ConsentEvent::Granted(terms)],
            Some(now) if now.revoked && !revoked => vec![ConsentEvent::Granted(terms)],
            // What an operator did already is stated all the same: the bank's word is news.
            Some(now) if now.terms != terms || !revoked => vec![ConsentEvent::Amended(terms)],
            Some(_) => Vec::new(),
        };
        if revoked && (events.is_empty() || !self.is_revoked()) {
            events.push(ConsentEvent::Revoked);
        }
        Ok(events)
    }

    fn grant(&self, terms: ConsentTerms) -> Result<Vec<ConsentEvent>, Rejection> {
        self.belongs_to(&terms)?;
        match &self.now {
            Some(now) if now.revoked => Ok(vec![ConsentEvent::Granted(terms)]),
            Some(now) if now.terms == terms => Ok(Vec::new()),
            Some(_) => Err(Rejection::GrantedAlready),
            None => Ok(vec![ConsentEvent::Granted(terms)]),
        }
    }

    fn amend(&self, change: TermsChange) -> Result<Vec<ConsentEvent>, Rejection> {
        let now = self.now.as_ref().ok_or(Rejection::UnknownConsent)?;
        if now.revoked {
            return Err(Rejection::RevokedAlready);
        }
        let TermsChange { customers, scopes, valid_from, valid_to } = change;
        let before = now.terms.clone();
        let terms = ConsentTerms {
            client_identification: before.client_identification,
            customer_identifications: customers.unwrap_or(before.customer_identifications),
            scopes: scopes.unwrap_or(before.scopes),
            valid_from: valid_from.map_or(before.valid_from, Edge::instant),
            valid_to: valid_to.map_or(before.valid_to, Edge::instant),
        };
        if terms.valid_from.zip(terms.valid_to).is_some_and(|(from, to)| to <= from) {
            return Err(Rejection::EndsBeforeItBegins);
        }
        let changed = terms != now.terms;
        Ok(changed.then_some(ConsentEvent::Amended(terms)).into_iter().collect())
    }

    fn revoke(&self) -> Result<Vec<ConsentEvent>, Rejection> {
        match &self.now {
            None => Err(Rejection::UnknownConsent),
            Some(now) if now.revoked => Ok(Vec::new()),
            Some(_) => Ok(vec![ConsentEvent::Revoked]),
        }
    }

    fn is_revoked(&self) -> bool {
        self.now.as_ref().is_some_and(|now| now.revoked)
    }

    /// A consent never passes to another client.
    fn belongs_to(&self, terms: &ConsentTerms) -> Result<(), Rejection> {
        let others =
            |now: &Standing| now.terms.client_identification != terms.client_identification;
        if self.now.as_ref().is_some_and(others) {
            return Err(Rejection::AnotherClients);
        }
        Ok(())
    }
}

impl Standing {
    fn evolve(standing: &mut Option<Self>, event: &ConsentEvent) {
        match (event, standing.as_mut()) {
            (ConsentEvent::Granted(terms), _) => {
                *standing = Some(Self { terms: terms.clone(), revoked: false });
            }
            (ConsentEvent::Amended(terms), Some(now)) => now.terms = terms.clone(),
            (ConsentEvent::Revoked, Some(now)) => now.revoked = true,
            (ConsentEvent::Amended(_) | ConsentEvent::Revoked, None) => {}
        }
    }
}

#[cfg(test)]
mod tests;
