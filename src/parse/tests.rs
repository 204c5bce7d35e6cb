//! What parses, what does not, and what is said about it.

mod address;
mod contact;
mod documents;
mod feed;
mod json;
mod laws;
mod persons;
mod sample;

use serde_json::Value;

use super::{Kind, Parsed, Violation, Violations};

/// What was said, one `kind pointer` each, sorted; `ignored` counts as a kind.
fn said<T>(result: Result<Parsed<T>, Violations>) -> Vec<String> {
    let mut said: Vec<String> = match &result {
        Ok(parsed) => parsed.ignored.iter().map(|pointer| format!("ignored {pointer}")).collect(),
        Err(violations) => violations.as_slice().iter().map(line_of).collect(),
    };
    said.sort_unstable();
    said
}

fn line_of(violation: &Violation) -> String {
    let kind = match violation.kind {
        Kind::Malformed => "malformed",
        Kind::Invalid => "invalid",
    };
    format!("{kind} {}", violation.pointer)
}

/// What is said about a text, in the same form.
type Reading = fn(&str) -> Vec<String>;

#[track_caller]
fn check(read: Reading, document: &str, expected: &[&str]) {
    assert_eq!(read(document), expected, "{document}");
}

/// Rows of: where, what stands there instead (nothing: the member goes), what is then said.
#[track_caller]
fn check_changes(read: Reading, document: &str, rows: &[(&str, &str, &[&str])]) {
    for (pointer, value, expected) in rows {
        let changed = changed(document, &[(pointer, value)]);
        assert_eq!(read(&changed), *expected, "{pointer} = {value}");
    }
}

/// The document with other values at some places.
fn changed(document: &str, changes: &[(&str, &str)]) -> String {
    let mut document: Value = serde_json::from_str(document).unwrap();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = document.pointer_mut(parent).unwrap();
        match (parent, value) {
            (Value::Object(members), &"") => drop(members.remove(name).unwrap()),
            (Value::Object(members), value) => {
                members.insert(name.to_owned(), serde_json::from_str(value).unwrap());
            }
            (list, value) => list[name.parse::<usize>().unwrap()] = value.parse().unwrap(),
        }
    }
    document.to_string()
}
