//! Any event, the sum of all families, and its two forms: typed, and as it is stored.

#[cfg(test)]
pub(crate) mod tests;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    consent::ConsentEvent,
    customer::CustomerEvent,
    id::{AddressId, ContactId, PersonId},
    person::PersonEvent,
    tag::Tag,
    text::Unfit,
    upcast::{self, UpcastError},
};

/// A value that can be forgotten: its key destroyed, the event that carried it still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Personal<T> {
    Known(T),
    Forgotten,
}

impl<T> Personal<T> {
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Forgotten => None,
        }
    }
}

/// A fact about something that the bank keeps a dossier on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Customer(CustomerEvent),
    Person(PersonEvent),
    Consent(ConsentEvent),
}

/// What the envelope must say of an event, and the bytes to seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    pub tag: Tag,
    /// The address, contact detail or linked person concerned.
    pub object: Option<String>,
    /// JSON; none for an event whose tag says it all.
    pub payload: Option<Vec<u8>>,
}

/// What the log holds in place of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// The tag says it all.
    Empty,
    /// JSON in the shape of the stored tag.
    Json(Vec<u8>),
    Forgotten,
}

/// Why stored bytes are no event of today.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error(transparent)]
    Upcast(#[from] UpcastError),
    #[error("the object named in the envelope {0}")]
    Object(#[source] Unfit),
    #[error("the envelope names no object")]
    NoObject,
    #[error("the payload is missing")]
    NoPayload,
    /// The cause is not kept: it may quote personal data.
    #[error("the payload has not the shape of its tag (line {line}, column {column})")]
    Shape { line: usize, column: usize },
}

impl Event {
    /// Takes an event apart into what is stored.
    pub fn parts(&self) -> Parts {
        let (tag, payload) = match self {
            Self::Customer(event) => customer_parts(event),
            Self::Person(event) => person_parts(event),
            Self::Consent(event) => consent_parts(event),
        };
        Parts { tag, object: self.object(), payload }
    }

    /// The address, contact detail or linked person concerned.
    pub fn object(&self) -> Option<String> {
        use {CustomerEvent as C, PersonEvent as P};
        match self {
            Self::Customer(
                C::AddressAdded { address, .. }
                | C::AddressChanged { address, .. }
                | C::AddressRemoved { address },
            ) => Some(address.to_string()),
            Self::Customer(C::PersonLinked { person, .. } | C::PersonUnlinked { person, .. }) => {
                Some(person.to_string())
            }
            Self::Person(
                P::ContactAdded { contact, .. }
                | P::ContactChanged { contact, .. }
                | P::ContactRemoved { contact },
            ) => Some(contact.to_string()),
            Self::Customer(
                C::Opened(_) | C::Amended(_) | C::Closed | C::Reopened | C::KycRecorded(_),
            )
            | Self::Person(P::Registered(_) | P::Amended(_))
            | Self::Consent(_) => None,
        }
    }

    /// Puts an event together again, in today's shape, whatever tag it was stored under.
    pub fn assemble(
        tag: &str,
        object: Option<&str>,
        payload: &Payload,
    ) -> Result<Self, DecodeError> {
        if Tag::parse(tag).is_some() {
            return current(tag, object, payload);
        }
        let (tag, payload) = upcast::to_current(tag, payload)?;
        current(&tag, object, &payload)
    }
}

fn customer_parts(event: &CustomerEvent) -> (Tag, Option<Vec<u8>>) {
    use CustomerEvent as E;
    match event {
        E::Opened(details) => (Tag::CustomerOpened, personal(details)),
        E::Amended(details) => (Tag::CustomerAmended, personal(details)),
        E::Closed => (Tag::CustomerClosed, None),
        E::Reopened => (Tag::CustomerReopened, None),
        E::AddressAdded { details, .. } => (Tag::AddressAdded, personal(details)),
        E::AddressChanged { details, .. } => (Tag::AddressChanged, personal(details)),
        E::AddressRemoved { .. } => (Tag::AddressRemoved, None),
        E::KycRecorded(kyc) => (Tag::KycRecorded, personal(kyc)),
        E::PersonLinked { link, .. } => (Tag::PersonLinked, personal(link)),
        E::PersonUnlinked { link, .. } => (Tag::PersonUnlinked, personal(link)),
    }
}

fn person_parts(event: &PersonEvent) -> (Tag, Option<Vec<u8>>) {
    use PersonEvent as E;
    match event {
        E::Registered(details) => (Tag::PersonRegistered, personal(details)),
        E::Amended(details) => (Tag::PersonAmended, personal(details)),
        E::ContactAdded { detail, .. } => (Tag::ContactAdded, personal(detail)),
        E::ContactChanged { detail, .. } => (Tag::ContactChanged, personal(detail)),
        E::ContactRemoved { .. } => (Tag::ContactRemoved, None),
    }
}

fn consent_parts(event: &ConsentEvent) -> (Tag, Option<Vec<u8>>) {
    match event {
        ConsentEvent::Granted(terms) => (Tag::ConsentGranted, Some(json(terms))),
        ConsentEvent::Amended(terms) => (Tag::ConsentAmended, Some(json(terms))),
        ConsentEvent::Revoked => (Tag::ConsentRevoked, None),
    }
}

fn personal<T: Serialize>(payload: &Personal<T>) -> Option<Vec<u8>> {
    payload.known().map(json)
}

fn json(payload: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(payload).expect("values of events are plain JSON")
}

fn current(tag: &str, object: Option<&str>, payload: &Payload) -> Result<Event, DecodeError> {
    use {ConsentEvent as G, CustomerEvent as C, PersonEvent as P};
    let tag = Tag::parse(tag).ok_or_else(|| UpcastError::UnknownTag(tag.to_owned()))?;
    let address = || object_as(object, AddressId::parse);
    let contact = || object_as(object, ContactId::parse);
    let person = || object_as(object, PersonId::parse);
    Ok(match tag {
        Tag::CustomerOpened => Event::Customer(C::Opened(kept(payload)?)),
        Tag::CustomerAmended => Event::Customer(C::Amended(kept(payload)?)),
        Tag::CustomerClosed => Event::Customer(C::Closed),
        Tag::CustomerReopened => Event::Customer(C::Reopened),
        Tag::AddressAdded => {
            Event::Customer(C::AddressAdded { address: address()?, details: kept(payload)? })
        }
        Tag::AddressChanged => {
            Event::Customer(C::AddressChanged { address: address()?, details: kept(payload)? })
        }
        Tag::AddressRemoved => Event::Customer(C::AddressRemoved { address: address()? }),
        Tag::KycRecorded => Event::Customer(C::KycRecorded(kept(payload)?)),
        Tag::PersonLinked => {
            Event::Customer(C::PersonLinked { person: person()?, link: kept(payload)? })
        }
        Tag::PersonUnlinked => {
            Event::Customer(C::PersonUnlinked { person: person()?, link: kept(payload)? })
        }
        Tag::PersonRegistered => Event::Person(P::Registered(kept(payload)?)),
        Tag::PersonAmended => Event::Person(P::Amended(kept(payload)?)),
        Tag::ContactAdded => {
            Event::Person(P::ContactAdded { contact: contact()?, detail: kept(payload)? })
        }
        Tag::ContactChanged => {
            Event::Person(P::ContactChanged { contact: contact()?, detail: kept(payload)? })
        }
        Tag::ContactRemoved => Event::Person(P::ContactRemoved { contact: contact()? }),
        Tag::ConsentGranted => Event::Consent(G::Granted(clear(payload)?)),
        Tag::ConsentAmended => Event::Consent(G::Amended(clear(payload)?)),
        Tag::ConsentRevoked => Event::Consent(G::Revoked),
    })
}

fn object_as<T>(
    object: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, Unfit>,
) -> Result<T, DecodeError> {
    parse(object.ok_or(DecodeError::NoObject)?).map_err(DecodeError::Object)
}

fn kept<T: DeserializeOwned>(payload: &Payload) -> Result<Personal<T>, DecodeError> {
    match payload {
        Payload::Json(json) => from_json(json).map(Personal::Known),
        // Empty: what was not known any more when the event happened.
        Payload::Forgotten | Payload::Empty => Ok(Personal::Forgotten),
    }
}

fn clear<T: DeserializeOwned>(payload: &Payload) -> Result<T, DecodeError> {
    match payload {
        Payload::Json(json) => from_json(json),
        Payload::Forgotten | Payload::Empty => Err(DecodeError::NoPayload),
    }
}

fn from_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(json)
        .map_err(|error| DecodeError::Shape { line: error.line(), column: error.column() })
}
