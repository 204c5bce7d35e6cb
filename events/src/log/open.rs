//! Opening, which is where histories get lost: nothing shorter is ever served silently.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{
    LogSettings, ReadError, found,
    index::Ends,
    indexing,
    lock::FolderLock,
    mark::{Mark, MarkFile},
    store::{self, Store, StoreError},
    walk,
};
use crate::{
    causes,
    envelope::PayloadKind,
    id::{Position, StreamId},
    keys::{self, KeyError, Keyring},
    record::{Record, RecordError},
    seal::SecretKey,
    upcast::{self, UpcastError},
};

/// The layout of the data folder that this version writes and reads.
pub(super) const FORMAT: &str = "dossier 1\n";
/// What stands there instead as long as the folder is being restored.
pub(super) const RESTORING: &str = "dossier restoring\n";
/// Records that are read again at the end of the log each time it is opened.
const CHECKED_AT_THE_END: u64 = 4096;

/// Why a log is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("another process has the data folder open")]
    InUse,
    #[error(
        "the data folder has the format {found:?}, this version of dossier reads {known:?}; \
         a newer one has written it: use that one",
        found = .0.trim_end(), known = FORMAT.trim_end()
    )]
    Format(String),
    #[error("the data folder was not restored to its end: run `dossier restore` again")]
    Restoring,
    #[error("a file of the data folder could not be read or written")]
    Io(#[source] io::Error),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("the store did not open")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Upcast(#[from] UpcastError),
    #[error("{0} is not empty: the store has put values where they are never synced")]
    Blobs(PathBuf),
    /// Something that was acknowledged is not there.
    #[error(
        "the log is shorter than it was: {found}, but its head mark says {marked}. \
         Restore a backup, or start once with --accept-loss to serve what is left"
    )]
    Behind { found: String, marked: String },
    #[error("the record at position {position} is damaged: {source}")]
    Damaged { position: Position, source: RecordError },
    #[error("position {0} is missing from the log")]
    Hole(Position),
    #[error("the index of {0} is damaged")]
    Index(StreamId),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) ends: Ends,
    pub(super) keys: Keyring,
    pub(super) mark: MarkFile,
    pub(super) head: Position,
    pub(super) lock: FolderLock,
}

pub(super) fn open(settings: &LogSettings, master: SecretKey) -> Result<Opened, OpenError> {
    upcast::check()?;
    let dir = &settings.dir;
    fs::create_dir_all(dir)?;
    let lock = FolderLock::of(dir)?.ok_or(OpenError::InUse)?;
    check_format(dir)?;
    let mut mark = MarkFile::open(&dir.join("head"))?;
    check_key_file(&dir.join("keys"), mark.last())?;
    keys::remove_half(&dir.join("keys"))?;
    let keys = Keyring::open(&dir.join("keys"), master)?;
    if settings.copy_before_open {
        found::keep(dir, settings.free_bytes_min)?;
    }
    let (store, ends, head) =
        open_store(settings, &mut mark, &keys).inspect_err(|_| keep_found(dir))?;
    found::end_incident(dir)?;
    Ok(Opened { store, ends, keys, mark, head, lock })
}

/// Keeps what was found, and says where.
fn keep_found(dir: &Path) {
    if let Err(error) = found::settle(dir) {
        tracing::error!(%error, "The copy of the log as it was found cannot be kept.");
    }
    if let Some(copy) = found::copy_in(dir) {
        tracing::error!(copy = %copy.display(), "A copy of the log is kept as it was found.");
    }
}

fn open_store(
    settings: &LogSettings,
    mark: &mut MarkFile,
    keys: &Keyring,
) -> Result<(Store, Ends, Position), OpenError> {
    let store_dir = settings.dir.join("log");
    let whole = accepted(settings, check_before(&store_dir, mark.last(), keys))?;
    let store = Store::open(&store_dir, settings)?;
    sync_dir(&settings.dir)?;
    let head = store.last()?;
    let whole = accepted(settings, check_against(&store, mark.last(), head))? && whole;
    let ends = match check_end(&store, keys, head) {
        // It is made of the records, which are whole.
        Err(OpenError::Index(stream)) => {
            tracing::error!(%stream, "The index of streams is damaged; it is made anew.");
            indexing::rebuild(&store)?;
            check_end(&store, keys, head)?
        }
        checked => checked?,
    };
    mark_what_is_there(&store, mark, head)?;
    if whole {
        found::discard(&settings.dir)?;
    } else {
        found::settle(&settings.dir)?;
    }
    Ok((store, ends, head))
}

/// Whether all is as it should be; what is not, is an error without the operator's word.
fn accepted(settings: &LogSettings, checked: Result<(), OpenError>) -> Result<bool, OpenError> {
    match checked {
        Err(error) if settings.accept_loss => {
            tracing::warn!(reason = causes::chain(&error), "A loss is accepted.");
            Ok(false)
        }
        checked => checked.map(|()| true),
    }
}

pub(super) fn check_format(dir: &Path) -> Result<(), OpenError> {
    let path = dir.join("format");
    match fs::read_to_string(&path) {
        Ok(format) if format == FORMAT => return Ok(()),
        Ok(format) if format == RESTORING => return Err(OpenError::Restoring),
        // A part: it was cut off while it was made, before anything else was.
        Ok(format) if !FORMAT.starts_with(&format) => return Err(OpenError::Format(format)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(_) | Err(_) => fs::write(&path, FORMAT)?,
    }
    Ok(File::open(&path)?.sync_all()?)
}

/// New keys in the place of lost ones would hide the loss.
pub(super) fn check_key_file(path: &Path, mark: Option<Mark>) -> Result<(), OpenError> {
    let in_use = mark.is_some_and(|mark| mark.position > Position::ZERO);
    if in_use && length_of(path)? < keys::SLOT_BYTES {
        return Err(KeyError::Damaged { slot: 0 }.into());
    }
    Ok(())
}

/// What can be seen from outside, before sled's own opening changes what lies there.
fn check_before(dir: &Path, mark: Option<Mark>, keys: &Keyring) -> Result<(), OpenError> {
    if store::has_blobs(dir)? {
        return Err(OpenError::Blobs(dir.join("blobs")));
    }
    let file_bytes = length_of(&store::file_in(dir))?;
    let marked = mark.map_or(0, |mark| mark.file_bytes);
    if file_bytes < marked {
        return Err(behind(format!("{file_bytes} bytes"), format!("{marked} bytes")));
    }
    if mark.is_none() && !keys.is_unused() {
        return Err(behind("no head mark".to_owned(), "keys are in use".to_owned()));
    }
    Ok(())
}

/// Whether everything is there that the mark tells of.
fn check_against(store: &Store, mark: Option<Mark>, head: Position) -> Result<(), OpenError> {
    let Some(mark) = mark else {
        return match head {
            Position::ZERO => Ok(()),
            _ => Err(behind(format!("position {head}"), "nothing, it is gone".to_owned())),
        };
    };
    if head < mark.position {
        return Err(behind(format!("position {head}"), format!("position {}", mark.position)));
    }
    if mark.position == Position::ZERO {
        return Ok(());
    }
    let marked = record_at(store, mark.position)?;
    if marked.leaf_hash() == mark.leaf {
        return Ok(());
    }
    let found = format!("another record at position {}", mark.position);
    Err(behind(found, "its hash".to_owned()))
}

/// The end of the log is what a crash touches: read it again, whole, and place what the index
/// does not know.
fn check_end(store: &Store, keys: &Keyring, head: Position) -> Result<Ends, OpenError> {
    // Both go into one commit with the records they speak of, and were cut off with them.
    let whole = store.index_mark()?.min(head);
    let ends = Ends::new(whole);
    let first = Position(head.0.saturating_sub(CHECKED_AT_THE_END)).min(whole).next();
    for record in walk::records(store, first) {
        let record = record?;
        check_keys_of(keys, &record)?;
        match ends.place(store, &record) {
            Ok(true) => {}
            Err(ReadError::Store(error)) => return Err(error.into()),
            Ok(false) | Err(_) => {
                return Err(OpenError::Index(record.envelope().head.stream.clone()));
            }
        }
    }
    Ok(ends)
}

fn check_keys_of(keys: &Keyring, record: &Record) -> Result<(), OpenError> {
    match record.envelope().head.payload {
        PayloadKind::Sealed { slot, .. } if !keys.has_slot(slot) => {
            Err(KeyError::Damaged { slot }.into())
        }
        PayloadKind::Sealed { .. } | PayloadKind::Clear | PayloadKind::Empty => Ok(()),
    }
}

pub(super) fn mark_what_is_there(
    store: &Store,
    mark: &mut MarkFile,
    head: Position,
) -> Result<(), OpenError> {
    let leaf = match head {
        Position::ZERO => [0; 32],
        _ => record_at(store, head)?.leaf_hash(),
    };
    let file_bytes = store.file_bytes()?;
    mark.write(head, leaf, file_bytes)?;
    Ok(mark.settle(file_bytes)?)
}

fn length_of(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

fn record_at(store: &Store, position: Position) -> Result<Record, OpenError> {
    let bytes = store.get(&super::layout::event_key(position))?;
    let bytes = bytes.ok_or(OpenError::Hole(position))?;
    Record::parse_at(position, bytes).map_err(|source| OpenError::Damaged { position, source })
}

fn behind(found: String, marked: String) -> OpenError {
    OpenError::Behind { found, marked }
}

pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()?;
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}
