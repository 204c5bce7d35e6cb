//! What the events mean to someone who asks: the read models, kept as the bytes that leave.
//!
//! One thread follows the log's watermark (`feed`), applies events to documents, one a stream
//! (`document`: `customer`, `person`, `consent`), lets them be seen (`unwritten`), and writes them
//! behind, with the position that the store has come to (`store`, in a folder of its own: `build`). Answers are read from documents and kept in memory
//! (`answers`); who may see them stands in an index in memory (`access`). A stream with an event
//! that cannot be read or applied stands still, visibly (`parked`); everything else goes on.

mod access;
mod answers;
mod applied;
mod batch;
mod build;
mod consent;
mod customer;
mod digest;
mod document;
mod feed;
mod json;
mod parked;
mod person;
mod queries;
mod store;
mod unwritten;

#[cfg(test)]
mod tests;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use events::{
    id::{Position, StreamId},
    log::EventLog,
};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use self::{
    access::Index,
    answers::{AnswerCache, Answers},
    applied::Applied,
    document::Document,
    feed::Feed,
    parked::ParkedStreams,
    store::{Kind, Store},
    unwritten::Unwritten,
};
pub use self::{
    access::{Access, ConsentFor, PersonCustomer, Scopes, StandingConsent},
    answers::{Answer, etag_of, version_of},
    person::contact_body,
    store::StoreError,
};

/// How projections are opened.
#[derive(Debug, Clone)]
pub struct ProjectionSettings {
    /// Their folder; deleting it builds them anew.
    pub dir: PathBuf,
    /// Bytes of answers that stay in memory.
    pub answers_bytes_max: u64,
    /// Bytes of the store that may stay in memory; sled takes it as a hint.
    pub store_cache_bytes: u64,
    /// How far the store may trail, in events: what a restart after a kill applies again.
    pub behind_max: u64,
}

impl ProjectionSettings {
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            answers_bytes_max: 256 * 1024 * 1024,
            store_cache_bytes: 64 * 1024 * 1024,
            behind_max: 16 * 1024,
        }
    }
}

/// Why projections are not opened; what is damaged or foreign is built anew instead.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    #[error("the folder of the projections is open already")]
    InUse,
    #[error("the folder of the projections could not be read or written")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the log could not be read")]
    Log(#[source] events::log::ReadError),
}

/// Why there is no answer, although there should be one.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// One of the stream's events cannot be read or applied; see `Projections::parked`.
    #[error("the stream is parked")]
    Parked,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The read models, open. Clones are the same; the last one to go stops the thread.
#[derive(Debug, Clone)]
pub struct Projections {
    shared: Arc<Shared>,
    thread: Arc<Thread>,
}

/// What readers and the thread have in common.
#[derive(Debug)]
struct Shared {
    log: EventLog,
    store: Store,
    unwritten: Unwritten,
    answers: AnswerCache,
    index: RwLock<Index>,
    parked: ParkedStreams,
    applied: Applied,
    /// Whether they have caught up with the log once.
    ready: AtomicBool,
    stopped: OnceLock<String>,
    _lock: File,
}

#[derive(Debug)]
struct Thread {
    stop: watch::Sender<bool>,
    join: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// How far they are.
impl Projections {
    /// Opens the projections of a log where they stand, or builds them from its first event on.
    pub fn open(settings: &ProjectionSettings, log: EventLog) -> Result<Self, ProjectionError> {
        fs::create_dir_all(&settings.dir)?;
        let lock = lock(settings)?;
        let build = build::open(settings, &log)?;
        let ready = build.checkpoint.position >= log.watermark();
        let shared = Arc::new(Shared {
            log,
            store: build.store,
            unwritten: Unwritten::default(),
            answers: AnswerCache::new(settings.answers_bytes_max),
            index: RwLock::new(build.index),
            parked: build.parked,
            applied: Applied::new(build.checkpoint.position),
            ready: AtomicBool::new(ready),
            stopped: OnceLock::new(),
            _lock: lock,
        });
        let stop = watch::Sender::new(false);
        let feed = Feed {
            shared: Arc::clone(&shared),
            applied: (build.checkpoint.position, build.checkpoint.leaf),
            synced: build.checkpoint.position,
            checkpoint: build.checkpoint,
            parked: Vec::new(),
            behind_max: settings.behind_max,
            dir: settings.dir.clone(),
            build: build.number,
            is_alone: false,
            stop: stop.subscribe(),
        };
        let join = Mutex::new(Some(feed::start(feed)?));
        Ok(Self { shared, thread: Arc::new(Thread { stop, join }) })
    }

    /// The last event that every answer knows of.
    pub fn applied(&self) -> Position {
        self.shared.applied.position()
    }

    /// Events of the log that are not applied yet.
    pub fn lag(&self) -> u64 {
        let applied = self.applied();
        self.shared.log.watermark().0.saturating_sub(applied.0)
    }

    /// Whether they have caught up with the log since they were opened, and still follow it.
    pub fn ready(&self) -> bool {
        self.shared.ready.load(Ordering::Relaxed) && self.shared.stopped.get().is_none()
    }

    /// Waits until an event is applied; false when it is not, in time or any more.
    pub async fn wait_until(&self, position: Position, timeout: Duration) -> bool {
        if self.applied() >= position || self.stopped().is_some() {
            return self.applied() >= position;
        }
        let applied = self.shared.applied.when(position);
        if self.applied() < position && self.stopped().is_none() {
            let _ = tokio::time::timeout(timeout, applied).await;
        }
        self.applied() >= position
    }

    /// Why nothing more is applied, if so.
    pub fn stopped(&self) -> Option<String> {
        self.shared.stopped.get().cloned()
    }

    /// Streams that stand still, with the event that they stand before, and why.
    pub fn parked(&self) -> Vec<(StreamId, Position, String)> {
        self.shared.parked.list()
    }

    /// Stops the thread, and leaves everything synced. Blocks.
    pub fn close(&self) {
        self.thread.stop.send_replace(true);
        if let Some(join) = self.thread.join.lock().take() {
            // It has said itself why it stopped, if it was not told to.
            let _ = join.join();
        }
    }
}

impl Shared {
    fn load(&self, stream: &StreamId) -> Result<Option<Answers>, StoreError> {
        // What is no longer unwritten is in the store by then.
        if let Some(newer) = self.unwritten.get(stream) {
            return Ok(Answers::of(&newer.document));
        }
        let Some(stored) = self.store.get(Kind::Document, stream)? else { return Ok(None) };
        let document = Document::decode(stream, &stored.plain).map_err(|_| StoreError::Damaged)?;
        Ok(Answers::of(&document))
    }
}

fn lock(settings: &ProjectionSettings) -> Result<File, ProjectionError> {
    let path = settings.dir.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ProjectionError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
