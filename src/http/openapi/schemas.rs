//! The schemas of bodies: those that leave are made from the types that are written into them.

use events::{
    address::Address,
    contact::ContactDetail,
    id::{AddressId, ContactId, CustomerId, PersonId},
    kyc::Kyc,
    party::{Activity, CustomerDetails, Party, PersonDetails, Relation},
    schema::{close, plain},
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    super::{
        health::Health,
        problem::{Body, Kind},
    },
    reference,
    shape::{Shape, list, value},
    written,
};
use crate::{
    app::Settings,
    config::{ProblemTypeStyle, UnknownMembers},
};

/// Every schema, by its name; bodies that leave have no members but those that are named.
pub(super) fn all(settings: &Settings) -> Map<String, Value> {
    let mut generator = generator();
    let make = &mut generator;
    let answers = [
        ("Address", address(make)),
        ("AddressCreated", address_created()),
        ("ContactDetail", contact_detail(make)),
        ("ContactDetails", list(reference("schemas", "ContactDetail"))),
        ("Customer", customer(make)),
        ("CustomerAndKyc", customer_and_kyc()),
        ("Health", health(make)),
        ("Kyc", Shape::of::<Kyc>(make).build()),
        ("Person", person(make)),
        ("Problem", problem(make, settings.problem_type_style)),
    ];
    let mut schemas: Map<_, _> =
        answers.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let requests = written::all(make);
    // What was met on the way.
    schemas.extend(generator.take_definitions(false));
    // Told as part of the status.
    schemas.remove("Activity");
    schemas.values_mut().for_each(plain);
    schemas.values_mut().for_each(close);
    for (name, mut schema) in requests {
        if settings.unknown_members == UnknownMembers::Reject {
            close(&mut schema);
        }
        schemas.insert(name.to_owned(), schema);
    }
    schemas
}

/// The schema of a type that parameters are made of.
pub(super) fn of<T: JsonSchema>() -> Value {
    value::<T>(&mut generator())
}

fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.with(|settings| settings.definitions_path = "/components/schemas".into()).into()
}

fn customer(make: &mut SchemaGenerator) -> Value {
    let person = Shape::new()
        .with("personIdentification", value::<PersonId>(make))
        .with("personRelation", value::<Relation>(make))
        .requiring(&["personIdentification"]);
    let address = Shape::new()
        .with("addressIdentification", value::<AddressId>(make))
        .requiring(&["addressIdentification"]);
    Shape::of::<CustomerDetails>(make)
        .about("Somebody who holds a contract with the bank.")
        .without("activity")
        .with("customerIdentification", value::<CustomerId>(make))
        .with("status", status(make))
        .with("personList", list(person.build()))
        .with("addressList", list(address.build()))
        .requiring(&["customerIdentification", "status", "personList", "addressList"])
        .build()
}

/// Those of an open contract, and closed.
fn status(make: &mut SchemaGenerator) -> Value {
    let mut status = Activity::json_schema(make).to_value();
    status["description"] = "Whether the contract is open, and in use.".into();
    if let Some(names) = status["enum"].as_array_mut() {
        names.push("closed".into());
    }
    status
}

fn customer_and_kyc() -> Value {
    Shape::new()
        .about("A customer with what the bank must know about it.")
        .with("customer", reference("schemas", "Customer"))
        .with("kyc", reference("schemas", "Kyc"))
        .requiring(&["customer", "kyc"])
        .build()
}

fn person(make: &mut SchemaGenerator) -> Value {
    let customer = Shape::new()
        .about("A customer that the caller may see.")
        .with("customerIdentification", value::<CustomerId>(make))
        .requiring(&["customerIdentification"]);
    let required = [
        "personIdentification",
        "personType",
        "customerList",
        "contactInformation",
        "personDetails",
    ];
    Shape::of::<PersonDetails>(make)
        .about("A person behind customers; what personDetails holds depends on personType.")
        .with("personIdentification", value::<PersonId>(make))
        .with("personType", person_type(make))
        .with("customerList", list(customer.build()))
        .with("contactInformation", reference("schemas", "ContactDetails"))
        .requiring(&required)
        .build()
}

/// The kinds of person, from the type that has one variant for each.
fn person_type(make: &mut SchemaGenerator) -> Value {
    let party = Party::json_schema(make).to_value();
    let variants = party["oneOf"].as_array().into_iter().flatten();
    let names: Vec<_> = variants.map(|one| &one["properties"]["personType"]["const"]).collect();
    json!({ "type": "string", "enum": names })
}

/// The reference requires five members in the postal part that it defines elsewhere; answers
/// carry them in both places.
fn address(make: &mut SchemaGenerator) -> Value {
    let mut address = Shape::of::<Address>(make);
    let mut postal = Shape::from(address.take("postalAddress"));
    let physical = postal.take("physicalAddress");
    for member in ["postCode", "townName", "country"] {
        postal = postal.with(member, physical["properties"][member].clone());
    }
    for flag in ["isDomicile", "isMailingAddress"] {
        postal = postal.with(flag, json!({ "type": "boolean" }));
    }
    let required = [
        "salutation",
        "physicalAddress",
        "isDomicile",
        "isMailingAddress",
        "postCode",
        "townName",
        "country",
    ];
    let postal = postal.with("physicalAddress", physical).requiring(&required);
    let required = [
        "addressIdentification",
        "isDomicile",
        "isMailingAddress",
        "dispatchType",
        "postalAddress",
    ];
    address
        .about("Where mail for a customer goes.")
        .with("addressIdentification", value::<AddressId>(make))
        .with("postalAddress", postal.build())
        .requiring(&required)
        .build()
}

fn address_created() -> Value {
    Shape::new()
        .about("The id of the address that was added, as a string.")
        .with("addressIdentification", written::address_id_digits())
        .requiring(&["addressIdentification"])
        .build()
}

fn contact_detail(make: &mut SchemaGenerator) -> Value {
    Shape::of::<ContactDetail>(make)
        .about("One way to reach a person.")
        .with("contactIdentification", value::<ContactId>(make))
        .requiring(&["contactIdentification", "medium", "contactContent"])
        .build()
}

fn health(make: &mut SchemaGenerator) -> Value {
    Shape::of::<Health>(make)
        .about("That the module lives, and which headers of the intermediary it was sent.")
        .with("requestDateTime", json!({ "type": "string", "format": "date-time" }))
        .build()
}

fn problem(make: &mut SchemaGenerator, style: ProblemTypeStyle) -> Value {
    let mut kinds = Kind::ALL.map(|kind| kind.uri(style)).to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    Shape::of::<Body<'static>>(make)
        .about("What went wrong, as RFC 9457 has it.")
        .with("type", json!({ "type": "string", "enum": kinds }))
        .with("status", json!({ "type": "integer", "minimum": 400, "maximum": 599 }))
        .build()
}
