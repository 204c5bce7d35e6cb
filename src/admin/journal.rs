//! The access journal on the admin port: who read or changed what.

use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{
    app::App,
    folder,
    journal::{self, Found, Wanted},
};

/// Lines that wait for a slow reader.
const LINES_WAITING_MAX: usize = 256;

pub(super) async fn access(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    let pairs = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    match Wanted::named(pairs) {
        Ok(wanted) => found(app, wanted),
        Err(wrong) => (StatusCode::BAD_REQUEST, format!("{wrong}\n")).into_response(),
    }
}

/// Lines as fast as the reader takes them; what was answered before is among them.
fn found(app: Arc<App>, wanted: Wanted) -> Response {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(LINES_WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        app.journal.flush();
        let dir = folder::journal_in(&app.settings.data_dir);
        let all = match journal::search(&dir, wanted) {
            Ok(all) => all,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        for found in all {
            if sender.blocking_send(found.map(line)).is_err() {
                return;
            }
        }
    });
    let ndjson = [(header::CONTENT_TYPE, "application/x-ndjson")];
    (ndjson, Body::from_stream(super::received(receiver))).into_response()
}

fn line(found: Found) -> Bytes {
    let mut line = match found {
        Found::Entry(line) => line,
        Found::Damaged { file, line } => {
            let file = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            serde_json::json!({ "damaged": { "file": file, "line": line } }).to_string()
        }
    };
    line.push('\n');
    line.into()
}
