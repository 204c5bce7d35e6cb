use jsonschema::{Draft, Validator};
use proptest::prelude::*;

use super::*;
use crate::{arbitrary, event::tests::golden};

/// No value of any type: of the wrong kind, or too long, of control characters and in no list.
fn wrong_values() -> [Value; 5] {
    [json!(null), json!({ "a": 1 }), json!([1]), json!(0.5), "\u{1}".repeat(71).into()]
}

fn validator(schema: &Value) -> Validator {
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    options.should_validate_formats(true).build(schema).unwrap()
}

/// One that also refuses members that the schema does not name.
fn strict(tag: Tag) -> Option<Validator> {
    let mut schema = of_payload(tag)?;
    close(&mut schema);
    Some(validator(&schema))
}

fn tag_of(file: &golden::Golden) -> Tag {
    Tag::parse(&file.tag).unwrap()
}

#[test]
fn what_has_a_payload_has_a_schema() {
    for tag in Tag::ALL {
        assert_eq!(of_payload(tag).is_some(), tag.has_payload(), "{tag:?}");
    }
}

#[test]
fn every_golden_event_is_valid_and_nothing_of_it_goes_unnamed() {
    for (name, file) in golden::files() {
        match (strict(tag_of(&file)), file.payload()) {
            (Some(schema), Some(payload)) => {
                let errors: Vec<_> = schema.iter_errors(&payload).collect();
                assert!(errors.is_empty(), "{name}: {errors:?}");
            }
            (None, None) => {}
            (schema, payload) => panic!("{name}: {schema:?}, {payload:?}"),
        }
    }
}

#[test]
fn a_golden_event_with_any_value_of_it_mutated_is_refused() {
    let mut mutated = 0;
    for (name, file) in golden::files() {
        let (Some(schema), Some(payload)) = (of_payload(tag_of(&file)), file.payload()) else {
            continue;
        };
        let schema = validator(&schema);
        for pointer in places(&payload, String::new()) {
            for wrong in wrong_values() {
                let mut payload = payload.clone();
                *payload.pointer_mut(&pointer).unwrap() = wrong.clone();
                let same_kind = wrong.is_object()
                    && file.payload().unwrap().pointer(&pointer).unwrap().is_object();
                // An object takes members that nobody knows, and lacks those that it must have.
                assert!(same_kind || !schema.is_valid(&payload), "{name}: {pointer}: {wrong}");
                mutated += 1;
            }
        }
    }
    assert!(mutated > 500, "{mutated}");
}

#[test]
fn a_golden_event_without_a_member_that_must_be_there_is_refused() {
    let mut seen = 0;
    for (name, file) in golden::files() {
        let (Some(schema), Some(mut payload)) = (of_payload(tag_of(&file)), file.payload()) else {
            continue;
        };
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let schema = validator(&schema);
        for member in required {
            let member = member.as_str().unwrap();
            let taken = payload.as_object_mut().unwrap().remove(member).unwrap();
            assert!(!schema.is_valid(&payload), "{name}: {member}");
            payload[member] = taken;
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

/// JSON Pointers to all values within a value.
fn places(value: &Value, at: String) -> Vec<String> {
    let below: Vec<_> = match value {
        Value::Object(members) => members.iter().map(|(name, it)| (name.clone(), it)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(nth, it)| (nth.to_string(), it)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![],
    };
    let below = below.into_iter().flat_map(|(name, it)| places(it, format!("{at}/{name}")));
    below.chain([at.clone()]).collect()
}

proptest! {
    #[test]
    fn whatever_can_happen_fits_the_schema_of_its_tag(event in arbitrary::event()) {
        let parts = event.parts();
        match (strict(parts.tag), parts.payload) {
            (Some(schema), Some(payload)) => {
                let payload = serde_json::from_slice(&payload).unwrap();
                let errors: Vec<_> = schema.iter_errors(&payload).collect();
                prop_assert!(errors.is_empty(), "{errors:?}");
            }
            // Forgotten.
            (_, None) => {}
            (None, Some(payload)) => prop_assert!(false, "{payload:?}"),
        }
    }
}
