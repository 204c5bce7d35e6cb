//! Session after session, with a wait between them, until the service stops.

use std::{sync::Arc, time::Duration};

use events::{id::Position, log::EventLog};
use tokio::time;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Target,
    backoff::Backoff,
    cloud_event::Encoder,
    connection::Connection,
    feed::Feed,
    mirror::Mirror,
    session::{self, Session, SessionError},
    survey::{self, Start},
};

/// Between two tries to reach NATS, at most.
const RETRY_MAX: Duration = Duration::from_secs(2);
/// Between two looks whether what halted us was mended, at most.
const RECHECK_MAX: Duration = Duration::from_secs(30);

pub(super) struct Run {
    target: Arc<Target>,
    log: EventLog,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// What the server took for a duplicate last.
    doubted: Option<Position>,
}

/// A stream that was looked at, and where to go on in it.
struct Opened {
    connection: Connection,
    mirror: Mirror,
    start: Start,
}

impl Run {
    pub(super) fn new(
        target: Arc<Target>,
        log: EventLog,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self { target, log, tasks, stop, doubted: None }
    }

    /// Publishes until it is to stop.
    pub(super) async fn until_stopped(mut self) {
        let mut backoff = Backoff::new();
        loop {
            let before = self.target.report.position();
            let Err(error) = Box::pin(self.session()).await else { return };
            if self.target.report.position() != before {
                backoff.reset();
            }
            self.doubted = error.doubted().or(self.doubted);
            let wait = backoff.wait(self.note(&error));
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.target.look_again.notified() => {}
                () = time::sleep(wait) => {}
            }
        }
    }

    /// One connection; ends without an error only when it is to stop.
    async fn session(&mut self) -> Result<(), SessionError> {
        let stop = self.stop.clone();
        let Some(opened) = Box::pin(stop.run_until_cancelled(self.open())).await else {
            return Ok(());
        };
        let Opened { connection, mirror, start } = opened?;
        let Start { after, sequence, .. } = start;
        tracing::info!(position = after.0, sequence, "Connected to NATS; publishing goes on.");
        let encoder = Encoder::new(&self.target.settings);
        let feed = Feed::new(self.log.clone(), encoder, after, &self.tasks);
        let Connection { client, gone } = connection;
        Session::new(client, mirror, start, &self.target).publish(feed, &gone, &self.stop).await
    }

    async fn open(&mut self) -> Result<Opened, SessionError> {
        let connection = self.target.server.connect().await.map_err(SessionError::Connect)?;
        let jetstream = session::context(connection.client.clone(), 1);
        let mirror = Mirror::open(&jetstream, &self.target.settings, self.log.clone()).await?;
        self.target.report.differences(mirror.differences(&self.target.settings));
        let survey = survey::survey(&mirror).await?;
        let mut start = survey.start;
        if survey.is_empty && start.sequence > 0 {
            let sequence = start.sequence;
            tracing::warn!(sequence, "The stream was emptied; publishing everything again.");
        }
        self.target.report.surveyed(&survey);
        if self.doubted.take().is_some_and(|doubted| doubted > start.after) {
            start.renamed_to = self.log.watermark();
        }
        Ok(Opened { connection, mirror, start })
    }

    /// Says what happened; answers how long to wait at most before the next try.
    fn note(&self, error: &SessionError) -> Duration {
        let report = &self.target.report;
        if let SessionError::Halt(halt) = error {
            report.halted(halt);
            return RECHECK_MAX;
        }
        if matches!(error, SessionError::Asked) {
            return Duration::ZERO;
        }
        if error.is_refusal() {
            report.refused(error);
        } else {
            report.failed(error);
        }
        RETRY_MAX
    }
}
