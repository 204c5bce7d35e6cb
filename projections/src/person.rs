//! What is known of a person: details and the ways to reach it, in fragments of the answer.
//!
//! `customerList` depends on who asks, so the answer is put together around it when it is read.

mod answers;

use bytes::Bytes;
use events::{
    contact::ContactDetail,
    event::Personal,
    id::{ContactId, PersonId, Version},
    party::PersonDetails,
    person::PersonEvent,
};
use minicbor::{Decode, Encode};

pub(crate) use self::answers::PersonAnswers;
use crate::{
    document::Unapplied,
    json::{Json, Members},
};

/// A person that was registered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Person {
    /// Of the last event applied.
    #[n(0)]
    pub(crate) version: Version,
    /// Of the last event that changed the answer.
    #[n(1)]
    changed: Version,
    /// Of the last event that changed the list of contact details.
    #[n(2)]
    contacts_changed: Version,
    /// None when forgotten.
    #[n(3)]
    details: Option<Details>,
    /// Sorted by id.
    #[n(4)]
    contacts: Vec<KeptContact>,
}

/// The details as members of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Details {
    /// Before `customerList`.
    #[n(0)]
    before: Json,
    /// Between `customerList` and `contactInformation`.
    #[n(1)]
    between: Json,
    /// After `contactInformation`.
    #[n(2)]
    after: Json,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct KeptContact {
    #[n(0)]
    id: ContactId,
    #[n(1)]
    changed: Version,
    /// The answer; none when forgotten.
    #[n(2)]
    body: Option<Json>,
}

/// Applies one event; what does not fit leaves everything as it was.
pub(crate) fn apply(
    state: &mut Option<Person>,
    id: &PersonId,
    version: Version,
    event: &PersonEvent,
) -> Result<(), Unapplied> {
    match (state.as_mut(), event) {
        (None, PersonEvent::Registered(details)) => {
            let details = details.known().map(|details| Details::of(id, details));
            *state = Some(Person {
                version,
                changed: version,
                contacts_changed: version,
                details,
                contacts: Vec::new(),
            });
            Ok(())
        }
        (Some(_), PersonEvent::Registered(_)) => Err(Unapplied::BegunTwice),
        (None, _) => Err(Unapplied::NotBegun),
        (Some(person), event) => {
            person.take(id, version, event)?;
            person.version = version;
            Ok(())
        }
    }
}

impl Person {
    /// Bytes that leave.
    pub(crate) fn weight(&self) -> usize {
        let details = self.details.as_ref();
        let details = details.map_or(0, |it| it.before.len() + it.between.len() + it.after.len());
        let contacts = self.contacts.iter().filter_map(|contact| contact.body.as_ref());
        details + contacts.map(|body| body.len()).sum::<usize>()
    }

    fn take(
        &mut self,
        id: &PersonId,
        version: Version,
        event: &PersonEvent,
    ) -> Result<(), Unapplied> {
        use PersonEvent as E;
        match event {
            E::Registered(_) => return Err(Unapplied::BegunTwice),
            E::Amended(details) => {
                let details = details.known().map(|details| Details::of(id, details));
                if self.details != details {
                    self.details = details;
                    self.changed = version;
                }
            }
            E::ContactAdded { contact, detail } => self.add(contact, version, detail)?,
            E::ContactChanged { contact, detail } => self.change(contact, version, detail)?,
            E::ContactRemoved { contact } => {
                let at = self.contact_at(contact).map_err(|_| Unapplied::UnknownObject)?;
                self.contacts.remove(at);
                self.note(version, true);
            }
        }
        Ok(())
    }

    fn contact_at(&self, id: &ContactId) -> Result<usize, usize> {
        self.contacts.binary_search_by(|contact| contact.id.cmp(id))
    }

    fn add(
        &mut self,
        id: &ContactId,
        version: Version,
        detail: &Personal<ContactDetail>,
    ) -> Result<(), Unapplied> {
        let Err(at) = self.contact_at(id) else { return Err(Unapplied::KnownObject) };
        let body = detail.known().map(|detail| rendered(id, detail));
        let listed = body.is_some();
        self.contacts.insert(at, KeptContact { id: id.clone(), changed: version, body });
        self.note(version, listed);
        Ok(())
    }

    fn change(
        &mut self,
        id: &ContactId,
        version: Version,
        detail: &Personal<ContactDetail>,
    ) -> Result<(), Unapplied> {
        let at = self.contact_at(id).map_err(|_| Unapplied::UnknownObject)?;
        let body = detail.known().map(|detail| rendered(id, detail));
        let contact = &mut self.contacts[at];
        let changed = contact.body != body;
        if changed {
            contact.body = body;
            contact.changed = version;
        }
        self.note(version, changed);
        Ok(())
    }

    /// A contact detail stands in its list, and in the person's own answer.
    fn note(&mut self, version: Version, changed: bool) {
        if changed {
            self.changed = version;
            self.contacts_changed = version;
        }
    }

    /// Whether there is anything to answer.
    pub(crate) fn is_known(&self) -> bool {
        self.details.is_some()
    }
}

impl Details {
    fn of(id: &PersonId, details: &PersonDetails) -> Self {
        let before = Members::default()
            .with("personIdentification", id)
            .with("personType", details.person_details.person_type())
            .maybe("externalReference", details.external_reference.as_ref());
        let between = Members::default()
            .maybe("fullName", details.full_name.as_ref())
            .maybe("countryOfDomicile", details.country_of_domicile.as_ref())
            .maybe("language", details.language.as_ref());
        let after = Members::default()
            .with("personDetails", &details.person_details)
            .maybe("taxDomicile", details.tax_domicile.as_ref());
        Self {
            before: before.into_fragment(),
            between: between.into_fragment(),
            after: after.into_fragment(),
        }
    }
}

/// A contact detail as it leaves.
pub fn contact_body(id: &ContactId, detail: &ContactDetail) -> Bytes {
    rendered(id, detail).into()
}

fn rendered(id: &ContactId, detail: &ContactDetail) -> Json {
    Members::default()
        .with("contactIdentification", id)
        .with("medium", &detail.medium)
        .maybe("contactMediumType", detail.contact_medium_type.as_ref())
        .with("contactContent", &detail.contact_content)
        .maybe("additionalContactInformation", detail.additional_contact_information.as_ref())
        .into_object()
}
