//! The one thread: follows the watermark, applies what is new, says how far it has come, and
//! writes behind.

use std::{
    future::{Future, poll_fn},
    io,
    path::PathBuf,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Wake},
    thread::{self, JoinHandle, Thread},
};

use events::{
    id::{Position, StreamId},
    log::ReadError,
    record::{LeafHash, Record},
};
use tokio::sync::watch;

use crate::{
    Shared,
    batch::{Batch, Outcome},
    build,
    parked::Parked,
    store::{Changes, Checkpoint, Kind, StoreError, Trace},
};

/// Events that are applied together, when there are so many.
const BATCH_EVENTS_MAX: usize = 1024;
/// Bytes of documents that may wait to be written.
const BEHIND_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Which part of what may wait is written together.
const WRITTEN_PART: u64 = 64;
/// Events that a power cut may have applied again besides.
const UNSYNCED_MAX: u64 = 16 * 1024;

/// Why no more is applied; never about one stream alone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    #[error("the log cannot be followed")]
    Log(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("an older build could not be removed")]
    Remove(#[source] io::Error),
}

pub(crate) struct Feed {
    pub(crate) shared: Arc<Shared>,
    /// The last event that was applied, and the hash of its record.
    pub(crate) applied: (Position, LeafHash),
    /// How far the store has come.
    pub(crate) checkpoint: Checkpoint,
    /// How far the store is synced.
    pub(crate) synced: Position,
    /// Streams parked since the last write.
    pub(crate) parked: Vec<(StreamId, Parked)>,
    /// How far the store may trail, in events.
    pub(crate) behind_max: u64,
    pub(crate) dir: PathBuf,
    pub(crate) build: u64,
    /// Whether older builds are known to be gone.
    pub(crate) is_alone: bool,
    pub(crate) stop: watch::Receiver<bool>,
}

/// Follows the log until it is told to stop, or something fails for good.
pub(crate) fn start(mut feed: Feed) -> io::Result<JoinHandle<()>> {
    let run = move || {
        let shared = Arc::clone(&feed.shared);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| feed.follow()));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => shared.stop(events::causes::chain(&error)),
            // Where, was told there; the message may quote data.
            Err(_) => shared.stop("it panicked".to_owned()),
        }
    };
    thread::Builder::new().name("projections".to_owned()).spawn(run)
}

impl Feed {
    fn follow(&mut self) -> Result<(), FeedError> {
        let mut watermark = self.shared.log.watch();
        while !*self.stop.borrow() {
            watermark.mark_unchanged();
            let applied = self.apply_some()?;
            self.write_behind()?;
            if applied == 0 {
                self.caught_up()?;
                block_on(either(watermark.changed(), self.stop.changed()));
            }
        }
        // It may just have taken the place of another.
        if self.shared.ready.load(Ordering::Relaxed) {
            self.caught_up()?;
        }
        self.write_all()
    }

    /// How many events were applied, or left out because their stream is parked.
    fn apply_some(&mut self) -> Result<usize, FeedError> {
        let shared = Arc::clone(&self.shared);
        let records: Vec<Record> =
            shared.log.after(self.applied.0).take(BATCH_EVENTS_MAX).collect::<Result<_, _>>()?;
        let (Some(last), count) = (records.last(), records.len()) else { return Ok(0) };
        let end = (last.position(), last.leaf_hash());
        let mut batch = Batch::new(&shared);
        for record in records {
            batch.take(record)?;
        }
        let outcome = batch.finish();
        self.parked.extend(outcome.parked.iter().cloned());
        let nothing_is_switched = shared.moving.lock();
        shared.publish(outcome);
        self.applied = end;
        if end.0 >= shared.log.watermark() {
            self.caught_up()?;
        }
        shared.applied.move_to(end.0);
        drop(nothing_is_switched);
        Ok(count)
    }

    /// Writes what has waited longest, if too much waits.
    fn write_behind(&mut self) -> Result<(), FeedError> {
        while self.applied.0.0 - self.checkpoint.position.0 > self.behind_max
            || self.shared.unwritten.bytes() > BEHIND_BYTES_MAX
        {
            self.write_some()?;
        }
        if self.checkpoint.position.0 - self.synced.0 >= UNSYNCED_MAX {
            self.sync()?;
        }
        Ok(())
    }

    fn write_all(&mut self) -> Result<(), FeedError> {
        while self.checkpoint.position < self.applied.0 {
            self.write_some()?;
        }
        self.sync()
    }

    fn sync(&mut self) -> Result<(), FeedError> {
        self.synced = self.checkpoint.position;
        Ok(self.shared.store.sync()?)
    }

    /// Writes the documents that the next events after the checkpoint changed, as they are now.
    fn write_some(&mut self) -> Result<(), FeedError> {
        let Shared { store, unwritten, .. } = &*self.shared;
        let end = self.checkpoint.position.0 + self.behind_max / WRITTEN_PART + 1;
        let end = Position(end).next();
        let mut due = unwritten.since_before(end);
        // What a parked stream was before goes with the word that it is parked: nothing of it is
        // applied again.
        let parked = self.parked.iter().map(|(stream, _)| stream);
        let waiting = parked.filter(|stream| due.iter().all(|(other, _)| other != *stream));
        let waiting: Vec<_> =
            waiting.filter_map(|stream| Some((stream.clone(), unwritten.get(stream)?))).collect();
        due.extend(waiting);
        let mut changes = Changes::default();
        for (stream, newer) in &due {
            let plain = newer.document.encode();
            store.put(&mut changes, (Kind::Document, stream), &plain, newer.trace)?;
        }
        for (stream, why) in self.parked.drain(..) {
            store.put(&mut changes, (Kind::Parked, &stream), &why.encode(), Trace::default())?;
        }
        let whole = unwritten.first_from(end).map_or(self.applied.0, |first| Position(first.0 - 1));
        // After a kill the store may know of events that are only now applied again.
        let before = (self.checkpoint.reached, self.checkpoint.leaf);
        let reached = if self.applied.0 > before.0 { self.applied } else { before };
        self.checkpoint = store.commit(changes, &self.checkpoint, whole, reached)?;
        for (stream, _) in &due {
            unwritten.remove(stream);
        }
        Ok(())
    }

    /// The first time, what this build replaces goes.
    fn caught_up(&mut self) -> Result<(), FeedError> {
        if !self.is_alone && self.shared.serves.load(Ordering::Acquire) {
            // It must be there after a power cut that the others do not outlive.
            self.write_all()?;
            build::finish(&self.dir, self.build).map_err(FeedError::Remove)?;
            self.is_alone = true;
        } else if !self.shared.ready.load(Ordering::Relaxed) {
            // What cannot be brought onto the disk is not to take the place of what can.
            self.write_all()?;
        }
        self.shared.ready.store(true, Ordering::Release);
        Ok(())
    }
}

impl Shared {
    /// Lets readers see what was applied; whoever sees `applied` move, sees all of it.
    fn publish(&self, outcome: Outcome) {
        let mut index = self.index.write();
        for (_, _, newer) in &outcome.documents {
            build::index_document(&mut index, &newer.document);
        }
        for (stream, _) in &outcome.parked {
            build::index_parked(&mut index, stream);
        }
        drop(index);
        for (stream, first, newer) in outcome.documents {
            self.unwritten.put(stream.clone(), first, newer);
            self.answers.remove(&stream);
        }
        for (stream, parked) in outcome.parked {
            self.answers.remove(&stream);
            self.parked.insert(stream, parked);
        }
    }

    fn stop(&self, reason: String) {
        tracing::error!(
            reason,
            "The projections have stopped; nothing new is seen until a restart."
        );
        // It stops once: the thread is gone then.
        let _ = self.stopped.set(reason);
        self.applied.give_up();
    }
}

async fn either(one: impl Future, other: impl Future) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| {
        let ready =
            one.as_mut().poll(context).is_ready() || other.as_mut().poll(context).is_ready();
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// This thread has nothing else to do: no runtime is needed to wait.
fn block_on(future: impl Future<Output = ()>) {
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    while future.as_mut().poll(&mut context).is_pending() {
        thread::park();
    }
}
