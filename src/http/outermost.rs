//! What holds for every answer: its time is bounded, clients are heard out, a problem gets its
//! form, and the call its name.
//!
//! A service of its own: axum's middleware from a function takes several allocations a request.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use futures::{
    FutureExt,
    future::{self, BoxFuture, Either},
};
use tokio_util::task::TaskTracker;
use tower::{Layer, Service};

use super::{
    caller::{self, CORRELATION},
    count::Requests,
    problem::{self, Problem},
    rest::{self, Rest},
};
use crate::{app::Settings, config::ProblemTypeStyle, listener::names_its_host};

#[derive(Clone)]
pub(super) struct Outermost {
    time_max: Duration,
    style: ProblemTypeStyle,
    requests: Arc<Requests>,
    writes: TaskTracker,
}

impl Outermost {
    pub(super) fn new(settings: &Settings, writes: TaskTracker) -> Self {
        Self {
            time_max: settings.request_time_max,
            style: settings.problem_type_style,
            requests: Arc::default(),
            writes,
        }
    }
}

impl<S> Layer<S> for Outermost {
    type Service = Answering<S>;

    fn layer(&self, inner: S) -> Answering<S> {
        // A layer is asked once for each route.
        let outermost = Self { requests: Arc::default(), ..self.clone() };
        Answering { inner, outermost }
    }
}

/// A route within the outermost layer.
#[derive(Clone)]
pub(super) struct Answering<S> {
    inner: S,
    outermost: Outermost,
}

impl<S> Service<Request> for Answering<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let call = Call::of(&request);
        let names_its_host = names_its_host(request.headers(), request.version());
        let (request, rest) = rest::lend(request);
        let answer = if !names_its_host {
            Either::Left(future::ready(Ok(problem::no_host().into_response())))
        } else if request.method().is_safe() {
            Either::Right(Either::Left(self.inner.call(request)))
        } else {
            // It goes on when its client hangs up, or no change could be relied on to be noted.
            let answering = self.outermost.writes.spawn(self.inner.call(request));
            Either::Right(Either::Right(
                answering.map(|ended| ended.unwrap_or_else(|_| Ok(fell_over()))),
            ))
        };
        let outermost = self.outermost.clone();
        Box::pin(async move { Ok(outermost.answer(call, answer, rest).await) })
    }
}

/// What must be known of a request once it is gone.
struct Call {
    started: Instant,
    correlation: Option<HeaderValue>,
    route: Option<MatchedPath>,
    method: Method,
}

impl Call {
    fn of(request: &Request) -> Self {
        Self {
            started: Instant::now(),
            correlation: caller::reflected(request.headers()),
            route: request.extensions().get().cloned(),
            method: request.method().clone(),
        }
    }
}

impl Outermost {
    async fn answer(
        self,
        call: Call,
        answer: impl Future<Output = Result<Response, Infallible>>,
        rest: Rest,
    ) -> Response {
        let deadline = call.started + self.time_max;
        let answer = AssertUnwindSafe(answer).catch_unwind();
        let response = match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(_)) => fell_over(),
            Err(_) => {
                problem::unavailable("The request took too long; what became of it is not known.")
                    .into_response()
            }
        };
        rest.read().await;
        let mut response = in_form(response, self.style, call.correlation.as_ref());
        if let Some(correlation) = call.correlation {
            response.headers_mut().insert(CORRELATION, correlation);
        }
        let took = call.started.elapsed();
        self.requests.count(&call.method, call.route.as_ref(), response.status(), took);
        response
    }
}

/// A panic itself was told where it happened; its message may quote data.
fn fell_over() -> Response {
    problem::broken("a handler panicked".to_owned()).into_response()
}

fn in_form(
    mut response: Response,
    style: ProblemTypeStyle,
    correlation: Option<&HeaderValue>,
) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let correlation = correlation.and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let mut rendered = problem.render(style, correlation);
    if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow);
    }
    rendered
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, body::to_bytes, routing::get};
    use tower::ServiceExt;

    use super::*;
    use crate::config::Config;

    /// What a handler that misbehaves makes of a call named `demo`.
    async fn answer(path: &str) -> (u16, HeaderValue, serde_json::Value) {
        let mut settings = Settings::of(&Config::load(None).unwrap());
        settings.request_time_max = Duration::from_millis(20);
        let panics = || async { "personal data".parse::<u8>().unwrap().to_string() };
        let hangs = || std::future::pending::<&str>();
        let router = Router::new().route("/panics", get(panics)).route("/hangs", get(hangs));
        let router = router.layer(Outermost::new(&settings, TaskTracker::new()));
        let request = axum::http::Request::get(path).header(header::HOST, "bank.example");
        let request = request.header(CORRELATION, "demo").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let correlation = response.headers()[CORRELATION].clone();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, correlation, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_tells_nothing() {
        let (status, correlation, body) = answer("/panics").await;
        assert_eq!((status, correlation), (500, HeaderValue::from_static("demo")));
        assert_eq!(body["type"], "/problems/TECHNICAL_ERROR");
        assert!(!body.to_string().contains("digit"), "{body}");
    }

    #[tokio::test]
    async fn a_call_that_takes_too_long_is_a_problem() {
        let (status, correlation, body) = answer("/hangs").await;
        assert_eq!((status, correlation), (503, HeaderValue::from_static("demo")));
        assert_eq!(body["type"], "/problems/SERVICE_UNAVAILABLE");
    }
}
