//! On demand: the whole stream compared with the log, and what can be mended without harm mended.

use std::time::Duration;

use events::id::Position;
use tokio::time;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Publisher, PublisherState, Target,
    compare::compare,
    comparison::Comparison,
    configuration,
    connection::Connection,
    mirror::Mirror,
    session::{self, ANSWER_MAX, SessionError},
};

/// How long nothing more may come into the stream before a repair is given up.
const STEP_TIME_MAX: Duration = Duration::from_secs(30);

/// Why stream and log were not compared.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    #[error("no NATS server is configured (nats.urls)")]
    Off,
    #[error("stream and log are being compared already")]
    Busy,
    #[error(transparent)]
    Failed(Box<dyn std::error::Error + Send + Sync>),
    #[error("the missing events were not published in time: {0}")]
    Late(String),
}

impl From<SessionError> for ReconcileError {
    fn from(error: SessionError) -> Self {
        Self::Failed(error.into())
    }
}

impl Publisher {
    /// Compares, and changes nothing.
    pub async fn compare(&self) -> Result<Comparison, ReconcileError> {
        let target = self.target.as_deref().ok_or(ReconcileError::Off)?;
        let _one = target.comparing.try_lock().map_err(|_| ReconcileError::Busy)?;
        self.compare_with(target).await
    }

    /// Compares, and has what is missing at the end published by this publisher, which is running.
    pub async fn reconcile(&self) -> Result<Comparison, ReconcileError> {
        let target = self.target.as_deref().ok_or(ReconcileError::Off)?;
        let _one = target.comparing.try_lock().map_err(|_| ReconcileError::Busy)?;
        let mut comparison = self.compare_with(target).await?;
        let looks = self.status().looks;
        target.look_again.notify_one();
        self.published(looks, &mut comparison).await?;
        Ok(comparison)
    }

    /// The same, by a publisher that runs for this only.
    pub async fn reconcile_once(&self) -> Result<Comparison, ReconcileError> {
        let mut comparison = self.compare().await?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        self.run(stop.clone(), &tasks);
        let published = self.published(0, &mut comparison).await;
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        published.map(|()| comparison)
    }

    async fn compare_with(&self, target: &Target) -> Result<Comparison, ReconcileError> {
        let log_ends_at = self.log.watermark();
        self.arrived(log_ends_at).await;
        let Connection { client, .. } =
            target.server.connect().await.map_err(SessionError::Connect)?;
        let jetstream = session::context(client, 1);
        let settings = &target.settings;
        let stream = configuration::find(&jetstream, settings).await;
        let Some(stream) = stream.map_err(SessionError::Stream)? else {
            let mut nothing = Comparison::of(settings.stream.clone());
            nothing.judge(log_ends_at);
            return Ok(nothing);
        };
        let mirror = Mirror::new(&jetstream, stream, settings, self.log.clone());
        let mut comparison = compare(&mirror).await?;
        comparison.differences = mirror.differences(settings);
        comparison.judge(log_ends_at);
        target.report.damaged(comparison.troubles.first().cloned());
        Ok(comparison)
    }

    /// Lets what is on its way arrive, bounded: it is not missing.
    async fn arrived(&self, position: Position) {
        let mut status = self.watch();
        let arrived = status.wait_for(|status| {
            let is_under_way =
                matches!(status.state, PublisherState::CatchingUp | PublisherState::CaughtUp);
            !is_under_way || status.published >= position
        });
        // What does not arrive in time is told as missing.
        let _ = time::timeout(ANSWER_MAX, arrived).await;
    }

    /// Waits until the stream holds what it lacked at its end, as long as it comes closer.
    async fn published(
        &self,
        looks: u64,
        comparison: &mut Comparison,
    ) -> Result<(), ReconcileError> {
        let (wanted, held) = (comparison.log_ends_at, comparison.last.unwrap_or_default());
        let mut status = self.watch();
        loop {
            let now = status.borrow_and_update().clone();
            if now.looks > looks {
                if let PublisherState::Halted(trouble) = now.state {
                    comparison.troubles.retain(|other| other.kind != trouble.kind);
                    comparison.troubles.insert(0, trouble);
                    return Ok(());
                }
                if now.published >= wanted {
                    comparison.published = wanted.0.saturating_sub(held.0);
                    return Ok(());
                }
            }
            if !matches!(time::timeout(STEP_TIME_MAX, status.changed()).await, Ok(Ok(()))) {
                let reason = now.last_error.as_deref().unwrap_or("no reason is known").to_owned();
                return Err(ReconcileError::Late(reason));
            }
        }
    }
}
