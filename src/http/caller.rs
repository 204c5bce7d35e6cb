//! The caller of a request: checked in the order of the contract, once, before any handler.

use std::{convert::Infallible, str::FromStr, sync::Arc};

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use events::{
    consent::Scope,
    id::{ClientId, ContactId, CustomerId, PersonId},
    text::{Correlation, Trace, Unfit},
};

use super::problem::{self, Problem};
use crate::{access::Identity, app::App};

/// A request whose correlation id and token were found good.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) identity: Arc<Identity>,
    pub(super) correlation: Correlation,
    pub(super) trace: Option<Trace>,
}

impl Caller {
    pub(super) fn client(&self) -> &ClientId {
        &self.identity.client
    }

    /// Whether the token lets the caller ask for this at all.
    pub(super) fn needs(&self, scope: Scope) -> Result<(), Problem> {
        if self.identity.scopes.contains(&scope) {
            return Ok(());
        }
        Err(problem::not_allowed("The token does not carry the scope of this operation."))
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let correlation = correlation(&parts.headers)?
            .ok_or_else(|| problem::invalid("Send an X-Correlation-ID of 1 to 64 characters."))?;
        // Who may see what is known only to projections that have come up to the log.
        if !app.projections.ready() {
            return Err(problem::unavailable("Nothing can be read now."));
        }
        let token = bearer(&parts.headers).ok_or_else(problem::no_token)?;
        let identity = app.tokens.identify(token)?;
        let trace = parts.headers.get("traceparent").and_then(|value| value.to_str().ok());
        let trace = trace.and_then(|text| Trace::parse(text).ok());
        Ok(Self { identity, correlation, trace })
    }
}

/// The correlation id of a request; none when there is none.
pub(super) fn correlation(headers: &HeaderMap) -> Result<Option<Correlation>, Problem> {
    let Some(value) = headers.get("x-correlation-id") else { return Ok(None) };
    match parse(value) {
        Some(correlation) => Ok(Some(correlation)),
        None => Err(problem::invalid("The X-Correlation-ID must have 1 to 64 characters.")),
    }
}

/// Whether a correlation id is one that is reflected.
pub(super) fn is_correlation(value: &HeaderValue) -> bool {
    parse(value).is_some()
}

fn parse(value: &HeaderValue) -> Option<Correlation> {
    Correlation::parse(std::str::from_utf8(value.as_bytes()).ok()?).ok()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// An id from the path; none when it is not even the shape of one, and so unknown.
#[derive(Debug, Clone)]
pub(super) struct Named<T>(pub(super) Option<T>);

/// What ids in paths have in common.
pub(super) trait PathId: Sized {
    const PARAMETER: &'static str;
    fn parse(text: &str) -> Result<Self, Unfit>;
}

impl PathId for CustomerId {
    const PARAMETER: &'static str = "customerId";
    fn parse(text: &str) -> Result<Self, Unfit> {
        Self::parse(text)
    }
}

impl PathId for PersonId {
    const PARAMETER: &'static str = "personId";
    fn parse(text: &str) -> Result<Self, Unfit> {
        Self::parse(text)
    }
}

impl PathId for ContactId {
    const PARAMETER: &'static str = "contactId";
    fn parse(text: &str) -> Result<Self, Unfit> {
        Self::parse(text)
    }
}

impl PathId for events::id::AddressId {
    const PARAMETER: &'static str = "addressId";
    fn parse(text: &str) -> Result<Self, Unfit> {
        Self::parse(text)
    }
}

impl<T: PathId> FromRequestParts<Arc<App>> for Named<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let Ok(parameters) = RawPathParams::from_request_parts(parts, app).await else {
            return Ok(Self(None));
        };
        let found = parameters.iter().find(|(name, _)| *name == T::PARAMETER);
        Ok(Self(found.and_then(|(_, text)| T::parse(text).ok())))
    }
}

/// One parameter of the query, as text.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(query?.as_bytes());
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// One parameter of the query, as a value; an error when it is there and cannot be read.
pub(super) fn parsed<T: FromStr>(query: Option<&str>, name: &str) -> Result<Option<T>, Problem> {
    parameter(query, name)
        .map(|text| text.parse())
        .transpose()
        .map_err(|_| problem::malformed("A parameter of the query cannot be read."))
}
