//! The bytes of one event as they lie in the log, which are the bytes that are hashed.
//!
//! ```text
//! offset  bytes  what
//! 0       1      format, now 1
//! 1       8      position, big-endian
//! 9       8      recorded at: microseconds since 1970-01-01 UTC, big-endian
//! 17      2      length of the head, big-endian
//! 19      h      head: the envelope in CBOR; the associated data of the sealed payload
//! 19+h    p      payload: nothing, or JSON, or nonce (12) + sealed JSON + tag (16)
//! 19+h+p  4      CRC-32 of all bytes before it, big-endian
//! ```
//!
//! Head and payload are made by the caller, before the writer sees them; the writer adds the
//! rest inside the commit. All of it together is one leaf of the Merkle tree over the log.

#[cfg(test)]
mod tests;

use std::{ops::Range, sync::Arc};

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};

use crate::{
    envelope::{Envelope, Head},
    id::Position,
};

const FORMAT: u8 = 1;
const HEAD_AT: usize = 19;
const CHECKSUM_BYTES: usize = 4;

/// What the writer adds: bytes of a record besides head and payload.
pub const FRAME_BYTES: usize = HEAD_AT + CHECKSUM_BYTES;

/// The SHA-256 hash of a leaf of the Merkle tree (RFC 6962).
pub type LeafHash = [u8; 32];

/// Head and payload, encoded and sealed, waiting for their place.
#[derive(Debug, Clone)]
pub struct Draft {
    head_length: u16,
    head_and_payload: Vec<u8>,
}

/// Why bytes are no record; damage, whatever the variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("the record is cut short")]
    Short,
    #[error("the record has format {0}, this version of dossier reads format {FORMAT}")]
    Format(u8),
    #[error("the checksum does not match")]
    Checksum,
    #[error("the envelope cannot be read")]
    Head,
    #[error("the record says position {found}, it lies at position {expected}")]
    Misplaced { found: Position, expected: Position },
}

impl Draft {
    /// None when the head is longer than a record can say.
    pub fn new(head: &[u8], payload: &[u8]) -> Option<Self> {
        let head_length = u16::try_from(head.len()).ok()?;
        Some(Self { head_length, head_and_payload: [head, payload].concat() })
    }

    /// Bytes of the record to be.
    pub fn record_bytes(&self) -> usize {
        self.head_and_payload.len() + FRAME_BYTES
    }

    /// The record, in its place.
    pub fn place(&self, position: Position, recorded_at: DateTime<Utc>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.record_bytes());
        bytes.push(FORMAT);
        bytes.extend(position.0.to_be_bytes());
        bytes.extend(recorded_at.timestamp_micros().to_be_bytes());
        bytes.extend(self.head_length.to_be_bytes());
        bytes.extend(&self.head_and_payload);
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        bytes
    }
}

/// One stored record, its frame and head checked.
#[derive(Debug, Clone)]
pub struct Record {
    bytes: Arc<[u8]>,
    envelope: Envelope,
    payload: Range<usize>,
}

impl Record {
    pub fn parse(bytes: impl Into<Arc<[u8]>>) -> Result<Self, RecordError> {
        let bytes = bytes.into();
        let (frame, checksum) =
            bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(RecordError::Short)?;
        if crc32fast::hash(frame) != u32::from_be_bytes(*checksum) {
            return Err(RecordError::Checksum);
        }
        let (&format, rest) = frame.split_first().ok_or(RecordError::Short)?;
        if format != FORMAT {
            return Err(RecordError::Format(format));
        }
        let (position, rest) = rest.split_first_chunk().ok_or(RecordError::Short)?;
        let (micros, rest) = rest.split_first_chunk().ok_or(RecordError::Short)?;
        let (head_length, rest) = rest.split_first_chunk().ok_or(RecordError::Short)?;
        let head_length = usize::from(u16::from_be_bytes(*head_length));
        let head = rest.get(..head_length).ok_or(RecordError::Short)?;
        let envelope = Envelope {
            position: Position(u64::from_be_bytes(*position)),
            recorded_at: DateTime::from_timestamp_micros(i64::from_be_bytes(*micros))
                .ok_or(RecordError::Head)?,
            head: minicbor::decode::<Head>(head).map_err(|_| RecordError::Head)?,
        };
        let payload = HEAD_AT + head_length..frame.len();
        Ok(Self { bytes, envelope, payload })
    }

    /// As `parse`, for the bytes that lie under `position`.
    pub fn parse_at(position: Position, bytes: impl Into<Arc<[u8]>>) -> Result<Self, RecordError> {
        let record = Self::parse(bytes)?;
        if record.position() == position {
            Ok(record)
        } else {
            Err(RecordError::Misplaced { found: record.position(), expected: position })
        }
    }

    /// The record that these bytes begin with, wherever it ends; none where they begin with none.
    pub(crate) fn at_the_start_of(bytes: &[u8]) -> Option<Self> {
        // Quickly no, mostly: no log has 2^40 events.
        if !bytes.starts_with(&[FORMAT, 0, 0, 0]) {
            return None;
        }
        let head_length = bytes.get(HEAD_AT - 2..HEAD_AT)?.try_into().ok()?;
        let mut end = HEAD_AT + usize::from(u16::from_be_bytes(head_length));
        minicbor::decode::<Head>(bytes.get(HEAD_AT..end)?).ok()?;
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(bytes.get(..end)?);
        // Nothing tells how long the payload is but the checksum behind it.
        while checksum.clone().finalize().to_be_bytes() != *bytes.get(end..end + CHECKSUM_BYTES)? {
            checksum.update(bytes.get(end..=end)?);
            end += 1;
        }
        Self::parse(bytes.get(..end + CHECKSUM_BYTES)?).ok()
    }

    pub fn position(&self) -> Position {
        self.envelope.position
    }

    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    pub fn into_envelope(self) -> Envelope {
        self.envelope
    }

    /// All of the record, as stored and as hashed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The associated data under which the payload was sealed.
    pub fn head_bytes(&self) -> &[u8] {
        &self.bytes[HEAD_AT..self.payload.start]
    }

    /// The payload as it lies there.
    pub fn payload_bytes(&self) -> &[u8] {
        &self.bytes[self.payload.clone()]
    }

    pub fn leaf_hash(&self) -> LeafHash {
        leaf_hash(&self.bytes)
    }
}

/// RFC 6962: SHA-256 of a zero byte and the leaf.
pub fn leaf_hash(record: &[u8]) -> LeafHash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&[0]);
    context.update(record);
    let mut hash = LeafHash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
