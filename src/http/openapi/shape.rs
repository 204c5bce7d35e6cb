//! Schemas of objects, taken from types and changed member by member.

use events::schema::plain;
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
