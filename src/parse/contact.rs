//! The contact details that clients send.

use events::contact::{ContactDetail, Medium};
use events::text::Text;

use super::content::check_contact;
use super::json::Json;
use super::scalar::{choice, filled, is_blank, text};
use super::value::{Object, Value};
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
    let contact_content = contact.required("contactContent", |value| content(value, medium));
    let contact_medium_type = contact.optional("contactMediumType", choice);
    let additional_contact_information = contact.optional("additionalContactInformation", text);

    Some(ContactDetail {
        medium: medium?,
        contact_medium_type,
        contact_content: contact_content?,
        additional_contact_information,
    })
}

/// Where somebody can be reached by this medium, and what a text must be besides: both are told.
fn content<const MAX: usize>(mut value: Value<'_>, medium: Option<Medium>) -> Option<Text<MAX>> {
    if let (Some(medium), Json::String(text)) = (medium, value.json)
        && !is_blank(text)
        && let Err(unfit) = check_contact(medium, text)
    {
        value.note(unfit);
    }
    filled(value)
}
