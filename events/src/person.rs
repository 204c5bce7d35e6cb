//! What may happen to a person: the closed list of facts about one human or legal being.

use crate::{contact::ContactDetail, event::Personal, id::ContactId, party::PersonDetails};

/// A fact about one person, in the past tense and in today's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonEvent {
    Registered(Personal<PersonDetails>),
    Amended(Personal<PersonDetails>),
    ContactAdded { contact: ContactId, detail: Personal<ContactDetail> },
    ContactChanged { contact: ContactId, detail: Personal<ContactDetail> },
    ContactRemoved { contact: ContactId },
}
