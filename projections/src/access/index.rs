//! The index behind access: candidates for every question, kept as documents change.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use events::{
    consent::ConsentTerms,
    id::{ClientId, ConsentId, CustomerId, PersonId, Position, Version},
    party::Relation,
};
use rustc_hash::FxBuildHasher;

use super::Scopes;
use crate::{consent::Consent, customer::Customer};

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

#[derive(Debug, Default)]
pub(crate) struct Index {
    customers: Map<CustomerId, Seen>,
    /// About whom there is something to say.
    persons: HashSet<PersonId, FxBuildHasher>,
    consents: Map<ConsentId, Arc<Granted>>,
    clients: Map<ClientId, Candidates>,
}

/// A customer, as far as access goes; also one that was only ever named in a consent.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(super) exists: bool,
    /// Of its stream.
    pub(super) version: Version,
    pub(super) closed: bool,
    links: Box<[Link]>,
    /// To whom consents were given that name the customer, each once.
    clients: Vec<ClientId>,
}

/// One link of a customer to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    person: PersonId,
    relation: Option<Relation>,
}

/// A consent that was not revoked.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) id: ConsentId,
    pub(super) version: Version,
    pub(super) since: Position,
    pub(super) scopes: Scopes,
    pub(super) terms: ConsentTerms,
}

/// What a client could see, if the clock lets it. Nothing else is walked when it asks: so neither
/// time nor what is counted tells it how many consents others have, or customers a person.
#[derive(Debug, Default)]
struct Candidates {
    /// With the client's consents that name the customer.
    customers: BTreeMap<CustomerId, Vec<Arc<Granted>>>,
    /// With those of these customers that link to the person, each once, in the order of their ids.
    persons: BTreeMap<PersonId, Vec<CustomerId>>,
}

/// A customer that some consent of a client names, in force or not, with these consents.
pub(super) struct Named<'a> {
    pub(super) seen: &'a Seen,
    consents: &'a [Arc<Granted>],
}

impl Index {
    /// Takes in a customer as it is now.
    pub(crate) fn set_customer(&mut self, id: &CustomerId, customer: &Customer) {
        let links = customer
            .links
            .iter()
            .map(|link| Link { person: link.person.clone(), relation: link.relation() });
        let links: Box<[Link]> = links.collect();
        let seen = self.customers.entry(id.clone()).or_default();
        seen.exists = true;
        seen.version = customer.version;
        seen.closed = customer.closed;
        if seen.links == links {
            return;
        }
        let old = std::mem::replace(&mut seen.links, links.clone());
        let is_gone = |link: &&Link| links.iter().all(|other| other.person != link.person);
        let gone: Vec<_> = old.iter().filter(is_gone).collect();
        for client in &seen.clients {
            let candidates = self.clients.entry(client.clone()).or_default();
            for link in &links {
                candidates.link(&link.person, id);
            }
            for link in &gone {
                candidates.unlink(&link.person, id);
            }
        }
    }

    /// Takes in that a customer's stream is parked: it exists, and cannot be read.
    pub(crate) fn park_customer(&mut self, id: &CustomerId) {
        self.customers.entry(id.clone()).or_default().exists = true;
    }

    /// Takes in whether there is anything to say about a person.
    pub(crate) fn set_person(&mut self, id: &PersonId, exists: bool) {
        if exists {
            self.persons.insert(id.clone());
        } else {
            self.persons.remove(id);
        }
    }

    /// Takes in a consent as it is now; none when it denies.
    pub(crate) fn set_consent(&mut self, id: &ConsentId, consent: Option<&Consent>) {
        if let Some(old) = self.consents.remove(id) {
            self.withdraw(&old);
        }
        if let Some(consent) = consent.filter(|consent| !consent.revoked) {
            let granted = Arc::new(Granted {
                id: id.clone(),
                version: consent.version,
                since: consent.granted,
                scopes: consent.terms.scopes.iter().copied().collect(),
                terms: consent.terms.clone(),
            });
            self.grant(&granted);
            self.consents.insert(id.clone(), granted);
        }
    }

    fn grant(&mut self, consent: &Arc<Granted>) {
        let candidates = self.clients.entry(consent.client().clone()).or_default();
        for customer in &consent.terms.customer_identifications {
            let seen = self.customers.entry(customer.clone()).or_default();
            let consents = candidates.customers.entry(customer.clone()).or_default();
            consents.push(Arc::clone(consent));
            if consents.len() == 1 {
                seen.clients.push(consent.client().clone());
                for link in &seen.links {
                    candidates.link(&link.person, customer);
                }
            }
        }
    }

    fn withdraw(&mut self, consent: &Arc<Granted>) {
        let candidates = self.clients.entry(consent.client().clone()).or_default();
        // From the end, since whoever is linked to many keeps them in order.
        for customer in consent.terms.customer_identifications.iter().rev() {
            let Some(consents) = candidates.customers.get_mut(customer) else { continue };
            consents.retain(|other| !Arc::ptr_eq(other, consent));
            if consents.is_empty() {
                candidates.customers.remove(customer);
                let seen = self.customers.entry(customer.clone()).or_default();
                seen.clients.retain(|client| client != consent.client());
                for link in &seen.links {
                    candidates.unlink(&link.person, customer);
                }
            }
        }
    }

    pub(crate) fn knows(&self, client: &ClientId) -> bool {
        self.clients.contains_key(client)
    }

    pub(super) fn consents(&self) -> impl Iterator<Item = &Granted> {
        self.consents.values().map(|consent| &**consent)
    }

    /// A customer that some consent of the client names, in force or not.
    ///
    /// What no consent of the client names is looked for among the client's own alone, whether or
    /// not there is such a customer: no difference in time tells one from the other.
    pub(super) fn customer_named(&self, client: &ClientId, id: &CustomerId) -> Option<Named<'_>> {
        let consents = self.clients.get(client)?.customers.get(id)?;
        Some(Named { seen: self.customers.get(id)?, consents })
    }

    pub(super) fn customer(&self, id: &CustomerId) -> Option<&Seen> {
        self.customers.get(id)
    }

    pub(super) fn customers_of(
        &self,
        client: &ClientId,
        after: Option<&CustomerId>,
    ) -> impl Iterator<Item = &CustomerId> {
        let candidates = self.clients.get(client).map(|candidates| &candidates.customers);
        candidates.into_iter().flat_map(move |all| all.range(beyond(after)).map(|(id, _)| id))
    }

    /// Persons that exist, as far as they are behind the client's customers.
    pub(super) fn persons_of(
        &self,
        client: &ClientId,
        after: Option<&PersonId>,
    ) -> impl Iterator<Item = &PersonId> {
        let candidates = self.clients.get(client).map(|candidates| &candidates.persons);
        candidates.into_iter().flat_map(move |all| all.range(beyond(after)).map(|(id, _)| id))
    }

    /// Customers that link to a person that exists and are named in a consent of the client; each
    /// counts as looked at.
    pub(super) fn customers_between<'a>(
        &'a self,
        client: &ClientId,
        person: &PersonId,
        looked_at: &'a Cell<usize>,
    ) -> impl Iterator<Item = &'a CustomerId> {
        // Again among the client's own first, so that time tells nothing of persons behind others.
        let own = self.clients.get(client).and_then(|own| own.persons.get(person));
        let own = own.filter(|_| self.persons.contains(person));
        own.into_iter().flatten().inspect(|_| looked_at.set(looked_at.get() + 1))
    }
}

impl Candidates {
    fn link(&mut self, person: &PersonId, customer: &CustomerId) {
        let customers = self.persons.entry(person.clone()).or_default();
        if let Err(at) = customers.binary_search(customer) {
            customers.insert(at, customer.clone());
        }
    }

    fn unlink(&mut self, person: &PersonId, customer: &CustomerId) {
        let Some(customers) = self.persons.get_mut(person) else { return };
        if let Ok(at) = customers.binary_search(customer) {
            customers.remove(at);
        }
        if customers.is_empty() {
            self.persons.remove(person);
        }
    }
}

impl Named<'_> {
    pub(super) fn in_force(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Arc<Granted>> {
        self.consents.iter().filter(move |consent| consent.terms.in_force(now))
    }
}

impl Seen {
    pub(super) fn relations(&self, person: &PersonId) -> Vec<Option<Relation>> {
        let links = self.links.iter().filter(|link| link.person == *person);
        links.map(|link| link.relation).collect()
    }
}

impl Granted {
    fn client(&self) -> &ClientId {
        &self.terms.client_identification
    }
}

fn beyond<T: Ord>(after: Option<&T>) -> (Bound<&T>, Bound<&T>) {
    (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}
