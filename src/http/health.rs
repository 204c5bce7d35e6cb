//! The health check of the module, as the intermediary asks for it: without a token.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use chrono::SecondsFormat;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    answer, caller,
    problem::{self, Problem},
};
use crate::{app::App, clock};

/// Headers that are told back.
pub(super) const ECHOED: [&str; 7] = [
    "X-Correlation-ID",
    "Authorization",
    "X-CorAPI-Client-ID",
    "X-CorAPI-Target-ID",
    "X-PSU-IP-Address",
    "X-PSU-User-Agent",
    "User-Agent",
];

/// Only the module itself can say that it lives.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Health {
    received_headers: Vec<Echo>,
    received_payload: &'static str,
    request_date_time: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Echo {
    header_name: &'static str,
    header_value: String,
}

pub(super) async fn check(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller::correlation(&headers)?;
    if !app.projections.ready() {
        return Err(problem::unavailable("Nothing can be read now."));
    }
    let health = Health {
        received_headers: ECHOED.iter().filter_map(|name| echo(&headers, name)).collect(),
        received_payload: "",
        request_date_time: clock::now().to_rfc3339_opts(SecondsFormat::Millis, true),
    };
    let body = serde_json::to_vec(&health).map_err(problem::failed)?;
    let headers = [(header::CONTENT_TYPE, answer::JSON), (header::CACHE_CONTROL, NO_STORE)];
    Ok((headers, body).into_response())
}

fn echo(headers: &HeaderMap, name: &'static str) -> Option<Echo> {
    let value = headers.get(name)?;
    let header_value = match name {
        "Authorization" => "***".to_owned(),
        _ => String::from_utf8_lossy(value.as_bytes()).into_owned(),
    };
    Some(Echo { header_name: name, header_value })
}
