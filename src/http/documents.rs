//! Documents for people and their tools: without a token, and with nothing from elsewhere.

mod problems;

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, Path, rejection::PathRejection},
    http::{HeaderValue, header, request::Parts},
    response::Response,
    routing::get,
};
use bytes::Bytes;
use utoipa_swagger_ui::Config;

use super::{
    caller, openapi,
    problem::{self, Problem},
};
use crate::app::{App, Settings};

/// What the page of the API is made of.
pub(super) const FILES: [(&str, &str); 3] = [
    (START_NAME, "text/javascript"),
    ("swagger-ui-bundle.js", "text/javascript"),
    ("swagger-ui.css", "text/css"),
];

const PAGE: &str = include_str!("documents/docs.html");
const START_NAME: &str = "start.js";
const START: &str = include_str!("documents/start.js");

/// The page runs its own files, and calls this service and nobody else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
/// Everything else is read and does nothing.
const TEXT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// All documents of a service with these settings.
pub(super) fn routes(settings: &Settings) -> Router<Arc<App>> {
    let document = Bytes::from(openapi::text(settings));
    let openapi = |_: Open| async move { text("application/json", document) };
    let page = |_: Open| async { served("text/html; charset=utf-8", PAGE_POLICY, PAGE.into()) };
    let file = |_: Open, name: Segment| async move { file(&named(name)?) };
    let style = settings.problem_type_style;
    let problem = move |_: Open, name: Segment| async move { problems::page(&named(name)?, style) };
    Router::new()
        .route(openapi::PATH, get(openapi))
        .route("/docs", get(page))
        .route("/docs/{file}", get(file))
        .route("/problems/{type}", get(problem))
}

/// A call that needs no name and no token; a name that cannot be one is refused all the same.
struct Open;

impl<S: Sync> FromRequestParts<S> for Open {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(caller::correlation(&parts.headers).map(|_| Self)?)
    }
}

/// The end of a path.
type Segment = Result<Path<String>, PathRejection>;

/// What is no text names nothing.
fn named(segment: Segment) -> Result<String, Problem> {
    segment.map(|Path(name)| name).map_err(|_| problem::no_route())
}

fn file(name: &str) -> Result<Response, Problem> {
    let found = FILES.into_iter().find(|(known, _)| *known == name);
    let (name, media_type) = found.ok_or_else(problem::no_route)?;
    if name == START_NAME {
        return Ok(text(media_type, START.into()));
    }
    let found = utoipa_swagger_ui::serve(name, Arc::new(Config::new([""]))).ok().flatten();
    let found = found.ok_or_else(|| problem::broken(format!("{name} is not in the binary")))?;
    let bytes = match found.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Ok(text(media_type, bytes))
}

fn text(media_type: &'static str, body: Bytes) -> Response {
    served(media_type, TEXT_POLICY, body)
}

fn served(media_type: &'static str, policy: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}
