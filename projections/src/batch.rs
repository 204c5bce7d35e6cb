//! Some events in a row: every stream that they touch is read once, rendered once, written once.

use std::{
    collections::{HashMap, hash_map::Entry},
    error::Error,
};

use events::{
    id::{Position, StreamId},
    keys::KeyError,
    log::{EventLog, ReadError},
    record::Record,
};
use rustc_hash::FxBuildHasher;

use crate::{
    document::Document,
    feed::FeedError,
    parked::{Parked, ParkedStreams},
    store::{Changes, Kind, Store, StoreError, Trace},
};

pub(crate) struct Batch<'a> {
    log: &'a EventLog,
    store: &'a Store,
    parked_before: &'a ParkedStreams,
    touched: HashMap<StreamId, Touched, FxBuildHasher>,
    parked: HashMap<StreamId, Parked, FxBuildHasher>,
}

/// A document in the making.
struct Touched {
    document: Document,
    changed: bool,
    /// What the stored one leaves behind.
    trace: Trace,
}

/// What a batch came to.
pub(crate) struct Outcome {
    pub(crate) documents: Vec<Document>,
    pub(crate) parked: Vec<(StreamId, Parked)>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(log: &'a EventLog, store: &'a Store, parked: &'a ParkedStreams) -> Self {
        Self {
            log,
            store,
            parked_before: parked,
            touched: HashMap::default(),
            parked: HashMap::default(),
        }
    }

    /// Applies one event, or parks its stream; an error is about the log, not about the stream.
    pub(crate) fn take(&mut self, record: Record) -> Result<(), FeedError> {
        let (position, stream) = (record.position(), record.envelope().head.stream.clone());
        if self.parked.contains_key(&stream) || self.parked_before.contains(&stream) {
            return Ok(());
        }
        let recorded = match self.log.recorded(record) {
            Ok(recorded) => recorded,
            Err(error) => return self.unreadable(position, stream, error),
        };
        let touched = touched(&mut self.touched, self.store, &stream)?;
        match touched.document.apply(&recorded) {
            Ok(()) => touched.changed = true,
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
        let parked = Parked { position, reason: crate::chain_of(error) };
        let reason = &parked.reason;
        tracing::error!(%position, %stream, reason, "A stream is parked until projections are rebuilt.");
        self.parked.insert(stream, parked);
    }

    /// Renders and seals what is new.
    pub(crate) fn finish(self) -> Result<(Changes, Outcome), StoreError> {
        let mut changes = Changes::default();
        let mut documents = Vec::with_capacity(self.touched.len());
        for (stream, mut touched) in self.touched {
            if touched.changed {
                touched.document.render();
                let plain = touched.document.encode();
                self.store.put(&mut changes, (Kind::Document, &stream), &plain, touched.trace)?;
                documents.push(touched.document);
            }
        }
        let parked: Vec<_> = self.parked.into_iter().collect();
        for (stream, why) in &parked {
            let plain = why.encode();
            self.store.put(&mut changes, (Kind::Parked, stream), &plain, Trace::default())?;
        }
        Ok((changes, Outcome { documents, parked }))
    }
}

fn touched<'t>(
    all: &'t mut HashMap<StreamId, Touched, FxBuildHasher>,
    store: &Store,
    stream: &StreamId,
) -> Result<&'t mut Touched, StoreError> {
    let place = match all.entry(stream.clone()) {
        Entry::Occupied(place) => return Ok(place.into_mut()),
        Entry::Vacant(place) => place,
    };
    let (document, trace) = match store.get(Kind::Document, stream)? {
        Some(stored) => {
            let document = Document::decode(stream, &stored.plain);
            (document.map_err(|_| StoreError::Damaged)?, stored.trace)
        }
        None => (Document::empty(stream), Trace::default()),
    };
    Ok(place.insert(Touched { document, changed: false, trace }))
}
