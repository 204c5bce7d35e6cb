//! One connection: batch after batch, each acknowledged when it is durable.

use std::{collections::BTreeSet, error::Error, sync::Arc, time::Duration};

use async_nats::jetstream::{
    self, Context, Message,
    consumer::{Info, PullConsumer},
};
use events::{
    envelope::{Actor, Cause},
    log::{NewReceipt, ReadError},
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    IntakeState,
    batch::Batch,
    consumer::{self, MESSAGES_MAX},
    parked::{self, Rejected},
    settings::IntakeSettings,
    undeliverable,
};
use crate::{
    app::App,
    commands::CommandError,
    feed::{self, FeedError, Reason, Statement},
    publisher::{Connection, Server},
};

/// For any answer of NATS.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("NATS does not give or take messages")]
    Nats(#[source] Box<dyn Error + Send + Sync>),
    #[error("the statement at sequence {sequence} could not be carried out")]
    Command { sequence: u64, source: CommandError },
    #[error("what became of the statement at sequence {0} is not known")]
    Lost(u64),
    #[error("the log could not be read")]
    Log(#[source] Box<ReadError>),
    #[error("the connection was lost")]
    Gone,
    #[error("nats.feed.parked_subject belongs to the stream {0}, which is read or published to")]
    Parked(String),
    #[error(
        "the consumer {0} is set up in another way: it must acknowledge each message, deliver \
             all of them until then, and give at most {MESSAGES_MAX} at once"
    )]
    Consumer(String),
    #[error(
        "messages are held by somebody else, who does not acknowledge them; does another \
             service read by this consumer?"
    )]
    Held,
    #[error(
        "the consumer {0} is read by another dossier, or was by a log that this one has replaced: \
             give each its own in nats.feed.consumer; if the other is gone, delete the consumer, \
             and the stream is read from its beginning"
    )]
    Another(String),
    #[error(
        "the consumer {consumer} has read up to sequence {read}, and the stream ends at {end}: it \
             has lost its end, and what comes there next would be left out. Have the bank's system \
             state again what it lacks, and delete the consumer: the stream is then read from its \
             beginning"
    )]
    Beyond { consumer: String, read: u64, end: u64 },
    #[error(
        "the log does not know the statement at sequence {sequence}, which the consumer {consumer} \
             has acknowledged: it was restored to an earlier state. Delete the consumer: the stream \
             is then read from its beginning, and what the log knows of it appends nothing"
    )]
    Unknown { consumer: String, sequence: u64 },
}

impl SessionError {
    /// Whether only a human can tell what is right.
    pub(super) fn is_halt(&self) -> bool {
        match self {
            Self::Parked(_)
            | Self::Consumer(_)
            | Self::Another(_)
            | Self::Beyond { .. }
            | Self::Unknown { .. } => true,
            Self::Nats(_)
            | Self::Command { .. }
            | Self::Lost(_)
            | Self::Log(_)
            | Self::Gone
            | Self::Held => false,
        }
    }

    /// Whether NATS was not heard of.
    pub(super) fn is_nats(&self) -> bool {
        matches!(self, Self::Nats(_) | Self::Gone)
    }

    pub(super) fn nats(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Nats(error.into())
    }
}

impl From<async_nats::Error> for SessionError {
    fn from(error: async_nats::Error) -> Self {
        Self::Nats(error)
    }
}

impl From<FeedError> for SessionError {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Command { line: sequence, source } => Self::Command { sequence, source },
            FeedError::Lost { line } => Self::Lost(line),
            FeedError::Read(error) => Self::Nats(error.into()),
        }
    }
}

pub(super) struct Session<'a> {
    app: &'a Arc<App>,
    settings: &'a IntakeSettings,
    connection: Connection,
    jetstream: Context,
    consumer: PullConsumer,
    /// The last sequence that was taken, or that the stream no longer held when it was first read.
    taken: u64,
    /// Later ones that were parked without being delivered.
    parked: BTreeSet<u64>,
}

impl<'a> Session<'a> {
    pub(super) async fn open(
        app: &'a Arc<App>,
        settings: &'a IntakeSettings,
        server: &Server,
    ) -> Result<Self, SessionError> {
        let connection = server.connect().await?;
        let jetstream = jetstream::new(connection.client.clone());
        let stream = jetstream.get_stream(&settings.stream).await.map_err(SessionError::nats)?;
        let consumer = consumer::open(app, &jetstream, &stream, &settings.consumer).await?;
        parked::open(&jetstream, settings).await?;
        let info = consumer.cached_info();
        let parked = undeliverable::park_all(app, &jetstream, settings, info).await?;
        let taken = consumer::taken(&stream, info);
        Ok(Self { app, settings, connection, jetstream, consumer, taken, parked })
    }

    /// Takes whatever comes until `stop`; a batch that was begun is finished.
    pub(super) async fn take_all(&mut self, stop: &CancellationToken) -> Result<(), SessionError> {
        let gone = self.connection.gone.clone();
        let app = self.app;
        let look = |info: &Info| {
            app.intake.lags(consumer::unsettled(info));
            consumer::check_reader(app, info)
        };
        let info = self.consumer.info().await.map_err(SessionError::nats)?;
        look(info)?;
        if consumer::unsettled(info) == 0 {
            app.intake.enter(IntakeState::Reading);
        }
        loop {
            let batch = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = gone.cancelled() => return Err(SessionError::Gone),
                batch = Batch::next(&mut self.consumer, look) => batch?,
            };
            self.note_gaps(&batch);
            self.carry_out(&batch).await?;
            app.intake.enter(IntakeState::Reading);
        }
    }

    /// Tells of messages that the stream dropped, or that somebody deleted, before they were taken.
    fn note_gaps(&mut self, batch: &Batch) {
        for sequence in batch.messages.keys() {
            let next = self.taken.saturating_add(1);
            let parked = self.parked.iter().filter(|it| (next..*sequence).contains(it)).count();
            let absent = sequence.saturating_sub(next);
            let gone = absent.saturating_sub(u64::try_from(parked).unwrap_or(u64::MAX));
            if gone > 0 {
                tracing::error!(sequence, gone, "Statements before this one are gone unread.");
                metrics::counter!("dossier_intake_gone_total").increment(gone);
            }
            self.taken = self.taken.max(*sequence);
        }
    }

    /// Those before the first that failed are acknowledged; the others come again.
    async fn carry_out(&self, batch: &Batch) -> Result<(), SessionError> {
        let (mut statements, mut settled) = (Vec::new(), Vec::new());
        for (sequence, message) in &batch.messages {
            let (number, text) = (*sequence, message.payload.to_vec());
            statements.push(Statement { number, text, receipt: self.receipt(message)? });
        }
        let cause = Cause::by(Actor::Bank);
        let done = feed::carry_out(&self.app.commands, &cause, statements, |sequence, reasons| {
            settled.push((sequence, reasons));
        });
        let done = done.await;
        for (sequence, reasons) in settled {
            self.acknowledge(&batch.messages[&sequence], sequence, reasons).await?;
        }
        // Before the connection goes, or they would come again.
        let flushed = timeout(ANSWER_MAX, self.connection.client.flush()).await;
        flushed.map_err(|_| SessionError::Gone)?.map_err(SessionError::nats)?;
        Ok(done?)
    }

    async fn acknowledge(
        &self,
        message: &Message,
        sequence: u64,
        reasons: Option<Vec<Reason>>,
    ) -> Result<(), SessionError> {
        let outcome = if let Some(reasons) = reasons {
            let key = self.receipt(message)?.key;
            let rejected = Rejected {
                sequence,
                key: &key,
                reasons: &reasons,
                subject: &message.subject,
                body: &message.payload,
            };
            parked::park(&self.jetstream, self.settings, rejected).await?;
            "parked"
        } else {
            "taken"
        };
        message.ack().await?;
        self.app.intake.settled(outcome);
        Ok(())
    }

    fn receipt(&self, message: &Message) -> Result<NewReceipt, SessionError> {
        consumer::receipt_of(self.app, &self.settings.stream, message)
    }
}
