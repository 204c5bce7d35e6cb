//! The channels: one for each kind of event, whatever its version, and that we send there.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    kinds::{self, Kind},
    object, reference,
};
use crate::publisher::Published;

/// An aggregate, the parameter that stands for its id, and an id.
const AGGREGATES: [(&str, &str, &str); 3] = [
    ("customer", "customerId", "C-000001"),
    ("person", "personId", "P-000001"),
    ("consent", "consentId", "N-000001"),
];

pub(super) fn all(published: &Published) -> Map<String, Value> {
    object(by_event().into_iter().map(|(event, kinds)| {
        let messages = kinds.iter().map(|kind| (kind.tag, reference("messages", kind.tag)));
        (event, channel(published, &kinds[0], object(messages)))
    }))
}

fn channel(published: &Published, kind: &Kind, messages: Map<String, Value>) -> Value {
    let (aggregate, event) = kind.parts();
    let parameter = parameter_of(aggregate);
    json!({
        "address": format!("{}.{aggregate}.{{{parameter}}}.{event}", published.prefix),
        "title": kind.event(),
        "summary": kind.summary,
        "servers": [{ "$ref": "#/servers/nats" }],
        "parameters": { parameter: reference("parameters", parameter) },
        "messages": messages,
    })
}

/// We send; whoever reads this receives.
pub(super) fn operations() -> Map<String, Value> {
    object(by_event().into_iter().map(|(event, kinds)| {
        let channel = format!("#/channels/{event}");
        let messages =
            kinds.iter().map(|kind| json!({ "$ref": format!("{channel}/messages/{}", kind.tag) }));
        let operation = json!({
            "action": "send",
            "channel": { "$ref": channel },
            "summary": kinds[0].summary,
            "messages": messages.collect::<Vec<_>>(),
        });
        (format!("send.{event}"), operation)
    }))
}

pub(super) fn parameters() -> Map<String, Value> {
    object(AGGREGATES.map(|(aggregate, parameter, example)| {
        let about = format!(
            "The id of the {aggregate} as one token: bytes in UTF-8 other than letters, digits, \
             `-` and `_` as `=` and two hexadecimal digits."
        );
        (parameter, json!({ "description": about, "examples": [example, "Z=C3=BCrich=201"] }))
    }))
}

fn parameter_of(aggregate: &str) -> &'static str {
    let found = AGGREGATES.iter().find(|(name, ..)| *name == aggregate);
    found.map_or("id", |(_, parameter, _)| parameter)
}

/// All versions of an event share its subjects.
fn by_event() -> BTreeMap<&'static str, Vec<Kind>> {
    let mut events: BTreeMap<_, Vec<Kind>> = BTreeMap::new();
    for kind in kinds::all() {
        events.entry(kind.event()).or_default().push(kind);
    }
    events
}
