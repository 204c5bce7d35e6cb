//! One connection: batch after batch, each acknowledged when it is durable.

use std::{error::Error, sync::Arc, time::Duration};

use async_nats::jetstream::{
    self, Context, Message,
    consumer::{self, AckPolicy, DeliverPolicy, PullConsumer, pull},
};
use events::{
    envelope::{Actor, Cause},
    log::NewReceipt,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    IntakeState,
    batch::{self, Batch, MESSAGES_MAX},
    parked,
    settings::IntakeSettings,
};
use crate::{
    app::App,
    feed::{self, FeedError, Reason, Statement},
    publisher::{Connection, Server},
};

/// After how long without an acknowledgment a message is delivered again.
pub(super) const ACK_WAIT: Duration = Duration::from_secs(10);

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("NATS does not give or take messages")]
    Nats(#[source] Box<dyn Error + Send + Sync>),
    #[error("a statement could not be carried out")]
    Feed(#[from] FeedError),
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
}

impl SessionError {
    pub(super) fn nats(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Nats(error.into())
    }
}

impl From<async_nats::Error> for SessionError {
    fn from(error: async_nats::Error) -> Self {
        Self::Nats(error)
    }
}

pub(super) struct Session<'a> {
    settings: &'a IntakeSettings,
    connection: Connection,
    jetstream: Context,
    consumer: PullConsumer,
}

impl<'a> Session<'a> {
    pub(super) async fn open(
        settings: &'a IntakeSettings,
        server: &Server,
    ) -> Result<Self, SessionError> {
        let connection = server.connect().await?;
        let jetstream = jetstream::new(connection.client.clone());
        let stream = jetstream.get_stream(&settings.stream).await.map_err(SessionError::nats)?;
        let config = pull::Config {
            durable_name: Some(settings.consumer.clone()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending: i64::try_from(MESSAGES_MAX).unwrap_or(i64::MAX),
            ..pull::Config::default()
        };
        let consumer = stream.get_or_create_consumer(&settings.consumer, config).await;
        let consumer = consumer.map_err(SessionError::nats)?;
        let found: &consumer::Config = &consumer.cached_info().config;
        let pending_max = i64::try_from(MESSAGES_MAX).unwrap_or(i64::MAX);
        if found.ack_policy != AckPolicy::Explicit
            || found.deliver_policy != DeliverPolicy::All
            || found.max_deliver > 0
            || !found.filter_subject.is_empty()
            || !(1..=pending_max).contains(&found.max_ack_pending)
        {
            return Err(SessionError::Consumer(settings.consumer.clone()));
        }
        parked::open(&jetstream, settings).await?;
        Ok(Self { settings, connection, jetstream, consumer })
    }

    /// Takes whatever comes until `stop`; a batch that was begun is finished.
    pub(super) async fn take_all(
        &mut self,
        app: &Arc<App>,
        stop: &CancellationToken,
    ) -> Result<(), SessionError> {
        let gone = self.connection.gone.clone();
        if batch::is_all_taken(&mut self.consumer).await? {
            app.intake.enter(IntakeState::Reading);
        }
        loop {
            let batch = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = gone.cancelled() => return Err(SessionError::Gone),
                batch = batch::next(&mut self.consumer) => batch?,
            };
            self.carry_out(app, &batch).await?;
            app.intake.enter(IntakeState::Reading);
        }
    }

    /// Those before the first that failed are acknowledged; the others come again.
    async fn carry_out(&self, app: &Arc<App>, batch: &Batch) -> Result<(), SessionError> {
        let mut settled = Vec::with_capacity(batch.len());
        let statements = batch.iter().map(|(sequence, message)| {
            let (number, text) = (*sequence, message.payload.to_vec());
            Statement { number, text, receipt: self.receipt(app, number, message) }
        });
        let statements = statements.collect();
        let cause = Cause::by(Actor::Bank);
        let done = feed::carry_out(&app.commands, &cause, statements, |sequence, reasons| {
            settled.push((sequence, reasons));
        });
        let done = done.await;
        for (sequence, reasons) in settled {
            let key = self.receipt(app, sequence, &batch[&sequence]).key;
            self.acknowledge(&batch[&sequence], (sequence, &key), reasons).await?;
        }
        // Before the connection goes, or they would come again.
        let flushed = timeout(ACK_WAIT, self.connection.client.flush()).await;
        flushed.map_err(|_| SessionError::Gone)?.map_err(SessionError::nats)?;
        Ok(done?)
    }

    async fn acknowledge(
        &self,
        message: &Message,
        (sequence, key): (u64, &[u8]),
        reasons: Option<Vec<Reason>>,
    ) -> Result<(), SessionError> {
        let outcome = if let Some(reasons) = reasons {
            parked::park(&self.jetstream, self.settings, message, (sequence, key, &reasons))
                .await?;
            "parked"
        } else {
            "taken"
        };
        message.ack().await?;
        metrics::counter!("dossier_intake_messages_total", "outcome" => outcome).increment(1);
        Ok(())
    }

    /// By which the same message is known again; another one under its sequence, after the server
    /// has lost its end, is another.
    fn receipt(&self, app: &App, sequence: u64, message: &Message) -> NewReceipt {
        let published = message
            .info()
            .map_or(0, |info| info.published.timestamp_nanos_opt().unwrap_or_default());
        let (sequence, published) = (sequence.to_be_bytes(), published.to_be_bytes());
        let parts = [self.settings.stream.as_bytes(), &sequence, &published, &message.payload];
        let key = app.secrets.message_key(&parts);
        NewReceipt { key, fingerprint: key, status: 200, ids: Vec::new() }
    }
}
