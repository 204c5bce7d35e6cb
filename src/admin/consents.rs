//! Consents on the admin port: those that stand, and what an operator does to them.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use events::id::{ClientId, ConsentId, CustomerId};

use super::Named;
use crate::{
    app::App,
    clock,
    commands::{CommandError, Rejection},
    consents::{self, Act, ActError},
};

/// A thousand customers fit, with room to spare.
const BODY_BYTES_MAX: usize = 256 * 1024;

pub(super) fn routes() -> Router<Arc<App>> {
    let act = |what: Act| {
        post(move |State(app): State<Arc<App>>, id: Named, body: Body| async move {
            act(&app, id, what, body).await
        })
    };
    Router::new()
        .route("/consents", get(list))
        .route("/consents/{id}/grant", act(Act::Grant))
        .route("/consents/{id}/amend", act(Act::Amend))
        .route("/consents/{id}/revoke", act(Act::Revoke))
}

async fn list(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    let (client, customer) = match wanted(query.as_deref().unwrap_or_default()) {
        Ok(wanted) => wanted,
        Err(wrong) => return (StatusCode::BAD_REQUEST, format!("{wrong}\n")).into_response(),
    };
    let now = clock::now();
    let mut lines = Vec::new();
    for consent in app.projections.consents(client.as_ref(), customer.as_ref()) {
        lines.extend(consents::line(&consent.id, consent.version, &consent.terms, now));
        lines.push(b'\n');
    }
    ([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response()
}

fn wanted(query: &str) -> Result<(Option<ClientId>, Option<CustomerId>), String> {
    let (mut client, mut customer) = (None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let wrong = |error| format!("{name} {error}");
        match &*name {
            "client" => client = Some(ClientId::parse(&value).map_err(wrong)?),
            "customer" => customer = Some(CustomerId::parse(&value).map_err(wrong)?),
            _ => return Err("known are client and customer".to_owned()),
        }
    }
    Ok((client, customer))
}

/// Answers once it is in force: a request that starts afterwards is judged by it.
async fn act(app: &App, id: Named, what: Act, body: Body) -> Response {
    let Some(id) = id.ok().and_then(|Path(id)| ConsentId::parse(&id).ok()) else {
        return (StatusCode::NOT_FOUND, "No consent can have such an id.\n").into_response();
    };
    let Ok(words) = to_bytes(body, BODY_BYTES_MAX).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.\n").into_response();
    };
    match consents::act(&app.commands, id, what, &words).await {
        Ok(acted) if app.shown(acted.position).await => Json(acted).into_response(),
        Ok(acted) => {
            let late = format!("recorded at position {}, but not in force yet\n", acted.position);
            (StatusCode::SERVICE_UNAVAILABLE, late).into_response()
        }
        Err(error) => (status(&error), format!("{error}\n")).into_response(),
    }
}

fn status(error: &ActError) -> StatusCode {
    match error {
        ActError::Id(_) | ActError::Violations(_) | ActError::Unknown(_) => StatusCode::BAD_REQUEST,
        ActError::Command(CommandError::Rejected(Rejection::UnknownConsent)) => {
            StatusCode::NOT_FOUND
        }
        ActError::Command(
            CommandError::Rejected(_)
            | CommandError::LostRace
            | CommandError::KeyReused
            | CommandError::Refused(_),
        ) => StatusCode::CONFLICT,
        ActError::Command(
            CommandError::Busy
            | CommandError::DiskFull
            | CommandError::Failed(_)
            | CommandError::Unknown(_)
            | CommandError::Read(_),
        ) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
