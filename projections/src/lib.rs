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
mod rebuild;
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
    build::Build,
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
    /// Free bytes on the disk that a rebuild leaves.
    pub free_bytes_min: u64,
}

impl ProjectionSettings {
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            answers_bytes_max: 256 * 1024 * 1024,
            store_cache_bytes: 64 * 1024 * 1024,
            behind_max: 16 * 1024,
            free_bytes_min: 256 * 1024 * 1024,
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
    #[error("they are being built anew already")]
    Rebuilding,
    #[error("what was being built has stopped: {0}")]
    Stopped(String),
    #[error(
        "there is no room to build them anew beside these: {free} bytes are free, {needed} are needed"
    )]
    Room { free: u64, needed: u64 },
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
    /// What is served, until a rebuild takes its place.
    running: Arc<RwLock<Running>>,
    folder: Arc<Folder>,
}

/// A build, and the thread that keeps it current.
#[derive(Debug)]
struct Running {
    shared: Arc<Shared>,
    thread: Thread,
}

/// What outlives every build.
#[derive(Debug)]
struct Folder {
    settings: ProjectionSettings,
    log: EventLog,
    closing: AtomicBool,
    /// What is being built beside what is served.
    next: Mutex<Option<Arc<Shared>>>,
    /// Held as long as something is.
    rebuilding: Mutex<()>,
    /// Why the last rebuild came to nothing.
    failed: Mutex<Option<String>>,
    _lock: File,
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
    /// Whether it is asked, and not only built beside what is.
    serves: AtomicBool,
    /// Held while more is let to be seen, so that nothing takes its place meanwhile.
    moving: Mutex<()>,
    stopped: OnceLock<String>,
}

/// The thread; clones are the same, and the last one to go stops it.
#[derive(Debug, Clone)]
struct Thread(Arc<Following>);

#[derive(Debug)]
struct Following {
    stop: watch::Sender<bool>,
    join: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Following {
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
        let folder = Folder {
            settings: settings.clone(),
            log,
            closing: AtomicBool::new(false),
            next: Mutex::default(),
            rebuilding: Mutex::default(),
            failed: Mutex::default(),
            _lock: lock,
        };
        let running = Running::start(&folder, build, true)?;
        Ok(Self { running: Arc::new(RwLock::new(running)), folder: Arc::new(folder) })
    }

    fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.running.read().shared)
    }

    /// The last event that every answer knows of.
    pub fn applied(&self) -> Position {
        self.shared().applied.position()
    }

    /// Events of the log that are not applied yet.
    pub fn lag(&self) -> u64 {
        let applied = self.applied();
        self.folder.log.watermark().0.saturating_sub(applied.0)
    }

    /// Whether they have caught up with the log since they were opened, and still follow it.
    pub fn ready(&self) -> bool {
        let shared = self.shared();
        shared.ready.load(Ordering::Relaxed) && shared.stopped.get().is_none()
    }

    /// Waits until an event is applied; false when it is not, in time or any more.
    pub async fn wait_until(&self, position: Position, timeout: Duration) -> bool {
        let waited = tokio::time::timeout(timeout, async {
            loop {
                let shared = self.shared();
                let applied = shared.applied.when(position);
                let is_over =
                    || shared.applied.position() >= position || shared.stopped.get().is_some();
                if !is_over() {
                    let _ = applied.await;
                }
                // Where it was replaced, the one that serves now may have to come so far yet.
                if Arc::ptr_eq(&shared, &self.shared()) {
                    break;
                }
            }
        });
        if self.applied() < position {
            let _ = waited.await;
        }
        self.applied() >= position
    }

    /// Why nothing more is applied, if so.
    pub fn stopped(&self) -> Option<String> {
        self.shared().stopped.get().cloned()
    }

    /// Streams that stand still, with the event that they stand before, and why.
    pub fn parked(&self) -> Vec<(StreamId, Position, String)> {
        self.shared().parked.list()
    }

    /// Stops the thread, and leaves everything synced. Blocks.
    pub fn close(&self) {
        self.folder.closing.store(true, Ordering::Release);
        let thread = self.running.read().thread.clone();
        thread.close();
        // What is being built beside ends, too.
        drop(self.folder.rebuilding.lock());
    }
}

impl Running {
    fn start(folder: &Folder, build: Build, serves: bool) -> Result<Self, ProjectionError> {
        let (settings, log) = (&folder.settings, &folder.log);
        let ready = build.checkpoint.position >= log.watermark();
        let shared = Arc::new(Shared {
            log: log.clone(),
            store: build.store,
            unwritten: Unwritten::default(),
            answers: AnswerCache::new(settings.answers_bytes_max),
            index: RwLock::new(build.index),
            parked: build.parked,
            applied: Applied::new(build.checkpoint.position),
            ready: AtomicBool::new(ready),
            serves: AtomicBool::new(serves),
            moving: Mutex::new(()),
            stopped: OnceLock::new(),
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
        Ok(Self { shared, thread: Thread(Arc::new(Following { stop, join })) })
    }
}

impl Thread {
    /// Lets it look again, though there is nothing new.
    fn wake(&self) {
        self.0.stop.send_modify(|_| ());
    }

    fn close(&self) {
        self.0.stop.send_replace(true);
        if let Some(join) = self.0.join.lock().take() {
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
