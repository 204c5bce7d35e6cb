//! What may be done to a customer: the rules, without clock, disk or network.

use std::collections::BTreeMap;

use events::{
    address::Address,
    customer::CustomerEvent,
    envelope::Actor,
    event::Personal,
    id::{AddressId, PersonId, Version},
    kyc::Kyc,
    party::{CustomerDetails, Link},
};

use super::{Limits, Rejection};
use crate::parse::{
    address::Replacement,
    feed::{AddressChange, CustomerLine},
};

/// What somebody wants of a customer.
#[derive(Debug, Clone)]
pub enum CustomerCommand {
    /// A client's.
    AddAddress { details: Address, if_match: Option<Version> },
    /// A client's.
    ChangeAddress { address: AddressId, change: Replacement, if_match: Option<Version> },
    /// The bank's word about the contract and who belongs to it.
    State(CustomerLine),
    /// The bank's word about one address.
    StateAddress { address: AddressId, change: AddressChange },
    /// The bank's word about what it must know.
    StateKyc(Kyc),
}

/// A customer as the rules see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customer {
    opened: bool,
    closed: bool,
    details: Option<Personal<CustomerDetails>>,
    kyc: Option<Personal<Kyc>>,
    addresses: BTreeMap<AddressId, KnownAddress>,
    /// Addresses that clients added, those removed since included.
    ours: u64,
    links: Vec<(PersonId, Personal<Link>)>,
    /// The last version that changed what an answer about the customer shows.
    shown: Version,
}

/// An address that was ever added; its id is not given out again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KnownAddress {
    /// None once it was removed.
    now: Option<Personal<Address>>,
    /// What the bank said last; none if it never spoke of it.
    stated: Option<Personal<Address>>,
    changed: Version,
}

impl Customer {
    /// Takes in what happened; never refuses.
    pub fn evolve(&mut self, actor: Actor, version: Version, event: &CustomerEvent) {
        use CustomerEvent as E;
        match event {
            E::Opened(details) => {
                self.opened = true;
                self.details = Some(details.clone());
            }
            E::Amended(details) => self.details = Some(details.clone()),
            E::Closed => self.closed = true,
            E::Reopened => self.closed = false,
            E::AddressAdded { address, details } => {
                self.ours += u64::from(address.is_ours());
                self.take_address(actor, version, *address, details);
            }
            E::AddressChanged { address, details } => {
                self.take_address(actor, version, *address, details);
                return;
            }
            E::AddressRemoved { address } => {
                if let Some(known) = self.addresses.get_mut(address) {
                    known.now = None;
                    known.changed = version;
                }
            }
            E::KycRecorded(kyc) => {
                self.kyc = Some(kyc.clone());
                return;
            }
            E::PersonLinked { person, link } => self.links.push((person.clone(), link.clone())),
            E::PersonUnlinked { person, link } => self.unlink(person, link),
        }
        self.shown = version;
    }

    fn take_address(
        &mut self,
        actor: Actor,
        version: Version,
        address: AddressId,
        details: &Personal<Address>,
    ) {
        let known = self.addresses.entry(address).or_insert_with(|| KnownAddress {
            now: None,
            stated: None,
            changed: version,
        });
        if known.now.as_ref() != Some(details) {
            known.changed = version;
        }
        known.now = Some(details.clone());
        if actor == Actor::Bank {
            known.stated = Some(details.clone());
        }
    }

    fn unlink(&mut self, person: &PersonId, link: &Personal<Link>) {
        let found = self.links.iter().position(|(of, is)| of == person && is == link);
        if let Some(nth) = found {
            self.links.remove(nth);
        }
    }

    /// Says yes, with what then happens; or no, with the reason.
    pub fn decide(
        &self,
        command: CustomerCommand,
        limits: &Limits,
    ) -> Result<Vec<CustomerEvent>, Rejection> {
        use CustomerCommand as C;
        match command {
            C::AddAddress { details, if_match } => self.add_address(details, if_match, limits),
            C::ChangeAddress { address, change, if_match } => {
                self.change_address(address, change, if_match)
            }
            C::State(line) => Ok(self.state(line)),
            C::StateAddress { address, change } => self.state_address(address, change, limits),
            C::StateKyc(kyc) => self.state_kyc(kyc),
        }
    }

    fn add_address(
        &self,
        details: Address,
        if_match: Option<Version>,
        limits: &Limits,
    ) -> Result<Vec<CustomerEvent>, Rejection> {
        self.known()?;
        if if_match.is_some_and(|seen| seen != self.shown) {
            return Err(Rejection::ChangedSince);
        }
        self.open()?;
        self.room_for_an_address(limits)?;
        let address = AddressId::ours(self.ours).map_err(|_| Rejection::TooManyAddresses)?;
        let details = Personal::Known(details);
        Ok(vec![CustomerEvent::AddressAdded { address, details }])
    }

    fn change_address(
        &self,
        address: AddressId,
        change: Replacement,
        if_match: Option<Version>,
    ) -> Result<Vec<CustomerEvent>, Rejection> {
        self.known()?;
        let known = self.addresses.get(&address).ok_or(Rejection::UnknownAddress)?;
        let now = known.now.as_ref().and_then(Personal::known).ok_or(Rejection::UnknownAddress)?;
        if if_match.is_some_and(|seen| seen != known.changed) {
            return Err(Rejection::ChangedSince);
        }
        self.open()?;
        let details = change.onto(now);
        if details == *now {
            return Ok(vec![]);
        }
        let details = Personal::Known(details);
        Ok(vec![CustomerEvent::AddressChanged { address, details }])
    }

    fn state(&self, line: CustomerLine) -> Vec<CustomerEvent> {
        let details = Some(Personal::Known(line.details.clone()));
        let mut events = Vec::new();
        if !self.opened {
            events.push(CustomerEvent::Opened(Personal::Known(line.details)));
        } else if self.details != details {
            events.push(CustomerEvent::Amended(Personal::Known(line.details)));
        }
        if self.closed && !line.closed {
            events.push(CustomerEvent::Reopened);
        }
        if let Some(links) = line.links {
            events.extend(self.relink(&links));
        }
        if line.closed && !self.closed {
            events.push(CustomerEvent::Closed);
        }
        events
    }

    fn relink(&self, stated: &std::collections::BTreeSet<(PersonId, Link)>) -> Vec<CustomerEvent> {
        let known = |link: &Personal<Link>| link.known().copied();
        let gone = self.links.iter().filter_map(|(person, link)| {
            let stays = known(link).is_none_or(|link| stated.contains(&(person.clone(), link)));
            (!stays).then(|| CustomerEvent::PersonUnlinked {
                person: person.clone(),
                link: link.clone(),
            })
        });
        let come = stated.iter().filter_map(|(person, link)| {
            let link = Personal::Known(*link);
            let there = self.links.contains(&(person.clone(), link.clone()));
            (!there).then(|| CustomerEvent::PersonLinked { person: person.clone(), link })
        });
        gone.chain(come).collect()
    }

    fn state_address(
        &self,
        address: AddressId,
        change: AddressChange,
        limits: &Limits,
    ) -> Result<Vec<CustomerEvent>, Rejection> {
        self.known()?;
        match (self.addresses.get(&address), change) {
            (None | Some(KnownAddress { now: None, .. }), AddressChange::Removed) => Ok(vec![]),
            (None, AddressChange::Stated(_)) if address.is_ours() => Err(Rejection::NotTheBanksId),
            (None, AddressChange::Stated(details)) => {
                self.room_for_an_address(limits)?;
                let details = Personal::Known(details);
                Ok(vec![CustomerEvent::AddressAdded { address, details }])
            }
            (Some(KnownAddress { now: None, .. }), AddressChange::Stated(_)) => {
                Err(Rejection::RemovedAddress)
            }
            (Some(_), AddressChange::Removed) => {
                Ok(vec![CustomerEvent::AddressRemoved { address }])
            }
            (Some(known), AddressChange::Stated(details)) => {
                let details = Personal::Known(details);
                // A client's change stands until the bank says something new.
                if known.stated.as_ref() == Some(&details) {
                    return Ok(vec![]);
                }
                Ok(vec![CustomerEvent::AddressChanged { address, details }])
            }
        }
    }

    fn state_kyc(&self, kyc: Kyc) -> Result<Vec<CustomerEvent>, Rejection> {
        self.known()?;
        let kyc = Personal::Known(kyc);
        if self.kyc.as_ref() == Some(&kyc) {
            return Ok(vec![]);
        }
        Ok(vec![CustomerEvent::KycRecorded(kyc)])
    }

    fn known(&self) -> Result<(), Rejection> {
        if self.opened { Ok(()) } else { Err(Rejection::UnknownCustomer) }
    }

    fn open(&self) -> Result<(), Rejection> {
        if self.closed { Err(Rejection::Closed) } else { Ok(()) }
    }

    fn room_for_an_address(&self, limits: &Limits) -> Result<(), Rejection> {
        let there = self.addresses.values().filter(|known| known.now.is_some()).count();
        if there < limits.addresses_max { Ok(()) } else { Err(Rejection::TooManyAddresses) }
    }
}

#[cfg(test)]
mod tests;
