//! What the publisher says of itself: its status, its counters, and a log line when that changes.

use std::{error::Error, sync::Arc};

use events::{causes, id::Position, log::EventLog};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{
    Difference, PublisherState, PublisherStatus,
    survey::Survey,
    trouble::{Damage, Halt, Trouble},
};

#[derive(Debug)]
pub(super) struct Report {
    log: EventLog,
    status: watch::Sender<PublisherStatus>,
    /// The furthest that the stream ever was; what is stored before it, is stored again.
    furthest: Mutex<Position>,
}

impl Report {
    pub(super) fn new(
        log: EventLog,
        state: PublisherState,
    ) -> (Self, watch::Receiver<PublisherStatus>) {
        let status = PublisherStatus {
            state,
            published: Position::ZERO,
            lag_events: 0,
            last_error: None,
            looks: 0,
            damage: None,
            differences: Arc::default(),
        };
        let (status, watching) = watch::channel(status);
        (Self { log, status, furthest: Mutex::default() }, watching)
    }

    /// The stream holds everything up to a position.
    pub(super) fn published(&self, position: Position) {
        let lag_events = self.log.watermark().0.saturating_sub(position.0);
        let is_caught_up = lag_events == 0;
        let state =
            if is_caught_up { PublisherState::CaughtUp } else { PublisherState::CatchingUp };
        self.status.send_if_modified(|status| {
            let before = (status.published, &status.state);
            let is_changed = before != (position, &state);
            status.published = position;
            status.lag_events = lag_events;
            status.state = state;
            is_changed
        });
    }

    /// Messages were stored, up to a position: new ones, and such as the stream had lost.
    pub(super) fn stored(&self, messages: u64, position: Position) {
        metrics::counter!("dossier_publisher_published_total").increment(messages);
        let mut furthest = self.furthest.lock();
        let again_to = position.0.min(furthest.0);
        let repaired = again_to.saturating_sub(position.0.saturating_sub(messages));
        metrics::counter!("dossier_publisher_repaired_total").increment(repaired);
        *furthest = position.max(*furthest);
    }

    /// The last position known to be in the stream.
    pub(super) fn position(&self) -> Position {
        self.status.borrow().published
    }

    /// What a look at the stream has shown, as far as publishing goes on.
    pub(super) fn surveyed(&self, survey: &Survey) {
        {
            let mut furthest = self.furthest.lock();
            *furthest = survey.start.after.max(*furthest);
        }
        self.published(survey.start.after);
        self.status.send_modify(|status| status.looks += 1);
        let found = survey.damage.as_ref().map(Damage::trouble);
        // Few reads do not see all that a whole comparison does.
        if found.is_some() || survey.is_empty {
            self.damaged(found);
        }
    }

    /// What is wrong inside the stream, or that nothing is.
    pub(super) fn damaged(&self, found: Option<Trouble>) {
        let is_known = self.status.borrow().damage == found;
        if let Some(Trouble { kind, what, remedy }) = found.as_ref().filter(|_| !is_known) {
            tracing::error!(
                kind = &**kind,
                what = &**what,
                remedy = &**remedy,
                "The stream is damaged."
            );
        }
        self.status.send_if_modified(|status| {
            status.damage = found;
            !is_known
        });
    }

    /// In what the stream is set up in another way than dossier would.
    pub(super) fn differences(&self, differences: Vec<Difference>) {
        let is_known = *self.status.borrow().differences == *differences;
        if !is_known {
            for Difference { setting, found, wanted } in &differences {
                tracing::warn!(setting, found, wanted, "The stream is set up in another way.");
            }
        }
        self.status.send_if_modified(|status| {
            status.differences = differences.into();
            !is_known
        });
    }

    /// NATS is away, or does not do what it is asked; it is tried again.
    pub(super) fn failed(&self, error: &dyn Error) {
        let reason: Arc<str> = causes::chain(error).into();
        let is_known = self.status.borrow().last_error.as_ref() == Some(&reason);
        if self.is_publishing() || !is_known {
            tracing::warn!(reason = &*reason, "Publishing was interrupted; trying again.");
        }
        self.status.send_modify(|status| {
            if !matches!(status.state, PublisherState::Halted(_)) {
                status.state = PublisherState::Connecting;
            }
            status.last_error = Some(reason);
        });
    }

    /// The server is there and does not store; it is tried again, but may need a human.
    pub(super) fn refused(&self, error: &dyn Error) {
        self.failed(error);
        self.status.send_modify(|status| status.state = PublisherState::Refused);
    }

    /// The stream and the log contradict each other.
    pub(super) fn halted(&self, halt: &Halt) {
        let trouble = halt.trouble();
        let Trouble { kind, what, remedy } = &trouble;
        let is_known = self.status.borrow().last_error.as_ref() == Some(what);
        if !is_known {
            tracing::error!(
                kind = &**kind,
                reason = &**what,
                remedy = &**remedy,
                "Publishing has halted; nothing more is published."
            );
        }
        self.status.send_modify(|status| {
            status.looks += 1;
            status.last_error = Some(Arc::clone(&trouble.what));
            status.state = PublisherState::Halted(trouble);
        });
    }

    fn is_publishing(&self) -> bool {
        let state = &self.status.borrow().state;
        matches!(state, PublisherState::CatchingUp | PublisherState::CaughtUp)
    }
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
