//! The AsyncAPI document as a judge of messages.

use std::sync::LazyLock;

use dossier::asyncapi;
use jsonschema::Draft;
use serde_json::Value;

use super::document::settings;

pub(crate) static EVENTS: LazyLock<Value> = LazyLock::new(|| asyncapi::document(&settings()));

/// Panics where a message is not what the document of the defaults says of its tag.
#[track_caller]
pub(crate) fn assert_fits(subject: &str, headers: &Value, body: Option<&Value>) {
    let tag = headers["ce-type"].as_str().unwrap();
    let message = &EVENTS["components"]["messages"][tag];
    assert_valid(&message["headers"], headers);
    let named = message["headers"]["properties"].as_object().unwrap();
    for name in headers.as_object().unwrap().keys() {
        assert!(named.contains_key(name), "{tag}: {name} stands nowhere in the document");
    }
    match (message.get("payload"), body) {
        (Some(schema), Some(body)) => assert_valid(resolved(schema), body),
        (Some(_), None) => assert_eq!(headers["ce-forgotten"], "true", "{tag}"),
        (None, body) => assert_eq!(body, None, "{tag}"),
    }
    let (event, _) = tag.rsplit_once('.').unwrap();
    let address = EVENTS["channels"][event]["address"].as_str().unwrap();
    let tokens = |subject: &str| subject.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (expected, found) = (tokens(address), tokens(subject));
    assert_eq!(expected.len(), found.len(), "{subject} is no {address}");
    for (expected, found) in expected.iter().zip(found) {
        assert!(expected.starts_with('{') || *expected == found, "{subject} is no {address}");
    }
}

/// What a reference leads to; anything else as it is.
pub(crate) fn resolved(value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => EVENTS.pointer(&reference[1..]).unwrap(),
        None => value,
    }
}

#[track_caller]
fn assert_valid(schema: &Value, value: &Value) {
    let options = jsonschema::options().with_draft(Draft::Draft7);
    let validator = options.should_validate_formats(true).build(schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{}\n{value}", errors.join("\n"));
}
