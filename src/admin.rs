//! The admin port: health, metrics, the feed, consents, NATS, the access journal, the history and
//! what a backup is made of. Nothing of it is public.

mod browser;
mod consents;
mod export;
mod journal;
mod nats;
mod projections;
pub mod token;

use std::{io, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::{StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use events::{
    envelope::{Actor, Cause},
    id::{Position, StreamId},
};
use futures::TryStreamExt;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::io::StreamReader;

pub use self::browser::Reached;
use self::{nats::NatsState, token::AdminToken};
use crate::{
    app::App,
    feed::{self, Reject, Summary},
    replay::{self, Part},
};

/// Rejects that one answer of the feed tells in full.
const REJECTS_MAX: usize = 10_000;
/// Lines of the history that wait for a slow reader.
const LINES_WAITING_MAX: usize = 256;

/// All that operators can reach.
pub fn router(
    app: Arc<App>,
    metrics: PrometheusHandle,
    token: Option<AdminToken>,
    reached: Reached,
) -> Router {
    let routes = Router::new()
        .route("/readyz", get(ready))
        .route(
            "/metrics",
            get(move |State(app): State<Arc<App>>| async move { render(&app, &metrics) }),
        )
        .route("/feed", post(take_feed))
        .merge(consents::routes())
        .route("/reconcile", post(nats::reconcile))
        .route("/replay", get(replay_part))
        .route("/access", get(journal::access))
        .route("/projections/rebuild", post(projections::rebuild))
        .route("/export", get(export::events))
        .route("/export/keys", get(export::keys))
        .route("/history/customers/{id}", get(customer_history))
        .route("/history/persons/{id}", get(person_history))
        .with_state(app);
    let routes = match token {
        Some(token) => routes.layer(middleware::from_fn_with_state(token, token::ask)),
        None => routes,
    };
    // Whoever starts and stops processes needs to know no more than whether there is one.
    routes
        .route("/livez", get(|| async { "live\n" }))
        .layer(middleware::from_fn_with_state(reached, browser::keep_out))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Readiness {
    /// Whether reads and writes are answered.
    ready: bool,
    log: LogState,
    projections: projections::ProjectionState,
    nats: NatsState,
    journal: JournalState,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JournalState {
    failed: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogState {
    position: Position,
    stopped: Option<String>,
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let readiness = readiness(&app);
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

fn readiness(app: &App) -> Readiness {
    let position = app.log.watermark();
    let stopped = app.log.stopped().map(|reason| reason.to_string());
    let projections = projections::state(app);
    let journal = JournalState { failed: app.journal.failed() };
    Readiness {
        ready: stopped.is_none()
            && projections.stopped.is_none()
            && projections.caught_up
            && journal.failed.is_none(),
        log: LogState { position, stopped },
        projections,
        nats: NatsState::of(&app.publisher, &app.intake),
        journal,
    }
}

fn render(app: &App, metrics: &PrometheusHandle) -> Response {
    let now = readiness(app);
    gauge("dossier_log_position", now.log.position.0);
    gauge("dossier_log_stopped", u64::from(now.log.stopped.is_some()));
    gauge("dossier_projections_position", now.projections.position.0);
    gauge("dossier_projections_lag_events", now.projections.lag_events);
    let rebuild_failed = u64::from(now.projections.rebuild_failed.is_some());
    gauge("dossier_projections_rebuild_failed", rebuild_failed);
    gauge("dossier_access_journal_failed", u64::from(now.journal.failed.is_some()));
    let parked = u64::try_from(now.projections.parked.len()).unwrap_or(u64::MAX);
    gauge("dossier_projections_parked_streams", parked);
    now.nats.measure();
    let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (text, metrics.render()).into_response()
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a gauge is a float")]
fn gauge(name: &'static str, value: u64) {
    metrics::gauge!(name).set(value as f64);
}

/// What became of the lines of one request.
#[derive(Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedAnswer {
    #[serde(flatten)]
    pub summary: Summary,
    pub rejects: Vec<Reject>,
    /// Rejects that are counted but not told.
    pub rejects_omitted: u64,
}

/// An id in a path; an error where it is no text.
type Named = Result<Path<String>, PathRejection>;

async fn take_feed(State(app): State<Arc<App>>, body: Body) -> Response {
    let input = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    let mut rejects = Vec::new();
    let mut rejects_omitted = 0;
    let cause = Cause::by(Actor::Bank);
    let done = feed::run(&app.commands, &cause, input, |reject| {
        if rejects.len() < REJECTS_MAX {
            rejects.push(reject);
        } else {
            rejects_omitted += 1;
        }
        Ok(())
    });
    match done.await {
        // Also what an earlier feed brought, if this one only said it again.
        Ok(summary) if app.shown(app.log.watermark()).await => {
            Json(FeedAnswer { summary, rejects, rejects_omitted }).into_response()
        }
        Ok(_) => {
            let late = "the lines are recorded, but not in force yet; they can be sent again\n";
            (StatusCode::SERVICE_UNAVAILABLE, late).into_response()
        }
        Err(error) => {
            tracing::error!(error = %events::causes::chain(&error), "A feed was given up.");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", events::causes::chain(&error)))
                .into_response()
        }
    }
}

async fn replay_part(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    match part(query.as_deref().unwrap_or_default()) {
        Ok(part) => history(&app, part),
        Err(wrong) => (StatusCode::BAD_REQUEST, format!("{wrong}\n")).into_response(),
    }
}

fn part(query: &str) -> Result<Part, String> {
    let mut part = Part::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let position = || {
            let number = value.parse().map_err(|_| format!("{name} is no position"))?;
            Ok::<_, String>(Some(Position(number)))
        };
        match &*name {
            "stream" => {
                let stream = StreamId::parse(&value).map_err(|error| format!("stream {error}"))?;
                part.stream = Some(stream);
            }
            "from" => part.from = position()?,
            "to" => part.to = position()?,
            _ => return Err("known are stream, from and to".to_owned()),
        }
    }
    Ok(part)
}

async fn customer_history(State(app): State<Arc<App>>, id: Named) -> Response {
    history_of(&app, "customer", id)
}

async fn person_history(State(app): State<Arc<App>>, id: Named) -> Response {
    history_of(&app, "person", id)
}

fn history_of(app: &Arc<App>, kind: &str, id: Named) -> Response {
    let stream = id.ok().and_then(|Path(id)| StreamId::parse(&format!("{kind}/{id}")).ok());
    match stream {
        Some(_) => history(app, Part { stream, ..Part::default() }),
        None => (StatusCode::NOT_FOUND, "There is no such history.\n").into_response(),
    }
}

/// Lines as fast as the reader takes them.
fn history(app: &Arc<App>, part: Part) -> Response {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(LINES_WAITING_MAX);
    let log = app.log.clone();
    tokio::task::spawn_blocking(move || {
        let lines = match replay::lines(&log, &part) {
            Ok(lines) => lines,
            Err(error) => return drop(sender.blocking_send(Err(io::Error::other(error)))),
        };
        for line in lines {
            let line = line.map_err(io::Error::other).map(|mut line| {
                line.push(b'\n');
                Bytes::from(line)
            });
            if line.as_ref().is_err() {
                tracing::error!("The history could not be read to its end.");
            }
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let ndjson = [(header::CONTENT_TYPE, "application/x-ndjson")];
    (ndjson, Body::from_stream(received(receiver))).into_response()
}

/// What a thread sends, as a stream.
fn received<T>(receiver: mpsc::Receiver<T>) -> impl futures::Stream<Item = T> {
    futures::stream::unfold(receiver, |mut receiver| async move {
        Some((receiver.recv().await?, receiver))
    })
}
