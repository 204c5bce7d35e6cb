//! Where to go on: the end of the stream, compared with the log.

use async_nats::HeaderMap;
use events::{
    id::Position,
    log::{EventLog, ReadError},
};

use super::{
    cloud_event::{POSITION, RECORD_HASH},
    stream::End,
};

/// The first event to publish comes after `after`, right behind `sequence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) after: Position,
    pub(super) sequence: u64,
    /// Up to here messages get new ids; zero as a rule.
    ///
    /// A server that was purged still remembers for a while the ids of what it no longer has, and
    /// would take those messages for duplicates.
    pub(super) renamed_to: Position,
}

/// Why nothing may be published until somebody has looked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Halt {
    #[error(
        "the stream is ahead of the log: it holds position {found}, the log ends at {watermark}; \
         the log has lost data, restore it"
    )]
    Ahead { found: Position, watermark: Position },
    #[error("the stream differs from the log at position {0}; it mirrors another log")]
    Differs(Position),
    #[error("the last message of the stream (sequence {0}) is not an event of dossier")]
    Foreign(u64),
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
}

/// Finds the place in the log that the stream has reached. Reads the log.
pub(super) fn start(end: &End, log: &EventLog) -> Result<Start, Halt> {
    let start = |after| Start { after, sequence: end.sequence, renamed_to: Position::ZERO };
    let Some(message) = &end.message else { return Ok(start(Position::ZERO)) };
    let (position, hash) = place_of(&message.headers).ok_or(Halt::Foreign(message.sequence))?;
    let Some(record) = log.record(position)? else {
        return Err(Halt::Ahead { found: position, watermark: log.watermark() });
    };
    if hash == hex::encode(record.leaf_hash()) {
        Ok(start(position))
    } else {
        Err(Halt::Differs(position))
    }
}

fn place_of(headers: &HeaderMap) -> Option<(Position, &str)> {
    let position = headers.get(POSITION)?.as_str().parse().ok().filter(|position| *position > 0)?;
    Some((Position(position), headers.get(RECORD_HASH)?.as_str()))
}
