//! The history as lines: every event decrypted, with its envelope, for an auditor to read.

use chrono::SecondsFormat;
use events::{
    envelope::Cause,
    event::Payload,
    id::{EventId, Position, StreamId, Version},
    log::{EventLog, ReadError},
    record::Record,
};
use serde::Serialize;
use serde_json::value::RawValue;

/// Which part of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Only this customer, person or consent.
    pub stream: Option<StreamId>,
    /// The first position.
    pub from: Option<Position>,
    /// The last position, included.
    pub to: Option<Position>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    position: Position,
    recorded_at: String,
    stream: &'a StreamId,
    version: Version,
    tag: &'a str,
    event_id: EventId,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    #[serde(flatten)]
    cause: &'a Cause,
    record_hash: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    forgotten: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
}

/// The lines of a part, in the order of the log, each without its end.
pub fn lines(
    log: &EventLog,
    part: &Part,
) -> Result<impl Iterator<Item = Result<Vec<u8>, ReadError>> + Send + use<>, ReadError> {
    let from = part.from.unwrap_or_default();
    let to = part.to.unwrap_or(Position(u64::MAX));
    let records: Box<dyn Iterator<Item = Result<Record, ReadError>> + Send> = match &part.stream {
        Some(stream) => Box::new(log.records_after(stream, Version::ZERO)?.into_iter().map(Ok)),
        None => Box::new(log.after(Position(from.0.saturating_sub(1)))),
    };
    let log = log.clone();
    let wanted = records
        .skip_while(move |record| record.as_ref().is_ok_and(|record| record.position() < from))
        .take_while(move |record| record.as_ref().map_or(true, |record| record.position() <= to));
    Ok(wanted.map(move |record| line(&log, &record?)))
}

fn line(log: &EventLog, record: &Record) -> Result<Vec<u8>, ReadError> {
    let envelope = record.envelope();
    let head = &envelope.head;
    let payload = log.payload(record)?;
    let line = Line {
        position: envelope.position,
        recorded_at: envelope.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
        stream: &head.stream,
        version: head.version,
        tag: &head.tag,
        event_id: head.event_id,
        object: head.object.as_deref(),
        cause: &head.cause,
        record_hash: hex::encode(record.leaf_hash()),
        forgotten: payload == Payload::Forgotten,
        payload: raw(payload),
    };
    Ok(serde_json::to_vec(&line).expect("an envelope is plain JSON"))
}

/// The payload as it was stored; one that is no JSON is shown as absent.
fn raw(payload: Payload) -> Option<Box<RawValue>> {
    match payload {
        Payload::Json(json) => RawValue::from_string(String::from_utf8(json).ok()?).ok(),
        Payload::Empty | Payload::Forgotten => None,
    }
}
