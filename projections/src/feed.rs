//! The one thread: follows the watermark, applies what is new, and says how far it has come.

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
    record::Record,
};
use tokio::sync::watch;

use crate::{
    Shared,
    batch::{Batch, Outcome},
    build,
    document::Document,
    store::{self, Checkpoint, StoreError},
};

/// Events that share one commit, when there are so many.
const BATCH_EVENTS_MAX: usize = 1024;
/// Events that a power cut may have applied again, at most.
const UNSYNCED_EVENTS_MAX: usize = 16 * 1024;

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
    pub(crate) checkpoint: Checkpoint,
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
            Ok(Err(error)) => shared.stop(crate::chain_of(&error)),
            Err(panic) => shared.stop(format!("it panicked: {}", store::message_of(&*panic))),
        }
    };
    thread::Builder::new().name("projections".to_owned()).spawn(run)
}

impl Feed {
    fn follow(&mut self) -> Result<(), FeedError> {
        let mut watermark = self.shared.log.watch();
        let mut unsynced = 0;
        while !*self.stop.borrow() {
            watermark.mark_unchanged();
            let applied = self.apply_some()?;
            unsynced += applied;
            if unsynced >= UNSYNCED_EVENTS_MAX {
                self.shared.store.sync()?;
                unsynced = 0;
            }
            if applied == 0 {
                self.caught_up()?;
                block_on(either(watermark.changed(), self.stop.changed()));
            }
        }
        Ok(self.shared.store.sync()?)
    }

    /// How many events were applied, or left out because their stream is parked.
    fn apply_some(&mut self) -> Result<usize, FeedError> {
        let shared = Arc::clone(&self.shared);
        let records: Vec<Record> = shared
            .log
            .after(self.checkpoint.position)
            .take(BATCH_EVENTS_MAX)
            .collect::<Result<_, _>>()?;
        let (Some(last), count) = (records.last(), records.len()) else { return Ok(0) };
        let end = (last.position(), last.leaf_hash());
        let mut batch = Batch::new(&shared.log, &shared.store, &shared.parked);
        for record in records {
            batch.take(record)?;
        }
        let (changes, outcome) = batch.finish()?;
        self.checkpoint = shared.store.commit(changes, &self.checkpoint, end)?;
        shared.publish(outcome);
        if self.checkpoint.position >= shared.log.watermark() {
            self.caught_up()?;
        }
        shared.applied.send_replace(self.checkpoint.position);
        Ok(count)
    }

    /// The first time, what this build replaces goes.
    fn caught_up(&mut self) -> Result<(), FeedError> {
        self.shared.ready.store(true, Ordering::Relaxed);
        if !self.is_alone {
            // It must be there after a power cut that the others do not outlive.
            self.shared.store.sync()?;
            build::remove_others(&self.dir, self.build).map_err(FeedError::Remove)?;
            self.is_alone = true;
        }
        Ok(())
    }
}

impl Shared {
    /// Lets readers see what was committed; whoever sees `applied` move, sees all of it.
    fn publish(&self, outcome: Outcome) {
        let mut index = self.index.write();
        for document in &outcome.documents {
            build::index_document(&mut index, document);
        }
        for (stream, parked) in outcome.parked {
            build::index_parked(&mut index, &stream);
            self.answers.remove(&stream);
            self.parked.insert(stream, parked);
        }
        drop(index);
        for document in &outcome.documents {
            match document {
                Document::Customer(id, _) => self.answers.remove(&StreamId::from(id.clone())),
                Document::Person(id, _) => self.answers.remove(&StreamId::from(id.clone())),
                Document::Consent(..) => {}
            }
        }
    }

    fn stop(&self, reason: String) {
        tracing::error!(
            reason,
            "The projections have stopped; nothing new is seen until a restart."
        );
        *self.stopped.lock() = Some(reason);
        // Who waits is to look again.
        self.applied.send_modify(|_: &mut Position| {});
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
