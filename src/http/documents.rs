//! Documents for people and their tools: without a token, and with nothing from elsewhere.

mod events;
mod problems;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

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
use crate::{
    app::{App, Settings},
    asyncapi::{self, schemas},
};

/// What the pages are made of, and the examples that they lead to.
pub(super) const FILES: [(&str, &str); 6] = [
    ("start.js", "text/javascript"),
    ("swagger-ui-bundle.js", "text/javascript"),
    ("swagger-ui.css", "text/css"),
    ("events.css", "text/css"),
    ("address_book.py", "text/plain; charset=utf-8"),
    ("address_book.rs", "text/plain; charset=utf-8"),
];

/// Those of them that are ours.
const OURS: [(&str, &str); 4] = [
    ("start.js", include_str!("documents/start.js")),
    ("events.css", include_str!("documents/events.css")),
    ("address_book.py", include_str!("../../examples/address_book.py")),
    ("address_book.rs", include_str!("../../examples/address_book.rs")),
];

const PAGE: &str = include_str!("documents/docs.html");

/// What the bodies of events look like.
static SCHEMAS: LazyLock<BTreeMap<String, Bytes>> = LazyLock::new(|| {
    schemas::files().into_iter().map(|(name, text)| (name, text.into())).collect()
});

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
    let document = Bytes::from(asyncapi::text(settings));
    let asyncapi = |_: Open| async move { text("application/json", document) };
    let schema = |_: Open, name: Segment| async move { schema(&named(name)?) };
    let page = |_: Open| async { served("text/html; charset=utf-8", PAGE_POLICY, PAGE.into()) };
    let events = Bytes::from(events::page(&asyncapi::document(settings)));
    let events = |_: Open| async move { served("text/html; charset=utf-8", PAGE_POLICY, events) };
    let file = |_: Open, name: Segment| async move { file(&named(name)?) };
    let style = settings.problem_type_style;
    let problem = move |_: Open, name: Segment| async move { problems::page(&named(name)?, style) };
    Router::new()
        .route(openapi::PATH, get(openapi))
        .route(asyncapi::PATH, get(asyncapi))
        .route("/schemas/{schema}", get(schema))
        .route("/docs", get(page))
        .route("/docs/events", get(events))
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
    if let Some((_, ours)) = OURS.into_iter().find(|(known, _)| *known == name) {
        return Ok(text(media_type, ours.into()));
    }
    let found = utoipa_swagger_ui::serve(name, Arc::new(Config::new([""]))).ok().flatten();
    let found = found.ok_or_else(|| problem::broken(format!("{name} is not in the binary")))?;
    let bytes = match found.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Ok(text(media_type, bytes))
}

fn schema(name: &str) -> Result<Response, Problem> {
    let found = SCHEMAS.get(name).ok_or_else(problem::no_route)?;
    Ok(text("application/schema+json", found.clone()))
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

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A page; what stands in its head besides the title, and all that is seen of it.
fn html(title: &str, head: &str, body: &str) -> String {
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>{title}</title>
{head}</head>
<body>
{body}</body>
</html>
"
    )
}
