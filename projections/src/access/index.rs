//! The index behind access: candidates for every question, kept as documents change.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
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
    persons: Map<PersonId, PersonSeen>,
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
    /// That name the customer, whoever they were given to.
    consents: Vec<Arc<Granted>>,
}

/// One link of a customer to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    person: PersonId,
    relation: Option<Relation>,
}

/// A person, as far as access goes; also one that was only ever linked to.
#[derive(Debug, Default)]
struct PersonSeen {
    exists: bool,
    /// That link to the person, each once, in the order of their ids.
    customers: Vec<CustomerId>,
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

/// What a client could see, if the clock lets it.
#[derive(Debug, Default)]
struct Candidates {
    /// With how many consents name the customer.
    customers: BTreeMap<CustomerId, u32>,
    /// With how many links from these customers lead to the person.
    persons: BTreeMap<PersonId, u32>,
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
        let clients = seen.clients();
        let old = std::mem::replace(&mut seen.links, links.clone());
        for client in clients {
            let candidates = self.clients.entry(client).or_default();
            for link in &links {
                count_up(&mut candidates.persons, &link.person);
            }
            for link in &old {
                count_down(&mut candidates.persons, &link.person);
            }
        }
        self.relink(id, &old, &links);
    }

    /// Takes in that a customer's stream is parked: it exists, and cannot be read.
    pub(crate) fn park_customer(&mut self, id: &CustomerId) {
        self.customers.entry(id.clone()).or_default().exists = true;
    }

    /// Takes in whether there is anything to say about a person.
    pub(crate) fn set_person(&mut self, id: &PersonId, exists: bool) {
        self.persons.entry(id.clone()).or_default().exists = exists;
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
            seen.consents.push(Arc::clone(consent));
            if count_up(&mut candidates.customers, customer) {
                for link in &seen.links {
                    count_up(&mut candidates.persons, &link.person);
                }
            }
        }
    }

    fn withdraw(&mut self, consent: &Arc<Granted>) {
        let candidates = self.clients.entry(consent.client().clone()).or_default();
        for customer in &consent.terms.customer_identifications {
            let seen = self.customers.entry(customer.clone()).or_default();
            seen.consents.retain(|other| !Arc::ptr_eq(other, consent));
            if count_down(&mut candidates.customers, customer) {
                for link in &seen.links {
                    count_down(&mut candidates.persons, &link.person);
                }
            }
        }
    }

    /// Keeps the way back from persons to the customers that link to them.
    fn relink(&mut self, id: &CustomerId, old: &[Link], new: &[Link]) {
        for link in new {
            let customers = &mut self.persons.entry(link.person.clone()).or_default().customers;
            if let Err(at) = customers.binary_search(id) {
                customers.insert(at, id.clone());
            }
        }
        let gone = old.iter().filter(|link| new.iter().all(|other| other.person != link.person));
        for link in gone {
            let customers = &mut self.persons.entry(link.person.clone()).or_default().customers;
            if let Ok(at) = customers.binary_search(id) {
                customers.remove(at);
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
    pub(super) fn customer_named(&self, client: &ClientId, id: &CustomerId) -> Option<&Seen> {
        let candidates = self.clients.get(client)?;
        candidates.customers.contains_key(id).then(|| self.customers.get(id))?
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

    /// Customers that link to a person that exists and are named in a consent of the client.
    ///
    /// An asset manager is linked to thousands of customers, and a client may see thousands: the
    /// shorter of the two lists is walked, and each in it counts as looked at.
    pub(super) fn customers_between<'a>(
        &'a self,
        client: &ClientId,
        person: &PersonId,
        looked_at: &'a Cell<usize>,
    ) -> Box<dyn Iterator<Item = &'a CustomerId> + 'a> {
        // Again among the client's own first, so that time tells nothing of persons behind others.
        let candidates = self.clients.get(client);
        let candidates = candidates.filter(|own| own.persons.contains_key(person));
        let seen = candidates.and_then(|_| self.persons.get(person)).filter(|seen| seen.exists);
        let (Some(seen), Some(candidates)) = (seen, candidates) else {
            return Box::new(std::iter::empty());
        };
        let (linked, named) = (&seen.customers, &candidates.customers);
        let look = move |_: &&CustomerId| looked_at.set(looked_at.get() + 1);
        if linked.len() <= named.len() {
            Box::new(linked.iter().inspect(look).filter(|id| named.contains_key(*id)))
        } else {
            Box::new(named.keys().inspect(look).filter(|id| linked.binary_search(id).is_ok()))
        }
    }
}

impl Seen {
    pub(super) fn in_force(
        &self,
        client: &ClientId,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = &Arc<Granted>> {
        self.consents
            .iter()
            .filter(move |consent| consent.client() == client && consent.terms.in_force(now))
    }

    pub(super) fn relations(&self, person: &PersonId) -> Vec<Option<Relation>> {
        let links = self.links.iter().filter(|link| link.person == *person);
        links.map(|link| link.relation).collect()
    }

    fn clients(&self) -> Vec<ClientId> {
        let mut clients: Vec<_> =
            self.consents.iter().map(|consent| consent.client().clone()).collect();
        clients.sort_unstable();
        clients.dedup();
        clients
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

/// Whether it is the first.
fn count_up<K: Ord + Clone>(counts: &mut BTreeMap<K, u32>, key: &K) -> bool {
    let count = counts.entry(key.clone()).or_insert(0);
    *count += 1;
    *count == 1
}

/// Whether it was the last.
fn count_down<K: Ord>(counts: &mut BTreeMap<K, u32>, key: &K) -> bool {
    let Some(count) = counts.get_mut(key) else { return false };
    *count = count.saturating_sub(1);
    let last = *count == 0;
    if last {
        counts.remove(key);
    }
    last
}
