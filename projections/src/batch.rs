//! Some events in a row: every stream that they touch is read once and rendered once.

use std::{
    collections::{HashMap, hash_map::Entry},
    error::Error,
    sync::Arc,
};

use events::{
    id::{Position, StreamId},
    keys::KeyError,
    log::{EventLog, ReadError},
    record::Record,
};
use rustc_hash::FxBuildHasher;

use crate::{
    Shared,
    document::Document,
    feed::FeedError,
    parked::{Parked, ParkedStreams},
    store::{Kind, Store, StoreError, Trace},
    unwritten::{Newer, Unwritten},
};

pub(crate) struct Batch<'a> {
    log: &'a EventLog,
    store: &'a Store,
    unwritten: &'a Unwritten,
    parked_before: &'a ParkedStreams,
    touched: HashMap<StreamId, Touched, FxBuildHasher>,
    parked: HashMap<StreamId, Parked, FxBuildHasher>,
}

/// A document in the making.
struct Touched {
    document: Document,
    /// The first event that changed it.
    first: Option<Position>,
    /// What the stored one leaves behind.
    trace: Trace,
}

/// What a batch came to.
pub(crate) struct Outcome {
    /// Streams with the first event that changed them, and what they are now.
    pub(crate) documents: Vec<(StreamId, Position, Newer)>,
    pub(crate) parked: Vec<(StreamId, Parked)>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self {
            log: &shared.log,
            store: &shared.store,
            unwritten: &shared.unwritten,
            parked_before: &shared.parked,
            touched: HashMap::default(),
            parked: HashMap::default(),
        }
    }

    /// Applies one event, or parks its stream; an error is about the log, not about the stream.
    pub(crate) fn take(&mut self, record: Record) -> Result<(), FeedError> {
        let (position, version) = (record.position(), record.envelope().head.version);
        let stream = record.envelope().head.stream.clone();
        if self.parked.contains_key(&stream) || self.parked_before.contains(&stream) {
            return Ok(());
        }
        let touched = touched(&mut self.touched, self.unwritten, self.store, &stream)?;
        if version <= touched.document.version() {
            // Written before the last stop, ahead of the checkpoint.
            return Ok(());
        }
        let recorded = match self.log.recorded(record) {
            Ok(recorded) => recorded,
            Err(error) => return self.unreadable(position, stream, error),
        };
        match touched.document.apply(&recorded) {
            Ok(()) => touched.first = touched.first.or(Some(position)),
            Err(error) => self.park(position, stream, &error),
        }
        Ok(())
    }

    fn unreadable(
        &mut self,
        position: Position,
        stream: StreamId,
        error: ReadError,
    ) -> Result<(), FeedError> {
        match error {
            ReadError::Event { .. }
            | ReadError::Seal(_)
            | ReadError::Keys(KeyError::Damaged { .. }) => {
                self.park(position, stream, &error);
                Ok(())
            }
            ReadError::Store(_)
            | ReadError::Keys(KeyError::Io(_) | KeyError::WrongMaster)
            | ReadError::Record { .. }
            | ReadError::Hole(_)
            | ReadError::Index(_)
            | ReadError::Receipt => Err(error.into()),
        }
    }

    fn park(&mut self, position: Position, stream: StreamId, error: &dyn Error) {
        let parked = Parked { position, reason: events::causes::chain(error) };
        let reason = &parked.reason;
        tracing::error!(%position, %stream, reason, "A stream is parked until projections are rebuilt.");
        self.parked.insert(stream, parked);
    }

    /// Renders what is new.
    pub(crate) fn finish(self) -> Outcome {
        let mut documents = Vec::with_capacity(self.touched.len());
        for (stream, Touched { mut document, first, trace }) in self.touched {
            let Some(first) = first else { continue };
            document.render();
            let document = Arc::new(document);
            documents.push((stream, first, Newer { document, trace }));
        }
        Outcome { documents, parked: self.parked.into_iter().collect() }
    }
}

fn touched<'t>(
    all: &'t mut HashMap<StreamId, Touched, FxBuildHasher>,
    unwritten: &Unwritten,
    store: &Store,
    stream: &StreamId,
) -> Result<&'t mut Touched, StoreError> {
    let place = match all.entry(stream.clone()) {
        Entry::Occupied(place) => return Ok(place.into_mut()),
        Entry::Vacant(place) => place,
    };
    let (document, trace) = match unwritten.get(stream) {
        Some(newer) => (Document::clone(&newer.document), newer.trace),
        None => match store.get(Kind::Document, stream)? {
            Some(stored) => {
                let document = Document::decode(stream, &stored.plain);
                (document.map_err(|_| StoreError::Damaged)?, stored.trace)
            }
            None => (Document::empty(stream), Trace::default()),
        },
    };
    Ok(place.insert(Touched { document, first: None, trace }))
}
