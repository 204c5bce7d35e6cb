//! Streams that stand still, because one of their events cannot be read or applied.

use std::collections::HashMap;

use events::id::{Position, StreamId};
use minicbor::{Decode, Encode};
use parking_lot::RwLock;
use rustc_hash::FxBuildHasher;

/// Where a stream was parked, and why.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Parked {
    #[n(0)]
    pub(crate) position: Position,
    /// Without personal data.
    #[n(1)]
    pub(crate) reason: String,
}

impl Parked {
    pub(crate) fn encode(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to memory does not fail")
    }
}

/// All of them, in memory; there are few, if any.
#[derive(Debug, Default)]
pub(crate) struct ParkedStreams(RwLock<HashMap<StreamId, Parked, FxBuildHasher>>);

impl ParkedStreams {
    pub(crate) fn contains(&self, stream: &StreamId) -> bool {
        let parked = self.0.read();
        !parked.is_empty() && parked.contains_key(stream)
    }

    pub(crate) fn insert(&self, stream: StreamId, parked: Parked) {
        self.0.write().insert(stream, parked);
    }

    /// In the order of the log.
    pub(crate) fn list(&self) -> Vec<(StreamId, Position, String)> {
        let parked = self.0.read();
        let mut list: Vec<_> = parked
            .iter()
            .map(|(stream, parked)| (stream.clone(), parked.position, parked.reason.clone()))
            .collect();
        list.sort_by_key(|(_, position, _)| *position);
        list
    }
}
