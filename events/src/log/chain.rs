//! Archives put one behind the other: the records of one log, from the first, without a hole.

use std::io::BufRead;

use super::{Ended, Receipt};
use crate::{
    archive::{ArchiveError, EventLine, Header, Kind, Line, Reader, ReceiptLine},
    id::Position,
    keys::WrappedKeys,
    record::{LeafHash, Record, RecordError},
};

/// Why an archive does not go on from where the one before ended.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    #[error("it is of another log than the keys, or than the archive before")]
    Foreign,
    #[error("it begins after position {found}, the one before ends at position {expected}")]
    Begins { found: Position, expected: Position },
    #[error("the archive before ends in another record at position {0}")]
    Differs(Position),
    #[error("line {line}: position {expected} is missing, position {found} stands there")]
    Hole { line: u64, found: Position, expected: Position },
    #[error("line {line}: the record at position {position} is damaged")]
    Record { line: u64, position: Position, source: RecordError },
    #[error("line {line}: the record at position {position} is not the one that was hashed")]
    Hash { line: u64, position: Position },
    #[error("line {0} is no line of an archive of events")]
    Line(u64),
    #[error("line {0}: the receipt is damaged, or about an event that is not there")]
    Receipt(u64),
    #[error("line {line}: the keys hold none for the event at position {position}")]
    Key { line: u64, position: Position },
}

/// Why an archive of events does not verify.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// An archive that verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Where the one before must have ended.
    pub after: Ended,
    pub ended: Ended,
}

/// Reads an archive of events to its end: all of it is there, as it was written.
///
/// Without the keys of the log nobody can tell who has written it.
pub fn check_archive(input: impl BufRead) -> Result<Checked, CheckError> {
    check(input, None)
}

/// The same beside the wrapped keys, which must be those of the log, and enough for its events.
pub fn check_archive_with(input: impl BufRead, keys: &WrappedKeys) -> Result<Checked, CheckError> {
    check(input, Some(keys))
}

fn check(input: impl BufRead, keys: Option<&WrappedKeys>) -> Result<Checked, CheckError> {
    let mut reader = Reader::open(input, Kind::Events)?;
    let after = Ended::before(reader.header());
    if keys.is_some_and(|keys| keys.log() != after.log) {
        return Err(ChainError::Foreign.into());
    }
    let mut chain = Chain { ended: after };
    while let Some(line) = reader.next()? {
        if let Item::Event(record) = chain.take(line, reader.number())?
            && keys.is_some_and(|keys| !keys.have_key_of(&record))
        {
            let (line, position) = (reader.number(), record.position());
            return Err(ChainError::Key { line, position }.into());
        }
    }
    Ok(Checked { after, ended: chain.ended })
}

/// How far the archives have come.
#[derive(Debug)]
pub(super) struct Chain {
    ended: Ended,
}

/// What a line holds, checked.
pub(super) enum Item {
    Event(Record),
    Receipt { key: [u8; 32], value: Vec<u8> },
}

impl Chain {
    /// Of the archives of a log, before the first.
    pub(super) fn of(log: [u8; 32]) -> Self {
        Self { ended: Ended { log, position: Position::ZERO, leaf: LeafHash::default() } }
    }

    /// Begins the next archive.
    pub(super) fn begin(&self, header: &Header) -> Result<(), ChainError> {
        let (found, expected) = (Ended::before(header), self.ended);
        if found.log != expected.log {
            Err(ChainError::Foreign)
        } else if found.position != expected.position {
            Err(ChainError::Begins { found: found.position, expected: expected.position })
        } else if found.leaf != expected.leaf {
            Err(ChainError::Differs(found.position))
        } else {
            Ok(())
        }
    }

    pub(super) fn take(&mut self, line: Line, number: u64) -> Result<Item, ChainError> {
        match line {
            Line::Event(event) => self.event(event, number).map(Item::Event),
            Line::Receipt(receipt) => self.receipt(receipt, number),
            Line::Archive(_) | Line::Keys(_) | Line::End(_) => Err(ChainError::Line(number)),
        }
    }

    fn event(&mut self, event: EventLine, line: u64) -> Result<Record, ChainError> {
        let (position, expected) = (event.position, self.ended.position.next());
        if position != expected {
            return Err(ChainError::Hole { line, found: position, expected });
        }
        let record = Record::parse_at(position, event.record)
            .map_err(|source| ChainError::Record { line, position, source })?;
        if record.leaf_hash() != event.hash {
            return Err(ChainError::Hash { line, position });
        }
        (self.ended.position, self.ended.leaf) = (position, event.hash);
        Ok(record)
    }

    fn receipt(
        &self,
        ReceiptLine { key, value }: ReceiptLine,
        line: u64,
    ) -> Result<Item, ChainError> {
        let receipt: Option<Receipt> = minicbor::decode(&value).ok();
        match receipt.filter(|receipt| receipt.position <= self.ended.position) {
            Some(_) => Ok(Item::Receipt { key, value }),
            None => Err(ChainError::Receipt(line)),
        }
    }
}
