//! The stream read as what it should be, a copy of the log: each message with its place in the log.

use async_nats::{
    HeaderMap,
    jetstream::{
        Context,
        stream::{Info, State, Stream},
    },
};
use events::{
    id::Position,
    log::{EventLog, ReadError},
    record::Record,
};

use super::{
    cloud_event::{POSITION, RECORD_HASH},
    configuration::{self, Difference},
    session::SessionError,
    settings::PublisherSettings,
    stored::{Which, stored},
    trouble::Halt,
};

/// The stream, beside the log that it should mirror.
pub(super) struct Mirror {
    jetstream: Context,
    pub(super) stream: Stream,
    /// All subjects of dossier.
    pub(super) subjects: String,
    pub(super) log: EventLog,
}

/// A message, as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) sequence: u64,
    pub(super) subject: String,
    /// None, if it is not an event of dossier.
    pub(super) event: Option<Mirrored>,
}

/// Which event a message says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mirrored {
    pub(super) position: Position,
    pub(super) hash: String,
}

impl Mirror {
    /// The stream of the settings, made if it is missing.
    pub(super) async fn open(
        jetstream: &Context,
        settings: &PublisherSettings,
        log: EventLog,
    ) -> Result<Self, SessionError> {
        let stream = configuration::open(jetstream, settings).await;
        Ok(Self::new(jetstream, stream.map_err(SessionError::Stream)?, settings, log))
    }

    pub(super) fn new(
        jetstream: &Context,
        stream: Stream,
        settings: &PublisherSettings,
        log: EventLog,
    ) -> Self {
        let subjects = configuration::subjects(settings);
        Self { jetstream: jetstream.clone(), stream, subjects, log }
    }

    /// In what the stream is set up in another way than it would be made.
    pub(super) fn differences(&self, settings: &PublisherSettings) -> Vec<Difference> {
        configuration::differences(&self.stream.cached_info().config, settings)
    }

    /// What the leader says, not a copy that may be behind.
    pub(super) async fn info(&self) -> Result<Info, SessionError> {
        self.stream.get_info().await.map_err(|error| SessionError::Stream(error.into()))
    }

    /// The sequences between the first and the last message that hold none.
    pub(super) async fn gone(&self) -> Result<Vec<u64>, SessionError> {
        let info = self.stream.info_builder().with_deleted(true).fetch().await;
        let info = info.map_err(|error| SessionError::Stream(error.into()))?;
        let mut gone = info.info.state.deleted.unwrap_or_default();
        gone.sort_unstable();
        Ok(gone)
    }

    /// The first message from a sequence on.
    pub(super) async fn from(&self, sequence: u64) -> Result<Option<Found>, SessionError> {
        self.found(Which::from(sequence)).await
    }

    /// The last message that is still there, if any.
    pub(super) async fn last(&self, state: &State) -> Result<Option<Found>, SessionError> {
        if state.messages == 0 {
            return Ok(None);
        }
        match self.found(Which::At { seq: state.last_sequence }).await? {
            Some(last) => Ok(Some(last)),
            // Forgetting purges subjects, the last message's perhaps among them.
            None => self.found(Which::LastOf { last_by_subj: &self.subjects }).await,
        }
    }

    /// A message whose headers cannot be read is somebody else's.
    async fn found(&self, which: Which<'_>) -> Result<Option<Found>, SessionError> {
        let stream = &self.stream.cached_info().config.name;
        let found = stored(&self.jetstream, stream, which).await.map_err(SessionError::Stream)?;
        let found = found.map(|found| found.message);
        Ok(found.map(|it| Found::new(it.sequence, &it.subject, &it.headers)))
    }

    /// Reads the log apart from the threads that must not block.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&EventLog) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, SessionError> {
        let log = self.log.clone();
        let answer = tokio::task::spawn_blocking(move || read(&log)).await;
        Ok(answer.map_err(|_| SessionError::Unread)?.map_err(Halt::Log)?)
    }

    /// Halts unless the log holds that event at that position.
    pub(super) async fn check(&self, event: &Mirrored) -> Result<(), SessionError> {
        let position = event.position;
        let Some(record) = self.ask(move |log| log.record(position)).await? else {
            let watermark = self.log.watermark();
            return Err(Halt::Ahead { found: position, watermark }.into());
        };
        if event.is(&record) { Ok(()) } else { Err(Halt::Differs(position).into()) }
    }
}

/// Those positions whose events should be in the stream, since they were not forgotten.
pub(super) fn missing(
    log: &EventLog,
    positions: impl IntoIterator<Item = Position>,
) -> Result<Vec<Position>, ReadError> {
    let mut missing = Vec::new();
    for position in positions {
        let record = log.record(position)?.ok_or(ReadError::Hole(position))?;
        if !log.is_forgotten(&record)? {
            missing.push(position);
        }
    }
    Ok(missing)
}

/// Whether events that were not forgotten lie before the one that a stream begins with.
pub(super) fn is_cut_off(log: &EventLog, first: Position) -> Result<bool, ReadError> {
    for position in (1..first.0).map(Position) {
        let record = log.record(position)?.ok_or(ReadError::Hole(position))?;
        if !log.is_forgotten(&record)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Found {
    pub(super) fn new(sequence: u64, subject: &str, headers: &HeaderMap) -> Self {
        Self { sequence, subject: subject.to_owned(), event: Mirrored::of(headers) }
    }

    /// The event, or the halt that a foreign message is where the next one belongs behind it.
    pub(super) fn own(&self) -> Result<&Mirrored, Halt> {
        let foreign = || Halt::Foreign { sequence: self.sequence, subject: self.subject.clone() };
        self.event.as_ref().ok_or_else(foreign)
    }
}

impl Mirrored {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let position = headers.get(POSITION)?.as_str().parse().ok();
        let position = position.filter(|position| *position > 0).map(Position)?;
        Some(Self { position, hash: headers.get(RECORD_HASH)?.as_str().to_owned() })
    }

    pub(super) fn is(&self, record: &Record) -> bool {
        self.hash == hex::encode(record.leaf_hash())
    }
}
