//! Answers: the bytes that the projections made, and the headers around them.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::{BufMut, Bytes, BytesMut};
use projections::Answer;

use super::problem::Problem;
use crate::parse::IGNORED_BEYOND;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const LOG_POSITION: HeaderName = HeaderName::from_static("x-log-position");

pub(super) const IGNORED_MEMBERS: HeaderName = HeaderName::from_static("x-ignored-members");

/// Headers of an answer, so that room is made once.
const HEADERS: usize = 6;
/// Bytes of the header that names ignored members: with the others it stays below the 8 KiB
/// of headers at which many clients and gateways give up.
const IGNORED_BYTES_MAX: usize = 7 * 1024;

/// One object: its bytes and its ETag, or 304 when the client has them already.
pub(super) fn object(if_none_match: Option<&HeaderValue>, answer: Answer) -> Response {
    let etag = HeaderValue::from_maybe_shared(answer.etag).unwrap_or(HeaderValue::from_static(""));
    let (status, body) = if known_already(if_none_match, &etag) {
        (StatusCode::NOT_MODIFIED, Bytes::new())
    } else {
        (StatusCode::OK, answer.body)
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    if status == StatusCode::OK {
        headers.insert(header::CONTENT_TYPE, JSON);
    }
    headers.insert(header::ETAG, etag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

fn known_already(if_none_match: Option<&HeaderValue>, etag: &HeaderValue) -> bool {
    let known = if_none_match.and_then(|known| known.to_str().ok());
    let Some(known) = known else { return false };
    // A weak comparison, as RFC 9110 has it for If-None-Match.
    known == "*"
        || known.split(',').any(|one| {
            let one = one.trim();
            one.strip_prefix("W/").unwrap_or(one).as_bytes() == etag.as_bytes()
        })
}

/// A list of objects, and where it goes on.
pub(super) fn list(items: &[Bytes], next_cursor: &str) -> Response {
    let length: usize = items.iter().map(|item| item.len() + 1).sum();
    let mut body = BytesMut::with_capacity(length + 2);
    body.put_u8(b'[');
    for (nth, item) in items.iter().enumerate() {
        if nth > 0 {
            body.put_u8(b',');
        }
        body.extend_from_slice(item);
    }
    body.put_u8(b']');
    let mut response = Response::new(Body::from(body.freeze()));
    let cursor = HeaderValue::from_str(next_cursor).unwrap_or(HeaderValue::from_static(""));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    // The reference spells it without hyphens; HTTP knows no capitals.
    headers.insert(HeaderName::from_static("nextcursor"), cursor.clone());
    headers.insert(HeaderName::from_static("x-next-cursor"), cursor);
    response
}

/// Names what a request held and nobody asked for, so that a misspelt member is noticed.
pub(super) fn with_ignored(
    answer: Result<Response, Problem>,
    ignored: &[String],
) -> Result<Response, Problem> {
    let ignored = self::ignored(ignored);
    let mut response = match answer {
        Ok(response) => response,
        Err(problem) => return Err(problem.with_ignored(ignored)),
    };
    if let Some(value) = ignored {
        response.headers_mut().insert(IGNORED_MEMBERS, value);
    }
    Ok(response)
}

/// The header that names them, once they are counted; none where there are none.
pub(super) fn ignored(pointers: &[String]) -> Option<HeaderValue> {
    if pointers.is_empty() {
        return None;
    }
    metrics::counter!("dossier_http_ignored_members_total")
        .increment(u64::try_from(pointers.len()).unwrap_or(u64::MAX));
    HeaderValue::from_str(&listed(pointers)).ok()
}

/// As many as fit, each of them whole.
fn listed(pointers: &[String]) -> String {
    let mut list = String::new();
    for pointer in pointers {
        let pointer = printable(pointer);
        let between = if list.is_empty() { "" } else { ", " };
        if list.len() + between.len() + pointer.len() > IGNORED_BYTES_MAX {
            return list + between + IGNORED_BEYOND;
        }
        list = list + between + &pointer;
    }
    list
}

/// What a header may not hold is percent-encoded.
fn printable(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'%' | b',' => format!("%{byte:02X}"),
            byte if byte.is_ascii_graphic() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// Shared so that a page of a list costs no copy of its items.
pub(super) fn bodies(answers: Vec<Answer>) -> Arc<[Bytes]> {
    answers.into_iter().map(|answer| answer.body).collect()
}
