//! Reading: one stream, or everything after a position; never past the watermark.

use super::{
    EventLog, Receipt, ReceiptKey, Shared, layout,
    recent::Bytes,
    store::{Entries, StoreError},
};
use crate::{
    envelope::{PayloadKind, Recorded},
    event::{DecodeError, Event, Payload},
    id::{Position, StreamId, Version},
    keys::{DataKey, KeyError},
    record::{Record, RecordError},
};

/// Why the log could not be read; each is damage or a failure, none is a forgotten payload.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("the record at position {position} is damaged")]
    Record { position: Position, source: RecordError },
    #[error("position {0} is missing from the log")]
    Hole(Position),
    #[error("the index of {0} is damaged")]
    Index(StreamId),
    #[error("a receipt is damaged")]
    Receipt,
    #[error("the payload at position {0} does not open under its key")]
    Seal(Position),
    #[error("the event at position {position} cannot be read")]
    Event { position: Position, source: DecodeError },
}

/// All of one stream, up to the watermark.
#[derive(Debug, Clone)]
pub struct History {
    pub events: Vec<Recorded>,
    /// Of the last event; what an append after this history expects.
    pub version: Version,
}

/// Records after a position, in order, without gaps, up to the watermark of when it was made.
pub struct After {
    records: Records,
    next: Position,
    end: Position,
}

enum Records {
    Kept(std::vec::IntoIter<Bytes>),
    Stored(Entries),
}

impl After {
    /// The last position that it will come to.
    pub(super) fn end(&self) -> Position {
        self.end
    }
}

impl Iterator for After {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next > self.end {
            return None;
        }
        let expected = self.next;
        self.next = expected.next();
        let entry = match &mut self.records {
            Records::Kept(records) => {
                let bytes = records.next().ok_or(ReadError::Hole(expected));
                bytes.and_then(|bytes| parse(expected, bytes))
            }
            Records::Stored(entries) => match entries.next() {
                Some(Ok((position, bytes))) if position == expected => parse(position, bytes),
                Some(Ok(_)) | None => Err(ReadError::Hole(expected)),
                Some(Err(error)) => Err(error.into()),
            },
        };
        if entry.is_err() {
            self.next = self.end.next();
        }
        Some(entry)
    }
}

impl EventLog {
    /// Every event of a stream, in order.
    pub fn history(&self, stream: &StreamId) -> Result<History, ReadError> {
        self.history_after(stream, Version::ZERO)
    }

    /// The events of a stream after a version, in order.
    pub fn history_after(&self, stream: &StreamId, seen: Version) -> Result<History, ReadError> {
        let (mut version, mut events) = (seen, Vec::new());
        for record in self.records_after(stream, seen)? {
            version = record.envelope().head.version;
            events.push(self.recorded(record)?);
        }
        Ok(History { events, version })
    }

    /// The records of a stream after a version, in order, as they are stored.
    pub fn records_after(
        &self,
        stream: &StreamId,
        seen: Version,
    ) -> Result<Vec<Record>, ReadError> {
        let watermark = self.watermark();
        let (mut version, mut records) = (seen, Vec::new());
        for position in self.shared.positions(stream, seen)? {
            if position > watermark {
                break;
            }
            let record = self.record(position)?.ok_or(ReadError::Hole(position))?;
            let head = &record.envelope().head;
            if (&head.stream, head.version) != (stream, version.next()) {
                return Err(ReadError::Index(stream.clone()));
            }
            version = head.version;
            records.push(record);
        }
        Ok(records)
    }

    /// How many events a stream has.
    pub fn version(&self, stream: &StreamId) -> Result<Version, ReadError> {
        Ok(self.shared.tail(stream)?.version)
    }

    /// The record of one version of a stream; none where there is none.
    pub fn record_of(
        &self,
        stream: &StreamId,
        version: Version,
    ) -> Result<Option<Record>, ReadError> {
        match self.shared.position_of(stream, version)? {
            Some(position) => self.record(position),
            None => Ok(None),
        }
    }

    /// The last record of a stream before a version that is what is sought. May take long.
    pub fn last_before(
        &self,
        stream: &StreamId,
        version: Version,
        is_sought: impl Fn(&Record) -> bool,
    ) -> Result<Option<Record>, ReadError> {
        for before in (1..version.0).rev() {
            let record = self.record_of(stream, Version(before))?;
            let record = record.ok_or_else(|| ReadError::Index(stream.clone()))?;
            if is_sought(&record) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Everything after a position; from the start, after `Position::ZERO`.
    pub fn after(&self, position: Position) -> After {
        let (next, end) = (position.next(), self.watermark());
        let records = match self.shared.recent.from(next) {
            Some(records) => Records::Kept(records.into_iter()),
            None => Records::Stored(self.shared.store.events(next)),
        };
        After { records, next, end }
    }

    /// One record; none before the first and past the watermark.
    pub fn record(&self, position: Position) -> Result<Option<Record>, ReadError> {
        if position > self.watermark() { Ok(None) } else { self.shared.record(position) }
    }

    /// The event in a record, in today's shape, and its envelope.
    pub fn recorded(&self, record: Record) -> Result<Recorded, ReadError> {
        let payload = self.payload(&record)?;
        let position = record.position();
        let head = &record.envelope().head;
        let event = Event::assemble(&head.tag, head.object.as_deref(), &payload)
            .map_err(|source| ReadError::Event { position, source })?;
        Ok(Recorded { envelope: record.into_envelope(), event })
    }

    /// The payload of a record, opened, in the shape of the tag that it was stored under.
    pub fn payload(&self, record: &Record) -> Result<Payload, ReadError> {
        let head = &record.envelope().head;
        let (class, slot) = match head.payload {
            PayloadKind::Empty => return Ok(Payload::Empty),
            PayloadKind::Clear => return Ok(Payload::Json(record.payload_bytes().to_vec())),
            PayloadKind::Sealed { class, slot } => (class, slot),
        };
        match self.shared.keys.get(slot, &head.stream)?.of(class) {
            DataKey::Destroyed => Ok(Payload::Forgotten),
            DataKey::Live(key) => key
                .unseal(record.head_bytes(), record.payload_bytes())
                .map(Payload::Json)
                .ok_or(ReadError::Seal(record.position())),
        }
    }

    /// Whether the payload of a record was forgotten; opens nothing.
    pub fn is_forgotten(&self, record: &Record) -> Result<bool, ReadError> {
        let head = &record.envelope().head;
        let PayloadKind::Sealed { class, slot } = head.payload else { return Ok(false) };
        let keys = self.shared.keys.get(slot, &head.stream)?;
        Ok(matches!(keys.of(class), DataKey::Destroyed))
    }

    /// The position of the event before one in its stream; zero if it was the first.
    pub fn previous(&self, stream: &StreamId, version: Version) -> Result<Position, ReadError> {
        let before = Version(version.0.saturating_sub(1));
        if before == Version::ZERO {
            return Ok(Position::ZERO);
        }
        let position = self.shared.position_of(stream, before)?;
        position.ok_or_else(|| ReadError::Index(stream.clone()))
    }

    /// The receipt under a key, once it is safe.
    pub fn receipt(&self, key: &ReceiptKey) -> Result<Option<Receipt>, ReadError> {
        // Whoever finds a receipt finds its events as well; and of one without events only the
        // commit itself knows whether it is safe.
        let watermark = self.watermark();
        let receipt = self.shared.receipt(key)?.filter(|receipt| receipt.position <= watermark);
        Ok(receipt.filter(|_| !self.shared.committing.read().contains(key)))
    }
}

impl Shared {
    pub(super) fn record(&self, position: Position) -> Result<Option<Record>, ReadError> {
        let bytes = self.store.get(&layout::event_key(position))?;
        bytes.map(|bytes| parse(position, bytes)).transpose()
    }

    pub(super) fn receipt(&self, key: &ReceiptKey) -> Result<Option<Receipt>, ReadError> {
        let Some(bytes) = self.store.get(&layout::receipt_key(key))? else { return Ok(None) };
        minicbor::decode(&bytes).map(Some).map_err(|_| ReadError::Receipt)
    }
}

fn parse(position: Position, bytes: impl Into<Bytes>) -> Result<Record, ReadError> {
    Record::parse_at(position, bytes).map_err(|source| ReadError::Record { position, source })
}
