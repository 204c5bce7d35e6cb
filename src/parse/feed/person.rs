//! What the bank states about a person.

use std::collections::BTreeMap;

use events::contact::ContactDetail;
use events::id::{ContactId, PersonId};
use events::party::PersonDetails;

use super::party::{PersonType, party};
use crate::parse::contact;
use crate::parse::scalar::{choice, country, id, text};
use crate::parse::value::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonLine {
    pub id: PersonId,
    pub details: PersonDetails,
    /// All contact details the bank has; none: the line says nothing about them.
    pub contacts: Option<BTreeMap<ContactId, ContactDetail>>,
}

pub(super) fn line(value: Value<'_>) -> Option<PersonLine> {
    value.object(|person| {
        // Who belongs to a customer is said in the line of the customer.
        person.pass_over(&["customerList"]);
        let id = person.required("personIdentification", id);
        let kind = person.elsewhere("personType", choice::<PersonType>);
        let party = person.required("personDetails", |value| party(value, kind));
        let external_reference = person.optional("externalReference", text);
        let full_name = person.optional("fullName", text);
        let country_of_domicile = person.optional("countryOfDomicile", country);
        let language = person.optional("language", text);
        let tax_domicile = person.optional("taxDomicile", |value| value.list(country));
        let contacts = person.optional("contactInformation", contacts);

        let details = PersonDetails {
            external_reference,
            full_name,
            country_of_domicile,
            language,
            person_details: party?,
            tax_domicile,
        };
        Some(PersonLine { id: id?, details, contacts })
    })
}

fn contacts(value: Value<'_>) -> Option<BTreeMap<ContactId, ContactDetail>> {
    let mut contacts = BTreeMap::new();
    value.list(|value| {
        value.object(|object| {
            let id = object.required("contactIdentification", id::<ContactId>);
            let detail = contact::stated(object);

            if contacts.insert(id?, detail?).is_some() {
                object.invalid("contactIdentification", "is that of an earlier item");
            }
            Some(())
        })
    })?;
    Some(contacts)
}
