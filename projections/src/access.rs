//! Who may see what: consents, links and existence, in memory; the clock decides at read.
//!
//! Consents begin and end by the clock without an event, so nothing that depends on it is kept:
//! what is kept are candidates, and each question filters them.

mod index;
mod scopes;

use std::cell::Cell;

use chrono::{DateTime, Utc};
use events::{
    consent::{ConsentTerms, Scope},
    id::{ClientId, ConsentId, CustomerId, PersonId, Position, Version},
    party::Relation,
};

pub(crate) use self::index::Index;
use self::index::{Granted, Named};
pub use self::scopes::Scopes;

/// What a client may do with a customer that it may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Of all consents in force together.
    pub scopes: Scopes,
    pub closed: bool,
    /// The oldest consent that shows the customer.
    pub consent: ConsentFor,
}

/// A customer through whom a person is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonCustomer {
    pub customer: CustomerId,
    /// Of the customer's stream, that is known here.
    pub version: Version,
    pub closed: bool,
    /// The oldest consent that shows the customer.
    pub consent: ConsentFor,
    /// What the person is to the customer, link by link; none where it is not known.
    pub relations: Vec<Option<Relation>>,
}

/// A consent that an answer or a write can stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentFor {
    pub id: ConsentId,
    /// That is known here; an append that names it fails once the consent has moved.
    pub version: Version,
    /// Where in the log it was granted: the oldest comes first.
    pub granted: Position,
    /// When it ends by the clock.
    pub until: Option<DateTime<Utc>>,
}

/// A consent that was not revoked, whether or not the clock lets it hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingConsent {
    pub id: ConsentId,
    pub version: Version,
    pub terms: ConsentTerms,
}

impl Index {
    /// None when the client may not see the customer, or there is no such customer.
    pub(crate) fn access(
        &self,
        client: &ClientId,
        customer: &CustomerId,
        now: DateTime<Utc>,
    ) -> Option<Access> {
        let named = self.customer_named(client, customer).filter(|named| named.seen.exists)?;
        let consent = named.oldest(Scope::CustomerRead, now)?.into();
        Some(Access { scopes: named.scopes(now), closed: named.seen.closed, consent })
    }

    /// The oldest consent in force that carries a scope.
    pub(crate) fn consent_for(
        &self,
        client: &ClientId,
        customer: &CustomerId,
        scope: Scope,
        now: DateTime<Utc>,
    ) -> Option<ConsentFor> {
        self.customer_named(client, customer)?.oldest(scope, now).map(Into::into)
    }

    /// Consents that stand, of a client and over a customer if so asked, in the order of their ids.
    pub(crate) fn standing(
        &self,
        client: Option<&ClientId>,
        customer: Option<&CustomerId>,
    ) -> Vec<StandingConsent> {
        let all = self.consents().filter(|consent| {
            let terms = &consent.terms;
            client.is_none_or(|client| terms.client_identification == *client)
                && customer.is_none_or(|id| terms.customer_identifications.contains(id))
        });
        let standing = |consent: &Granted| StandingConsent {
            id: consent.id.clone(),
            version: consent.version,
            terms: consent.terms.clone(),
        };
        let mut standing: Vec<_> = all.map(standing).collect();
        standing.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        standing
    }

    /// Customers that the client may see, in the order of their ids.
    ///
    /// Consents that have ended by the clock leave candidates behind, so what it costs is counted.
    pub(crate) fn customers(
        &self,
        client: &ClientId,
        now: DateTime<Utc>,
        (after, limit): (Option<&CustomerId>, usize),
        looked_at: &mut usize,
    ) -> Vec<CustomerId> {
        let candidates = self.customers_of(client, after).inspect(|_| *looked_at += 1);
        let visible = candidates.filter(|customer| self.access(client, customer, now).is_some());
        visible.take(limit).cloned().collect()
    }

    /// Persons behind customers that the client may see, in the order of their ids, each once.
    pub(crate) fn persons(
        &self,
        client: &ClientId,
        now: DateTime<Utc>,
        (after, limit): (Option<&PersonId>, usize),
        looked_at: &mut usize,
    ) -> Vec<PersonId> {
        let looked = Cell::new(0);
        let candidates = self.persons_of(client, after);
        let visible = candidates.filter(|person| {
            self.customers_between(client, person, &looked)
                .any(|customer| self.access(client, customer, now).is_some())
        });
        let found = visible.take(limit).cloned().collect();
        *looked_at += looked.get();
        found
    }

    /// Customers that the client may see and that have to do with a person.
    pub(crate) fn person_customers(
        &self,
        client: &ClientId,
        person: &PersonId,
        now: DateTime<Utc>,
        looked_at: &mut usize,
    ) -> Vec<PersonCustomer> {
        let looked = Cell::new(0);
        let found = self
            .customers_between(client, person, &looked)
            .filter_map(|customer| {
                let access = self.access(client, customer, now)?;
                let seen = self.customer(customer)?;
                let relations = seen.relations(person);
                Some(PersonCustomer {
                    customer: customer.clone(),
                    version: seen.version,
                    closed: access.closed,
                    consent: access.consent,
                    relations,
                })
            })
            .collect();
        *looked_at += looked.get();
        found
    }
}

impl From<&Granted> for ConsentFor {
    fn from(consent: &Granted) -> Self {
        Self {
            id: consent.id.clone(),
            version: consent.version,
            granted: consent.since,
            until: consent.terms.valid_to,
        }
    }
}

impl Named<'_> {
    fn scopes(&self, now: DateTime<Utc>) -> Scopes {
        self.in_force(now).fold(Scopes::NONE, |scopes, consent| scopes | consent.scopes)
    }

    /// The oldest consent in force that carries a scope.
    fn oldest(&self, scope: Scope, now: DateTime<Utc>) -> Option<&Granted> {
        self.in_force(now)
            .filter(|consent| consent.scopes.contains(scope))
            .min_by_key(|consent| consent.since)
            .map(|consent| &**consent)
    }
}
