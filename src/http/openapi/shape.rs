//! Schemas of objects, taken from types and changed member by member.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The schema of an object, under construction.
pub(super) struct Shape(Map<String, Value>);

impl Shape {
    pub(super) fn new() -> Self {
        Self(Map::from_iter([("type".to_owned(), json!("object"))]))
    }

    pub(super) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Self {
        T::json_schema(generator).to_value().into()
    }

    pub(super) fn about(mut self, description: &str) -> Self {
        self.0.insert("description".to_owned(), description.into());
        self
    }

    pub(super) fn with(mut self, member: &str, schema: Value) -> Self {
        self.members().insert(member.to_owned(), schema);
        self
    }

    pub(super) fn without(mut self, member: &str) -> Self {
        self.members().remove(member);
        self
    }

    /// Exactly these members are required.
    pub(super) fn requiring(mut self, members: &[&str]) -> Self {
        self.0.insert("required".to_owned(), json!(members));
        self
    }

    /// What must hold besides.
    pub(super) fn and(mut self, conditions: Vec<Value>) -> Self {
        self.0.insert("allOf".to_owned(), conditions.into());
        self
    }

    /// The schema of a member, which is taken out.
    pub(super) fn take(&mut self, member: &str) -> Value {
        self.members().remove(member).unwrap_or_default()
    }

    pub(super) fn build(self) -> Value {
        let mut schema = Value::Object(self.0);
        plain(&mut schema);
        schema
    }

    fn members(&mut self) -> &mut Map<String, Value> {
        let members = self.0.entry("properties").or_insert_with(|| json!({}));
        members.as_object_mut().expect("properties are an object")
    }
}

/// Of anything but an object nothing is kept.
impl From<Value> for Shape {
    fn from(schema: Value) -> Self {
        Self(schema.as_object().cloned().unwrap_or_default())
    }
}

/// The schema of a value.
pub(super) fn value<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let mut schema = generator.subschema_for::<T>().to_value();
    plain(&mut schema);
    schema
}

pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// Takes out what does not hold here: no value is null, and sizes of Rust's integers say nothing.
pub(super) fn plain(schema: &mut Value) {
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
pub(super) fn close(schema: &mut Value) {
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
