//! A disk that tells what was applied, what was written, and what was synced, and that fails when
//! it is told to.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
};

use shuttle::sync::Condvar;

use super::{locks, sled::Batch};

type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

/// By the folder of the store that is on it.
static DISKS: LazyLock<Mutex<HashMap<PathBuf, Weak<Disk>>>> = LazyLock::new(Mutex::default);

/// Where a store lies.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    state: shuttle::sync::Mutex<State>,
    asked_again: Condvar,
    fault: locks::Mutex<Option<Fault>>,
}

#[derive(Debug, Default)]
struct State {
    applied: Pairs,
    written: Pairs,
    synced: Pairs,
    /// Whether somebody waits for a write that failed.
    waits: bool,
    failed: bool,
}

/// What goes wrong, after so many times that it went well.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    Sync(u32),
    /// A write fails, and whoever waits for it is not woken before somebody else asks.
    Write(u32),
}

impl Disk {
    pub(crate) fn at(dir: &Path) -> Arc<Self> {
        let mut disks = DISKS.lock().unwrap_or_else(PoisonError::into_inner);
        disks.retain(|_, disk| disk.strong_count() > 0);
        let known = disks.get(dir).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let disk = Arc::default();
            disks.insert(dir.to_path_buf(), Arc::downgrade(&disk));
            disk
        })
    }

    pub(crate) fn fail(&self, fault: Fault) {
        *self.fault.lock() = Some(fault);
    }

    /// What a power cut would leave now.
    pub(crate) fn synced(&self) -> Pairs {
        self.state().synced.clone()
    }

    pub(super) fn seen<T>(&self, look: impl FnOnce(&Pairs) -> T) -> T {
        look(&self.state().applied)
    }

    pub(super) fn apply(&self, batch: Batch) {
        let mut state = self.state();
        for (key, value) in batch.0 {
            match value {
                Some(value) => drop(state.applied.insert(key, value)),
                None => drop(state.applied.remove(&key)),
            }
        }
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        let mut state = self.state();
        let fails = state.applied != state.written
            && self.fails(|fault| match fault {
                Fault::Write(left) => Some(left),
                Fault::Sync(_) => None,
            });
        if state.waits {
            state.failed = true;
            self.asked_again.notify_all();
        }
        state.waits |= fails;
        while fails && !state.failed {
            state = self.asked_again.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.failed {
            return Err(io::ErrorKind::Other.into());
        }
        state.written = state.applied.clone();
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let fails = self.fails(|fault| match fault {
            Fault::Sync(left) => Some(left),
            Fault::Write(_) => None,
        });
        if fails {
            return Err(io::ErrorKind::Other.into());
        }
        let mut state = self.state();
        state.synced = state.written.clone();
        Ok(())
    }

    /// Once: whoever tries again is told that all is well.
    fn fails(&self, of: impl FnOnce(&mut Fault) -> Option<&mut u32>) -> bool {
        let mut fault = self.fault.lock();
        match fault.as_mut().and_then(of) {
            Some(0) => {
                *fault = None;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    fn state(&self) -> shuttle::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file of a store, whose sync is its disk's.
#[derive(Debug)]
pub(crate) struct File {
    file: fs::File,
    disk: Option<Arc<Disk>>,
}

impl File {
    pub(crate) fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self { file: fs::File::open(path)?, disk: None })
    }

    pub(crate) fn options() -> Options {
        Options(fs::File::options())
    }

    pub(crate) fn metadata(&self) -> io::Result<fs::Metadata> {
        self.file.metadata()
    }

    pub(crate) fn sync_data(&self) -> io::Result<()> {
        self.disk.as_ref().map_or(Ok(()), |disk| disk.sync())
    }

    /// Of what opening wrote, which holds no events.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as the system's")]
    pub(crate) fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) struct Options(OpenOptions);

impl Options {
    pub(crate) fn read(mut self, read: bool) -> Self {
        self.0.read(read);
        self
    }

    pub(crate) fn write(mut self, write: bool) -> Self {
        self.0.write(write);
        self
    }

    pub(crate) fn open(&self, path: &Path) -> io::Result<File> {
        Ok(File { file: self.0.open(path)?, disk: path.parent().map(Disk::at) })
    }
}
