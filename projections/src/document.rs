//! A document: all that is known of one stream, as it is stored; the sum of the three kinds.

use events::{
    envelope::Recorded,
    event::Event,
    id::{ConsentId, CustomerId, PersonId, StreamId, Version},
};

use crate::{
    consent::{self, Consent},
    customer::{self, Customer},
    person::{self, Person},
};

/// Room for most documents, so that writing them seldom moves them.
const DOCUMENT_BYTES: usize = 4096;

/// What a document takes besides the bytes that leave, about.
const OVERHEAD_BYTES: usize = 512;

/// One stream's document; none before its first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Document {
    Customer(CustomerId, Option<Customer>),
    Person(PersonId, Option<Person>),
    Consent(ConsentId, Option<Consent>),
}

/// Why an event does not fit what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unapplied {
    #[error("the stream does not begin with its first event")]
    NotBegun,
    #[error("the stream begins twice")]
    BegunTwice,
    #[error("the object is not known")]
    UnknownObject,
    #[error("the object is known already")]
    KnownObject,
    #[error("version {found} follows version {applied}")]
    Version { found: Version, applied: Version },
    #[error("the event belongs to another aggregate")]
    Aggregate,
}

impl Document {
    /// The document of a stream of which nothing is known yet.
    pub(crate) fn empty(stream: &StreamId) -> Self {
        match stream {
            StreamId::Customer(id) => Self::Customer(id.clone(), None),
            StreamId::Person(id) => Self::Person(id.clone(), None),
            StreamId::Consent(id) => Self::Consent(id.clone(), None),
        }
    }

    pub(crate) fn decode(stream: &StreamId, bytes: &[u8]) -> Result<Self, minicbor::decode::Error> {
        Ok(match stream {
            StreamId::Customer(id) => Self::Customer(id.clone(), minicbor::decode(bytes)?),
            StreamId::Person(id) => Self::Person(id.clone(), minicbor::decode(bytes)?),
            StreamId::Consent(id) => Self::Consent(id.clone(), minicbor::decode(bytes)?),
        })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(DOCUMENT_BYTES);
        let written = match self {
            Self::Customer(_, customer) => minicbor::encode(customer, &mut bytes),
            Self::Person(_, person) => minicbor::encode(person, &mut bytes),
            Self::Consent(_, consent) => minicbor::encode(consent, &mut bytes),
        };
        written.expect("writing to memory does not fail");
        bytes
    }

    /// Bytes that it takes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        OVERHEAD_BYTES
            + match self {
                Self::Customer(_, customer) => customer.as_ref().map_or(0, Customer::weight),
                Self::Person(_, person) => person.as_ref().map_or(0, Person::weight),
                Self::Consent(_, consent) => consent.as_ref().map_or(0, Consent::weight),
            }
    }

    /// Of the last event applied.
    pub(crate) fn version(&self) -> Version {
        let version = match self {
            Self::Customer(_, customer) => customer.as_ref().map(|customer| customer.version),
            Self::Person(_, person) => person.as_ref().map(|person| person.version),
            Self::Consent(_, consent) => consent.as_ref().map(|consent| consent.version),
        };
        version.unwrap_or_default()
    }

    /// Applies one event; what does not fit leaves everything as it was.
    pub(crate) fn apply(&mut self, recorded: &Recorded) -> Result<(), Unapplied> {
        let (applied, found) = (self.version(), recorded.envelope.head.version);
        if found != applied.next() {
            return Err(Unapplied::Version { found, applied });
        }
        match (self, &recorded.event) {
            (Self::Customer(id, state), Event::Customer(event)) => {
                customer::apply(state, id, found, event)
            }
            (Self::Person(id, state), Event::Person(event)) => {
                person::apply(state, id, found, event)
            }
            (Self::Consent(_, state), Event::Consent(event)) => {
                consent::apply(state, recorded.envelope.position, found, event)
            }
            (Self::Customer(..) | Self::Person(..) | Self::Consent(..), _) => {
                Err(Unapplied::Aggregate)
            }
        }
    }

    /// Writes anew what is kept as it leaves.
    pub(crate) fn render(&mut self) {
        if let Self::Customer(id, Some(customer)) = self {
            customer.render(id);
        }
    }
}
