//! What is known of a customer: contract, persons, addresses and KYC, rendered as they leave.

mod answers;
mod render;

use events::{
    address::Address,
    customer::CustomerEvent,
    event::Personal,
    id::{AddressId, CustomerId, PersonId, Version},
    kyc::Kyc,
    party::Link,
};
use minicbor::{Decode, Encode};

pub(crate) use self::answers::CustomerAnswers;
use crate::{
    document::Unapplied,
    json::{self, Json},
};

/// A customer that was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Customer {
    /// Of the last event applied.
    #[n(0)]
    pub(crate) version: Version,
    /// Of the last event that changed the answer.
    #[n(1)]
    changed: Version,
    #[n(2)]
    pub(crate) closed: bool,
    /// None when forgotten.
    #[n(3)]
    details: Option<Details>,
    /// Sorted by person and relation.
    #[n(4)]
    pub(crate) links: Vec<PersonLink>,
    /// Sorted by id.
    #[n(5)]
    addresses: Vec<KeptAddress>,
    #[n(6)]
    kyc: Option<KeptKyc>,
    /// The answer, as of the last `render`.
    #[n(7)]
    body: Json,
}

/// The details as members of the answer, before and after `status`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Details {
    #[n(0)]
    before: Json,
    #[n(1)]
    inactive: bool,
    #[n(2)]
    after: Json,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub(crate) struct PersonLink {
    #[n(0)]
    pub(crate) person: PersonId,
    /// None when forgotten.
    #[n(1)]
    #[cbor(with = "crate::json::in_cbor")]
    link: Option<Link>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct KeptAddress {
    #[n(0)]
    #[cbor(with = "crate::json::in_cbor")]
    id: AddressId,
    #[n(1)]
    changed: Version,
    /// None when forgotten.
    #[n(2)]
    content: Option<AddressContent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct AddressContent {
    #[n(0)]
    mailing: bool,
    #[n(1)]
    domicile: bool,
    #[n(2)]
    body: Json,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct KeptKyc {
    #[n(0)]
    changed: Version,
    /// The record alone; none when forgotten.
    #[n(1)]
    body: Option<Json>,
}

/// Applies one event; what does not fit leaves everything as it was.
pub(crate) fn apply(
    state: &mut Option<Customer>,
    id: &CustomerId,
    version: Version,
    event: &CustomerEvent,
) -> Result<(), Unapplied> {
    match (state.as_mut(), event) {
        (None, CustomerEvent::Opened(details)) => {
            let details = details.known().map(|details| Details::of(id, details));
            *state = Some(Customer { version, changed: version, details, ..Customer::default() });
            Ok(())
        }
        (Some(_), CustomerEvent::Opened(_)) => Err(Unapplied::BegunTwice),
        (None, _) => Err(Unapplied::NotBegun),
        (Some(customer), event) => {
            let changed = customer.take(id, version, event)?;
            if changed {
                customer.changed = version;
            }
            customer.version = version;
            Ok(())
        }
    }
}

impl Customer {
    /// Whether the customer's own answer is another afterwards.
    fn take(
        &mut self,
        id: &CustomerId,
        version: Version,
        event: &CustomerEvent,
    ) -> Result<bool, Unapplied> {
        use CustomerEvent as E;
        match event {
            E::Opened(_) => Err(Unapplied::BegunTwice),
            E::Amended(details) => {
                let details = details.known().map(|details| Details::of(id, details));
                Ok(replace(&mut self.details, details))
            }
            E::Closed => Ok(replace(&mut self.closed, true)),
            E::Reopened => Ok(replace(&mut self.closed, false)),
            E::AddressAdded { address, details } => self.add_address(*address, version, details),
            E::AddressChanged { address, details } => {
                self.change_address(*address, version, details)
            }
            E::AddressRemoved { address } => {
                let at = self.address_at(*address).map_err(|_| Unapplied::UnknownObject)?;
                self.addresses.remove(at);
                Ok(true)
            }
            E::KycRecorded(kyc) => {
                self.record_kyc(version, kyc);
                Ok(false)
            }
            E::PersonLinked { person, link } => {
                let link = PersonLink { person: person.clone(), link: link.known().copied() };
                let at = self.links.partition_point(|other| *other <= link);
                self.links.insert(at, link);
                Ok(true)
            }
            E::PersonUnlinked { person, link } => self.unlink(person, link.known()),
        }
    }

    /// Bytes that leave.
    pub(crate) fn weight(&self) -> usize {
        let addresses: usize = self.known_addresses().map(|(_, content)| content.body.len()).sum();
        let kyc = self.kyc.as_ref().and_then(|kyc| kyc.body.as_ref());
        self.body.len() + addresses + kyc.map_or(0, |kyc| kyc.len())
    }

    fn address_at(&self, id: AddressId) -> Result<usize, usize> {
        self.addresses.binary_search_by_key(&id, |address| address.id)
    }

    fn add_address(
        &mut self,
        id: AddressId,
        version: Version,
        details: &Personal<Address>,
    ) -> Result<bool, Unapplied> {
        let Err(at) = self.address_at(id) else { return Err(Unapplied::KnownObject) };
        let content = details.known().map(|details| AddressContent::of(id, details));
        let listed = content.is_some();
        self.addresses.insert(at, KeptAddress { id, changed: version, content });
        Ok(listed)
    }

    fn change_address(
        &mut self,
        id: AddressId,
        version: Version,
        details: &Personal<Address>,
    ) -> Result<bool, Unapplied> {
        let at = self.address_at(id).map_err(|_| Unapplied::UnknownObject)?;
        let content = details.known().map(|details| AddressContent::of(id, details));
        let address = &mut self.addresses[at];
        let was_listed = address.content.is_some();
        if replace(&mut address.content, content) {
            address.changed = version;
        }
        Ok(address.content.is_some() != was_listed)
    }

    fn record_kyc(&mut self, version: Version, kyc: &Personal<Kyc>) {
        let body = kyc.known().map(json::of);
        match &mut self.kyc {
            Some(kept) if kept.body == body => {}
            kept => *kept = Some(KeptKyc { changed: version, body }),
        }
    }

    /// Takes away one equal link; where it is no longer known which, one that is forgotten too,
    /// else the person's last one.
    fn unlink(&mut self, person: &PersonId, link: Option<&Link>) -> Result<bool, Unapplied> {
        let links = self.links.iter().enumerate().filter(|(_, other)| other.person == *person);
        let places: Vec<_> = links.map(|(at, other)| (at, other.link.as_ref())).collect();
        let which = |wanted: Option<&Link>| places.iter().find(|(_, other)| *other == wanted);
        let last = || places.last().filter(|_| link.is_none());
        let found = which(link).or_else(|| which(None)).or_else(last);
        let &(at, _) = found.ok_or(Unapplied::UnknownObject)?;
        self.links.remove(at);
        Ok(true)
    }

    fn known_addresses(&self) -> impl Iterator<Item = (&KeptAddress, &AddressContent)> {
        self.addresses
            .iter()
            .filter_map(|address| address.content.as_ref().map(|content| (address, content)))
    }
}

/// Whether the new value is another.
fn replace<T: PartialEq>(place: &mut T, value: T) -> bool {
    let changed = *place != value;
    *place = value;
    changed
}
