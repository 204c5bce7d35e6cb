//! The caller of a request: checked in the order of the contract, once, before any handler.

use std::{borrow::Cow, convert::Infallible, sync::Arc};

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
};
use events::{
    consent::Scope,
    id::{ClientId, ContactId, CustomerId, PersonId},
    text::{Correlation, Trace, Unfit},
};
use percent_encoding::percent_decode_str;

use super::{
    admission::Place,
    problem::{self, Faults, Problem, both},
    sender::Sender,
};
use crate::{
    access::{Identity, TokenError},
    app::App,
    clock,
    journal::{Entry, Seen},
};

pub(super) const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A request whose correlation id and token were found good.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) identity: Arc<Identity>,
    /// What it asks for: the method, and the route with its ids left out.
    pub(super) operation: (Method, Option<MatchedPath>),
    pub(super) correlation: Correlation,
    pub(super) trace: Option<Trace>,
    /// None while it waits for the client.
    place: Option<Place>,
}

impl Caller {
    pub(super) fn client(&self) -> &ClientId {
        &self.identity.client
    }

    /// Notes for the bank's customers whose data the caller is about to be answered with.
    pub(super) fn saw(&self, app: &App, status: StatusCode, seen: Seen<'_>) {
        let (method, route) = &self.operation;
        app.journal.note(&Entry {
            at: clock::now(),
            client: self.client(),
            operation: (method.as_str(), route.as_ref().map_or("", MatchedPath::as_str)),
            seen,
            status: status.as_u16(),
            correlation: self.correlation.as_str(),
        });
    }

    /// Waits for the client, without a place among those that are served: who sends slowly takes
    /// none from others. However long that took, the token must still be good.
    pub(super) async fn wait_for<T>(
        &mut self,
        app: &App,
        what: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        self.place = None;
        let what = what.await?;
        self.place = Some(app.admission.place().await?);
        self.is_still_known()?;
        Ok(what)
    }

    /// Whether the token is still good, whatever has taken time.
    pub(super) fn is_still_known(&self) -> Result<(), Problem> {
        if clock::now() >= self.identity.expires {
            return Err(TokenError::Expired.into());
        }
        Ok(())
    }

    /// Whether the token lets the caller ask for this at all.
    pub(super) fn needs(&self, scope: Scope) -> Result<(), Problem> {
        if self.identity.scopes.contains(&scope) {
            return Ok(());
        }
        Err(problem::lacks_scope())
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let place = app.admission.place().await?;
        let sender = Sender::of(&parts.extensions, &parts.headers, &app.settings);
        let (correlation, sender) = both(required_correlation(&parts.headers), sender)?;
        let token = bearer(&parts.headers).ok_or_else(problem::no_token)?;
        let identity = app.tokens.identify(token, || sender.key(&app.projections)).await?;
        sender.may_bring(&identity, &app.settings)?;
        app.admission.count(&identity.client)?;
        // Who may see what is known only to projections that have come up to the log; and who
        // saw it must be noted.
        if !app.projections.ready() || !app.journal.has_room() {
            return Err(problem::unavailable("Nothing can be read now."));
        }
        let trace = parts.headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
        let trace = trace.and_then(|text| Trace::parse(text).ok());
        let operation = (parts.method.clone(), parts.extensions.get().cloned());
        Ok(Self { identity, operation, correlation, trace, place: Some(place) })
    }
}

fn required_correlation(headers: &HeaderMap) -> Result<Correlation, Faults> {
    correlation(headers)?.ok_or_else(|| Faults::invalid("the header X-Correlation-ID is required"))
}

/// The correlation id of a request; none when there is none.
pub(super) fn correlation(headers: &HeaderMap) -> Result<Option<Correlation>, Faults> {
    let value = single(headers, &CORRELATION)
        .map_err(|Again| Faults::invalid("the header X-Correlation-ID must be sent once"))?;
    let Some(value) = value else { return Ok(None) };
    let unfit = |why| Faults::invalid(&format!("the header X-Correlation-ID {why}"));
    parse(value).map(Some).map_err(unfit)
}

/// The correlation id that is reflected.
pub(super) fn reflected(headers: &HeaderMap) -> Option<HeaderValue> {
    single(headers, &CORRELATION).ok().flatten().filter(|value| parse(value).is_ok()).cloned()
}

/// That a header was sent again that may be sent once: nobody could say which counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Again;

/// A header that may be sent once.
pub(super) fn single<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h HeaderValue>, Again> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(Again),
    }
}

/// A header that holds a list, which may be sent in parts.
pub(super) fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next()?, values.next());
    let Some(second) = second else { return Some(first.clone()) };
    let parts = [first, second].into_iter().chain(values);
    let parts: Vec<_> = parts.map(HeaderValue::as_bytes).collect();
    HeaderValue::from_bytes(&parts.join(b", ".as_slice())).ok()
}

/// Or what is wrong with it.
fn parse(value: &HeaderValue) -> Result<Correlation, &'static str> {
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| "is not UTF-8")?;
    if text.chars().any(char::is_control) {
        return Err("contains a control character");
    }
    Correlation::parse(text).map_err(|_| "must have 1 to 64 characters")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = single(headers, &header::AUTHORIZATION).ok().flatten()?;
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
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

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Infallible> {
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let text = segment(route, parts.uri.path(), T::PARAMETER);
        Ok(Self(text.and_then(|text| T::parse(&text).ok())))
    }
}

/// What stands in a path where its route has a parameter; none when that is no text. Of several
/// parameters each is read for itself: axum gives none of them where one is no text.
fn segment<'p>(route: &str, path: &'p str, parameter: &str) -> Option<Cow<'p, str>> {
    let is_it = |of_route: &str| {
        of_route.strip_prefix('{').and_then(|it| it.strip_suffix('}')) == Some(parameter)
    };
    // From the end, since a base path may have been taken off the beginning.
    let (_, found) =
        route.rsplit('/').zip(path.rsplit('/')).find(|(of_route, _)| is_it(of_route))?;
    percent_decode_str(found).decode_utf8().ok()
}

/// A parameter of the query that may be sent once, as text.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Result<Option<String>, Faults> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let mut values = pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(Faults::invalid(&format!("the parameter {name} must be sent once"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_correlation_id_it_is_told_what_is_wrong_with_it() {
        for (value, why) in [
            (b"".as_slice(), Some("must have 1 to 64 characters")),
            (&[b'x'; 65], Some("must have 1 to 64 characters")),
            (b"a\tb", Some("contains a control character")),
            ("a\u{85}".as_bytes(), Some("contains a control character")),
            (b"a\xff", Some("is not UTF-8")),
            ("é".repeat(64).as_bytes(), None),
        ] {
            let value = HeaderValue::from_bytes(value).unwrap();
            assert_eq!(parse(&value).err(), why, "{value:?}");
            let headers = HeaderMap::from_iter([(CORRELATION, value)]);
            assert_eq!(reflected(&headers).is_some(), why.is_none());
        }
    }
}
