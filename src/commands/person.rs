//! What may be done to a person: the rules, without clock, disk or network.

use std::collections::BTreeMap;

use events::{
    contact::ContactDetail,
    envelope::Actor,
    event::Personal,
    id::{ContactId, Version},
    party::PersonDetails,
    person::PersonEvent,
};

use super::{Limits, Rejection};
use crate::parse::feed::PersonLine;

/// What somebody wants of a person.
#[derive(Debug, Clone)]
pub enum PersonCommand {
    /// A client's; the id was chosen before the first try and stays the same.
    AddContact { contact: ContactId, detail: ContactDetail, if_match: Option<Version> },
    /// A client's.
    ChangeContact { contact: ContactId, detail: ContactDetail, if_match: Option<Version> },
    /// The bank's word about the person and how to reach it.
    State(PersonLine),
}

/// A person as the rules see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    registered: bool,
    details: Option<Personal<PersonDetails>>,
    contacts: BTreeMap<ContactId, KnownContact>,
    /// The last version that changed what an answer about the person shows.
    shown: Version,
}

/// A contact detail that was ever added.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KnownContact {
    /// None once it was removed.
    now: Option<Personal<ContactDetail>>,
    /// What the bank said last; none if it never spoke of it, or took it back.
    stated: Option<Personal<ContactDetail>>,
    changed: Version,
}

impl Person {
    /// Takes in what happened; never refuses.
    pub fn evolve(&mut self, actor: Actor, version: Version, event: &PersonEvent) {
        use PersonEvent as E;
        match event {
            E::Registered(details) => {
                self.registered = true;
                self.details = Some(details.clone());
                self.shown = version;
            }
            E::Amended(details) => {
                self.details = Some(details.clone());
                self.shown = version;
            }
            E::ContactAdded { contact, detail } | E::ContactChanged { contact, detail } => {
                self.take_contact(actor, version, contact, detail);
            }
            E::ContactRemoved { contact } => {
                if let Some(known) = self.contacts.get_mut(contact) {
                    (known.now, known.stated, known.changed) = (None, None, version);
                }
                self.shown = version;
            }
        }
    }

    fn take_contact(
        &mut self,
        actor: Actor,
        version: Version,
        contact: &ContactId,
        detail: &Personal<ContactDetail>,
    ) {
        let known = self.contacts.entry(contact.clone()).or_insert_with(|| KnownContact {
            now: None,
            stated: None,
            changed: version,
        });
        if known.now.as_ref() != Some(detail) {
            known.changed = version;
            self.shown = version;
        }
        known.now = Some(detail.clone());
        if actor == Actor::Bank {
            known.stated = Some(detail.clone());
        }
    }

    /// Says yes, with what then happens; or no, with the reason.
    pub fn decide(
        &self,
        command: PersonCommand,
        limits: &Limits,
    ) -> Result<Vec<PersonEvent>, Rejection> {
        use PersonCommand as C;
        match command {
            C::AddContact { contact, detail, if_match } => {
                self.known()?;
                if if_match.is_some_and(|seen| seen != self.shown) {
                    return Err(Rejection::ChangedSince);
                }
                self.room_for(1, limits)?;
                let detail = Personal::Known(detail);
                Ok(vec![PersonEvent::ContactAdded { contact, detail }])
            }
            C::ChangeContact { contact, detail, if_match } => {
                self.change_contact(contact, detail, if_match)
            }
            C::State(line) => self.state(line, limits),
        }
    }

    fn change_contact(
        &self,
        contact: ContactId,
        detail: ContactDetail,
        if_match: Option<Version>,
    ) -> Result<Vec<PersonEvent>, Rejection> {
        self.known()?;
        let known = self.contacts.get(&contact).ok_or(Rejection::UnknownContact)?;
        let now = known.now.as_ref().and_then(Personal::known).ok_or(Rejection::UnknownContact)?;
        if if_match.is_some_and(|seen| seen != known.changed) {
            return Err(Rejection::ChangedSince);
        }
        if detail == *now {
            return Ok(vec![]);
        }
        let detail = Personal::Known(detail);
        Ok(vec![PersonEvent::ContactChanged { contact, detail }])
    }

    fn state(&self, line: PersonLine, limits: &Limits) -> Result<Vec<PersonEvent>, Rejection> {
        let details = Some(Personal::Known(line.details.clone()));
        let mut events = Vec::new();
        if !self.registered {
            events.push(PersonEvent::Registered(Personal::Known(line.details)));
        } else if self.details != details {
            events.push(PersonEvent::Amended(Personal::Known(line.details)));
        }
        let contacts = line.contacts.map_or_else(Vec::new, |stated| self.restate(stated));
        let added = contacts.iter().filter(|e| matches!(e, PersonEvent::ContactAdded { .. }));
        self.room_for(added.count(), limits)?;
        events.extend(contacts);
        Ok(events)
    }

    /// The list is complete for what the bank itself brought, and says nothing of the rest.
    fn restate(&self, stated: BTreeMap<ContactId, ContactDetail>) -> Vec<PersonEvent> {
        let gone = self.contacts.iter().filter_map(|(contact, known)| {
            let omitted = known.stated.is_some() && !stated.contains_key(contact);
            omitted.then(|| PersonEvent::ContactRemoved { contact: contact.clone() })
        });
        let mut events: Vec<_> = gone.collect();
        for (contact, detail) in stated {
            let known = self.contacts.get(&contact);
            let detail = Personal::Known(detail);
            // A client's change stands until the bank says something new.
            if known.is_some_and(|known| known.stated.as_ref() == Some(&detail)) {
                continue;
            }
            let there = known.is_some_and(|known| known.now.is_some());
            events.push(if there {
                PersonEvent::ContactChanged { contact, detail }
            } else {
                PersonEvent::ContactAdded { contact, detail }
            });
        }
        events
    }

    fn known(&self) -> Result<(), Rejection> {
        if self.registered { Ok(()) } else { Err(Rejection::UnknownPerson) }
    }

    fn room_for(&self, more: usize, limits: &Limits) -> Result<(), Rejection> {
        let there = self.contacts.values().filter(|known| known.now.is_some()).count();
        let fits = more == 0 || there + more <= limits.contacts_max;
        if fits { Ok(()) } else { Err(Rejection::TooManyContacts) }
    }
}

#[cfg(test)]
mod tests;
