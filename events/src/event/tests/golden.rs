//! One file for each tag ever written, `fixtures/<tag>.json`, or `<tag>.<variant>.json` for more.
//!
//! Files are added, never edited: they stand for records that lie in somebody's log. `payload`
//! must stay on one line, as stored; `head` is the envelope in CBOR, and the failing test says
//! what it should be for a new file.

use std::{collections::BTreeSet, fs, path::PathBuf};

use proptest::{strategy::ValueTree, test_runner::TestRunner};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::*;
use crate::{
    envelope::Head,
    id::{EventId, StreamId, Version},
    tag::Class,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Golden {
    pub(crate) tag: String,
    stream: StreamId,
    version: Version,
    event_id: EventId,
    object: Option<String>,
    class: Option<Class>,
    cause: Value,
    payload: Option<Box<RawValue>>,
    head: String,
}

impl Golden {
    pub(crate) fn payload(&self) -> Option<Value> {
        self.payload.as_deref().map(|raw| serde_json::from_str(raw.get()).unwrap())
    }
}

pub(crate) fn files() -> Vec<(String, Golden)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let golden = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, golden)
    };
    paths.map(read).collect()
}

fn event_of(golden: &Golden) -> Result<Event, DecodeError> {
    let json = |raw: &RawValue| Payload::Json(raw.get().as_bytes().to_vec());
    let payload = golden.payload.as_deref().map_or(Payload::Empty, json);
    Event::assemble(&golden.tag, golden.object.as_deref(), &payload)
}

#[test]
fn every_tag_has_a_golden_file() {
    let tags: BTreeSet<_> = files().into_iter().map(|(_, golden)| golden.tag).collect();
    for tag in Tag::ALL {
        assert!(tags.contains(tag.as_str()), "fixtures/{}.json is missing", tag.as_str());
    }
}

#[test]
fn a_golden_file_bears_the_name_of_its_tag() {
    for (name, golden) in files() {
        let rest = name.strip_prefix(&golden.tag).unwrap_or_else(|| panic!("{name}"));
        assert!(rest.is_empty() || rest.starts_with('.'), "{name}");
    }
}

#[test]
fn a_golden_payload_is_read_and_written_again_byte_for_byte() {
    for (name, golden) in files() {
        let parts = event_of(&golden).unwrap_or_else(|error| panic!("{name}: {error}")).parts();
        assert_eq!(parts.tag.as_str(), golden.tag, "{name}");
        assert_eq!(parts.object, golden.object, "{name}");
        let written = parts.payload.map(|json| String::from_utf8(json).unwrap());
        assert_eq!(written.as_deref(), golden.payload.as_deref().map(RawValue::get), "{name}");
    }
}

#[test]
fn a_golden_envelope_is_read_and_written_again_byte_for_byte() {
    for (name, golden) in files() {
        let bytes = hex::decode(&golden.head).unwrap();
        let head: Head = minicbor::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(*head.tag, *golden.tag, "{name}");
        assert_eq!(head.stream, golden.stream, "{name}");
        assert_eq!(head.version, golden.version, "{name}");
        assert_eq!(head.event_id, golden.event_id, "{name}");
        assert_eq!(head.object.as_deref(), golden.object.as_deref(), "{name}");
        assert_eq!(head.payload.class(), golden.class, "{name}");
        assert_eq!(serde_json::to_value(&head.cause).unwrap(), golden.cause, "{name}");
        assert_eq!(hex::encode(minicbor::to_vec(&head).unwrap()), golden.head, "{name}");
    }
}

#[test]
fn a_golden_file_of_an_unknown_tag_does_not_pass() {
    let (_, mut golden) = files().swap_remove(0);
    golden.tag = "customer.lent.v1".to_owned();
    assert!(matches!(event_of(&golden), Err(DecodeError::Upcast(UpcastError::UnknownTag(_)))));
}

#[test]
fn every_member_that_an_event_can_have_stands_in_a_golden_file() {
    let mut golden = BTreeSet::new();
    for (_, file) in files() {
        if let Some(payload) = file.payload() {
            members(&family(&file.tag), &payload, &mut golden);
        }
    }
    let mut possible = BTreeSet::new();
    let mut runner = TestRunner::deterministic();
    for _ in 0..2_000 {
        let parts = arbitrary::event().new_tree(&mut runner).unwrap().current().parts();
        if let Some(json) = parts.payload {
            let value = serde_json::from_slice(&json).unwrap();
            members(&family(parts.tag.as_str()), &value, &mut possible);
        }
    }
    let missing: Vec<_> = possible.difference(&golden).collect();
    assert!(missing.is_empty(), "in no golden file: {missing:#?}");
}

/// Tags that carry the same thing: registered and amended, added and changed.
fn family(tag: &str) -> String {
    let same = [(".amended", ".opened"), ("changed", "added"), ("unlinked", "linked")];
    let family = same.iter().fold(tag.to_owned(), |tag, (from, to)| tag.replace(from, to));
    family
        .replace("person.opened", "person.registered")
        .replace("consent.opened", "consent.granted")
}

fn members(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                // The kinds of person have members of their own.
                let path = match value.as_str() {
                    Some(kind) if name == "personType" => format!("{path}.{name}={kind}"),
                    _ => format!("{path}.{name}"),
                };
                members(&path, value, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| members(path, value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.insert(path.to_owned());
        }
    }
}
