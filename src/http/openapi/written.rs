//! The schemas of bodies that clients send: what the parser accepts, as far as a schema can say.
//!
//! They start from the types that the parser makes, and loosen what it reads in two places.

use events::{
    address::Address,
    contact::{ContactDetail, Medium},
    id::AddressId,
};
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::{
    reference,
    shape::{Shape, value},
};
use crate::parse::{self, FILLED_PATTERN, PHONE_DIGITS_MAX, PHONE_DIGITS_MIN};

/// Members that the reference requires in the postal part, and defines one level deeper.
const OF_THE_PLACE: [&str; 3] = ["postCode", "townName", "country"];
/// Members that the reference requires in the postal part, and defines one level above.
const FLAGS: [&str; 2] = ["isDomicile", "isMailingAddress"];

/// Of a text that must be filled in.
const SEEN: &str = "Blanks and characters that nobody sees are not enough, wherever in Unicode.";

const MEDIA: [Medium; 4] = [Medium::Email, Medium::Phone, Medium::Fax, Medium::Website];

pub(super) fn all(make: &mut SchemaGenerator) -> [(&'static str, Value); 5] {
    [
        ("Country", country()),
        ("NewAddress", new_address(make)),
        ("AddressReplacement", replacement(make, true)),
        ("NamedAddressReplacement", replacement(make, false)),
        ("NewContactDetail", contact(make)),
    ]
}

/// An id of an address where it is text.
pub(super) fn address_id_digits() -> Value {
    json!({
        "type": "string",
        "pattern": digits_up_to(AddressId::MAX),
        "description": format!("Decimal digits of a number up to {}.", AddressId::MAX),
    })
}

/// What has fewer digits; what has as many, and is smaller where it first differs; the bound.
fn digits_up_to(bound: u64) -> String {
    let bound = bound.to_string();
    let mut choices = vec![format!("[1-9][0-9]{{0,{}}}", bound.len() - 2)];
    for (at, digit) in bound.bytes().enumerate() {
        let least = if at == 0 { b'1' } else { b'0' };
        if digit > least {
            let (least, below) = (char::from(least), char::from(digit - 1));
            let (same, rest) = (&bound[..at], bound.len() - at - 1);
            choices.push(format!("{same}[{least}-{below}][0-9]{{{rest}}}"));
        }
    }
    choices.push(bound);
    format!("^(?:{})$", choices.join("|"))
}

fn new_address(make: &mut SchemaGenerator) -> Value {
    let id = json!({ "readOnly": true, "description": "Ignored: the answer says which it got." });
    address(make)
        .about(
            "An address to add. Without dispatchType it is postal, without flags it is neither \
             domicile nor mailing address.",
        )
        .with("addressIdentification", id)
        .requiring(&["postalAddress"])
        .build()
}

fn replacement(make: &mut SchemaGenerator, names_address: bool) -> Value {
    let id = json!({
        "description": "A number or its digits.",
        "oneOf": [value::<AddressId>(make), address_id_digits()],
    });
    let (about, required): (_, &[_]) = if names_address {
        ("", &["addressIdentification", "dispatchType", "postalAddress"])
    } else {
        (" If it names an address, then the one of the path.", &["dispatchType", "postalAddress"])
    };
    let about = format!(
        "An address that takes the place of another. Flags that are left out stay as they are, \
         everything else that is left out is cleared.{about}"
    );
    address(make).about(&about).with("addressIdentification", id).requiring(required).build()
}

/// Everything of an address but its id.
fn address(make: &mut SchemaGenerator) -> Shape {
    let mut address = Shape::of::<Address>(make);
    let postal = postal_address(address.take("postalAddress"));
    address.with("postalAddress", postal)
}

fn postal_address(schema: Value) -> Value {
    let mut postal = Shape::from(schema);
    let mut physical = Shape::from(postal.take("physicalAddress"));
    for member in OF_THE_PLACE {
        let schema = match member {
            "country" => reference("schemas", "Country"),
            _ => filled(physical.take(member)),
        };
        physical = physical.with(member, schema.clone());
        postal = postal.with(member, schema);
    }
    for flag in FLAGS {
        postal = postal.with(flag, json!({ "type": "boolean" }));
    }
    postal
        .about(
            "postCode, townName and country may stand here or in physicalAddress, the flags \
             here or one level above; where a member stands in both places, both must agree.",
        )
        .with("physicalAddress", physical.requiring(&[]).build())
        .requiring(&["salutation"])
        .and(OF_THE_PLACE.map(here_or_deeper).to_vec())
        .build()
}

fn here_or_deeper(member: &str) -> Value {
    json!({ "anyOf": [
        { "required": [member] },
        {
            "required": ["physicalAddress"],
            "properties": { "physicalAddress": { "required": [member] } },
        },
    ] })
}

fn contact(make: &mut SchemaGenerator) -> Value {
    let mut contact = Shape::of::<ContactDetail>(make);
    let mut content = filled(contact.take("contactContent"));
    let about = format!(
        "An email address, a phone or fax number of {PHONE_DIGITS_MIN} to {PHONE_DIGITS_MAX} \
         digits, or the address of a website, as the medium says. The part of an email address \
         before the @ has at most 64 characters. What is not ASCII there and in the name of a host \
         is a letter, a mark of one or a digit, and what stands in brackets is an IPv6 address. {SEEN}"
    );
    content["description"] = about.into();
    contact
        .about("A contact detail to add, or to put in the place of another.")
        .with("contactIdentification", json!({ "readOnly": true, "description": "Ignored." }))
        .with("contactContent", content)
        .and(MEDIA.into_iter().filter_map(content_of).collect())
        .build()
}

/// What the content must look like where this is the medium.
fn content_of(medium: Medium) -> Option<Value> {
    let pattern = parse::pattern(medium)?;
    Some(json!({
        "if": { "properties": { "medium": { "const": medium } }, "required": ["medium"] },
        "then": { "properties": { "contactContent": { "pattern": pattern } } },
    }))
}

/// With something to see.
fn filled(mut text: Value) -> Value {
    text["minLength"] = 1.into();
    text["pattern"] = FILLED_PATTERN.into();
    text["description"] = SEEN.into();
    text
}

/// Those of today: what was written before may name others.
fn country() -> Value {
    json!({
        "type": "string",
        "description": "A country of ISO 3166-1.",
        "enum": parse::countries(),
    })
}
