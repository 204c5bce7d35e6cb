//! The bank's statements from a JetStream stream, for core systems that talk to brokers.
//!
//! Why nothing is lost, doubled or out of order:
//!
//! 1. A message is acknowledged only when what it states is durable, or when it lies on the subject
//!    of those that were rejected.
//! 2. With its events, or with its rejection, a receipt is committed, under the id that its sender
//!    gave it, else under its sequence, time and body: delivered or sent again, it appends nothing,
//!    and what was rejected stays so.
//! 3. Nothing is carried out before all is in hand that was delivered and not acknowledged, to this
//!    session or to one that died: an older statement never comes after a newer one.
//! 4. What fails for reasons of ours ends the session. Whatever came after it in the stream is
//!    delivered again, behind it.
//! 5. What breaks the connection whenever it is delivered is found among what was not acknowledged,
//!    and parked: it appends nothing, so it may be settled before what comes before it.

mod batch;
mod consumer;
mod parked;
mod session;
mod settings;
mod undeliverable;

use std::sync::Arc;

use events::causes;
use parking_lot::Mutex;
use tokio::{sync::watch, time};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::session::{Session, SessionError};
pub use self::settings::{IntakeError, IntakeSettings};
use crate::{
    app::App,
    publisher::{Backoff, Server},
};

/// Between two tries, at most.
const RETRY_MAX: time::Duration = time::Duration::from_secs(5);

/// What the intake is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntakeState {
    /// There is no stream to read.
    Off,
    /// NATS, the stream or the log is not there; it is tried again and again.
    Waiting(Arc<str>),
    /// Statements would be left out or done twice; only a human can tell what is right.
    Halted(Arc<str>),
    Reading,
}

/// The intake, as the rest of the service sees it.
#[derive(Debug)]
pub struct Intake {
    source: Option<Source>,
    state: watch::Sender<IntakeState>,
    lag: Mutex<Option<u64>>,
}

#[derive(Debug)]
struct Source {
    settings: IntakeSettings,
    server: Server,
}

impl Intake {
    /// Nothing is read.
    pub fn off() -> Self {
        Self { source: None, state: watch::Sender::new(IntakeState::Off), lag: Mutex::default() }
    }

    /// Knows what to read, and does not yet.
    pub fn idle(settings: IntakeSettings) -> Result<Self, IntakeError> {
        settings.check()?;
        let server = Server::new(&settings.nats)?;
        let state = watch::Sender::new(IntakeState::Waiting("it was not tried yet".into()));
        Ok(Self { source: Some(Source { settings, server }), state, lag: Mutex::default() })
    }

    pub fn state(&self) -> IntakeState {
        self.state.borrow().clone()
    }

    /// Messages that are not yet taken or parked, as far as NATS has said so not long ago.
    pub fn lag(&self) -> Option<u64> {
        *self.lag.lock()
    }

    /// Tells whenever it does something else.
    pub fn watch(&self) -> watch::Receiver<IntakeState> {
        self.state.subscribe()
    }

    fn stand_still(&self, error: &SessionError) {
        if error.is_nats() {
            // Nobody knows what has come meanwhile.
            *self.lag.lock() = None;
        }
        let reason = causes::chain(error).into();
        let halts = error.is_halt();
        self.enter(if halts { IntakeState::Halted(reason) } else { IntakeState::Waiting(reason) });
    }

    fn lags(&self, messages: u64) {
        *self.lag.lock() = Some(messages);
    }

    /// One more message is taken or parked.
    fn settled(&self, outcome: &'static str) {
        let mut lag = self.lag.lock();
        *lag = lag.map(|messages| messages.saturating_sub(1));
        metrics::counter!("dossier_intake_messages_total", "outcome" => outcome).increment(1);
    }

    fn enter(&self, state: IntakeState) {
        self.state.send_if_modified(|before| {
            let is_other = *before != state;
            if is_other {
                match &state {
                    IntakeState::Waiting(reason) => {
                        tracing::warn!(%reason, "No statements are taken from NATS; tried again.");
                    }
                    IntakeState::Halted(reason) => {
                        tracing::error!(%reason, "Statements from NATS stand still.");
                    }
                    IntakeState::Reading => tracing::info!("Statements are taken from NATS."),
                    IntakeState::Off => {}
                }
                *before = state;
            }
            is_other
        });
    }
}

/// Takes what comes until `stop`.
pub fn run(app: &Arc<App>, stop: CancellationToken, tasks: &TaskTracker) {
    let app = Arc::clone(app);
    if app.intake.source.is_some() {
        tasks.spawn(async move { Box::pin(session_after_session(&app, &stop)).await });
    }
}

async fn session_after_session(app: &Arc<App>, stop: &CancellationToken) {
    let Some(source) = &app.intake.source else { return };
    let mut backoff = Backoff::new();
    loop {
        let Err(error) = Box::pin(session(app, source, stop)).await else { return };
        metrics::counter!("dossier_intake_failures_total").increment(1);
        if app.intake.state() == IntakeState::Reading {
            backoff.reset();
        }
        app.intake.stand_still(&error);
        let wait = time::sleep(backoff.wait(RETRY_MAX));
        if stop.run_until_cancelled(wait).await.is_none() {
            return;
        }
    }
}

/// One connection; ends without an error only when it is to stop.
async fn session(
    app: &Arc<App>,
    source: &Source,
    stop: &CancellationToken,
) -> Result<(), SessionError> {
    let opened = Session::open(app, &source.settings, &source.server);
    let Some(session) = stop.run_until_cancelled(Box::pin(opened)).await else { return Ok(()) };
    let mut session = session?;
    session.take_all(stop).await
}
