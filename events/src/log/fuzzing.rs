//! A way in for the fuzzer: what the store and the head mark hold, read and written again.

use super::{layout, mark};

/// None where the bytes are no part of the index.
pub fn chunk(bytes: &[u8]) -> Option<Vec<u8>> {
    layout::Chunk::decode(bytes).map(|chunk| chunk.encode())
}

/// None where the bytes are no key of the index.
pub fn chunk_key(bytes: &[u8]) -> Option<Vec<u8>> {
    layout::stream_in(bytes).map(|(stream, chunk)| layout::chunk_key(&stream, chunk))
}

/// None where the bytes are no head mark.
pub fn head_mark(bytes: &[u8]) -> Option<Vec<u8>> {
    let bytes: &[u8; mark::MARK_BYTES] = bytes.try_into().ok()?;
    mark::decode(bytes).map(|mark| mark::encode(&mark))
}
