//! Counts the requests of one route by method and status; each counter is looked up by its labels
//! once.

use std::time::Duration;

use axum::{
    extract::MatchedPath,
    http::{Method, StatusCode},
};
use metrics::Counter;
use parking_lot::RwLock;

/// Counters only: a histogram would grow until somebody asks for it.
#[derive(Default)]
pub(super) struct Requests(RwLock<Vec<Counters>>);

/// Of one method and status: a route sees few of them.
struct Counters {
    method: &'static str,
    status: StatusCode,
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
        let method = name(method);
        if !self.add(method, status, took) {
            self.register(method, route.map_or("none", MatchedPath::as_str), status);
            self.add(method, status, took);
        }
    }

    /// Whether there are counters for these.
    fn add(&self, method: &'static str, status: StatusCode, took: Duration) -> bool {
        let all = self.0.read();
        let of = all.iter().find(|one| (one.method, one.status) == (method, status));
        let Some(counters) = of else { return false };
        counters.requests.increment(1);
        counters.microseconds.increment(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        true
    }

    /// Two that come at once register the same counters, which is the same as once.
    fn register(&self, method: &'static str, route: &str, status: StatusCode) {
        let labels = [
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.as_str().to_owned()),
        ];
        let requests = metrics::counter!("dossier_http_requests_total", &labels);
        let microseconds = metrics::counter!("dossier_http_request_microseconds_total", &labels);
        self.0.write().push(Counters { method, status, requests, microseconds });
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
