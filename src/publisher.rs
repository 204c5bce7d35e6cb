//! From the log to NATS: every event once and in the order of the log, whatever dies.
//!
//! Why nothing is lost, doubled or out of order:
//!
//! 1. The stream itself says how far we are: a session begins by reading the stream's last message,
//!    and goes on only if the log holds that position with that hash. No local note is kept.
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
//! 7. A last message that the log does not hold (beyond its end, another hash, somebody else's)
//!    halts: then the log lost data or the stream is not ours, and only a human can tell.

mod backoff;
mod cloud_event;
mod connection;
mod feed;
mod published;
mod report;
mod resume;
mod run;
mod session;
mod settings;
mod stream;
mod subject;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use events::{id::Position, log::EventLog};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use self::cloud_event::example;
use self::{connection::Server, report::Report, run::Run};
pub use self::{
    published::Published,
    settings::{BodyClass, PublisherError, PublisherSettings},
};

/// How log lines are kept from telling, at their finest, how the connection gets in.
pub(crate) const QUIET: &str = "async_nats::connector=info";

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
    /// The stream and the log contradict each other; nothing is published until that is mended.
    Halted(Arc<str>),
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
}

/// The publisher, as the rest of the service sees it.
#[derive(Debug, Clone)]
pub struct Publisher {
    log: EventLog,
    status: watch::Receiver<PublisherStatus>,
}

impl Publisher {
    /// Starts publishing; whether NATS is there does not matter. Ends soon after `stop`.
    pub fn start(
        settings: PublisherSettings,
        log: EventLog,
        stop: CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<Self, PublisherError> {
        settings.check()?;
        let server = Server::new(&settings)?;
        let (report, status) = Report::new(log.clone(), PublisherState::Connecting);
        let run = Run::new(settings, server, log.clone(), report, tasks.clone());
        tasks.spawn(run.until(stop));
        Ok(Self { log, status })
    }

    /// A publisher that publishes nothing.
    pub fn off(log: EventLog) -> Self {
        let (_, status) = Report::new(log.clone(), PublisherState::Off);
        Self { log, status }
    }

    /// How far it is now; the lag counts to this moment's watermark.
    pub fn status(&self) -> PublisherStatus {
        let mut status = self.status.borrow().clone();
        if status.state != PublisherState::Off {
            status.lag_events = self.log.watermark().0.saturating_sub(status.published.0);
        }
        status
    }

    /// Tells whenever the status changes; never of the lag alone.
    pub fn watch(&self) -> watch::Receiver<PublisherStatus> {
        self.status.clone()
    }
}
