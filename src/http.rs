//! The HTTP API: its routes, and what holds for every answer.

mod addresses;
mod answer;
mod caller;
mod contacts;
mod customers;
mod health;
mod paging;
mod persons;
mod problem;
mod rest;
mod write;

use std::{any::Any, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use tower_http::catch_panic::CatchPanicLayer;

use self::problem::Problem;
use crate::app::App;

/// Everything but what RFC 3986 calls unreserved.
const NOT_IN_SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// All that clients can reach.
pub fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .merge(customer_routes("/customers"))
        // The module page spells two of them in the singular.
        .merge(address_routes("/customer"))
        .route("/persons", get(persons::list))
        .route("/persons/{personId}", get(persons::one))
        .route("/persons/{personId}/contactdetails", get(contacts::list).post(contacts::add))
        .route(
            "/persons/{personId}/contactdetails/{contactId}",
            get(contacts::one).put(contacts::change),
        )
        .route("/healthcheck", get(health::check).post(health::check));
    let routes = match app.settings.base_path.as_str() {
        "" => routes,
        base => Router::new().nest(base, routes),
    };
    routes
        .fallback(|| async { problem::no_route() })
        .method_not_allowed_fallback(|| async { problem::wrong_method() })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), finish))
        .with_state(app)
}

fn customer_routes(base: &str) -> Router<Arc<App>> {
    Router::new()
        .route(base, get(customers::list))
        .route(&format!("{base}/{{customerId}}"), get(customers::one))
        .route(&format!("{base}/{{customerId}}/kyc"), get(customers::kyc))
        .merge(address_routes(base))
}

fn address_routes(base: &str) -> Router<Arc<App>> {
    let addresses = format!("{base}/{{customerId}}/addresses");
    Router::new()
        .route(&addresses, get(addresses::main).post(addresses::add).put(addresses::change_named))
        .route(&format!("{addresses}/{{addressId}}"), get(addresses::one).put(addresses::change))
}

/// The outermost layer: bounds the time, hears clients out, gives problems their form, names the
/// call.
async fn finish(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let correlation = request.headers().get(CORRELATION).cloned();
    let named = matches!(caller::correlation(request.headers()), Ok(Some(_)));
    let correlation = correlation.filter(|_| named);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let (request, rest) = rest::lend(request);
    let answered = tokio::time::timeout(app.settings.request_time_max, next.run(request)).await;
    let response = answered.unwrap_or_else(|_| {
        problem::unavailable("The request took too long; what became of it is not known.")
            .into_response()
    });
    rest.read().await;
    let mut response = in_form(response, correlation.as_ref());
    if let Some(correlation) = correlation {
        response.headers_mut().insert(CORRELATION, correlation);
    }
    count(&method, route.as_ref(), &response, started);
    response
}

/// Counters only: a histogram would grow until somebody asks for it.
fn count(method: &Method, route: Option<&MatchedPath>, response: &Response, started: Instant) {
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let labels = [
        ("method", method_name(method).to_owned()),
        ("route", route),
        ("status", response.status().as_str().to_owned()),
    ];
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    metrics::counter!("dossier_http_requests_total", &labels).increment(1);
    metrics::counter!("dossier_http_request_microseconds_total", &labels).increment(micros);
}

fn in_form(mut response: Response, correlation: Option<&HeaderValue>) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let correlation = correlation.and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let mut rendered = problem.render(correlation);
    if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow);
    }
    rendered
}

/// Of the methods that are known; others are anybody's invention.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        _ => "other",
    }
}

/// The panic itself was told where it happened; its message may quote data.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    problem::broken("a handler panicked".to_owned()).into_response()
}

/// One segment of a path, percent-encoded where it must be.
fn path_segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, NOT_IN_SEGMENT).to_string()
}
