//! A folder made of archives: what does not verify is refused, and nothing half-made stays.

use std::{
    fs::{self, File},
    io::{self, BufRead},
    path::Path,
};

use super::{
    COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, LogSettings, OpenError, ReadError,
    chain::{Chain, ChainError, CheckError, Item},
    indexing::Indexing,
    layout,
    lock::FolderLock,
    mark::MarkFile,
    open::{self, FORMAT, RESTORING},
    store::{Batch, Store, StoreError},
};
use crate::{
    archive::{ArchiveError, Kind, Reader},
    id::Position,
    keys::{KeyError, KeyImportError, Keyring},
    record::Record,
    seal::SecretKey,
};

/// What a folder may hold that is restored into: the access journal and development keys stay.
const MAY_BE_THERE: [&str; 5] = ["access", "dev", "format.half", "lock", "lost+found"];
/// What restoring makes.
const MADE: [&str; 4] = ["format", "head", "keys", "log"];

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("the folder is not empty: it holds {0}")]
    NotEmpty(String),
    #[error("another process has the data folder open")]
    InUse,
    #[error("a file of the data folder could not be read or written")]
    Io(#[from] io::Error),
    #[error("the archive of keys does not verify")]
    Keys(#[from] KeyImportError),
    #[error("archive {number} of the events does not verify")]
    Events { number: usize, source: CheckError },
    #[error(
        "archive {0} of the events was made by somebody else: its last line does not fit the keys"
    )]
    Forged(usize),
    #[error("the keys do not fit the event at position {position}")]
    Unfit { position: Position, source: KeyError },
    #[error("the payload at position {0} does not open under its key")]
    Sealed(Position),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("what was written does not open")]
    Open(#[from] OpenError),
}

/// What was restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// Of the last event.
    pub position: Position,
    pub receipts: u64,
}

/// Makes the data folder of an archive of keys and of those of events, which go on from one
/// another. It can be opened when this returns without an error, and not before.
pub fn restore<R: BufRead>(
    settings: &LogSettings,
    master: SecretKey,
    keys: impl BufRead,
    archives: impl IntoIterator<Item = io::Result<R>>,
) -> Result<Restored, RestoreError> {
    let dir = &settings.dir;
    fs::create_dir_all(dir)?;
    let _lock = FolderLock::take(&dir.join("lock"))?.ok_or(RestoreError::InUse)?;
    make_room(dir)?;
    let restored = fill(settings, master, keys, archives);
    if restored.is_err() {
        remove_made(dir)?;
    }
    restored
}

fn make_room(dir: &Path) -> Result<(), RestoreError> {
    if fs::read_to_string(dir.join("format")).is_ok_and(|format| format == RESTORING) {
        remove_made(dir)?;
    }
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !MAY_BE_THERE.contains(&name.as_str()) {
            return Err(RestoreError::NotEmpty(name));
        }
    }
    write_format(dir, RESTORING)
}

/// The word that the folder is not whole goes last.
fn remove_made(dir: &Path) -> Result<(), RestoreError> {
    for name in MADE.iter().rev() {
        let path = dir.join(name);
        let removed =
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(File::open(dir)?.sync_all()?)
}

fn write_format(dir: &Path, format: &str) -> Result<(), RestoreError> {
    let (path, half) = (dir.join("format"), dir.join("format.half"));
    fs::write(&half, format)?;
    File::open(&half)?.sync_all()?;
    fs::rename(half, path)?;
    Ok(open::sync_dir(dir)?)
}

fn fill<R: BufRead>(
    settings: &LogSettings,
    master: SecretKey,
    keys: impl BufRead,
    archives: impl IntoIterator<Item = io::Result<R>>,
) -> Result<Restored, RestoreError> {
    let dir = &settings.dir;
    let keys = Keyring::import(&dir.join("keys"), keys, master)?;
    let store = Store::open(&dir.join("log"), settings)?;
    let mut filling = Filling::new(store, keys);
    for (archive, number) in archives.into_iter().zip(1..) {
        filling.take(archive?, number)?;
    }
    let mut mark = MarkFile::open(&dir.join("head"))?;
    open::mark_what_is_there(&filling.store, &mut mark, filling.restored.position)?;
    write_format(dir, FORMAT)?;
    Ok(filling.restored)
}

struct Filling {
    store: Store,
    keys: Keyring,
    chain: Chain,
    indexing: Indexing,
    batch: Batch,
    events: usize,
    bytes: usize,
    restored: Restored,
}

impl Filling {
    fn new(store: Store, keys: Keyring) -> Self {
        Self {
            chain: Chain::of(keys.identity()),
            store,
            keys,
            indexing: Indexing::default(),
            batch: Batch::default(),
            events: 0,
            bytes: 0,
            restored: Restored::default(),
        }
    }

    fn take(&mut self, input: impl BufRead, number: usize) -> Result<(), RestoreError> {
        let broken = |source: ArchiveError| RestoreError::Events { number, source: source.into() };
        let unchained = |source: ChainError| RestoreError::Events { number, source: source.into() };
        let mut reader = Reader::open(input, Kind::Events).map_err(broken)?;
        self.chain.begin(reader.header()).map_err(unchained)?;
        while let Some(line) = reader.next().map_err(broken)? {
            match self.chain.take(line, reader.number()).map_err(unchained)? {
                Item::Event(record) => self.event(&record)?,
                Item::Receipt { key, value } => self.receipt(&key, &value)?,
            }
        }
        if !reader.is_made_under(self.keys.store_key()) {
            return Err(RestoreError::Forged(number));
        }
        self.commit()
    }

    fn event(&mut self, record: &Record) -> Result<(), RestoreError> {
        let position = record.position();
        let opens = self.keys.opens(record);
        if !opens.map_err(|source| RestoreError::Unfit { position, source })? {
            return Err(RestoreError::Sealed(position));
        }
        if self.bytes + record.bytes().len() > COMMIT_BYTES_MAX {
            self.commit()?;
        }
        if !self.indexing.place(&self.store, &mut self.batch, record)? {
            return Err(ReadError::Index(record.envelope().head.stream.clone()).into());
        }
        self.batch.insert(&layout::event_key(position), record.bytes());
        self.restored.position = position;
        self.count(record.bytes().len())
    }

    fn receipt(&mut self, key: &[u8; 32], value: &[u8]) -> Result<(), RestoreError> {
        let key = layout::receipt_key(key);
        // One of a command without events may be in two archives.
        self.restored.receipts += u64::from(self.store.get(&key)?.is_none());
        self.batch.insert(&key, value);
        self.count(value.len())
    }

    fn count(&mut self, bytes: usize) -> Result<(), RestoreError> {
        self.events += 1;
        self.bytes += bytes;
        if self.events == COMMIT_EVENTS_MAX { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<(), RestoreError> {
        self.indexing.finish(&mut self.batch, self.restored.position);
        self.store.commit(std::mem::take(&mut self.batch))?;
        (self.events, self.bytes) = (0, 0);
        Ok(())
    }
}
