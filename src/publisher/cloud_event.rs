//! An event as a message: a `CloudEvent` in binary mode.
//!
//! Header values are percent-encoded as the HTTP binding of `CloudEvents` has it: space, `"`, `%`
//! and every byte outside of visible ASCII as `%XX` of its UTF-8. Only ids and the source can
//! hold such a byte; `Zürich 1` arrives as `Z%C3%BCrich%201`.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write};

use async_nats::{
    HeaderMap, HeaderName,
    header::{self, IntoHeaderValue},
};
use bytes::Bytes;
use chrono::SecondsFormat;
use events::{
    envelope::{Envelope, Head},
    event::Payload,
    id::{EventId, Position},
    log::{EventLog, ReadError},
    record::Record,
    tag::Tag,
};

use super::{published::Published, settings::PublisherSettings, subject::subject};

/// The position of the event in the log.
pub(super) const POSITION: &str = "ce-position";
/// The leaf hash of the event's record, in hexadecimal digits.
pub(super) const RECORD_HASH: &str = "ce-recordhash";

/// A message on its way, complete but for what it expects of the stream.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) position: Position,
    pub(super) id: EventId,
    pub(super) subject: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What is the same for every message.
#[derive(Debug, Clone)]
pub(super) struct Encoder {
    published: Published,
    source: String,
}

impl Encoder {
    pub(super) fn new(settings: &PublisherSettings) -> Self {
        Self::of(Published::of(settings))
    }

    fn of(published: Published) -> Self {
        Self { source: percent_encoded(&published.source).into_owned(), published }
    }

    pub(super) fn encode(&self, log: &EventLog, record: &Record) -> Result<Outgoing, ReadError> {
        let envelope = record.envelope();
        let previous = log.previous(&envelope.head.stream, envelope.head.version)?;
        Ok(self.message(envelope, previous, &record.leaf_hash(), log.payload(record)?))
    }

    fn message(
        &self,
        envelope: &Envelope,
        previous: Position,
        record_hash: &[u8],
        payload: Payload,
    ) -> Outgoing {
        let Envelope { position, head, .. } = envelope;
        let mut headers = self.attributes(envelope);
        set(&mut headers, "ce-previousposition", previous.0.to_string());
        set(&mut headers, RECORD_HASH, hex::encode(record_hash));
        let body = self.body(&mut headers, head, payload);
        Outgoing {
            position: *position,
            id: head.event_id,
            subject: subject(&self.published.prefix, &head.stream, &head.tag),
            headers,
            body,
        }
    }

    fn attributes(&self, envelope: &Envelope) -> HeaderMap {
        let Envelope { position, recorded_at, head } = envelope;
        let mut headers = HeaderMap::new();
        headers.insert(header::NATS_EXPECTED_STREAM, self.published.stream.as_str());
        set(&mut headers, "ce-specversion", "1.0");
        set(&mut headers, "ce-id", head.event_id.to_string());
        set(&mut headers, "ce-source", self.source.as_str());
        set(&mut headers, "ce-type", &*head.tag);
        set(&mut headers, "ce-subject", &*percent_encoded(head.stream.id()));
        set(&mut headers, "ce-time", recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true));
        set(&mut headers, "ce-dataschema", self.published.schema_of(&head.tag));
        set(&mut headers, POSITION, position.0.to_string());
        set(&mut headers, "ce-streamversion", head.version.0.to_string());
        if let Some(object) = &head.object {
            set(&mut headers, "ce-object", &*percent_encoded(object));
        }
        if let Some(trace) = &head.cause.trace {
            set(&mut headers, "traceparent", &*percent_encoded(trace.as_str()));
        }
        headers
    }

    fn body(&self, headers: &mut HeaderMap, head: &Head, payload: Payload) -> Bytes {
        match payload {
            Payload::Json(json) if self.published.bodies.contains(&head.payload.class().into()) => {
                set(headers, "content-type", "application/json");
                return json.into();
            }
            // Empty where a body should be: it was forgotten before the event happened.
            Payload::Empty if says_it_all(&head.tag) => {}
            Payload::Forgotten | Payload::Empty => set(headers, "ce-forgotten", "true"),
            Payload::Json(_) => {}
        }
        Bytes::new()
    }
}

/// Whether an event of a tag may have no payload from the beginning.
fn says_it_all(tag: &str) -> bool {
    Tag::parse(tag).is_none_or(|tag| !tag.has_payload())
}

/// An event as it would go out, for the document that shows it: its subject, and the headers that
/// are there for subscribers.
pub(crate) fn example(
    published: &Published,
    envelope: &Envelope,
    previous: Position,
    record_hash: &[u8],
    payload: Payload,
) -> (String, BTreeMap<String, String>) {
    let encoder = Encoder::of(published.clone());
    let message = encoder.message(envelope, previous, record_hash, payload);
    let headers = message.headers.iter().filter_map(|(name, values)| {
        let name = name.to_string();
        let ours = !name.starts_with("Nats-");
        ours.then_some((name, values.first()?.to_string()))
    });
    (message.subject, headers.collect())
}

fn set(headers: &mut HeaderMap, name: &'static str, value: impl IntoHeaderValue) {
    headers.insert(HeaderName::from_static(name), value);
}

/// A value that any header may hold.
pub(super) fn percent_encoded(value: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'%';
    if value.bytes().all(plain) {
        return Cow::Borrowed(value);
    }
    let mut encoded = String::with_capacity(value.len() * 3);
    for byte in value.bytes() {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to memory does not fail");
        }
    }
    Cow::Owned(encoded)
}
