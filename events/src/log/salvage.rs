//! What can still be read of a store that sled does not open any more, or not all of it.
//!
//! sled keeps a value in one piece somewhere in its file, mostly more than once, and a record tells
//! by itself where it begins and where it ends. So the files are searched for records: those of
//! the store, and of the copy that was made before sled's opening changed it. Where two say the
//! same position, the one that was recorded later counts: the other one was never acknowledged.
//! Receipts do not tell what they are, and are not found.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    path::Path,
};

use chrono::{DateTime, Utc};

use super::{EVENT_BYTES_MAX, Ended, OpenError, found, lock::FolderLock, store};
use crate::{
    archive::{Archive, EventLine, Header, Line},
    id::Position,
    keys::Keyring,
    record::{LeafHash, Record},
    seal::SecretKey,
};

/// Bytes that are searched at a time.
const WINDOW: usize = 8 * 1024 * 1024;

/// Why nothing was salvaged.
#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    #[error(transparent)]
    Folder(#[from] OpenError),
    #[error("a file could not be read or written")]
    Io(#[from] io::Error),
    #[error("the archive before is of another log")]
    Foreign,
    #[error("the store holds another record at position {0} than the archive before")]
    Differs(Position),
}

/// The records that were found in a damaged folder.
#[derive(Debug)]
pub struct Salvage {
    keys: Keyring,
    files: Vec<File>,
    places: BTreeMap<Position, Place>,
    _lock: FolderLock,
}

/// Where a record lies.
#[derive(Debug, Clone, Copy)]
struct Place {
    file: usize,
    offset: u64,
    bytes: usize,
    recorded_at: DateTime<Utc>,
}

impl Salvage {
    /// Searches a data folder, whose keys must be whole. Its store stays as it is.
    pub fn of(dir: &Path, master: SecretKey) -> Result<Self, SalvageError> {
        let lock = FolderLock::of(dir)?.ok_or(OpenError::InUse)?;
        let keys = Keyring::open(&dir.join("keys"), master).map_err(OpenError::from)?;
        let mut salvage = Self { keys, files: Vec::new(), places: BTreeMap::new(), _lock: lock };
        for copy in [dir.join("log")].into_iter().chain(found::copies_in(dir)) {
            match File::open(store::file_in(&copy)) {
                Ok(file) => salvage.search(file)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(salvage)
    }

    /// The keys of the folder.
    pub fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// Writes the archive of what was found after another one, up to the first position that is
    /// nowhere.
    pub fn export(&self, before: Option<Ended>, out: &mut dyn Write) -> Result<(), SalvageError> {
        let (after, leaf) = before.map_or_else(Default::default, |it| (it.position, it.leaf));
        let mut time = self.check_before(before, leaf)?;
        let (mut archive, first) =
            Archive::begin(Header::events(self.keys.identity(), after, leaf));
        out.write_all(&first)?;
        let mut next = after.next();
        while let Some(place) = self.places.get(&next)
            && time <= place.recorded_at
        {
            let record = self.bytes_at(place)?;
            let hash = crate::record::leaf_hash(&record);
            let line = Line::Event(EventLine { position: next, hash, record });
            out.write_all(&archive.line(&line))?;
            (time, next) = (place.recorded_at, next.next());
        }
        let left = self.places.range(next..).count();
        if left > 0 {
            tracing::warn!(
                missing = next.0,
                left,
                "A position is nowhere; what is behind it is left out."
            );
        }
        Ok(out.write_all(&archive.end(self.keys.store_key()))?)
    }

    /// When the last event of the archive before was recorded, as far as it is known.
    fn check_before(
        &self,
        before: Option<Ended>,
        leaf: LeafHash,
    ) -> Result<DateTime<Utc>, SalvageError> {
        let Some(before) = before else { return Ok(DateTime::UNIX_EPOCH) };
        if before.log != self.keys.identity() {
            return Err(SalvageError::Foreign);
        }
        match self.places.get(&before.position) {
            None => Ok(DateTime::UNIX_EPOCH),
            Some(place) if crate::record::leaf_hash(&self.bytes_at(place)?) == leaf => {
                Ok(place.recorded_at)
            }
            Some(_) => Err(SalvageError::Differs(before.position)),
        }
    }

    fn search(&mut self, file: File) -> io::Result<()> {
        let length = file.metadata()?.len();
        let mut window = vec![0; WINDOW + EVENT_BYTES_MAX];
        let mut start = 0;
        while start < length {
            let read = read_up_to(&file, &mut window, start)?;
            for at in 0..read.min(WINDOW) {
                if let Some(record) = Record::at_the_start_of(&window[at..read]) {
                    self.keep(&record, start + u64::try_from(at).unwrap_or(u64::MAX));
                }
            }
            start += u64::try_from(WINDOW).unwrap_or(u64::MAX);
        }
        self.files.push(file);
        Ok(())
    }

    fn keep(&mut self, record: &Record, offset: u64) {
        // What a damaged key opens is not known; a restore says so.
        if matches!(self.keys.opens(record), Ok(false)) {
            return;
        }
        let recorded_at = record.envelope().recorded_at;
        let place =
            Place { file: self.files.len(), offset, bytes: record.bytes().len(), recorded_at };
        let known = self.places.entry(record.position()).or_insert(place);
        if known.recorded_at < recorded_at {
            *known = place;
        }
    }

    fn bytes_at(&self, place: &Place) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; place.bytes];
        self.files[place.file].read_exact_at(&mut bytes, place.offset)?;
        Ok(bytes)
    }
}

/// Fewer bytes than asked for only at the end of the file.
fn read_up_to(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < bytes.len() {
        match file.read_at(&mut bytes[read..], offset + u64::try_from(read).unwrap_or(u64::MAX))? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}
