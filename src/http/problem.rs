//! Every error that leaves: RFC 9457, one catalogue, and nothing of the inside.

mod catalogue;
mod kind;
mod refused;

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use events::log::ReadError;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) use self::{
    kind::Kind,
    refused::{Faults, both, unknown_members},
};
use super::answer;
use crate::{
    access::TokenError,
    commands::{CommandError, Rejection},
    config::ProblemTypeStyle,
    parse::Violation,
};

/// What a client is told to wait before it tries again, in seconds.
const RETRY_AFTER_S: u64 = 1;

/// An error on its way to a client.
#[derive(Debug, Clone)]
pub(super) struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    kind: Kind,
    detail: Cow<'static, str>,
    violations: Vec<Violation>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log, never for the client.
    cause: Option<String>,
}

/// How a problem leaves.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Body<'a> {
    /// Names the kind of problem; below /problems/ there is a page about each.
    r#type: String,
    title: &'a str,
    status: u16,
    /// What is wrong with this request.
    detail: &'a str,
    /// The correlation id as a URN.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// All that is wrong with the request, as far as it could be read; with every 400, and only
    /// there. Where there is no room to tell all of it, the last one says so.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    violations: &'a [Violation],
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        kind: Kind,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let detail = detail.into();
        let (violations, headers, cause) = (Vec::new(), Vec::new(), None);
        Self(Box::new(Parts { status, kind, detail, violations, headers, cause }))
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The same, with the header that names what was ignored.
    pub(super) fn with_ignored(self, ignored: Option<HeaderValue>) -> Self {
        match ignored {
            Some(value) => self.with(answer::IGNORED_MEMBERS, value),
            None => self,
        }
    }

    /// The bytes that leave; `correlation` names the call.
    pub(super) fn render(self, style: ProblemTypeStyle, correlation: Option<&str>) -> Response {
        if let Some(cause) = &self.0.cause {
            tracing::error!(correlation, cause, "A request failed.");
        }
        let bytes =
            serde_json::to_vec(&self.body(style, correlation)).expect("a problem is plain JSON");
        let mut response = (self.0.status, bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static("en"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.0.headers);
        response
    }

    fn body(&self, style: ProblemTypeStyle, correlation: Option<&str>) -> Body<'_> {
        Body {
            r#type: self.0.kind.uri(style),
            title: self.0.kind.title(),
            status: self.0.status.as_u16(),
            detail: &self.0.detail,
            instance: correlation.map(instance),
            violations: &self.0.violations,
        }
    }
}

/// The correlation id as a URN: what a URN may not hold is percent-encoded.
fn instance(correlation: &str) -> String {
    use std::fmt::Write;
    let mut urn = "urn:dossier:call:".to_owned();
    for byte in correlation.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            urn.push(char::from(byte));
        } else {
            write!(urn, "%{byte:02X}").expect("writing to a string does not fail");
        }
    }
    urn
}

/// Waits for the outermost layer, which knows the correlation id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The same for what does not exist and for what the caller may not see.
pub(super) fn not_visible() -> Problem {
    let detail = "There is no such resource, or no consent for it.";
    Problem::new(StatusCode::NOT_FOUND, Kind::InsufficientPrivileges, detail)
}

pub(super) fn no_such(detail: &'static str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, Kind::ResourceDoesNotExist, detail)
}

pub(super) fn not_allowed(detail: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, Kind::InsufficientPrivileges, detail)
}

/// The challenge of RFC 6750; which scope is missing, the document says.
pub(super) fn lacks_scope() -> Problem {
    let challenge = "Bearer realm=\"dossier\", error=\"insufficient_scope\"";
    not_allowed("The token does not carry the scope of this operation.")
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

pub(super) fn conflict(detail: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, Kind::OperationNotAllowed, detail)
}

pub(super) fn changed_since() -> Problem {
    let detail = "If-Match names a version that is no longer the current one.";
    Problem::new(StatusCode::PRECONDITION_FAILED, Kind::PreconditionFailed, detail)
}

pub(super) fn too_large() -> Problem {
    let detail = "The body is larger than this service accepts.";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Kind::ResourceTooLarge, detail)
}

pub(super) fn wrong_media_type() -> Problem {
    let detail = "The body must be application/json.";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Kind::MalformedPayload, detail)
}

pub(super) fn encoded() -> Problem {
    let detail = "The body must be sent as it is, without a Content-Encoding but identity.";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Kind::MalformedPayload, detail)
        .with(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))
}

pub(super) fn key_reused() -> Problem {
    let detail = "The Idempotency-Key was used before, with another request.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Kind::IdempotencyKeyReused, detail)
}

pub(super) fn no_host() -> Problem {
    Faults::invalid("the header Host must name one host").into()
}

pub(super) fn no_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, Kind::TechnicalError, "There is nothing at this path.")
}

pub(super) fn wrong_method() -> Problem {
    let detail = "The Allow header names the methods that this path knows.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, Kind::WrongMethod, detail)
}

pub(super) fn unavailable(detail: &'static str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, Kind::ServiceUnavailable, detail)
        .with(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S))
}

/// Beyond what one client may ask for; `wait` is how long it should at least.
pub(super) fn too_many(detail: &'static str, wait: Duration) -> Problem {
    // Whole seconds, and not too early.
    let wait = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::new(StatusCode::TOO_MANY_REQUESTS, Kind::TooManyRequests, detail)
        .with(header::RETRY_AFTER, HeaderValue::from(wait.max(RETRY_AFTER_S)))
}

/// Ours to mend; the cause goes to the log.
pub(super) fn failed(cause: impl std::error::Error) -> Problem {
    broken(events::causes::chain(&cause))
}

pub(super) fn broken(cause: String) -> Problem {
    let detail = "The service failed; its operators are told.";
    let mut problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Kind::TechnicalError, detail);
    problem.0.cause = Some(cause);
    problem
}

pub(super) fn no_token() -> Problem {
    let detail = "Send an Authorization header with a bearer token.";
    Problem::new(StatusCode::UNAUTHORIZED, Kind::InvalidToken, detail)
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"dossier\""))
}

/// The same whichever of them it does not agree with.
pub(super) fn token_of_another() -> Problem {
    let detail = "The token does not belong to the client, or the certificate, that sends it.";
    refused_token(Kind::InvalidToken, detail)
}

fn refused_token(kind: Kind, detail: &'static str) -> Problem {
    let challenge = HeaderValue::from_static("Bearer realm=\"dossier\", error=\"invalid_token\"");
    Problem::new(StatusCode::UNAUTHORIZED, kind, detail).with(header::WWW_AUTHENTICATE, challenge)
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => refused_token(Kind::InvalidToken, "The token is not valid."),
            TokenError::Expired => refused_token(Kind::ExpiredToken, "The token has expired."),
            TokenError::Unavailable => unavailable("Tokens cannot be checked now."),
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::UnknownCustomer | Rejection::UnknownPerson => not_visible(),
            Rejection::UnknownAddress => no_such("The customer has no such address."),
            Rejection::UnknownContact => no_such("The person has no such contact detail."),
            Rejection::ChangedSince => changed_since(),
            Rejection::Closed => conflict("The customer is closed."),
            Rejection::TooManyAddresses => {
                conflict("The customer has as many addresses as it may have.")
            }
            Rejection::TooManyContacts => {
                conflict("The person has as many contact details as it may have.")
            }
            Rejection::RemovedAddress
            | Rejection::NotTheBanksId
            | Rejection::AnotherClients
            | Rejection::UnknownConsent
            | Rejection::GrantedAlready
            | Rejection::RevokedAlready
            | Rejection::EndsBeforeItBegins => conflict("The bank's own data speak against it."),
        }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Rejected(rejection) => rejection.into(),
            CommandError::LostRace => conflict("Something else changed it at the same time."),
            CommandError::KeyReused => key_reused(),
            CommandError::Refused(_) => conflict("It cannot be kept."),
            CommandError::Busy => unavailable("Too many requests for the same are waiting."),
            CommandError::DiskFull => unavailable("There is no room for changes now."),
            CommandError::Failed(error) => {
                tracing::error!(error = %error, "A write failed.");
                unavailable("Changes are not possible now.")
            }
            CommandError::Unknown(error) => {
                tracing::error!(error = %error, "What became of a write is not known.");
                unavailable("It is not known whether the change was made; none is possible now.")
            }
            CommandError::Read(error) => error.into(),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            // Once it could not write, the store does not read either; changes need both.
            ReadError::Store(_) => {
                tracing::error!(error = %events::causes::chain(&error), "The log cannot be read.");
                unavailable("Changes are not possible now.")
            }
            ReadError::Keys(_)
            | ReadError::Record { .. }
            | ReadError::Hole(_)
            | ReadError::Index(_)
            | ReadError::Receipt
            | ReadError::Seal(_)
            | ReadError::Event { .. } => failed(error),
        }
    }
}

impl From<projections::ReadError> for Problem {
    fn from(error: projections::ReadError) -> Self {
        match error {
            projections::ReadError::Parked => unavailable("This record is being repaired."),
            error @ projections::ReadError::Store(_) => failed(error),
        }
    }
}
