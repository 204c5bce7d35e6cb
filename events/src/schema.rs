//! What the payload of each tag looks like, as JSON Schema: made from the types that are written.

#[cfg(test)]
mod tests;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    address::Address,
    consent::ConsentTerms,
    contact::ContactDetail,
    kyc::Kyc,
    party::{CustomerDetails, Link, PersonDetails},
    tag::Tag,
};

/// The schema of the payloads of a tag; none where the tag says it all.
///
/// It stands alone, without references, and lets members in that it does not name: they may be
/// added under the same tag, and nothing else may change.
pub fn of_payload(tag: Tag) -> Option<Value> {
    match tag {
        Tag::CustomerOpened | Tag::CustomerAmended => Some(of::<CustomerDetails>()),
        Tag::AddressAdded | Tag::AddressChanged => Some(of::<Address>()),
        Tag::KycRecorded => Some(of::<Kyc>()),
        Tag::PersonLinked | Tag::PersonUnlinked => Some(of::<Link>()),
        Tag::PersonRegistered | Tag::PersonAmended => Some(of::<PersonDetails>()),
        Tag::ContactAdded | Tag::ContactChanged => Some(of::<ContactDetail>()),
        Tag::ConsentGranted | Tag::ConsentAmended => Some(of::<ConsentTerms>()),
        Tag::CustomerClosed
        | Tag::CustomerReopened
        | Tag::AddressRemoved
        | Tag::ContactRemoved
        | Tag::ConsentRevoked => None,
    }
}

fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    plain(&mut schema);
    schema
}

/// Takes out what does not hold here: no value is null, and sizes of Rust's integers say nothing.
pub fn plain(schema: &mut Value) {
    each(schema, &|schema| {
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|name| name != "null");
            if let [sole] = types.as_slice() {
                let sole = sole.clone();
                schema.insert("type".to_owned(), sole);
            }
        }
        if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
            choices.retain(|choice| *choice != json!({ "type": "null" }));
            if let [Value::Object(sole)] = choices.as_mut_slice() {
                let sole = std::mem::take(sole);
                schema.remove("anyOf");
                schema.extend(sole);
            }
        }
        if schema.get("format").and_then(Value::as_str).is_some_and(|it| it.starts_with("uint")) {
            schema.remove("format");
        }
    });
}

/// Lets no members in but those that are named.
pub fn close(schema: &mut Value) {
    each(schema, &|schema| {
        // A mere condition on an object has no type.
        if schema.contains_key("properties") && schema.contains_key("type") {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
    });
}

/// Changes a schema and all that are within it.
fn each(schema: &mut Value, change: &impl Fn(&mut Map<String, Value>)) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(|member| each(member, change));
            change(members);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
