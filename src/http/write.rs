//! What all writes share: the body in the order of the contract's checks, retries, and answers.

use axum::{
    body::{self, Body},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use events::{
    envelope::{Actor, Cause},
    id::{Position, StreamId, Version},
    log::{Fingerprint, NewReceipt, Receipt, ReceiptKey},
};

use projections::{Answer, ConsentFor};
use tokio::time::timeout;

use super::{
    answer,
    caller::{self, Again, Caller},
    problem::{self, Faults, Problem, both},
};
use crate::{
    app::{App, Settings},
    commands::{Command, CommandError, Done, Order},
    config::UnknownMembers,
    journal::Seen,
    parse::{Parsed, Violations},
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// How often the ground of a write is sought.
const TRIES_MAX: usize = 4;
/// Longest idempotency key, in characters.
pub(super) const KEY_CHARS_MAX: usize = 255;

/// A write that can be carried out as far as its headers and its body tell.
pub(super) struct Write {
    if_match: Option<String>,
    retry: Option<(ReceiptKey, Fingerprint)>,
}

impl Write {
    /// Reads headers and body, and makes the call known again if the client named it.
    ///
    /// `target` is what the write is about, however the path was spelt.
    /// A client may take its time over a body: what it may do is to be asked again afterwards.
    pub(super) async fn read<T>(
        app: &App,
        caller: &mut Caller,
        target: &str,
        request: Request,
        parse: impl FnOnce(&[u8]) -> Result<Parsed<T>, Violations>,
    ) -> Result<(Self, Parsed<T>), Problem> {
        let (parts, body) = request.into_parts();
        let body = limited(&parts.headers, body, &app.settings);
        let body = caller.wait_for(app, body).await?;
        is_plain(&parts.headers)?;
        is_json(&parts.headers)?;
        let headers = both(if_match(&parts.headers), idempotency_key(&parts.headers));
        let ((if_match, key), parsed) = match (headers, accepted(app, parse(&body))) {
            (Ok(headers), Ok(parsed)) => (headers, parsed),
            (Err(faults), Ok(_)) => return Err(faults.into()),
            (Ok(_), Err(problem)) => return Err(problem),
            (Err(faults), Err(problem)) => return Err(problem.and(faults)),
        };
        let retry = key.map(|key| {
            let seen = if_match.as_deref().unwrap_or_default();
            let method = parts.method.as_str();
            let asked: [&[u8]; 4] = [method.as_bytes(), target.as_bytes(), seen.as_bytes(), &body];
            let key = app.secrets.receipt_key(caller.client(), &key);
            (key, app.secrets.fingerprint(&asked))
        });
        Ok((Self { if_match, retry }, parsed))
    }

    /// The answer that this request had before; an error if its key was another request's.
    pub(super) fn answered(&self, app: &App) -> Result<Option<Receipt>, Problem> {
        let Some((key, fingerprint)) = &self.retry else { return Ok(None) };
        match app.log.receipt(key)? {
            Some(receipt) if receipt.fingerprint == *fingerprint => Ok(Some(receipt)),
            Some(_) => Err(problem::key_reused()),
            None => Ok(None),
        }
    }

    /// The version that `If-Match` names: that of the object, if it still is as `current` tells.
    pub(super) fn seen(
        &self,
        app: &App,
        current: impl FnOnce() -> Result<Option<Answer>, Problem>,
    ) -> Result<Option<Version>, Problem> {
        let Some(asked) = &self.if_match else { return Ok(None) };
        let current = current()?.map(|answer| answer.etag);
        match current.as_deref().and_then(|etag| std::str::from_utf8(etag).ok()) {
            Some(_) if asked == "*" => Ok(None),
            Some(current) if asked.split(',').any(|one| one.trim() == current) => {
                Ok(Some(projections::version_of(current).ok_or_else(problem::changed_since)?))
            }
            Some(_) | None => self.changed_since(app),
        }
    }

    /// A refusal, unless a copy of this very request made the change: the command finds that.
    fn changed_since(&self, app: &App) -> Result<Option<Version>, Problem> {
        match self.answered(app)? {
            Some(_) => Ok(None),
            None => Err(problem::changed_since()),
        }
    }

    /// What is kept under the idempotency key, if the command goes through.
    pub(super) fn receipt(&self, status: StatusCode) -> Option<NewReceipt> {
        let (key, fingerprint) = self.retry?;
        Some(NewReceipt { key, fingerprint, status: status.as_u16(), ids: Vec::new() })
    }
}

/// A document as the settings have it: unknown members are named, or refused.
fn accepted<T>(app: &App, parsed: Result<Parsed<T>, Violations>) -> Result<Parsed<T>, Problem> {
    match (app.settings.unknown_members, parsed) {
        (UnknownMembers::Ignore, Ok(parsed)) => Ok(parsed),
        // What is missing may be among them, misspelt.
        (UnknownMembers::Ignore, Err(violations)) => {
            let ignored = answer::ignored(violations.ignored());
            Err(Problem::from(violations).with_ignored(ignored))
        }
        (UnknownMembers::Reject, Ok(parsed)) if parsed.ignored.is_empty() => Ok(parsed),
        (UnknownMembers::Reject, Ok(parsed)) => Err(problem::unknown_members(&parsed.ignored)),
        (UnknownMembers::Reject, Err(violations)) => {
            let unknown = violations.ignored().to_vec();
            Err(Problem::from(violations).and_unknown(&unknown))
        }
    }
}

/// What a write stands on: until it is committed nothing of that may move, or end by the clock.
pub(super) struct Ground {
    /// That allows the write.
    pub(super) consent: ConsentFor,
    /// That shows the customer, and may be another.
    pub(super) shown_by: ConsentFor,
    /// The customer that opens the way to a person.
    pub(super) customer: Option<(StreamId, Version)>,
}

/// Carries a command out on the word of a client. Where the ground moves or ends meanwhile, it is
/// sought anew; `T` is what belongs to the ground on which it was done.
pub(super) async fn carry_out<T>(
    app: &App,
    caller: &Caller,
    (command, receipt): (Command, Option<NewReceipt>),
    ground: impl Fn() -> Result<(Ground, T), Problem>,
) -> Result<(Done, T), Problem> {
    let mut turn = None;
    for _ in 0..TRIES_MAX {
        let (ground, on) = ground()?;
        caller.is_still_known()?;
        let customer = ground.customer.as_ref().map(|(stream, _)| stream.clone());
        let order = order(caller, ground, command.clone(), receipt.clone());
        match app.execute(order).await {
            Err(CommandError::LostRace) => {}
            done => return Ok((done?, on)),
        }
        // Whoever writes to the customer all the time waits for this once.
        drop(turn.take());
        if let Some(customer) = customer {
            turn = Some(app.commands.turn(&customer, Some(caller.client())).await?);
        }
        // What moved is in the log by now.
        app.shown(app.log.watermark()).await;
    }
    Err(CommandError::LostRace.into())
}

fn order(caller: &Caller, ground: Ground, command: Command, receipt: Option<NewReceipt>) -> Order {
    let Ground { consent, shown_by, customer } = ground;
    let until = [consent.until, shown_by.until, Some(caller.identity.expires)];
    let until = until.into_iter().flatten().min();
    let cause = Cause {
        client: Some(caller.client().clone()),
        consent: Some(consent.id.clone()),
        correlation: Some(caller.correlation.clone()),
        trace: caller.trace.clone(),
        ..Cause::by(Actor::Client)
    };
    let shown_by = Some(shown_by).filter(|shown_by| shown_by.id != consent.id);
    let consents = [Some(consent), shown_by].into_iter().flatten();
    let also = consents.map(|consent| (consent.id.into(), consent.version));
    let also = also.chain(customer).collect();
    Order { command, cause, also, until, receipt }
}

/// The answer to a write: where it stands in the log, and whether it was given before.
pub(super) fn answer(
    app: &App,
    caller: &Caller,
    seen: Seen<'_>,
    (status, body): (StatusCode, Option<Bytes>),
    (position, replayed): (Position, bool),
) -> Response {
    caller.saw(app, status, seen);
    let is_empty = body.is_none();
    let mut response = Response::new(body.map_or_else(Body::empty, Body::from));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if !is_empty {
        headers.insert(header::CONTENT_TYPE, answer::JSON);
    }
    // What cannot be read after it was written is told to who asks for it.
    let place = app.place(position).ok().flatten();
    let token = place.map(|place| app.secrets.position(caller.client(), place));
    if let Some(Ok(token)) = token.as_deref().map(HeaderValue::from_str) {
        headers.insert(answer::LOG_POSITION, token);
    }
    if replayed {
        headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}

async fn limited(headers: &HeaderMap, body: Body, settings: &Settings) -> Result<Bytes, Problem> {
    let bytes_max = settings.body_bytes_max;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length = length.and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| usize::try_from(length).is_ok_and(|length| length > bytes_max)) {
        return Err(problem::too_large());
    }
    let whole = timeout(settings.body_time_max, body::to_bytes(body, bytes_max)).await;
    let whole = whole.map_err(|_| Faults::malformed("the body did not come in time"))?;
    whole.map_err(|error| {
        let source = std::error::Error::source(&error);
        if source.is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>) {
            problem::too_large()
        } else {
            Faults::malformed("the body ended before it was complete").into()
        }
    })
}

fn is_plain(headers: &HeaderMap) -> Result<(), Problem> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    if codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    Err(problem::encoded())
}

fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = caller::single(headers, &header::CONTENT_TYPE).ok().flatten();
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    if media_type.trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(problem::wrong_media_type())
}

fn if_match(headers: &HeaderMap) -> Result<Option<String>, Faults> {
    caller::joined(headers, &header::IF_MATCH)
        .map(|value| value.to_str().map(str::to_owned))
        .transpose()
        .map_err(|_| Faults::malformed("the header If-Match cannot be read"))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Faults> {
    let value = caller::single(headers, &IDEMPOTENCY_KEY)
        .map_err(|Again| Faults::invalid("the header Idempotency-Key must be sent once"))?;
    let Some(value) = value else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    let fits = (1..=KEY_CHARS_MAX).contains(&key.len()) && !key.contains(char::is_whitespace);
    let unfit = "the header Idempotency-Key must have 1 to 255 visible characters";
    if fits { Ok(Some(key.to_owned())) } else { Err(Faults::invalid(unfit)) }
}
