//! Where the events of each stream lie, written behind the events themselves.
//!
//! The truth about an event's place is its record; the index only finds it. So the commit that
//! makes an event safe does not wait for it: the ends of streams that moved stay in memory, go into
//! the store with a later commit, the oldest first, and with them the position up to which the
//! index is whole. Opening places again what came after that.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::{
    ReadError, Shared,
    layout::{self, Tail},
    store::Store,
};
use crate::{
    behind::Behind,
    envelope::PayloadKind,
    id::{Position, StreamId, Version},
    record::Record,
    sync::RwLock,
};

/// How far the index may trail the log, in events, before a commit takes the oldest ends along.
pub(super) const BEHIND_MAX: u64 = 4096;
/// Events whose streams are then written together.
pub(super) const WRITTEN_TOGETHER: u64 = 256;
/// Written ends that stay in memory.
const WRITTEN_KEPT: usize = 16 * 1024;

/// The ends of streams, as far as they are in memory.
pub(super) struct Ends {
    unwritten: RwLock<Unwritten>,
    /// Only the writer puts ends here, so that none is older than what it wrote.
    written: Cache<StreamId, Arc<Tail>>,
}

struct Unwritten {
    /// How far the index in the store is whole.
    whole: Position,
    ends: Behind<Arc<Tail>>,
}

/// Ends that it is time to write, and how far the index is whole once they are.
pub(super) struct Due {
    pub(super) ends: Vec<(StreamId, Arc<Tail>)>,
    /// None when nothing is due.
    pub(super) whole: Option<Position>,
}

/// Not derived: it would print everybody.
impl std::fmt::Debug for Ends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ends").finish_non_exhaustive()
    }
}

impl Ends {
    /// Of a store whose index is whole up to a position.
    pub(super) fn new(whole: Position) -> Self {
        let unwritten = Unwritten { whole, ends: Behind::default() };
        Self { unwritten: RwLock::new(unwritten), written: Cache::new(WRITTEN_KEPT) }
    }

    /// The end of a stream, if it is in memory.
    pub(super) fn get(&self, stream: &StreamId) -> Option<Arc<Tail>> {
        self.unwritten(stream).or_else(|| self.written.get(stream))
    }

    /// The end of a stream, if the store does not know it yet.
    fn unwritten(&self, stream: &StreamId) -> Option<Arc<Tail>> {
        self.unwritten.read().ends.get(stream).cloned()
    }

    /// What a commit that ends before `next` is to take along.
    pub(super) fn due(&self, next: Position) -> Due {
        let unwritten = self.unwritten.read();
        if next.0.saturating_sub(unwritten.whole.0) <= BEHIND_MAX {
            return Due { ends: Vec::new(), whole: None };
        }
        let end = Position(unwritten.whole.0 + WRITTEN_TOGETHER).next();
        let due = unwritten.ends.since_before(end);
        let ends = due.map(|(stream, tail)| (stream.clone(), Arc::clone(tail))).collect();
        let after = unwritten.ends.first_from(end).unwrap_or(next);
        Due { ends, whole: Some(Position(after.0 - 1)) }
    }

    /// A stream has moved, from `first` on, and the store's index does not know.
    pub(super) fn moved(&self, stream: StreamId, first: Position, tail: Tail) {
        self.written.remove(&stream);
        self.unwritten.write().ends.put(stream, first, Arc::new(tail));
    }

    /// Nothing has moved; whoever looks next finds the end in memory.
    pub(super) fn keep(&self, stream: StreamId, tail: Tail) {
        if self.unwritten(&stream).is_none() {
            self.written.insert(stream, Arc::new(tail));
        }
    }

    /// The store knows the end of a stream.
    pub(super) fn wrote(&self, stream: StreamId, tail: Arc<Tail>) {
        self.written.insert(stream.clone(), tail);
        self.unwritten.write().ends.remove(&stream);
    }

    /// The store's index is whole up to here.
    pub(super) fn wrote_up_to(&self, whole: Position) {
        self.unwritten.write().whole = whole;
    }

    /// Gives a record its place when the log is opened; false if the index says otherwise.
    pub(super) fn place(&self, store: &Store, record: &Record) -> Result<bool, ReadError> {
        let (position, head) = (record.position(), &record.envelope().head);
        let mut tail = match self.unwritten(&head.stream) {
            Some(tail) => Tail::clone(&tail),
            None => store.tail(&head.stream)?,
        };
        if head.version <= tail.version {
            let known = tail.position_of(head.version);
            let known = known
                .map_or_else(|| store.position_of(&head.stream, head.version), |at| Ok(Some(at)))?;
            return Ok(known == Some(position));
        }
        if head.version != tail.version.next() || position <= self.unwritten.read().whole {
            return Ok(false);
        }
        if let PayloadKind::Sealed { slot, .. } = head.payload {
            tail.slot = Some(slot);
        }
        tail.push(position);
        self.moved(head.stream.clone(), position, tail);
        Ok(true)
    }
}

impl Shared {
    /// The end of a stream, safe or not.
    pub(super) fn tail(&self, stream: &StreamId) -> Result<Arc<Tail>, ReadError> {
        match self.ends.get(stream) {
            Some(tail) => Ok(tail),
            None => self.store.tail(stream).map(Arc::new),
        }
    }

    /// Where the events of a stream after a version lie.
    pub(super) fn positions(
        &self,
        stream: &StreamId,
        seen: Version,
    ) -> Result<Vec<Position>, ReadError> {
        let length = self.tail(stream)?.version;
        // Before the chunks: what the end does not hold is in the store by then.
        let end = self.ends.unwritten(stream);
        let last = end.as_ref().map_or(u32::MAX, |tail| layout::chunk_of(tail.version));
        let mut positions = Vec::new();
        let mut number = layout::chunk_of(seen.next());
        let mut skip = usize::try_from(seen.0 % layout::CHUNK_EVENTS).unwrap_or(usize::MAX);
        while number < last
            && let Some(chunk) = self.store.chunk(stream, number)?
        {
            positions.extend(chunk.positions.into_iter().skip(skip));
            skip = 0;
            number = number.saturating_add(1);
        }
        if let Some(tail) = end.filter(|_| number == last) {
            positions.extend(tail.positions.iter().skip(skip));
        }
        // More may have come meanwhile; less would be a history with a hole in it.
        let expected = usize::try_from(length.0.saturating_sub(seen.0)).unwrap_or(usize::MAX);
        if positions.len() < expected {
            return Err(ReadError::Index(stream.clone()));
        }
        Ok(positions)
    }

    /// Where an event of a stream lies.
    pub(super) fn position_of(
        &self,
        stream: &StreamId,
        version: Version,
    ) -> Result<Option<Position>, ReadError> {
        match self.ends.get(stream).and_then(|tail| tail.position_of(version)) {
            Some(position) => Ok(Some(position)),
            None => self.store.position_of(stream, version),
        }
    }
}
