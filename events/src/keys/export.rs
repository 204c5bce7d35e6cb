//! The keys, taken out and put back: each slot as it lies in the file, wrapped under the master key.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead},
    os::unix::fs::FileExt,
    path::Path,
};

use super::{KeyError, Keyring, SLOT_BYTES, SlotBytes, offset, slot};
use crate::{
    archive::{Archive, ArchiveError, Header, KeyLine, Kind, Line, Reader},
    envelope::PayloadKind,
    record::Record,
    seal::SecretKey,
};

/// Why keys are not put back.
#[derive(Debug, thiserror::Error)]
pub enum KeyImportError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("line {0} holds no slot that could come next")]
    Slot(u64),
    #[error("somebody else has made it: its last line does not fit the keys in it")]
    Forged,
}

/// Lines of an archive of keys, the newest of each slot.
pub struct KeyExport<'a> {
    keyring: &'a Keyring,
    archive: Option<Archive>,
    first: Option<Vec<u8>>,
    slots: std::ops::Range<u32>,
}

impl Keyring {
    /// All slots that are written now.
    pub fn export(&self) -> io::Result<KeyExport<'_>> {
        let (archive, first) = Archive::begin(Header::keys(self.identity()));
        let slots = self.file.metadata()?.len() / SLOT_BYTES;
        let slots = 0..u32::try_from(slots).unwrap_or(u32::MAX);
        Ok(KeyExport { keyring: self, archive: Some(archive), first: Some(first), slots })
    }

    /// Writes the key file that an archive holds, and opens it: every key in it can be used.
    pub fn import(
        path: &Path,
        input: impl BufRead,
        master: SecretKey,
    ) -> Result<Self, KeyImportError> {
        let mut reader = Reader::open(input, Kind::Keys)?;
        let file = File::create_new(path).map_err(KeyError::from)?;
        read_slots(&mut reader, |slot, bytes| Ok(file.write_all_at(bytes, offset(slot))?))?;
        file.sync_all().map_err(KeyError::from)?;
        let keyring = Self::open(path, master)?;
        if reader.header().log != keyring.identity() || !reader.is_made_under(&keyring.store) {
            return Err(KeyImportError::Forged);
        }
        keyring.check_all()?;
        Ok(keyring)
    }

    fn check_all(&self) -> Result<(), KeyError> {
        (1..self.end()).try_for_each(|slot| self.check(slot).map(|_| ()))
    }
}

/// What an archive of keys tells without the master key: which stream each slot belongs to.
#[derive(Debug)]
pub struct WrappedKeys {
    log: [u8; 32],
    streams: HashMap<u32, [u8; 32]>,
}

impl WrappedKeys {
    /// Reads an archive to its end.
    pub fn read(input: impl BufRead) -> Result<Self, KeyImportError> {
        let mut reader = Reader::open(input, Kind::Keys)?;
        let mut streams = HashMap::new();
        read_slots(&mut reader, |slot, bytes| {
            if !slot::is_whole(bytes) {
                return Err(KeyError::Damaged { slot });
            }
            streams.insert(slot, slot::name_in(bytes));
            Ok(())
        })?;
        Ok(Self { log: reader.header().log, streams })
    }

    /// Which log they belong to, as they say.
    pub fn log(&self) -> [u8; 32] {
        self.log
    }

    /// Whether the key of a record is among them, be it destroyed.
    pub fn have_key_of(&self, record: &Record) -> bool {
        let head = &record.envelope().head;
        let PayloadKind::Sealed { slot, .. } = head.payload else { return true };
        slot > 0 && self.streams.get(&slot) == Some(&slot::name_hash(&head.stream))
    }
}

/// All slots of an archive, in their order, the first of all among them.
fn read_slots<R: BufRead>(
    reader: &mut Reader<R>,
    mut take: impl FnMut(u32, &SlotBytes) -> Result<(), KeyError>,
) -> Result<(), KeyImportError> {
    let mut next = 0;
    while let Some(line) = reader.next()? {
        let number = reader.number();
        let Line::Keys(KeyLine { slot, bytes }) = line else {
            return Err(KeyImportError::Slot(number));
        };
        let bytes = bytes.as_slice().try_into().map_err(|_| KeyImportError::Slot(number))?;
        if slot < next || (next == 0 && slot != 0) {
            return Err(KeyImportError::Slot(number));
        }
        take(slot, bytes)?;
        next = slot.saturating_add(1);
    }
    if next == 0 { Err(KeyImportError::Slot(reader.number())) } else { Ok(()) }
}

impl Iterator for KeyExport<'_> {
    type Item = Result<Vec<u8>, KeyError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        for slot in self.slots.by_ref() {
            match self.keyring.exported(slot) {
                Ok(None) => {}
                Ok(Some(bytes)) => {
                    let line = Line::Keys(KeyLine { slot, bytes });
                    return self.archive.as_mut().map(|archive| Ok(archive.line(&line)));
                }
                Err(error) => {
                    self.archive = None;
                    return Some(Err(error));
                }
            }
        }
        self.archive.take().map(|archive| Ok(archive.end(&self.keyring.store)))
    }
}

impl Keyring {
    fn exported(&self, slot: u32) -> Result<Option<Vec<u8>>, KeyError> {
        let bytes = self.bytes_of(slot)?;
        if slot::is_unused(&bytes) {
            return Ok(None);
        }
        if slot::is_whole(&bytes) {
            return Ok(Some(bytes.to_vec()));
        }
        // Its write was cut off, so no event needs it; or it is damaged, and whoever checks a
        // backup is told which events cannot be read.
        if slot > 0 {
            tracing::warn!(slot, "A slot of the key file is damaged, and left out.");
            return Ok(None);
        }
        Err(KeyError::Damaged { slot })
    }
}
