//! The HTTP API: its routes, and what holds for every answer.

mod addresses;
mod admission;
mod answer;
mod caller;
mod contacts;
mod count;
mod customers;
mod documents;
mod health;
pub mod openapi;
mod outermost;
mod paging;
mod persons;
mod problem;
mod reader;
mod rest;
mod sender;
mod write;

use std::sync::Arc;

use axum::{Router, routing::get};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use self::outermost::Outermost;
pub(crate) use self::{admission::Admission, reader::WAITING_MAX};
use crate::app::App;

/// Everything but what RFC 3986 calls unreserved.
const NOT_IN_SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const CUSTOMERS: &str = "/customers";
/// The module page spells the paths of addresses in the singular.
const CUSTOMERS_ALIAS: &str = "/customer";

/// All that clients can reach.
pub fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .merge(customer_routes(CUSTOMERS))
        .merge(address_routes(CUSTOMERS_ALIAS))
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
        .layer(Outermost::new(&app.settings, app.writes.clone()))
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

/// One segment of a path, percent-encoded where it must be.
fn path_segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, NOT_IN_SEGMENT).to_string()
}
