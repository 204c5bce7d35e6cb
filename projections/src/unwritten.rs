//! Documents that are newer than the store's: seen at once, written behind.

use std::{collections::BTreeMap, sync::Arc};

use events::{
    behind::Behind,
    id::{Position, StreamId},
};
use parking_lot::RwLock;

use crate::{document::Document, store::Trace};

/// A document that the store does not have yet.
#[derive(Debug, Clone)]
pub(crate) struct Newer {
    pub(crate) document: Arc<Document>,
    /// What the stored one leaves behind.
    pub(crate) trace: Trace,
}

/// All of them. One thread changes them, everybody reads.
#[derive(Debug, Default)]
pub(crate) struct Unwritten(RwLock<Documents>);

#[derive(Debug, Default)]
struct Documents {
    behind: Behind<Newer>,
    bytes: usize,
}

impl Unwritten {
    pub(crate) fn get(&self, stream: &StreamId) -> Option<Newer> {
        self.0.read().behind.get(stream).cloned()
    }

    /// Puts in a document that the event at `first` changed, or one after it.
    pub(crate) fn put(&self, stream: StreamId, first: Position, newer: Newer) {
        let bytes = newer.document.weight();
        let mut documents = self.0.write();
        let older = documents.behind.put(stream, first, newer);
        documents.bytes += bytes;
        documents.bytes -= older.map_or(0, |older| older.document.weight());
    }

    /// Takes out what was written: readers find it in the store by now.
    pub(crate) fn remove(&self, stream: &StreamId) {
        let mut documents = self.0.write();
        let written = documents.behind.remove(stream);
        documents.bytes -= written.map_or(0, |written| written.document.weight());
    }

    /// What events before `end` changed first.
    pub(crate) fn since_before(&self, end: Position) -> Vec<(StreamId, Newer)> {
        let documents = self.0.read();
        let due = documents.behind.since_before(end);
        due.map(|(stream, newer)| (stream.clone(), newer.clone())).collect()
    }

    /// The first event from `start` on that changed what is not written.
    pub(crate) fn first_from(&self, start: Position) -> Option<Position> {
        self.0.read().behind.first_from(start)
    }

    /// Bytes that they take in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.0.read().bytes
    }

    /// All of them, by a name.
    pub(crate) fn by<N: Ord>(
        &self,
        name: impl Fn(&StreamId) -> N,
    ) -> BTreeMap<N, (StreamId, Newer)> {
        let documents = self.0.read();
        let all = documents.behind.iter();
        all.map(|(stream, newer)| (name(stream), (stream.clone(), newer.clone()))).collect()
    }
}
