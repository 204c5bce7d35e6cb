//! The headers of a message: the attributes of a `CloudEvent`, and what is told besides.

use serde_json::{Map, Value, json};

use super::{kinds::Kind, messages::has_body, object};
use crate::publisher::Published;

const NUMBER: &str = "^(0|[1-9][0-9]*)$";
const FROM_ONE: &str = "^[1-9][0-9]*$";
/// What is left of any text once it is percent-encoded.
const ENCODED: &str = "^([!#$&-~]|%[0-9A-F]{2})+$";

/// The headers of the messages of a tag.
pub(super) fn of(published: &Published, kind: &Kind) -> Value {
    let mut members = attributes(published, kind);
    let mut required: Vec<String> = members.keys().cloned().collect();
    members.extend(extensions(kind));
    required.extend(
        ["ce-position", "ce-previousposition", "ce-recordhash", "ce-streamversion"]
            .map(str::to_owned),
    );
    if let Some((name, schema)) = object_of(kind) {
        required.push(name.to_owned());
        members.insert(name.to_owned(), schema);
    }
    if has_body(published, kind) {
        let about = "There if there is a body.";
        members.insert("content-type".to_owned(), just("application/json", about));
    }
    json!({ "type": "object", "properties": members, "required": required })
}

/// Those that `CloudEvents` itself names.
fn attributes(published: &Published, kind: &Kind) -> Map<String, Value> {
    let (aggregate, _) = kind.parts();
    let about = format!("Which {aggregate}: its id, percent-encoded.");
    let time = "When the event was recorded, in UTC.";
    object([
        ("ce-specversion", just("1.0", "The version of CloudEvents.")),
        ("ce-id", formatted("uuid", "The event, the same however often it comes.")),
        ("ce-source", just(&published.source, "Which dossier published it.")),
        ("ce-type", just(kind.tag, "The tag: what happened, and what the body looks like.")),
        ("ce-subject", like(ENCODED, &about)),
        ("ce-time", formatted("date-time", time)),
        (
            "ce-dataschema",
            like(
                // Where it begins is the service's matter, and may change with its address.
                &format!("^https?://[!-~]+/{}[.]json$", kind.tag.replace('.', "[.]")),
                "Where the body's schema is.",
            ),
        ),
    ])
}

/// Those that are ours.
fn extensions(kind: &Kind) -> Map<String, Value> {
    let mut members = object([
        ("ce-position", like(FROM_ONE, "Its place in the order of all events, without gaps.")),
        (
            "ce-previousposition",
            like(
                NUMBER,
                "The position of the event before it of the same aggregate; 0: it is the first.",
            ),
        ),
        (
            "ce-streamversion",
            like(FROM_ONE, "Its place among the events of its aggregate, without gaps."),
        ),
        (
            "ce-recordhash",
            like("^[0-9a-f]{64}$", "The RFC 6962 leaf hash of its record in the bank's log."),
        ),
        (
            "traceparent",
            like(
                "^[!-~]{1,128}$",
                "The W3C trace context of the request that caused it, if it had one.",
            ),
        ),
    ]);
    if kind.payload.is_some() {
        let about = "There if what the body said about a person was erased.";
        members.insert("ce-forgotten".to_owned(), just("true", about));
    }
    members
}

/// What of the aggregate the event is about, where it is about a part.
fn object_of(kind: &Kind) -> Option<(&'static str, Value)> {
    let about = match kind.parts().1.split_once('-')?.0 {
        "address" => return Some(("ce-object", like(FROM_ONE, "Which address: its id."))),
        "contact" => "Which contact detail: its id, percent-encoded.",
        "person" => "Which person: its id, percent-encoded.",
        _ => return None,
    };
    Some(("ce-object", like(ENCODED, about)))
}

fn like(pattern: &str, about: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "description": about })
}

fn just(value: &str, about: &str) -> Value {
    json!({ "type": "string", "const": value, "description": about })
}

fn formatted(format: &str, about: &str) -> Value {
    json!({ "type": "string", "format": format, "description": about })
}
