//! The HTTP API: its routes, and what holds for every answer.

mod addresses;
mod answer;
mod caller;
mod contacts;
mod count;
mod customers;
mod documents;
mod health;
pub mod openapi;
mod paging;
mod persons;
mod problem;
mod rest;
mod write;

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::FutureExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use self::{count::Requests, problem::Problem};
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
        .route("/healthcheck", get(health::check).post(health::check))
        .merge(documents::routes(&app.settings));
    let routes = match app.settings.base_path.as_str() {
        "" => routes,
        // The types of problems lead to the root, whatever stands before the API.
        base => Router::new().nest(base, routes).merge(documents::routes(&app.settings)),
    };
    routes
        .fallback(|| async { problem::no_route() })
        .method_not_allowed_fallback(|| async { problem::wrong_method() })
        .layer(middleware::from_fn_with_state(Served::new(&app), finish))
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

/// What the outermost layer needs.
#[derive(Clone)]
struct Served {
    time_max: Duration,
    requests: Arc<Requests>,
}

impl Served {
    fn new(app: &App) -> Self {
        Self { time_max: app.settings.request_time_max, requests: Arc::default() }
    }
}

/// The outermost layer: bounds the time, hears clients out, gives problems their form, names the
/// call.
async fn finish(State(served): State<Served>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let correlation = request.headers().get(CORRELATION).cloned();
    let correlation = correlation.filter(caller::is_correlation);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let (request, rest) = rest::lend(request);
    // A panic itself was told where it happened; its message may quote data.
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tokio::time::timeout_at((started + served.time_max).into(), answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => problem::broken("a handler panicked".to_owned()).into_response(),
        Err(_) => {
            problem::unavailable("The request took too long; what became of it is not known.")
                .into_response()
        }
    };
    rest.read().await;
    let mut response = in_form(response, correlation.as_ref());
    if let Some(correlation) = correlation {
        response.headers_mut().insert(CORRELATION, correlation);
    }
    served.requests.count(&method, route.as_ref(), response.status(), started.elapsed());
    response
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

/// One segment of a path, percent-encoded where it must be.
fn path_segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, NOT_IN_SEGMENT).to_string()
}
