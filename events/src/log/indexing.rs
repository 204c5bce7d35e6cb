//! The index of streams, made from records in the order of the log.

use rustc_hash::FxHashMap;

use super::{
    COMMIT_EVENTS_MAX, OpenError, ReadError,
    layout::{self, Tail},
    store::{Batch, Store},
    walk,
};
use crate::{
    envelope::PayloadKind,
    id::{Position, StreamId},
    record::Record,
};

/// The ends of the streams of the records since the last commit.
#[derive(Debug, Default)]
pub(super) struct Indexing {
    tails: FxHashMap<StreamId, Tail>,
}

impl Indexing {
    /// Gives a record its place; false where another event should come next in its stream.
    pub(super) fn place(
        &mut self,
        store: &Store,
        batch: &mut Batch,
        record: &Record,
    ) -> Result<bool, ReadError> {
        let head = &record.envelope().head;
        let mut tail = match self.tails.remove(&head.stream) {
            Some(tail) => tail,
            None => store.tail(&head.stream)?,
        };
        if head.version != tail.version.next() {
            return Ok(false);
        }
        if let PayloadKind::Sealed { slot, .. } = head.payload {
            tail.slot = Some(slot);
        }
        tail.push(record.position());
        if tail.version.0.is_multiple_of(layout::CHUNK_EVENTS) {
            insert(batch, &head.stream, &tail);
        }
        self.tails.insert(head.stream.clone(), tail);
        Ok(true)
    }

    /// Puts what was placed into a batch, with which the index is whole up to a position.
    pub(super) fn finish(&mut self, batch: &mut Batch, whole: Position) {
        for (stream, tail) in self.tails.drain() {
            insert(batch, &stream, &tail);
        }
        batch.insert(layout::INDEX_MARK, &whole.0.to_be_bytes());
    }
}

fn insert(batch: &mut Batch, stream: &StreamId, tail: &Tail) {
    let (number, chunk) = tail.chunk();
    batch.insert(&layout::chunk_key(stream, number), &chunk.encode());
}

/// Makes the whole index anew. Where it is cut off, the next opening begins again.
pub(super) fn rebuild(store: &Store) -> Result<(), OpenError> {
    clear(store)?;
    let (mut indexing, mut batch) = (Indexing::default(), Batch::default());
    let mut whole = Position::ZERO;
    for record in walk::records(store, whole.next()) {
        let record = record?;
        if !indexing.place(store, &mut batch, &record).unwrap_or(false) {
            return Err(OpenError::Index(record.envelope().head.stream.clone()));
        }
        whole = record.position();
        if whole.0.is_multiple_of(u64::try_from(COMMIT_EVENTS_MAX).unwrap_or(1)) {
            indexing.finish(&mut batch, whole);
            store.commit(std::mem::take(&mut batch))?;
        }
    }
    indexing.finish(&mut batch, whole);
    Ok(store.commit(batch)?)
}

fn clear(store: &Store) -> Result<(), OpenError> {
    let mut batch = Batch::default();
    batch.insert(layout::INDEX_MARK, &Position::ZERO.0.to_be_bytes());
    store.commit(std::mem::take(&mut batch))?;
    let mut count = 0;
    for entry in store.under(layout::STREAMS) {
        batch.remove(&entry?.0);
        count += 1;
        if count == COMMIT_EVENTS_MAX {
            count = 0;
            store.commit(std::mem::take(&mut batch))?;
        }
    }
    Ok(store.commit(batch)?)
}
