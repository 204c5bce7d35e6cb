//! What operators see of the publisher (state, lag, what it needs a human for) and ask of it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use events::id::Position;
use serde::Serialize;

use super::gauge;
use crate::{
    app::App,
    intake::{Intake, IntakeState},
    publisher::{DAMAGES, Difference, HALTS, Publisher, PublisherState, ReconcileError, Trouble},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NatsState {
    state: &'static str,
    /// Why nothing is published, and what to do.
    halted: Option<Trouble>,
    /// What is wrong inside the stream, and what to do.
    damage: Option<Trouble>,
    position: Position,
    lag_events: u64,
    lag_seconds: f64,
    last_error: Option<Arc<str>>,
    /// In what the stream is set up in another way than the configuration says.
    differences: Arc<[Difference]>,
    feed: FeedState,
}

/// What becomes of statements that come over NATS.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FeedState {
    state: &'static str,
    /// Why none are taken.
    reason: Option<Arc<str>>,
    /// Messages that are not yet taken or parked; null while nobody knows.
    lag_messages: Option<u64>,
}

impl FeedState {
    fn of(intake: &Intake) -> Self {
        let (state, reason) = match intake.state() {
            IntakeState::Off => ("off", None),
            IntakeState::Reading => ("reading", None),
            IntakeState::Waiting(reason) => ("waiting", Some(reason)),
            IntakeState::Halted(reason) => ("halted", Some(reason)),
        };
        Self { state, reason, lag_messages: intake.lag() }
    }
}

impl NatsState {
    pub(super) fn of(publisher: &Publisher, intake: &Intake) -> Self {
        let status = publisher.status();
        let (state, halted) = match status.state {
            PublisherState::Off => ("off", None),
            PublisherState::Connecting => ("connecting", None),
            PublisherState::CatchingUp => ("catching up", None),
            PublisherState::CaughtUp => ("caught up", None),
            PublisherState::Refused => ("refused", None),
            PublisherState::Halted(trouble) => ("halted", Some(trouble)),
        };
        Self {
            state,
            halted,
            damage: status.damage,
            position: status.published,
            lag_events: status.lag_events,
            // A log that cannot be read says so itself.
            lag_seconds: publisher.lag_time().unwrap_or_default().as_secs_f64(),
            last_error: status.last_error,
            differences: status.differences,
            feed: FeedState::of(intake),
        }
    }

    /// Sets the gauges of the publisher.
    pub(super) fn measure(&self) {
        gauge("dossier_publisher_position", self.position.0);
        gauge("dossier_publisher_lag_events", self.lag_events);
        metrics::gauge!("dossier_publisher_lag_seconds").set(self.lag_seconds);
        gauge("dossier_publisher_refused", u64::from(self.state == "refused"));
        let differences = u64::try_from(self.differences.len()).unwrap_or(u64::MAX);
        gauge("dossier_publisher_differences", differences);
        gauge("dossier_intake_waiting", u64::from(self.feed.state == "waiting"));
        gauge("dossier_intake_halted", u64::from(self.feed.state == "halted"));
        if self.feed.state != "off" {
            match self.feed.lag_messages {
                Some(messages) => gauge("dossier_intake_lag_messages", messages),
                None => metrics::gauge!("dossier_intake_lag_messages").set(f64::NAN),
            }
        }
        for reason in HALTS {
            let is_on = flag(self.halted.as_ref(), reason);
            metrics::gauge!("dossier_publisher_halted", "reason" => reason).set(is_on);
        }
        for kind in DAMAGES {
            let is_on = flag(self.damage.as_ref(), kind);
            metrics::gauge!("dossier_publisher_damaged", "kind" => kind).set(is_on);
        }
    }
}

fn flag(trouble: Option<&Trouble>, kind: &str) -> f64 {
    f64::from(u8::from(trouble.is_some_and(|trouble| &*trouble.kind == kind)))
}

/// Compares stream and log; without `?dry-run` it mends what can be mended without harm.
pub(super) async fn reconcile(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    let reconciled = match query.as_deref() {
        None => app.publisher.reconcile().await,
        Some("dry-run") => app.publisher.compare().await,
        Some(_) => {
            return (StatusCode::BAD_REQUEST, "known is dry-run, without a value\n")
                .into_response();
        }
    };
    match reconciled {
        Ok(comparison) => Json(comparison).into_response(),
        Err(error) => {
            let status = match error {
                ReconcileError::Off | ReconcileError::Busy => StatusCode::CONFLICT,
                ReconcileError::Failed(_) | ReconcileError::Late(_) => {
                    StatusCode::SERVICE_UNAVAILABLE
                }
            };
            (status, format!("{}\n", events::causes::chain(&error))).into_response()
        }
    }
}
