//! A caller that reads: what it has already, and how new what it sees must be.

use std::{ops::Deref, sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, header, request::Parts},
    response::Response,
};
use bytes::Bytes;
use events::{consent::Scope, id::ClientId};
use projections::Answer;

use super::{
    answer,
    caller::{self, Again, Caller},
    problem::{self, Faults, Problem},
};
use crate::{app::App, journal::Seen, opaque::Place, shares::Share};

const MIN_LOG_POSITION: HeaderName = HeaderName::from_static("x-min-log-position");
/// Requests of one client that may wait at the same time, to see a position or to look back.
pub(crate) const WAITING_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Reader {
    caller: Caller,
    if_none_match: Option<HeaderValue>,
    min_position: Result<Option<HeaderValue>, Again>,
    /// Where in the log the answer stands at least, for those who asked with a position.
    position: Option<HeaderValue>,
}

impl Deref for Reader {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl FromRequestParts<Arc<App>> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        Ok(Self {
            if_none_match: caller::joined(&parts.headers, &header::IF_NONE_MATCH),
            min_position: caller::single(&parts.headers, &MIN_LOG_POSITION)
                .map(Option::<&_>::cloned),
            position: None,
            caller,
        })
    }
}

impl Reader {
    /// The same, once the token lets it ask for this, and what it wants to see can be seen.
    ///
    /// `besides` is what is wrong with the query: told here where a header is wrong, too, else
    /// by the handler when its turn comes.
    pub(super) async fn needing(
        mut self,
        app: &App,
        scope: Scope,
        besides: Option<&Faults>,
    ) -> Result<Self, Problem> {
        self.needs(scope)?;
        let position = self.min_position(app).map_err(|faults| faults.after(besides))?;
        if let Some(position) = position {
            self.position = Some(seen(app, &self.caller, position).await?);
        }
        Ok(self)
    }

    fn min_position(&self, app: &App) -> Result<Option<Place>, Faults> {
        let token = self
            .min_position
            .as_ref()
            .map_err(|Again| Faults::invalid("the header X-Min-Log-Position must be sent once"))?;
        let Some(token) = token else { return Ok(None) };
        let position = token.to_str().ok();
        let place = position.and_then(|it| app.secrets.open_position(self.client(), it));
        place.filter(|place| !app.contradicts(*place)).map(Some).ok_or_else(not_issued)
    }

    /// One object, and whose data it is.
    pub(super) fn object(&self, app: &App, seen: Seen<'_>, answer: Answer) -> Response {
        let response = answer::object(self.if_none_match.as_ref(), answer);
        self.saw(app, response.status(), seen);
        self.with_position(response)
    }

    /// A page of a list; whose data its items are was noted item by item.
    pub(super) fn list(&self, items: &[Bytes], next_cursor: &str) -> Response {
        self.with_position(answer::list(items, next_cursor))
    }

    fn with_position(&self, mut response: Response) -> Response {
        if let Some(position) = &self.position {
            response.headers_mut().insert(answer::LOG_POSITION, position.clone());
        }
        response
    }
}

fn not_issued() -> Faults {
    Faults::invalid("the header X-Min-Log-Position was not issued to you here")
}

/// Waits, bounded, until the projections have come this far; then tells how far they are.
async fn seen(app: &App, caller: &Caller, place: Place) -> Result<HeaderValue, Problem> {
    if app.projections.applied() < place.position {
        let _share = may_wait(app, caller.client())?;
        if !app.shown(place.position).await {
            return Err(problem::unavailable("What you wait for cannot be seen yet."));
        }
        // What came is not what was waited for: the log was restored as it was earlier.
        if app.contradicts(place) {
            return Err(not_issued().into());
        }
    }
    let broken = || problem::broken("where the answer stands cannot be told".to_owned());
    let place = app.place(app.projections.applied()).ok().flatten().ok_or_else(broken)?;
    let token = app.secrets.position(caller.client(), place);
    HeaderValue::from_str(&token).map_err(|_| broken())
}

/// One more request that waits, until dropped.
pub(super) fn may_wait<'a>(
    app: &'a App,
    client: &ClientId,
) -> Result<Share<'a, ClientId>, Problem> {
    let too_many = || problem::too_many("Too many of your requests are waiting.", Duration::ZERO);
    app.waiting.take(client.clone()).ok_or_else(too_many)
}
