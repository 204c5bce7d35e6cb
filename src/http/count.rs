//! Counts requests by method, route and status; each counter is looked up by its labels once.

use std::time::Duration;

use axum::{
    extract::MatchedPath,
    http::{Method, StatusCode},
};
use metrics::Counter;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

/// Counters only: a histogram would grow until somebody asks for it.
#[derive(Default)]
pub(super) struct Requests(RwLock<FxHashMap<String, OfRoute>>);

type OfRoute = FxHashMap<(&'static str, StatusCode), Counters>;

#[derive(Clone)]
struct Counters {
    requests: Counter,
    microseconds: Counter,
}

impl Requests {
    pub(super) fn count(
        &self,
        method: &Method,
        route: Option<&MatchedPath>,
        status: StatusCode,
        took: Duration,
    ) {
        let (method, route) = (name(method), route.map_or("none", MatchedPath::as_str));
        let known = self.0.read().get(route).and_then(|of| of.get(&(method, status))).cloned();
        let counters = known.unwrap_or_else(|| self.register(method, route, status));
        counters.requests.increment(1);
        counters.microseconds.increment(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    fn register(&self, method: &'static str, route: &str, status: StatusCode) -> Counters {
        let labels = [
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.as_str().to_owned()),
        ];
        let counters = Counters {
            requests: metrics::counter!("dossier_http_requests_total", &labels),
            microseconds: metrics::counter!("dossier_http_request_microseconds_total", &labels),
        };
        let mut routes = self.0.write();
        let of_route = routes.entry(route.to_owned()).or_default();
        of_route.insert((method, status), counters.clone());
        counters
    }
}

/// Of the methods that are known; others are anybody's invention.
fn name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        _ => "other",
    }
}
