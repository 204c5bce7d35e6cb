//! From the log to NATS: every event once and in the order of the log, whatever dies.
//!
//! Why nothing is lost, doubled or out of order:
//!
//! 1. The stream itself says how far we are: a session begins by looking at the stream
//!    (`survey.rs`), and goes on behind its last message only if the log holds that position with
//!    that hash. No local note is kept.
//! 2. Each message says which sequence must be the stream's last (`Nats-Expected-Last-Sequence`),
//!    so the event after position p is stored only right after p, whoever else is sending.
//! 3. All but a session's first also name the message before them (`Nats-Expected-Last-Msg-Id`),
//!    so a message that comes late, from a connection given up or a publisher that slept, finds
//!    either its own predecessor at the end of the stream, and is right, or is refused.
//! 4. A message that is lost or refused makes its successors fail too: no holes.
//! 5. Whatever is not an acknowledgment of the sequence foreseen (an error, a timeout, a duplicate)
//!    ends the session and all that it knew. What was stored meanwhile is seen by the next one; a
//!    "duplicate" that it does not see there was purged, and is published under another message id.
//! 6. A server that lost its end has an older last message, so the rest is published again; one
//!    that was emptied gets everything again, under new sequences. Subscribers skip by position.
//! 7. Now and then a session compares from where to where the stream reaches, and how much is gone
//!    from inside it, with what it knows (`extent.rs`). A server that lost its end is so noticed
//!    without an event, and a purge that no acknowledgment shows, since it keeps the last sequence.
//! 8. A stream whose last message the log contradicts (ahead of it, of another log, somebody
//!    else's, behind one that comes later in the log) halts: then the log lost data or the stream is
//!    not ours, and only a human can tell. The same before the last message is damage: it is told,
//!    and publishing goes on, since nothing that comes after makes it worse. Either way `trouble.rs`
//!    says what can be done.

mod atomic;
mod backoff;
mod cloud_event;
mod compare;
mod comparison;
mod configuration;
mod connection;
mod extent;
mod feed;
mod in_flight;
mod mirror;
mod published;
mod reconcile;
mod report;
mod run;
mod session;
mod settings;
mod stored;
mod subject;
mod survey;
mod trouble;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use events::{
    id::Position,
    log::{EventLog, ReadError},
};
use tokio::sync::{Mutex, Notify, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use self::{
    backoff::Backoff,
    cloud_event::example,
    connection::{Connection, Server},
    settings::is_token,
    stored::{Stored, Which, stored},
};
pub use self::{
    comparison::{Comparison, Faults},
    configuration::Difference,
    published::Published,
    reconcile::ReconcileError,
    settings::{BodyClass, Discard, Login, PublisherError, PublisherSettings, SecretIn},
    trouble::{DAMAGES, HALTS, Trouble},
};
use self::{report::Report, run::Run};
use crate::{clock, discretion};

/// What log lines of the client library begin their source with; at their finest they tell how the
/// connection gets in, and what goes over it.
pub(crate) const CLIENT: &str = "async_nats";

/// What the publisher is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublisherState {
    /// Nothing is to be published.
    Off,
    /// NATS is not there, or was lost; it is tried again and again.
    Connecting,
    CatchingUp,
    /// The stream holds everything up to the watermark.
    CaughtUp,
    /// NATS is there and does not store: the stream is full, say, or a permission is missing.
    Refused,
    /// The stream and the log contradict each other; nothing is published until that is mended.
    Halted(Trouble),
}

/// How far the publisher is, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublisherStatus {
    pub state: PublisherState,
    /// The last position known to be in the stream.
    pub published: Position,
    /// Events that are safe in the log and not yet known to be in the stream.
    pub lag_events: u64,
    /// What went wrong last, also when it goes well again.
    pub last_error: Option<Arc<str>>,
    /// How often the stream was compared with the log.
    pub looks: u64,
    /// What is wrong inside the stream, beside which publishing goes on.
    pub damage: Option<Trouble>,
    /// In what the stream is set up in another way than it would be made.
    pub differences: Arc<[Difference]>,
}

/// The publisher, as the rest of the service sees it.
#[derive(Debug, Clone)]
pub struct Publisher {
    log: EventLog,
    status: watch::Receiver<PublisherStatus>,
    target: Option<Arc<Target>>,
}

/// Where to publish, and what is known about it.
#[derive(Debug)]
struct Target {
    settings: PublisherSettings,
    server: Server,
    report: Report,
    /// Ends the session, or the wait for the next one.
    look_again: Notify,
    /// One whole comparison at a time.
    comparing: Mutex<()>,
}

impl Publisher {
    /// Starts publishing; whether NATS is there does not matter. Ends soon after `stop`.
    pub fn start(
        settings: PublisherSettings,
        log: EventLog,
        stop: CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<Self, PublisherError> {
        let publisher = Self::idle(settings, log)?;
        publisher.run(stop, tasks);
        Ok(publisher)
    }

    /// A publisher that knows where to publish, and does not.
    pub fn idle(settings: PublisherSettings, log: EventLog) -> Result<Self, PublisherError> {
        settings.check()?;
        settings.secret_files().for_each(discretion::look_at);
        let server = Server::new(&settings)?;
        let (report, status) = Report::new(log.clone(), PublisherState::Connecting);
        let (look_again, comparing) = (Notify::new(), Mutex::default());
        let target = Target { settings, server, report, look_again, comparing };
        Ok(Self { log, status, target: Some(Arc::new(target)) })
    }

    /// A publisher that has nowhere to publish.
    pub fn off(log: EventLog) -> Self {
        let (_, status) = Report::new(log.clone(), PublisherState::Off);
        Self { log, status, target: None }
    }

    fn run(&self, stop: CancellationToken, tasks: &TaskTracker) {
        if let Some(target) = &self.target {
            let run = Run::new(Arc::clone(target), self.log.clone(), tasks.clone(), stop);
            tasks.spawn(run.until_stopped());
        }
    }

    /// How far it is now; the lag counts to this moment's watermark.
    pub fn status(&self) -> PublisherStatus {
        let mut status = self.status.borrow().clone();
        if status.state != PublisherState::Off {
            status.lag_events = self.log.watermark().0.saturating_sub(status.published.0);
        }
        if status.state == PublisherState::CaughtUp && status.lag_events > 0 {
            status.state = PublisherState::CatchingUp;
        }
        status
    }

    /// How long the oldest event waits that is not known to be in the stream. Reads the log.
    pub fn lag_time(&self) -> Result<Duration, ReadError> {
        let status = self.status();
        if status.lag_events == 0 {
            return Ok(Duration::ZERO);
        }
        let Some(oldest) = self.log.record(status.published.next())? else {
            return Ok(Duration::ZERO);
        };
        Ok((clock::now() - oldest.envelope().recorded_at).to_std().unwrap_or_default())
    }

    /// Tells whenever the status changes; never of the lag alone.
    pub fn watch(&self) -> watch::Receiver<PublisherStatus> {
        self.status.clone()
    }
}
