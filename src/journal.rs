//! The access journal: who read or changed which customer, when, through which operation, under
//! which consent and in which call. Data-protection law asks a bank for it.
//!
//! It is no part of the event log: nothing is decided on it, and it has a lifetime of its own.
//! A request leaves its line in memory before its answer leaves; a thread of its own (`writer`)
//! brings the lines into files (`files`) that are only ever appended to, every few milliseconds,
//! and onto the disk about once a second. A clean stop loses nothing. A process that is killed
//! loses at most the last `GATHERED`; a power cut at most `SYNC_AGE_MAX` more. What a client
//! *changed* is in the event log all the same, with client, consent and call.
//!
//! Without room for lines there is no access: whoever asks is told to come again.

mod entry;
mod files;
mod search;
mod writer;

use std::{io, path::Path, sync::Arc, thread::JoinHandle, time::Duration};

use parking_lot::{Condvar, Mutex};

pub use self::{
    entry::{Entry, Seen, Through},
    search::{Found, Wanted, damaged, search},
};

/// How long lines are gathered before they are written together.
const GATHERED: Duration = Duration::from_millis(50);
/// How old a line gets before it is on the disk, about.
const SYNC_AGE_MAX: Duration = Duration::from_secs(1);
/// Bytes of lines that may wait; beyond them nobody is let in.
const WAITING_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Room for one more batch, so that requests under way find some.
const WAITING_BYTES: usize = 256 * 1024;

/// How the journal is kept.
#[derive(Debug, Clone, Copy)]
pub struct JournalSettings {
    /// Bytes of one file, about.
    pub file_bytes_max: u64,
    /// How long files are kept; none: for ever.
    pub kept: Option<Duration>,
}

/// The journal, open. Closed it takes no more.
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Told when the first line comes, when somebody wants everything written, and at the end.
    wanted: Condvar,
    /// Told when everything was written, or could not be.
    written: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// How often everything was asked to be written, and how often it has been.
    asked: u64,
    done: u64,
    closing: bool,
    /// Why the last attempt to write failed.
    failed: Option<String>,
}

impl Journal {
    /// Opens a new file in a folder, which is made if need be.
    pub fn open(dir: &Path, settings: JournalSettings) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let thread = writer::start(Arc::clone(&shared), dir, settings)?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Whether there is room: nobody is let in whose access could not be noted.
    pub fn has_room(&self) -> bool {
        let waiting = self.shared.waiting.lock();
        waiting.lines.len() <= WAITING_BYTES_MAX && !waiting.closing
    }

    /// Notes an access. Never blocks on the disk.
    pub fn note(&self, entry: &Entry<'_>) {
        let mut waiting = self.shared.waiting.lock();
        let first = waiting.lines.is_empty();
        entry.write(&mut waiting.lines);
        if first {
            self.shared.wanted.notify_one();
        }
    }

    /// Writes everything that was noted before. Blocks.
    pub fn flush(&self) {
        let mut waiting = self.shared.waiting.lock();
        if waiting.closing {
            return;
        }
        waiting.asked += 1;
        let asked = waiting.asked;
        self.shared.wanted.notify_one();
        while waiting.done < asked {
            self.shared.written.wait(&mut waiting);
        }
    }

    /// Why lines cannot be written, if so.
    pub fn failed(&self) -> Option<String> {
        self.shared.waiting.lock().failed.clone()
    }

    /// Writes and syncs everything, and ends; an error where entries are lost. Blocks.
    pub fn close(&self) -> io::Result<()> {
        self.shared.waiting.lock().closing = true;
        self.shared.wanted.notify_one();
        let Some(thread) = self.thread.lock().take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| Err(io::Error::other("its thread panicked")))
    }
}

#[cfg(test)]
mod tests;
