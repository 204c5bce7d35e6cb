//! Projections on the admin port: how they are, and building them anew.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use events::id::{Position, StreamId};
use projections::ProjectionError;
use serde::Serialize;

use crate::app::App;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProjectionState {
    pub(super) position: Position,
    pub(super) lag_events: u64,
    pub(super) caught_up: bool,
    pub(super) stopped: Option<String>,
    pub(super) parked: Vec<Parked>,
    /// How far those have come that are built anew beside these, if any are.
    rebuilding: Option<Position>,
    /// Why they were not built anew when that was last tried.
    pub(super) rebuild_failed: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Parked {
    stream: StreamId,
    position: Position,
    reason: String,
}

pub(super) fn state(app: &App) -> ProjectionState {
    let position = app.projections.applied();
    let parked = |(stream, position, reason)| Parked { stream, position, reason };
    ProjectionState {
        position,
        lag_events: app.log.watermark().0.saturating_sub(position.0),
        caught_up: app.projections.ready(),
        stopped: app.projections.stopped(),
        parked: app.projections.parked().into_iter().map(parked).collect(),
        rebuilding: app.projections.rebuilding(),
        rebuild_failed: app.projections.rebuild_failed(),
    }
}

/// Begins; `/readyz` tells how far it has come.
pub(super) async fn rebuild(State(app): State<Arc<App>>) -> Response {
    if let Err(error) = app.projections.can_rebuild() {
        let status = match error {
            ProjectionError::Rebuilding => StatusCode::CONFLICT,
            ProjectionError::Room { .. } => StatusCode::INSUFFICIENT_STORAGE,
            ProjectionError::InUse
            | ProjectionError::Io(_)
            | ProjectionError::Store(_)
            | ProjectionError::Log(_)
            | ProjectionError::Stopped(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        return (status, format!("{}\n", events::causes::chain(&error))).into_response();
    }
    tokio::task::spawn_blocking(move || match app.projections.rebuild() {
        Ok(true) => tracing::info!("The projections were built anew, and are served."),
        // Whoever closed them knows; whoever was first tells.
        Ok(false) | Err(ProjectionError::Rebuilding) => {}
        Err(error) => {
            let reason = events::causes::chain(&error);
            tracing::error!(reason, "The projections could not be built anew; those before stay.");
        }
    });
    (StatusCode::ACCEPTED, "they are being built anew; see /readyz\n").into_response()
}
