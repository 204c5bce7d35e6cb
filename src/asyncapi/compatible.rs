//! What may become of a schema under the same tag: members that may be absent are added, and words
//! for people change.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Keywords that say nothing about values.
const WORDS: [&str; 2] = ["description", "title"];

/// The first thing in which a schema is another one; none if readers of the one before can read
/// what is valid now, and the other way round.
pub(super) fn difference(before: &Value, now: &Value) -> Option<String> {
    schemas(before, now, "")
}

fn schemas(before: &Value, now: &Value, at: &str) -> Option<String> {
    let (Value::Object(old), Value::Object(new)) = (before, now) else {
        return values(before, now, at);
    };
    let keywords: BTreeSet<_> = old.keys().chain(new.keys()).map(String::as_str).collect();
    let told = keywords.into_iter().filter(|keyword| !WORDS.contains(keyword));
    told.into_iter().find_map(|keyword| {
        let at = format!("{at}/{keyword}");
        match (keyword, old.get(keyword), new.get(keyword)) {
            ("properties", None, Some(_)) => None,
            ("properties", Some(Value::Object(old)), Some(Value::Object(new))) => {
                members(old, new, &at)
            }
            (_, Some(old), Some(new)) => schemas(old, new, &at),
            (_, Some(_), None) => Some(format!("{at} is gone")),
            (_, None, _) => Some(format!("{at} is new")),
        }
    })
}

/// Those of before must all be there.
fn members(before: &Map<String, Value>, now: &Map<String, Value>, at: &str) -> Option<String> {
    before.iter().find_map(|(name, before)| {
        let at = format!("{at}/{name}");
        match now.get(name) {
            Some(now) => schemas(before, now, &at),
            None => Some(format!("{at} is gone")),
        }
    })
}

fn values(before: &Value, now: &Value, at: &str) -> Option<String> {
    match (before, now) {
        (Value::Array(before), Value::Array(now)) if are_names(before) && are_names(now) => {
            let set = |names: &[Value]| names.iter().map(Value::to_string).collect::<BTreeSet<_>>();
            (set(before) != set(now)).then(|| changed(before, now, at))
        }
        (Value::Array(before), Value::Array(now)) if before.len() == now.len() => {
            let pairs = before.iter().zip(now).enumerate();
            pairs
                .into_iter()
                .find_map(|(nth, (old, new))| schemas(old, new, &format!("{at}/{nth}")))
        }
        _ => (before != now).then(|| changed(before, now, at)),
    }
}

/// Lists of names have no order.
fn are_names(values: &[Value]) -> bool {
    values.iter().all(Value::is_string)
}

fn changed<T: serde::Serialize>(before: T, now: T, at: &str) -> String {
    let text = |value| serde_json::to_string(&value).unwrap_or_default();
    format!("{at} was {} and is {}", text(before), text(now))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn before() -> Value {
        json!({
            "title": "an address",
            "type": "object",
            "properties": {
                "title": { "type": "string", "maxLength": 35 },
                "kind": { "type": "string", "enum": ["postal", "other"] },
                "lines": { "type": "array", "items": { "type": "object", "properties": {} } },
            },
            "required": ["kind", "lines"],
            "oneOf": [{ "properties": { "kind": { "const": "postal" } } }],
        })
    }

    /// With a change at a place; none takes it away.
    fn after(pointer: &str, value: Option<Value>) -> Value {
        let mut schema = before();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = schema.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => parent.insert(name.to_owned(), value),
            None => parent.remove(name),
        };
        schema
    }

    #[test]
    fn what_readers_do_not_notice_may_change() {
        for (pointer, value) in [
            ("/title", Some(json!("where somebody lives"))),
            ("/description", Some(json!("new"))),
            ("/title", None),
            ("/properties/kind/description", Some(json!("new"))),
            ("/properties/more", Some(json!({ "type": "string" }))),
            ("/properties/lines/items/properties/more", Some(json!({ "type": "string" }))),
            ("/required", Some(json!(["lines", "kind"]))),
            ("/properties/kind/enum", Some(json!(["other", "postal"]))),
        ] {
            assert_eq!(difference(&before(), &after(pointer, value)), None, "{pointer}");
        }
        let bare = json!({ "type": "object" });
        let with_members = json!({ "type": "object", "properties": { "a": {} } });
        assert_eq!(difference(&bare, &with_members), None);
    }

    #[test]
    fn whatever_else_changes_breaks_somebody() {
        for (pointer, value) in [
            ("/properties/title", None),
            ("/properties/title/maxLength", Some(json!(36))),
            ("/properties/title/maxLength", Some(json!(34))),
            ("/properties/title/maxLength", None),
            ("/properties/title/pattern", Some(json!("^[a-z]*$"))),
            ("/properties/title/type", Some(json!("integer"))),
            ("/properties/title/type", Some(json!(["string", "null"]))),
            ("/properties/kind/enum", Some(json!(["postal", "other", "electronical"]))),
            ("/properties/kind/enum", Some(json!(["postal"]))),
            ("/properties/kind/const", Some(json!("postal"))),
            ("/properties/lines/items/type", Some(json!("string"))),
            ("/properties/lines/items/required", Some(json!(["more"]))),
            ("/required", Some(json!(["kind"]))),
            ("/required", Some(json!(["kind", "lines", "title"]))),
            ("/required", None),
            ("/additionalProperties", Some(json!(false))),
            ("/oneOf", Some(json!([]))),
            ("/oneOf", Some(json!([{ "properties": { "kind": { "const": "other" } } }]))),
            ("/properties", None),
        ] {
            assert!(difference(&before(), &after(pointer, value)).is_some(), "{pointer}");
        }
    }

    #[test]
    fn the_difference_is_told_with_its_place() {
        let longer = after("/properties/title/maxLength", Some(json!(70)));
        assert_eq!(
            difference(&before(), &longer).unwrap(),
            "/properties/title/maxLength was 35 and is 70"
        );
    }
}
