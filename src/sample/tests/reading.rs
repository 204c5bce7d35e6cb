//! The sample read back, line by line.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::sample::write;

pub(super) fn bytes(customers: u64, seed: u64) -> Vec<u8> {
    let mut bytes = vec![];
    write(customers, seed, &mut bytes).unwrap();
    bytes
}

pub(super) fn lines(customers: u64, seed: u64) -> Vec<Value> {
    let text = String::from_utf8(bytes(customers, seed)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(super) fn text<'a>(line: &'a Value, pointer: &str) -> Option<&'a str> {
    line.pointer(pointer).and_then(Value::as_str)
}

pub(super) fn texts<'a>(lines: &'a [Value], pointer: &str) -> Vec<&'a str> {
    lines.iter().filter_map(|line| text(line, pointer)).collect()
}

/// What stands at `pointer` in each item of the lists at `list`.
pub(super) fn parts<'a>(lines: &'a [Value], list: &str, pointer: &str) -> Vec<&'a str> {
    let lists = lines.iter().filter_map(|line| line.pointer(list)?.as_array());
    lists.flatten().filter_map(|item| text(item, pointer)).collect()
}

pub(super) fn served(line: &Value) -> Option<Vec<&str>> {
    let served = line.pointer("/consent/customerIdentifications")?.as_array()?;
    Some(served.iter().filter_map(Value::as_str).collect())
}

/// Every member that is no object, with the texts it was seen to hold.
pub(super) fn seen(lines: &[Value]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut seen = BTreeMap::new();
    for line in lines {
        see("line", line, &mut seen);
    }
    seen
}

fn see<'a>(member: &'a str, value: &'a Value, seen: &mut BTreeMap<&'a str, BTreeSet<&'a str>>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| see(name, value, seen)),
        Value::Array(items) => items.iter().for_each(|item| see(member, item, seen)),
        Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Null => {
            seen.entry(member).or_default().extend(value.as_str());
        }
    }
}
