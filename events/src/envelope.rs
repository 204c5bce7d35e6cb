//! An event in its place: who, when, why and after what. Nothing personal stands here.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    event::Event,
    id::{ClientId, ConsentId, EventId, Position, StreamId, Version},
    tag::Class,
    text::{Correlation, Reason, Trace},
};

/// On whose word something happened.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, minicbor::Encode, minicbor::Decode,
)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum Actor {
    /// A statement of the bank's, through the feed.
    #[n(0)]
    Bank,
    /// A Service User, through the API.
    #[n(1)]
    Client,
    /// An operator, by hand.
    #[n(2)]
    Operator,
}

/// Who caused a command, and why: the same for all of its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    #[n(0)]
    pub actor: Actor,
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentId>,
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[n(4)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
    #[n(5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causation: Option<EventId>,
    #[n(6)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
}

impl Cause {
    pub fn by(actor: Actor) -> Self {
        Self {
            actor,
            client: None,
            consent: None,
            reason: None,
            correlation: None,
            causation: None,
            trace: None,
        }
    }
}

/// The envelope as it is known before the writer: the associated data of the sealed payload.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Head {
    #[n(0)]
    pub stream: StreamId,
    #[n(1)]
    pub version: Version,
    #[n(2)]
    pub tag: Box<str>,
    #[n(3)]
    pub event_id: EventId,
    /// The address, contact detail or linked person concerned.
    #[n(4)]
    pub object: Option<Box<str>>,
    #[n(5)]
    pub cause: Cause,
    #[n(6)]
    pub payload: PayloadKind,
}

/// How the payload lies in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum PayloadKind {
    #[n(0)]
    Empty,
    #[n(1)]
    Clear,
    /// Under the key of a class, in a slot of the key file.
    #[n(2)]
    Sealed {
        #[n(0)]
        class: Class,
        #[n(1)]
        slot: u32,
    },
}

impl PayloadKind {
    pub fn class(self) -> Option<Class> {
        match self {
            Self::Sealed { class, .. } => Some(class),
            Self::Empty | Self::Clear => None,
        }
    }
}

/// An event's envelope, complete: the head and what the writer added inside the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub position: Position,
    pub recorded_at: DateTime<Utc>,
    pub head: Head,
}

/// An event read from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub envelope: Envelope,
    pub event: Event,
}

impl<C> minicbor::Encode<C> for StreamId {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(2)?.str(self.aggregate())?.str(self.id())?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for StreamId {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        if d.array()? != Some(2) {
            return Err(minicbor::decode::Error::message("a stream is an aggregate and an id"));
        }
        let aggregate = d.str()?;
        Self::of(aggregate, d.str()?).map_err(minicbor::decode::Error::message)
    }
}
