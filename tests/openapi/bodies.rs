//! What the schemas say of bodies against what the parser does: they accept and refuse the same,
//! but for rules that no schema can say.

use std::sync::LazyLock;

use dossier::{
    app::Settings,
    config::UnknownMembers,
    http::openapi,
    parse::{Parsed, Violation, Violations, address, contact},
};
use events::id::AddressId;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::document::{settings, validator, validator_in};

/// What the parser refuses and the schema cannot, in the words of the parser.
const BEYOND_THE_SCHEMA: [&str; 2] =
    ["does not agree with the same member further up", "is not the one in the path"];

const NAMES: [&str; 16] = [
    "addressIdentification",
    "contactIdentification",
    "dispatchType",
    "isDomicile",
    "isMailingAddress",
    "postalAddress",
    "salutation",
    "name",
    "physicalAddress",
    "postCode",
    "townName",
    "country",
    "language",
    "medium",
    "contactContent",
    "unheardOf",
];

const TEXTS: [&str; 38] = [
    "",
    " ",
    "\u{a0}",
    "\u{2003}x",
    "\u{feff}",
    "\u{3000}",
    "x",
    "a\nb",
    "\u{7}",
    "\u{85}",
    "x\u{7f}",
    "CH",
    "DE",
    "ZZ",
    "ch",
    "CHE",
    "UK",
    "postal",
    "electronical",
    "Postal",
    "email",
    "phone",
    "fax",
    "website",
    "socialMediaProfile",
    "private",
    "business",
    "0",
    "7",
    "01",
    "+1",
    "7.0",
    "9007199254740991",
    "9007199254740992",
    "12345678901234567",
    "anna@example.com",
    "8001",
    "Bern",
];

/// What nobody knew of a body, or what is wrong with it.
pub(super) type Reader = fn(&[u8]) -> Result<Vec<String>, Violations>;

fn ignored<T>(parsed: Result<Parsed<T>, Violations>) -> Result<Vec<String>, Violations> {
    parsed.map(|parsed| parsed.ignored)
}

/// Where unknown members are refused.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    openapi::document(&Settings { unknown_members: UnknownMembers::Reject, ..settings() })
});

/// The schema of a request, and who reads it.
fn readers() -> [(&'static str, Reader); 4] {
    [
        ("NewAddress", |body| ignored(address::new(body))),
        ("AddressReplacement", |body| ignored(address::replacement(body))),
        ("NamedAddressReplacement", |body| {
            ignored(address::replacement_of(Some(AddressId::new(7).unwrap()), body))
        }),
        ("NewContactDetail", |body| ignored(contact::new(body))),
    ]
}

/// Bodies with every member that is read.
fn bodies() -> Vec<Value> {
    let address = json!({
        "addressIdentification": 7, "addressName": "Home", "isDomicile": true,
        "isMailingAddress": false, "mailingInstruction": "Hold", "dispatchType": "other",
        "language": "German",
        "postalAddress": {
            "salutation": {
                "receptionRestriction": "x", "salutation": "x", "title": "x",
                "overrideSalutation": "x",
            },
            "name": {
                "organisationName": "x", "givenName": "x", "middleName": "x", "lastName": "x",
                "nameSuffix": "x",
            },
            "physicalAddress": {
                "careOf": "x", "toTheAttentionOf": "x", "streetName": "x", "buildingNumber": "x",
                "postBox": "x", "addressSuffix": "x", "postCode": "8001", "townName": "Bern",
                "countrySubDivision": "BE", "country": "CH",
            },
        },
    });
    let mut elsewhere = address.clone();
    elsewhere["postalAddress"] = json!({
        "salutation": {}, "postCode": "8001", "townName": "Bern", "country": "CH",
        "isDomicile": true, "isMailingAddress": true,
    });
    let contact = |medium: &str, content: &str| {
        json!({
            "medium": medium, "contactMediumType": "private", "contactContent": content,
            "additionalContactInformation": "x",
        })
    };
    vec![
        address,
        elsewhere,
        contact("email", "anna@example.com"),
        contact("phone", "+41 44 555 00 00"),
        contact("website", "https://example.com"),
        contact("socialMediaProfile", "@anna"),
    ]
}

fn values() -> Vec<Value> {
    let mut values = vec![
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(7),
        json!(-1),
        json!(1.0),
        json!(1.5),
        json!(7.0),
        json!(9_007_199_254_740_991.0),
        json!(9_007_199_254_740_992.0),
        json!(AddressId::MAX),
        json!(AddressId::MAX + 1),
        json!([]),
        json!({}),
        json!(["x"]),
        json!({ "x": 1 }),
    ];
    values.extend(TEXTS.map(Value::from));
    for letter in ["x", "ü", "😀"] {
        values.extend([35, 36, 70, 71].map(|count| Value::from(letter.repeat(count))));
    }
    values
}

#[derive(Debug, Clone)]
enum Change {
    Put(Value),
    Remove,
    Add(&'static str, Value),
}

fn change() -> impl Strategy<Value = (prop::sample::Index, Change)> {
    let value = || prop::sample::select(values());
    let name = prop::sample::select(&NAMES[..]);
    let change = prop_oneof![
        3 => value().prop_map(Change::Put),
        2 => Just(Change::Remove),
        2 => (name, value()).prop_map(|(name, value)| Change::Add(name, value)),
    ];
    (any::<prop::sample::Index>(), change)
}

/// Pointers to everything within a value, itself included.
fn places(value: &Value) -> Vec<String> {
    let mut places = vec![String::new()];
    for (name, member) in value.as_object().into_iter().flatten() {
        places.extend(places_below(name, member));
    }
    places
}

fn places_below(name: &str, member: &Value) -> Vec<String> {
    places(member).into_iter().map(|below| format!("/{name}{below}")).collect()
}

fn changed(mut body: Value, changes: &[(prop::sample::Index, Change)]) -> Value {
    for (at, change) in changes {
        let places = places(&body);
        let place = at.get(&places);
        match change {
            Change::Put(value) => *body.pointer_mut(place).unwrap() = value.clone(),
            Change::Remove => {
                let Some((parent, name)) = place.rsplit_once('/') else { continue };
                body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
            }
            Change::Add(name, value) => {
                if let Some(members) = body.pointer_mut(place).unwrap().as_object_mut() {
                    members.insert((*name).to_owned(), value.clone());
                }
            }
        }
    }
    body
}

fn is_beyond_the_schema(violation: &Violation, body: &Value) -> bool {
    let detail = violation.detail.as_str();
    let content = body["contactContent"].as_str().unwrap_or_default();
    match detail {
        "is not an email address" => {
            !content.is_ascii() || content.find('@').is_some_and(|length| length > 64)
        }
        "is not the address of a website" => !content.is_ascii() || content.contains('['),
        "is not filled in" => content.chars().any(|letter| letter > '\u{ffff}'),
        _ => BEYOND_THE_SCHEMA.contains(&detail),
    }
}

/// Whether both take a body; panics where schema and parser disagree.
pub(super) fn compare(schema: &str, read: Reader, body: &Value) -> bool {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    let validator = validator(&schema);
    let is_strictly_valid = validator_in(&STRICT, &schema).is_valid(body);
    match (validator.is_valid(body), read(body.to_string().as_bytes())) {
        (true, Ok(ignored)) => {
            assert_eq!(is_strictly_valid, ignored.is_empty(), "{ignored:?}: {body}");
            true
        }
        (false, Err(_)) => false,
        (false, Ok(_)) => {
            let errors: Vec<_> = validator.iter_errors(body).map(|it| it.to_string()).collect();
            panic!("only {schema} refuses {body}: {errors:?}");
        }
        (true, Err(violations)) => {
            let unsaid = violations
                .as_slice()
                .iter()
                .find(|violation| !is_beyond_the_schema(violation, body));
            assert!(unsaid.is_none(), "only the parser refuses {body}: {unsaid:?}");
            false
        }
    }
}

#[test]
fn each_value_in_each_place_is_judged_alike() {
    let mut judged = [0; 2];
    for body in bodies() {
        for place in places(&body) {
            for value in values() {
                let mut body = body.clone();
                *body.pointer_mut(&place).unwrap() = value;
                for (schema, read) in readers() {
                    judged[usize::from(compare(schema, read, &body))] += 1;
                }
            }
        }
    }
    assert!(judged.iter().all(|count| *count > 500), "refused and taken: {judged:?}");
}

#[test]
fn each_country_is_judged_alike() {
    let letters = || 'A'..='Z';
    for (first, second) in letters().flat_map(|first| letters().map(move |it| (first, it))) {
        let mut body = bodies().swap_remove(1);
        body["postalAddress"]["country"] = format!("{first}{second}").into();
        compare("NewAddress", readers()[0].1, &body);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_changes_to_a_body_are_judged_alike(
        body in prop::sample::select(bodies()),
        changes in prop::collection::vec(change(), 0..6),
    ) {
        let body = changed(body, &changes);
        for (schema, read) in readers() {
            compare(schema, read, &body);
        }
    }
}
