//! The schemas of the bodies as files, one for each tag, and what of them may change.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    compatible,
    kinds::{self, Kind},
    object,
};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The files, by their names: each stands alone.
pub fn files() -> BTreeMap<String, String> {
    let file = |kind: Kind| {
        let text = serde_json::to_string_pretty(&file(&kind)).expect("schemas are plain JSON");
        (format!("{}.json", kind.tag), text + "\n")
    };
    kinds::all().into_iter().map(file).collect()
}

/// What these files promised and today's do not keep, each in one line.
///
/// Events of a tag lie in streams for ever, and their readers were written for the schema of
/// their time: what was valid stays valid, and what is valid now was valid then, but for members
/// that may be absent.
pub fn broken(before: &BTreeMap<String, Value>) -> Vec<String> {
    let now: BTreeMap<_, _> =
        kinds::all().iter().map(|kind| (format!("{}.json", kind.tag), file(kind))).collect();
    let broken = before.iter().filter_map(|(name, before)| {
        let Some(now) = now.get(name) else { return Some(format!("{name} is gone")) };
        Some(format!("{name}: {}", compatible::difference(before, now)?))
    });
    broken.collect()
}

/// The same schemas within the document, by their tags, where no dialect may be named. They keep
/// to words that mean the same in the document's own dialect.
pub(super) fn components() -> Map<String, Value> {
    object(kinds::all().into_iter().filter_map(|kind| Some((kind.tag, kind.payload?))))
}

fn file(kind: &Kind) -> Value {
    let nothing = || json!({ "description": "The tag says it all: there is no body.", "not": {} });
    let mut schema = kind.payload.clone().unwrap_or_else(nothing);
    schema["$schema"] = DIALECT.into();
    schema["title"] = kind.tag.into();
    schema
}
