//! The one door to sled, and the true sync that sled's own flush is not.
//!
//! On Linux sled 0.34 ends its flush in `sync_file_range`, which writes no file size and empties
//! no disk cache. A second descriptor on its file and `fdatasync` make the promise true, as long
//! as one commit logs less than one segment.

use std::{
    fmt, fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use super::{
    LogSettings,
    layout::{self, Chunk, Tail},
    read::ReadError,
};
use crate::{
    id::{Position, StreamId, Version},
    nudge::Nudge,
    sync::{File, sled},
};

/// What goes into the store together, or not at all.
#[derive(Debug, Default)]
pub(super) struct Batch(sled::Batch);

impl Batch {
    pub(super) fn insert(&mut self, key: &[u8], value: &[u8]) {
        self.0.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: &[u8]) {
        self.0.remove(key);
    }
}

/// Stored records with their positions, in order.
pub(super) type Entries = Box<dyn Iterator<Item = Result<(Position, Vec<u8>), StoreError>> + Send>;

/// Keys and values as the store holds them, in the order of the keys.
pub(super) type Pairs = Box<dyn Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + Send>;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store failed")]
    Sled(#[from] sled::Error),
    #[error("the store's file failed")]
    Io(#[from] io::Error),
    /// Where, was told there; what the panic says may quote data.
    #[error("the store panicked over what it found")]
    Panicked,
}

pub(super) struct Store {
    tree: sled::Db,
    /// A descriptor of our own on sled's file, to sync it.
    file: File,
    path: PathBuf,
    nudge: Nudge,
}

/// Not derived: sled would print everything that it holds.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store of a folder; everything that opening wrote is synced afterwards.
    pub(super) fn open(dir: &Path, settings: &LogSettings) -> Result<Self, StoreError> {
        remove_snapshots(dir, |name| name.ends_with(".generating"))?;
        match Self::open_as_it_is(dir, settings) {
            // Its snapshot tells sled of what is no longer there; without, it reads as far as it can.
            Err(StoreError::Panicked | StoreError::Sled(sled::Error::Corruption { .. }))
                if settings.accept_loss =>
            {
                remove_snapshots(dir, |_| true)?;
                Self::open_as_it_is(dir, settings)
            }
            opened => opened,
        }
    }

    fn open_as_it_is(dir: &Path, settings: &LogSettings) -> Result<Self, StoreError> {
        let path = file_in(dir);
        remove_unusable_settings(dir, &path)?;
        crate::freed::wait(&path)?;
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity(settings.cache_bytes)
            .segment_size(settings.segment_bytes)
            .flush_every_ms(None);
        let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
        let tree = opened.map_err(|_| StoreError::Panicked)??;
        let file = File::options().read(true).write(true).open(&path)?;
        sync_all_of(dir)?;
        let again = tree.clone();
        // The one who waits hears of the same failure, and tells of it.
        let nudge = Nudge::start(move || drop(again.flush()))?;
        Ok(Self { tree, file, path, nudge })
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tree.get(key)?.map(|value| value.to_vec()))
    }

    /// One atomic commit, on the disk when this returns.
    pub(super) fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.nudge.during(|| {
            self.tree.apply_batch(batch.0)?;
            self.tree.flush()
        })?;
        Ok(self.file.sync_data()?)
    }

    /// The position of the last event in the store, safe or not.
    pub(super) fn last(&self) -> Result<Position, StoreError> {
        match self.tree.range(layout::EVENTS).next_back() {
            Some(entry) => Ok(layout::event_position(&entry?.0).unwrap_or_default()),
            None => Ok(Position::ZERO),
        }
    }

    /// Records from a position on, in their order, as the store holds them.
    pub(super) fn events(&self, from: Position) -> Entries {
        let end = layout::EVENTS.end.to_vec();
        Box::new(self.tree.range(layout::event_key(from)..end).map(|entry| {
            let (key, value) = entry?;
            Ok((layout::event_position(&key).unwrap_or_default(), value.to_vec()))
        }))
    }

    /// Everything whose key begins with a prefix, with its key.
    pub(super) fn under(&self, prefix: &[u8]) -> Pairs {
        Box::new(self.tree.scan_prefix(prefix).map(|entry| {
            let (key, value) = entry?;
            Ok((key.to_vec(), value.to_vec()))
        }))
    }

    /// Some events of a stream, as the store holds them.
    pub(super) fn chunk(&self, stream: &StreamId, number: u32) -> Result<Option<Chunk>, ReadError> {
        let Some(bytes) = self.get(&layout::chunk_key(stream, number))? else { return Ok(None) };
        Chunk::decode(&bytes).map(Some).ok_or_else(|| ReadError::Index(stream.clone()))
    }

    /// Where an event of a stream lies, as its index has it.
    pub(super) fn position_of(
        &self,
        stream: &StreamId,
        version: Version,
    ) -> Result<Option<Position>, ReadError> {
        let chunk = self.chunk(stream, layout::chunk_of(version))?;
        let nth = version.0.saturating_sub(1) % layout::CHUNK_EVENTS;
        let nth = usize::try_from(nth).unwrap_or(usize::MAX);
        Ok(chunk.and_then(|chunk| chunk.positions.get(nth).copied()))
    }

    /// The end of a stream, as the store holds it.
    pub(super) fn tail(&self, stream: &StreamId) -> Result<Tail, ReadError> {
        let prefix = layout::stream_prefix(stream);
        let Some(entry) = self.tree.scan_prefix(&prefix).next_back() else {
            return Ok(Tail::default());
        };
        let (key, value) = entry.map_err(StoreError::from)?;
        let number = key.get(prefix.len()..).and_then(|number| number.try_into().ok());
        match (number, Chunk::decode(&value)) {
            (Some(number), Some(chunk)) => Ok(Tail::of(u32::from_be_bytes(number), chunk)),
            _ => Err(ReadError::Index(stream.clone())),
        }
    }

    /// How far the index of streams is whole; nothing before it was ever written behind.
    pub(super) fn index_mark(&self) -> Result<Position, StoreError> {
        let mark = self.get(layout::INDEX_MARK)?.unwrap_or_default();
        Ok(mark.try_into().map_or(Position::ZERO, |bytes| Position(u64::from_be_bytes(bytes))))
    }

    /// Bytes of the store's file.
    pub(super) fn file_bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}

/// The file that holds everything a store holds.
pub(super) fn file_in(dir: &Path) -> PathBuf {
    dir.join("db")
}

/// Whether sled has put a value into a file of its own, which it never syncs.
pub(super) fn has_blobs(dir: &Path) -> io::Result<bool> {
    match fs::read_dir(dir.join("blobs")) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A snapshot that sled was still writing when it died would make it refuse to open.
fn remove_snapshots(dir: &Path, goes: impl Fn(&str) -> bool) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && goes(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Settings that sled was still writing when it died, or that are damaged, would make it refuse to
/// open; it makes them anew, for they are the same in every store.
fn remove_unusable_settings(dir: &Path, file: &Path) -> io::Result<()> {
    let path = dir.join("conf");
    let settings = match fs::read(&path) {
        Ok(settings) => settings,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    // sled writes its checksum with the lowest byte first.
    let is_whole = settings.split_last_chunk::<4>().is_some_and(|(lines, checksum)| {
        crc32fast::hash(lines).swap_bytes().to_be_bytes() == *checksum
    });
    let is_new = fs::metadata(file).map_or(true, |file| file.len() == 0);
    if is_whole && !is_new {
        return Ok(());
    }
    if !is_new {
        tracing::warn!(path = %path.display(), "The settings of the store are damaged; they are made anew.");
    }
    fs::remove_file(path)
}

/// Syncs a folder and what lies directly in it, for sled syncs neither all files nor folders.
fn sync_all_of(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        File::open(entry?.path())?.sync_all()?;
    }
    File::open(dir)?.sync_all()
}
