//! The head mark: how far the log is known to reach, told apart from the log itself.
//!
//! Two slots of 512 bytes, written in turn, so that a torn write leaves the one before:
//!
//! ```text
//! 0   magic (8)        24  leaf hash of the record at that position (32)
//! 8   generation (8)   56  bytes of the store's file (8)
//! 16  position (8)     64  CRC-32 (4)
//! ```
//!
//! It is written after each commit's own sync, and synced when the writer is idle, at least once
//! a second under load and on a clean stop. So it trails: a log behind it has lost something, a
//! log ahead of it is as it should be.

#[cfg(test)]
mod tests;

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

use crate::{id::Position, record::LeafHash};

const MAGIC: [u8; 8] = *b"doss.hd1";
const SLOT_BYTES: u64 = 512;
pub(super) const MARK_BYTES: usize = 68;
const CRC_AT: usize = MARK_BYTES - 4;

/// One statement about the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    generation: u64,
    pub(super) position: Position,
    pub(super) leaf: LeafHash,
    pub(super) file_bytes: u64,
}

/// The file of the mark, open.
#[derive(Debug)]
pub(super) struct MarkFile {
    file: File,
    last: Option<Mark>,
    dirty: bool,
}

impl MarkFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let marks = [read(&file, 0)?, read(&file, SLOT_BYTES)?];
        let last = marks.into_iter().flatten().max_by_key(|mark| mark.generation);
        Ok(Self { file, last, dirty: false })
    }

    /// The newest statement; none where none was ever made, or none is left.
    pub(super) fn last(&self) -> Option<Mark> {
        self.last
    }

    /// Writes a new statement; `sync` makes it lasting.
    pub(super) fn write(
        &mut self,
        position: Position,
        leaf: LeafHash,
        file_bytes: u64,
    ) -> io::Result<()> {
        let generation = self.last.map_or(1, |last| last.generation + 1);
        let mark = Mark { generation, position, leaf, file_bytes };
        self.file.write_all_at(&encode(&mark), generation % 2 * SLOT_BYTES)?;
        // sled seldom gives back the end of its file; then the old length must not outlive it.
        let shrunk = self.last.is_some_and(|last| file_bytes < last.file_bytes);
        self.last = Some(mark);
        self.dirty = true;
        if shrunk { self.sync() } else { Ok(()) }
    }

    /// Makes the newest statement lasting, and true: the store's file may have got shorter since.
    pub(super) fn settle(&mut self, file_bytes: u64) -> io::Result<()> {
        match self.last {
            Some(last) if file_bytes < last.file_bytes => {
                self.write(last.position, last.leaf, file_bytes)
            }
            _ => self.sync(),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.dirty {
            self.file.sync_data()?;
            self.dirty = false;
        }
        Ok(())
    }
}

pub(super) fn encode(mark: &Mark) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(MARK_BYTES);
    bytes.extend(MAGIC);
    bytes.extend(mark.generation.to_be_bytes());
    bytes.extend(mark.position.0.to_be_bytes());
    bytes.extend(mark.leaf);
    bytes.extend(mark.file_bytes.to_be_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn read(file: &File, offset: u64) -> io::Result<Option<Mark>> {
    let mut bytes = [0; MARK_BYTES];
    match file.read_exact_at(&mut bytes, offset) {
        Ok(()) => Ok(decode(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn decode(bytes: &[u8; MARK_BYTES]) -> Option<Mark> {
    let (content, checksum) = bytes.split_at(CRC_AT);
    if checksum != crc32fast::hash(content).to_be_bytes() {
        return None;
    }
    let (generation, rest) = content.strip_prefix(&MAGIC)?.split_first_chunk()?;
    let (position, rest) = rest.split_first_chunk()?;
    let (leaf, rest) = rest.split_first_chunk()?;
    Some(Mark {
        generation: u64::from_be_bytes(*generation),
        position: Position(u64::from_be_bytes(*position)),
        leaf: *leaf,
        file_bytes: u64::from_be_bytes(rest.try_into().ok()?),
    })
}
