//! The keys and values of the store.
//!
//! ```text
//! key                                         value
//! d aggregate(1) id 0 part(2)                 a document
//! p aggregate(1) id 0 part(2)                 why a stream is parked
//! c                                           the checkpoint
//! ```
//!
//! A value is sealed under the key of the build (AES-256-GCM, the key up to its zero as
//! associated data), then cut into parts, for sled would put a large one into a file that it
//! never syncs; before the first part stands how many there are (2).

use events::id::{ConsentId, CustomerId, PersonId, StreamId};

use super::StoreError;

/// What is kept of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Document,
    Parked,
}

impl Kind {
    pub(super) fn letter(self) -> u8 {
        match self {
            Self::Document => b'd',
            Self::Parked => b'p',
        }
    }
}

/// Ids hold no control characters, so the zero ends them.
pub(crate) fn name(kind: Kind, stream: &StreamId) -> Vec<u8> {
    let aggregate = match stream {
        StreamId::Customer(_) => b'c',
        StreamId::Person(_) => b'p',
        StreamId::Consent(_) => b'k',
    };
    [&[kind.letter(), aggregate], stream.id().as_bytes(), &[0]].concat()
}

pub(super) fn stream_of(name: &[u8]) -> Option<StreamId> {
    let [_, aggregate, id @ .., 0] = name else { return None };
    let id = std::str::from_utf8(id).ok()?;
    match aggregate {
        b'c' => CustomerId::parse(id).map(StreamId::Customer).ok(),
        b'p' => PersonId::parse(id).map(StreamId::Person).ok(),
        b'k' => ConsentId::parse(id).map(StreamId::Consent).ok(),
        _ => None,
    }
}

pub(super) fn part_key(name: &[u8], part: u16) -> Vec<u8> {
    [name, &part.to_be_bytes()].concat()
}

pub(super) fn split_first(value: &[u8]) -> Result<(u16, &[u8]), StoreError> {
    let (parts, sealed) = value.split_first_chunk().ok_or(StoreError::Damaged)?;
    Ok((u16::from_be_bytes(*parts), sealed))
}
