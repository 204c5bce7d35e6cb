//! What holds for every shape: nothing is missed, nothing repeated, nothing panics.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Reading, documents};
use crate::parse::{Parsed, Violations, address, contact, feed};

const MARKER: &str = "s3cret-marker";

/// Pointers to all values that are no objects or lists.
fn leaves(value: &Value) -> Vec<String> {
    let below = |name: &str, value| {
        leaves(value).into_iter().map(|it| format!("/{name}{it}")).collect::<Vec<_>>()
    };
    match value {
        Value::Object(members) => members.iter().flat_map(|(name, it)| below(name, it)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, it)| below(&index.to_string(), it)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![String::new()],
    }
}

/// The document, its leaves, and who reads it.
fn shapes() -> impl Iterator<Item = (Value, Vec<String>, Reading)> {
    documents::all().into_iter().map(|(document, read)| {
        let document: Value = serde_json::from_str(&document).unwrap();
        let leaves = leaves(&document);
        (document, leaves, read)
    })
}

/// Members that decide which others there are.
fn decides(pointer: &str) -> bool {
    pointer.ends_with("/personType") || pointer.ends_with("/removed")
}

#[test]
fn no_mistake_hides_another() {
    for (mut document, leaves, read) in shapes() {
        let leaves: Vec<_> = leaves.into_iter().filter(|it| !decides(it)).collect();
        for leaf in &leaves {
            *document.pointer_mut(leaf).unwrap() = json!({});
        }

        let mut expected: Vec<_> = leaves.iter().map(|it| format!("malformed {it}")).collect();
        expected.sort_unstable();
        assert_eq!(read(&document.to_string()), expected);
    }
}

#[test]
fn a_member_spelt_wrong_never_goes_unnoticed() {
    for (document, leaves, read) in shapes() {
        for leaf in leaves.iter().filter(|it| !it.ends_with(|it: char| it.is_ascii_digit())) {
            let (parent, name) = leaf.rsplit_once('/').unwrap();
            let mut document = document.clone();
            let members = document.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            let value = members.remove(name).unwrap();
            members.insert(format!("{name}s"), value);

            assert!(!read(&document.to_string()).is_empty(), "{leaf}");
        }
    }
}

#[test]
fn every_country_and_currency_is_looked_up() {
    for (document, leaves, read) in shapes() {
        for leaf in leaves {
            let unknown = match document.pointer(&leaf).unwrap().as_str() {
                Some("CH" | "DE") => "ZZ",
                Some("CHF" | "EUR" | "USD") => "ZZZ",
                _ => continue,
            };
            let mut document = document.clone();
            *document.pointer_mut(&leaf).unwrap() = unknown.into();
            assert_eq!(read(&document.to_string()), [format!("invalid {leaf}")]);
        }
    }
}

/// All that is told of a document, whoever reads it.
fn told(bytes: &[u8]) -> String {
    fn of<T>(result: Result<Parsed<T>, Violations>) -> String {
        match result {
            Ok(parsed) => parsed.ignored.join(" "),
            Err(violations) => {
                assert!(!violations.as_slice().is_empty());
                format!("{violations} {}", serde_json::to_string(violations.as_slice()).unwrap())
            }
        }
    }
    let id = events::id::AddressId::new(42).unwrap();
    [
        of(address::new(bytes)),
        of(address::replacement(bytes)),
        of(address::replacement_of(Some(id), bytes)),
        of(contact::new(bytes)),
        of(feed::line(bytes)),
    ]
    .concat()
}

#[test]
fn no_value_is_ever_repeated() {
    let long = MARKER.repeat(100);
    let control = format!("{MARKER}\u{7}");
    let values = [
        json!(MARKER),
        json!(long),
        json!(control),
        json!([MARKER]),
        json!({ "x": MARKER }),
        json!(987_654_321_987_654_321_u64),
        json!(-987_654_321),
        json!(98_765.432_1),
    ];
    for (document, leaves, _) in shapes() {
        for (leaf, value) in leaves.iter().flat_map(|leaf| values.iter().map(move |it| (leaf, it)))
        {
            let mut document = document.clone();
            *document.pointer_mut(leaf).unwrap() = value.clone();

            let told = told(document.to_string().as_bytes());
            assert!(!told.contains(MARKER) && !told.contains("98765"), "{leaf}: {told}");
        }
    }
    for broken in ["{\"a\": s3cret-marker}", "{\"s3cret-marker\" 1}", "\"s3cret-marker", "987654"] {
        let told = told(broken.as_bytes());
        assert!(!told.contains(MARKER) && !told.contains("98765"), "{told}");
    }
}

/// JSON made of the words of our documents.
fn familiar() -> impl Strategy<Value = Value> {
    let (names, values): (Vec<_>, Vec<_>) = shapes()
        .flat_map(|(document, leaves, _)| {
            leaves.into_iter().map(move |it| {
                let name = it.rsplit('/').next().unwrap().to_owned();
                (name, document.pointer(&it).unwrap().clone())
            })
        })
        .unzip();
    let objects = [
        "customer",
        "person",
        "address",
        "kyc",
        "consent",
        "postalAddress",
        "salutation",
        "name",
        "physicalAddress",
        "personDetails",
        "contactInformation",
        "personList",
        "dates",
        "nonFinancialSituation",
        "financialSituation",
        "sourceOfWealth",
        "priorBank",
    ];
    let names = names.into_iter().chain(objects.map(str::to_owned)).collect::<Vec<_>>();
    let leaf = prop_oneof![
        4 => prop::sample::select(values),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(6, 60, 12, move |inner| {
        let name = prop::sample::select(names.clone());
        prop_oneof![
            4 => prop::collection::btree_map(name, inner.clone(), 0..12)
                .prop_map(|members| members.into_iter().collect()),
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        told(&bytes);
    }

    #[test]
    fn any_json_of_familiar_words_is_read_without_panic(value in familiar()) {
        told(value.to_string().as_bytes());
    }

    #[test]
    fn any_damage_to_a_document_is_read_without_panic(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let documents = documents::all();
        let mut bytes = which.get(&documents).0.clone().into_bytes();
        for (place, byte) in damage {
            *place.get_mut(&mut bytes) = byte;
        }
        told(&bytes);
    }
}
