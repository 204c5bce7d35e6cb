//! Session after session, with a wait between them, until the service stops.

use std::time::Duration;

use async_nats::jetstream::stream::Config;
use events::{id::Position, log::EventLog};
use tokio::time;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    backoff::Backoff,
    cloud_event::Encoder,
    connection::{Connection, Server},
    feed::Feed,
    report::Report,
    resume::{self, Start},
    session::{self, Session, SessionError},
    settings::PublisherSettings,
    stream,
};

/// Between two tries to reach NATS, at most.
const RETRY_MAX: Duration = Duration::from_secs(2);
/// Between two looks whether what halted us was mended, at most.
const RECHECK_MAX: Duration = Duration::from_secs(30);

pub(super) struct Run {
    settings: PublisherSettings,
    server: Server,
    log: EventLog,
    report: Report,
    tasks: TaskTracker,
    /// In what the stream differs from how it would be made, as far as told already.
    told: Vec<&'static str>,
    /// What the server took for a duplicate last.
    doubted: Option<Position>,
}

impl Run {
    pub(super) fn new(
        settings: PublisherSettings,
        server: Server,
        log: EventLog,
        report: Report,
        tasks: TaskTracker,
    ) -> Self {
        Self { settings, server, log, report, tasks, told: Vec::new(), doubted: None }
    }

    /// Publishes until it is to stop.
    pub(super) async fn until(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::new();
        loop {
            let before = self.report.position();
            let Err(error) = Box::pin(self.session(&stop)).await else { return };
            if self.report.position() != before {
                backoff.reset();
            }
            if let SessionError::Elsewhere { position, .. } = error {
                self.doubted = Some(position);
            }
            let wait = backoff.wait(self.note(&error));
            if stop.run_until_cancelled(time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// One connection; ends without an error only when it is to stop.
    async fn session(&mut self, stop: &CancellationToken) -> Result<(), SessionError> {
        let Some(opened) = Box::pin(stop.run_until_cancelled(self.open())).await else {
            return Ok(());
        };
        let (connection, start) = opened?;
        let Start { after, sequence, .. } = start;
        tracing::info!(position = after.0, sequence, "Connected to NATS; publishing goes on.");
        let encoder = Encoder::new(&self.settings);
        let feed = Feed::new(self.log.clone(), encoder, after, &self.tasks);
        let in_flight_max = self.settings.in_flight_max;
        Session::new(connection.client, start, in_flight_max, &self.report)
            .publish(feed, &connection.gone, stop)
            .await
    }

    async fn open(&mut self) -> Result<(Connection, Start), SessionError> {
        let connection = self.server.connect().await.map_err(SessionError::Connect)?;
        let jetstream = session::context(connection.client.clone(), 1);
        let stream =
            stream::open(&jetstream, &self.settings).await.map_err(SessionError::Stream)?;
        self.tell_differences(&stream.cached_info().config);
        let end = stream::end(&stream, &self.settings).await.map_err(SessionError::Stream)?;
        if end.message.is_none() && end.sequence > 0 {
            let sequence = end.sequence;
            tracing::warn!(sequence, "The stream was emptied; publishing everything again.");
        }
        let log = self.log.clone();
        let compared = self.tasks.spawn_blocking(move || resume::start(&end, &log)).await;
        let mut start = compared.map_err(|_| SessionError::Unread)??;
        if self.doubted.take().is_some_and(|doubted| doubted > start.after) {
            start.renamed_to = self.log.watermark();
        }
        Ok((connection, start))
    }

    fn tell_differences(&mut self, found: &Config) {
        let differences = stream::differences(found, &self.settings);
        if differences != self.told && !differences.is_empty() {
            tracing::warn!(
                stream = self.settings.stream,
                ?differences,
                "The stream is set up in another way than dossier would; it is left as it is."
            );
        }
        self.told = differences;
    }

    /// Says what happened; answers how long to wait at most before the next try.
    fn note(&self, error: &SessionError) -> Duration {
        if let SessionError::Halt(halt) = error {
            self.report.halted(halt);
            RECHECK_MAX
        } else {
            self.report.failed(error);
            RETRY_MAX
        }
    }
}
