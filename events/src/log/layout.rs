//! The keys and values of the store, drawn in `log.rs`.

use super::ReceiptKey;
use crate::id::{Position, StreamId, Version};

/// Events of one stream that share a value.
pub(super) const CHUNK_EVENTS: u64 = 32;

/// Under which it stands how far the index of streams is whole.
pub(super) const INDEX_MARK: &[u8] = b"i";

/// Everything from the first event on, and nothing else.
pub(super) const EVENTS: std::ops::Range<&[u8]> = b"e".as_slice()..b"f".as_slice();

pub(super) fn event_key(position: Position) -> Vec<u8> {
    [b"e".as_slice(), &position.0.to_be_bytes()].concat()
}

pub(super) fn event_position(key: &[u8]) -> Option<Position> {
    let digits = key.strip_prefix(b"e")?.try_into().ok()?;
    Some(Position(u64::from_be_bytes(digits)))
}

/// Before every receipt.
pub(super) const RECEIPTS: &[u8] = b"r";

pub(super) fn receipt_key(key: &ReceiptKey) -> Vec<u8> {
    [RECEIPTS, key].concat()
}

/// Before every chunk of a stream.
pub(super) const STREAMS: &[u8] = b"s";

/// All chunks of a stream; ids hold no control characters, so the zero ends them.
pub(super) fn stream_prefix(stream: &StreamId) -> Vec<u8> {
    let aggregate = match stream {
        StreamId::Customer(_) => b'c',
        StreamId::Person(_) => b'p',
        StreamId::Consent(_) => b'k',
    };
    [STREAMS, &[aggregate], stream.id().as_bytes(), &[0]].concat()
}

pub(super) fn chunk_key(stream: &StreamId, chunk: u32) -> Vec<u8> {
    let mut key = stream_prefix(stream);
    key.extend(chunk.to_be_bytes());
    key
}

/// The stream of a chunk, and which one it is.
pub(super) fn stream_in(key: &[u8]) -> Option<(StreamId, u32)> {
    let (name, chunk) = key.strip_prefix(STREAMS)?.split_last_chunk()?;
    let [aggregate, id @ .., 0] = name else { return None };
    let aggregate = match aggregate {
        b'c' => "customer",
        b'p' => "person",
        b'k' => "consent",
        _ => return None,
    };
    let stream = StreamId::of(aggregate, std::str::from_utf8(id).ok()?).ok()?;
    Some((stream, u32::from_be_bytes(*chunk)))
}

/// The chunk that holds a version, which counts from 1.
pub(super) fn chunk_of(version: Version) -> u32 {
    u32::try_from(version.0.saturating_sub(1) / CHUNK_EVENTS).unwrap_or(u32::MAX)
}

/// Where some consecutive events of a stream lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Of the stream's keys in the key file; none as long as nothing was sealed.
    pub(super) slot: Option<u32>,
    pub(super) positions: Vec<Position>,
}

impl Chunk {
    pub(super) fn encode(&self) -> Vec<u8> {
        // Slot 0 is the header of the key file, never a stream's.
        let mut bytes = self.slot.unwrap_or(0).to_be_bytes().to_vec();
        bytes.extend(self.positions.iter().flat_map(|position| position.0.to_be_bytes()));
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (slot, rest) = bytes.split_first_chunk()?;
        let (positions, rest) = rest.as_chunks();
        if !rest.is_empty() {
            return None;
        }
        let slot = Some(u32::from_be_bytes(*slot)).filter(|slot| *slot != 0);
        let positions = positions.iter().map(|bytes| Position(u64::from_be_bytes(*bytes)));
        Some(Self { slot, positions: positions.collect() })
    }
}

/// The end of a stream: its last chunk and its version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) slot: Option<u32>,
    pub(super) version: Version,
    /// Of the events in the last chunk.
    pub(super) positions: Vec<Position>,
}

impl Tail {
    pub(super) fn of(chunk_number: u32, chunk: Chunk) -> Self {
        let before = u64::from(chunk_number) * CHUNK_EVENTS;
        let version = before + u64::try_from(chunk.positions.len()).unwrap_or(u64::MAX);
        Self { slot: chunk.slot, version: Version(version), positions: chunk.positions }
    }

    /// The stream with one more event.
    pub(super) fn push(&mut self, position: Position) {
        if self.version.0.is_multiple_of(CHUNK_EVENTS) {
            self.positions.clear();
        }
        self.positions.push(position);
        self.version = self.version.next();
    }

    /// Where an event lies, if it is in the last chunk.
    pub(super) fn position_of(&self, version: Version) -> Option<Position> {
        if version > self.version || chunk_of(version) != chunk_of(self.version) {
            return None;
        }
        let nth = usize::try_from(version.0.checked_sub(1)? % CHUNK_EVENTS).ok()?;
        self.positions.get(nth).copied()
    }

    pub(super) fn chunk(&self) -> (u32, Chunk) {
        let chunk = Chunk { slot: self.slot, positions: self.positions.clone() };
        (chunk_of(self.version), chunk)
    }
}
