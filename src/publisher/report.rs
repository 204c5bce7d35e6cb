//! What the publisher says of itself: its status, its metrics, and a log line when that changes.

use std::{error::Error, sync::Arc};

use events::{id::Position, log::EventLog};
use tokio::sync::watch;

use super::{PublisherState, PublisherStatus};

pub(super) struct Report {
    log: EventLog,
    status: watch::Sender<PublisherStatus>,
}

impl Report {
    pub(super) fn new(
        log: EventLog,
        state: PublisherState,
    ) -> (Self, watch::Receiver<PublisherStatus>) {
        let status =
            PublisherStatus { state, published: Position::ZERO, lag_events: 0, last_error: None };
        let (status, watching) = watch::channel(status);
        (Self { log, status }, watching)
    }

    /// The stream holds everything up to a position.
    pub(super) fn published(&self, position: Position) {
        let lag_events = self.lag_after(position);
        let caught_up = lag_events == 0;
        let state = if caught_up { PublisherState::CaughtUp } else { PublisherState::CatchingUp };
        self.status.send_if_modified(|status| {
            let before = (status.published, &status.state);
            let changed = before != (position, &state);
            status.published = position;
            status.lag_events = lag_events;
            status.state = state;
            changed
        });
        metrics::gauge!("dossier_publisher_position").set(gauge(position.0));
    }

    /// The last position known to be in the stream.
    pub(super) fn position(&self) -> Position {
        self.status.borrow().published
    }

    /// NATS is away, or does not do what it is asked; it is tried again.
    pub(super) fn failed(&self, error: &dyn Error) {
        let reason: Arc<str> = events::causes::chain(error).into();
        let known = self.status.borrow().last_error.as_ref() == Some(&reason);
        let publishing = self.is_publishing();
        if publishing || !known {
            tracing::warn!(reason = &*reason, "Publishing was interrupted; trying again.");
        }
        self.status.send_modify(|status| {
            if !matches!(status.state, PublisherState::Halted(_)) {
                status.state = PublisherState::Connecting;
            }
            status.last_error = Some(reason);
        });
        self.lag();
    }

    /// The stream and the log contradict each other.
    pub(super) fn halted(&self, error: &dyn Error) {
        let reason: Arc<str> = events::causes::chain(error).into();
        let state = PublisherState::Halted(Arc::clone(&reason));
        let known = self.status.borrow().last_error.as_ref() == Some(&reason);
        if !known {
            tracing::error!(reason = &*reason, "Publishing has halted; nothing more is published.");
        }
        self.status.send_modify(|status| {
            status.state = state;
            status.last_error = Some(reason);
        });
        self.lag();
    }

    /// Keeps the gauge true while nothing is published.
    pub(super) fn lag(&self) {
        self.lag_after(self.position());
    }

    fn lag_after(&self, published: Position) -> u64 {
        let lag_events = self.log.watermark().0.saturating_sub(published.0);
        metrics::gauge!("dossier_publisher_lag_events").set(gauge(lag_events));
        lag_events
    }

    fn is_publishing(&self) -> bool {
        let state = &self.status.borrow().state;
        matches!(state, PublisherState::CatchingUp | PublisherState::CaughtUp)
    }
}

/// Messages that were stored, as `Report::published` tells.
pub(super) fn stored(messages: u64) {
    metrics::counter!("dossier_publisher_published_total").increment(messages);
}

/// Messages on their way when a session ended; the next one looks what became of them.
pub(super) fn retried(messages: usize) {
    let messages = u64::try_from(messages).unwrap_or(u64::MAX);
    metrics::counter!("dossier_publisher_retried_total").increment(messages);
}

/// A message that the server would not store.
pub(super) fn refused() {
    metrics::counter!("dossier_publisher_refused_total").increment(1);
}

/// Exact up to 2^53, more than any log will hold.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "gauges are floats")]
fn gauge(value: u64) -> f64 {
    value as f64
}
