//! Archives on the admin port: what a backup is made of, as fast as the reader takes it.

use std::{fmt, io, sync::Arc};

use axum::{
    body::Body,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use events::log::{Ended, ExportError};
use tokio::sync::mpsc;

use crate::{app::App, backup};

/// Lines that wait for a slow reader.
const LINES_WAITING_MAX: usize = 256;

/// Everything, or everything since an archive that ended as the query says.
pub(super) async fn events(
    State(app): State<Arc<App>>,
    Query(query): Query<backup::EndedQuery>,
) -> Response {
    let before = match Option::<Ended>::try_from(query) {
        Ok(before) => before,
        Err(wrong) => return (StatusCode::BAD_REQUEST, format!("{wrong}\n")).into_response(),
    };
    match app.log.export(before) {
        Ok(lines) => streamed(&app, move |send| send.all(lines)),
        Err(error @ ExportError::Read(_)) => refused(StatusCode::SERVICE_UNAVAILABLE, &error),
        Err(error) => refused(StatusCode::CONFLICT, &error),
    }
}

/// The data keys, wrapped under the master key.
pub(super) async fn keys(State(app): State<Arc<App>>) -> Response {
    let log = app.log.clone();
    streamed(&app, move |send| match log.keys().export() {
        Ok(lines) => send.all(lines),
        Err(error) => send.all(std::iter::once(Err(error))),
    })
}

fn refused(status: StatusCode, error: &ExportError) -> Response {
    (status, format!("{}\n", events::causes::chain(error))).into_response()
}

struct Sender(mpsc::Sender<io::Result<Bytes>>);

impl Sender {
    /// Until the end, a failure, or a reader that has gone; who reads sees a last line, or none.
    fn all<E: fmt::Display>(&self, lines: impl Iterator<Item = Result<Vec<u8>, E>>) {
        for line in lines {
            let line = line.map(Bytes::from).map_err(|error| {
                tracing::error!(%error, "An archive could not be made to its end.");
                io::Error::other("the archive could not be made to its end")
            });
            if self.0.blocking_send(line).is_err() {
                return;
            }
        }
    }
}

fn streamed(app: &App, send: impl FnOnce(&Sender) + Send + 'static) -> Response {
    let Ok(place) = Arc::clone(&app.archives).try_acquire_owned() else {
        let told = "too many archives are being read; come again later\n";
        return (StatusCode::SERVICE_UNAVAILABLE, told).into_response();
    };
    let (sender, receiver) = mpsc::channel(LINES_WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        send(&Sender(sender));
        drop(place);
    });
    let ndjson = [(header::CONTENT_TYPE, "application/x-ndjson")];
    (ndjson, Body::from_stream(super::received(receiver))).into_response()
}
