//! Asking the writer: what to append, on what condition, and what came of it.

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::{
    COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, EVENT_BYTES_MAX, EventLog, NewReceipt, ReadError, Receipt,
    writer::{Message, Request, Slot},
};
use crate::{
    envelope::{Cause, Head, PayloadKind},
    event::{Event, Parts},
    id::{EventId, Position, StreamId, Version},
    keys::{DataKey, DataKeys, KeyError},
    record::Draft,
    sync::mpsc::TrySendError,
    tag::Class,
};

/// Events for one stream, and what they were decided on.
#[derive(Debug, Clone)]
pub struct Append {
    pub stream: StreamId,
    /// The version that the decision saw; another writer in between is a conflict.
    pub expected: Version,
    /// Other streams that the decision stood on, which must not have moved either.
    pub also: Vec<(StreamId, Version)>,
    /// From this instant on it is too late: what the decision stood on ends by the clock.
    pub until: Option<DateTime<Utc>>,
    /// May be empty: then only the receipt is kept.
    pub events: Vec<Event>,
    pub cause: Cause,
    pub receipt: Option<NewReceipt>,
}

/// What became of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Appended(Appended),
    /// Answered before, under the same key, to the same request; nothing was appended now.
    Replayed(Receipt),
}

/// Where the events of one append lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Of the last event; of the last event of the log when nothing was to be appended.
    pub position: Position,
    /// Of the stream, afterwards.
    pub version: Version,
}

/// Why nothing was appended.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Somebody else was first; decide again.
    #[error("the stream has moved to version {0}")]
    Conflict(Version),
    /// Something that the decision stood on has changed.
    #[error("{0} has moved")]
    Moved(StreamId),
    /// What the decision stood on has ended by the clock.
    #[error("it would be recorded too late")]
    TooLate,
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The personal data of this stream were forgotten; nothing new of that class is kept.
    #[error("the {} data of {stream} were forgotten for good", class.as_str())]
    Forgotten { stream: StreamId, class: Class },
    #[error("more than one commit holds: {0}")]
    TooLarge(&'static str),
    /// Too many wait already; try again soon.
    #[error("the writer's queue is full")]
    Busy,
    /// Try again when there is room.
    #[error("the disk is almost full")]
    DiskFull,
    /// Until a restart; nothing of this is kept.
    #[error("the log has stopped: {0}")]
    Stopped(std::sync::Arc<str>),
    /// Until a restart, which tells whether this is kept: the disk failed in the middle of it.
    #[error("the log has stopped in the middle of it: {0}")]
    Unknown(std::sync::Arc<str>),
    #[error(transparent)]
    Read(std::sync::Arc<ReadError>),
}

impl From<ReadError> for AppendError {
    fn from(error: ReadError) -> Self {
        Self::Read(error.into())
    }
}

impl From<KeyError> for AppendError {
    fn from(error: KeyError) -> Self {
        ReadError::from(error).into()
    }
}

impl EventLog {
    /// Appends all of the events or none, and answers when they are safe.
    pub async fn append(&self, append: Append) -> Result<Outcome, AppendError> {
        if let Some(reason) = self.stopped() {
            return Err(AppendError::Stopped(reason));
        }
        let (answer, answered) = oneshot::channel();
        let request = self.prepare(append, answer)?;
        match self.writer.queue.try_send(Message::Append(request)) {
            Ok(()) => answered.await.unwrap_or_else(|_| Err(self.unanswered())),
            Err(TrySendError::Full(_)) => Err(AppendError::Busy),
            Err(TrySendError::Disconnected(_)) => Err(self.closed()),
        }
    }

    pub(super) fn closed(&self) -> AppendError {
        AppendError::Stopped(self.stopped().unwrap_or_else(|| "it was closed".into()))
    }

    /// What waits when the log is closed was not begun; a writer that fell over says nothing.
    fn unanswered(&self) -> AppendError {
        self.stopped().map_or_else(|| self.closed(), AppendError::Unknown)
    }

    /// Everything that can be done before the writer: it has better things to do.
    pub(super) fn prepare(
        &self,
        append: Append,
        answer: oneshot::Sender<Result<Outcome, AppendError>>,
    ) -> Result<Request, AppendError> {
        let parts: Vec<_> = append.events.iter().map(Event::parts).collect();
        if parts.len() > COMMIT_EVENTS_MAX {
            return Err(AppendError::TooLarge("256 events"));
        }
        let slot = self.slot_for(&append.stream, &parts)?;
        let mut version = append.expected;
        let mut drafts = Vec::with_capacity(parts.len());
        for part in parts {
            version = version.next();
            drafts.push(self.draft(&append, version, part, &slot)?);
        }
        if drafts.iter().map(Draft::record_bytes).sum::<usize>() > COMMIT_BYTES_MAX {
            return Err(AppendError::TooLarge("512 KiB"));
        }
        let Append { stream, expected, also, until, receipt, .. } = append;
        Ok(Request { stream, expected, also, until, drafts, slot, receipt, answer })
    }

    fn slot_for(&self, stream: &StreamId, parts: &[Parts]) -> Result<Slot, AppendError> {
        if parts.iter().all(|part| sealed_class(part).is_none()) {
            return Ok(Slot::None);
        }
        match self.shared.tail(stream)?.slot {
            Some(slot) => Ok(Slot::Written(slot)),
            None => Ok(Slot::Minted(self.shared.keys.mint(stream))),
        }
    }

    fn draft(
        &self,
        append: &Append,
        version: Version,
        part: Parts,
        slot: &Slot,
    ) -> Result<Draft, AppendError> {
        let stream = &append.stream;
        let sealed = match (sealed_class(&part), slot.number()) {
            (Some(class), Some(slot)) => Some((class, slot)),
            _ => None,
        };
        let kind = match (&part.payload, sealed) {
            (None, _) => PayloadKind::Empty,
            (Some(_), None) => PayloadKind::Clear,
            (Some(_), Some((class, slot))) => PayloadKind::Sealed { class, slot },
        };
        let head = minicbor::to_vec(Head {
            stream: stream.clone(),
            version,
            tag: part.tag.as_str().into(),
            event_id: EventId::random(),
            object: part.object.map(Into::into),
            cause: append.cause.clone(),
            payload: kind,
        })
        .expect("writing to memory does not fail");
        let plain = part.payload.unwrap_or_default();
        let payload = match sealed {
            Some((class, _)) => match self.keys_in(slot, stream)?.of(class) {
                DataKey::Live(key) => key.seal(&head, &plain),
                DataKey::Destroyed => {
                    return Err(AppendError::Forgotten { stream: stream.clone(), class });
                }
            },
            None => plain,
        };
        Draft::new(&head, &payload)
            .filter(|draft| draft.record_bytes() <= EVENT_BYTES_MAX)
            .ok_or(AppendError::TooLarge("64 KiB an event"))
    }

    fn keys_in(
        &self,
        slot: &Slot,
        stream: &StreamId,
    ) -> Result<std::sync::Arc<DataKeys>, KeyError> {
        match slot {
            Slot::Minted(minted) => Ok(minted.keys.clone()),
            Slot::Written(slot) => self.shared.keys.get(*slot, stream),
            Slot::None => unreachable!("a sealed payload has a slot"),
        }
    }
}

fn sealed_class(part: &Parts) -> Option<Class> {
    part.payload.as_ref().and(part.tag.class())
}
