//! The log: every event once, in one order, acknowledged only when a power cut cannot take it.
//!
//! A data folder holds
//!
//! ```text
//! format   the version of this layout, as text
//! lock     held by the one process that has the folder open
//! keys     the data keys (`keys.rs`)
//! head     the head mark: how far the log was known to reach (`log/mark.rs`)
//! log/     the store, sled; its file `db` is synced by a descriptor of our own
//! log.found/   a copy of it that did not open as it should have (`log/found.rs`)
//! verify.scratch/   a copy of the folder while it is looked at (`log/lock.rs`)
//! ```
//!
//! and the store holds, in one tree, so that one batch is one atomic commit:
//!
//! ```text
//! key                                   value
//! e position(8)                         the record (`record.rs`)
//! s aggregate(1) id 0 chunk(4)          slot(4) position(8)…   up to 32 events of a stream
//! i                                     position(8)            how far the index, `s`, is whole
//! r HMAC(client, idempotency key)(32)   the receipt, in CBOR
//! ```
//!
//! What each step of `append` relies on: the caller encodes and seals (versions are those it
//! decided on); the one writer checks versions, `also` and the receipt against the store and the
//! group it is building, gives out positions, writes new keys and syncs them, applies the batch
//! (atomic), flushes it into the file, calls `fdatasync` on the file, writes the head mark, moves
//! the **watermark**, and only then answers. No reader passes the watermark. A step that fails
//! stops the log for good: after a failed sync nothing is known about what is on the disk.

mod append;
mod chain;
mod export;
mod found;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod group;
mod index;
mod indexing;
mod layout;
mod lock;
mod mark;
mod mend;
mod open;
mod read;
mod receipt;
mod recent;
mod restore;
mod rotate;
mod salvage;
mod store;
mod verify;
mod walk;
mod writer;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc};

use rustc_hash::FxHashSet;

pub use self::{
    append::{Append, AppendError, Appended, Outcome},
    chain::{ChainError, CheckError, Checked, check_archive, check_archive_with},
    export::{Ended, Export, ExportError},
    lock::{FolderLock, SCRATCH},
    mend::{MendError, mend_keys},
    open::OpenError,
    read::{After, History, ReadError},
    receipt::{Fingerprint, NewReceipt, Receipt, ReceiptKey},
    restore::{RestoreError, Restored, restore},
    rotate::rotate_master,
    salvage::{Salvage, SalvageError},
    store::StoreError,
    verify::{Finding, Verified},
};
use self::{index::Ends, recent::Recent, store::Store, writer::Message};
use crate::{
    id::Position,
    keys::Keyring,
    seal::SecretKey,
    sync::{Mutex, RwLock, mpsc, thread::JoinHandle, watch},
};

/// Events in one commit, at most.
pub const COMMIT_EVENTS_MAX: usize = 256;
/// Bytes of records in one commit, at most.
///
/// sled writes about five times as much, which must stay below one of its segments of 8 MiB.
pub const COMMIT_BYTES_MAX: usize = 512 * 1024;
/// Bytes of one record, at most; far below what sled would put into a file that it never syncs.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;

/// How a log is opened.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// The data folder.
    pub dir: PathBuf,
    /// Bytes of the store that may stay in memory; sled takes it as a hint.
    pub cache_bytes: u64,
    /// Bytes of a segment of the store's file; fixed when the store is made.
    pub segment_bytes: usize,
    /// Below this many free bytes on the disk, appends are refused until there is room again.
    pub free_bytes_min: u64,
    /// Appends that may wait for the writer.
    pub queue_max: usize,
    /// The operator's word that a log shorter than its head mark is to be served all the same.
    pub accept_loss: bool,
    /// Whether the store is copied before it is opened, which may destroy what is damaged.
    pub copy_before_open: bool,
}

impl LogSettings {
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            cache_bytes: 128 * 1024 * 1024,
            segment_bytes: 8 * 1024 * 1024,
            free_bytes_min: 256 * 1024 * 1024,
            queue_max: 4096,
            accept_loss: false,
            copy_before_open: true,
        }
    }
}

/// The log, open. Clones are the same log; the last one to go stops the writer.
#[derive(Debug, Clone)]
pub struct EventLog {
    shared: Arc<Shared>,
    writer: Arc<Writer>,
}

/// What readers and the writer have in common.
#[derive(Debug)]
struct Shared {
    store: Store,
    ends: Ends,
    recent: Recent,
    /// Receipts of the commit under way, which are in the store before they are safe.
    committing: RwLock<FxHashSet<ReceiptKey>>,
    keys: Keyring,
    watermark: watch::Sender<Position>,
    /// Why no more is accepted, once something failed for good.
    stopped: Mutex<Option<Arc<str>>>,
    _lock: FolderLock,
}

#[derive(Debug)]
struct Writer {
    queue: mpsc::SyncSender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl EventLog {
    /// Opens the log of a data folder, or makes one where there is none.
    ///
    /// `master` unwraps the data keys; it must be the one that the folder was made with.
    pub fn open(settings: &LogSettings, master: SecretKey) -> Result<Self, OpenError> {
        let opened = open::open(settings, master)?;
        let shared = Arc::new(Shared {
            store: opened.store,
            ends: opened.ends,
            recent: Recent::new(opened.head),
            committing: RwLock::default(),
            keys: opened.keys,
            watermark: watch::Sender::new(opened.head),
            stopped: Mutex::new(None),
            _lock: opened.lock,
        });
        let (queue, waiting) = mpsc::sync_channel(settings.queue_max);
        let thread = writer::start(Arc::clone(&shared), opened.mark, waiting, settings)
            .map_err(OpenError::Io)?;
        let writer = Writer { queue, thread: Mutex::new(Some(thread)) };
        Ok(Self { shared, writer: Arc::new(writer) })
    }

    /// The last event that is safe: on the disk, whatever happens to the power.
    pub fn watermark(&self) -> Position {
        *self.shared.watermark.borrow()
    }

    /// Tells whenever the watermark moves.
    pub fn watch(&self) -> watch::Receiver<Position> {
        self.shared.watermark.subscribe()
    }

    /// Why the log no longer accepts anything, if so.
    pub fn stopped(&self) -> Option<Arc<str>> {
        self.shared.stopped.lock().clone()
    }

    /// The keys of this folder.
    pub fn keys(&self) -> &Keyring {
        &self.shared.keys
    }

    /// Stops the writer after what waits, and leaves everything synced. Blocks.
    pub fn close(&self) {
        // Where the writer is gone already, there is nobody to tell.
        let _ = self.writer.queue.send(Message::Stop);
        if let Some(thread) = self.writer.thread.lock().take() {
            let _ = thread.join();
        }
    }
}
