//! The contact details that clients send.

use events::contact::ContactDetail;

use super::content::check_contact;
use super::scalar::{choice, filled, text};
use super::value::Object;
use super::{Parsed, Violations, document};

/// Reads a contact detail, be it to add or to replace another.
pub fn new(body: &[u8]) -> Result<Parsed<ContactDetail>, Violations> {
    document(body, |value| {
        value.object(|contact| {
            contact.pass_over(&["contactIdentification"]);
            stated(contact)
        })
    })
}

pub(super) fn stated(contact: &mut Object<'_>) -> Option<ContactDetail> {
    let medium = contact.required("medium", choice);
    let contact_content = contact.required("contactContent", filled);
    let contact_medium_type = contact.optional("contactMediumType", choice);
    let additional_contact_information = contact.optional("additionalContactInformation", text);

    let (medium, contact_content) = (medium?, contact_content?);
    if let Err(unfit) = check_contact(medium, contact_content.as_str()) {
        contact.invalid("contactContent", unfit);
    }
    Some(ContactDetail {
        medium,
        contact_medium_type,
        contact_content,
        additional_contact_information,
    })
}
