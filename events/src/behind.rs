//! What is known in memory and written later, the oldest first.
//!
//! Whoever writes behind can lose what was not written: it must stand somewhere else already, here
//! in the log, and be found again from the position up to which everything was written.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::id::{Position, StreamId};

/// A value for each stream that has one, and since which event it waits.
#[derive(Debug)]
pub struct Behind<V> {
    values: FxHashMap<StreamId, (Position, V)>,
    by_first: BTreeMap<Position, StreamId>,
}

impl<V> Default for Behind<V> {
    fn default() -> Self {
        Self { values: FxHashMap::default(), by_first: BTreeMap::new() }
    }
}

impl<V> Behind<V> {
    pub fn get(&self, stream: &StreamId) -> Option<&V> {
        self.values.get(stream).map(|(_, value)| value)
    }

    /// Puts a newer value in, which waits since the event at `first` if none was there; tells the
    /// older one.
    pub fn put(&mut self, stream: StreamId, first: Position, value: V) -> Option<V> {
        if let Some((_, known)) = self.values.get_mut(&stream) {
            return Some(std::mem::replace(known, value));
        }
        self.by_first.insert(first, stream.clone());
        self.values.insert(stream, (first, value));
        None
    }

    /// Takes out what was written.
    pub fn remove(&mut self, stream: &StreamId) -> Option<V> {
        let (first, value) = self.values.remove(stream)?;
        self.by_first.remove(&first);
        Some(value)
    }

    /// What waits since an event before `end`.
    pub fn since_before(&self, end: Position) -> impl Iterator<Item = (&StreamId, &V)> {
        let streams = self.by_first.range(..end).map(|(_, stream)| stream);
        streams.filter_map(|stream| Some((stream, self.get(stream)?)))
    }

    /// The event since which the oldest waits of those that wait since `start` or later.
    pub fn first_from(&self, start: Position) -> Option<Position> {
        self.by_first.range(start..).next().map(|(first, _)| *first)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&StreamId, &V)> {
        self.values.iter().map(|(stream, (_, value))| (stream, value))
    }
}
