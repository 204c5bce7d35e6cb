//! JSON as it was written: order kept, members that appear twice kept, depth bounded.

mod numbers;

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, error::Category};

/// How deep objects and lists may be nested; the schemas need 6.
pub const DEPTH_MAX: usize = 16;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

/// Why bytes are no JSON that can be read; reads after the name of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("is nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    #[error("ends too early to be JSON")]
    Unfinished,
    #[error("is not JSON at line {line}, column {column}")]
    Syntax { line: usize, column: usize },
}

impl<'a> Json<'a> {
    /// What stands in the bytes; `room` is for others, where theirs cannot be read.
    pub(super) fn parse(bytes: &'a [u8], room: &'a mut Vec<u8>) -> Result<Self, Broken> {
        match Self::of_floats(bytes) {
            // serde_json stops at a number that no float holds; the grammar knows no such bound.
            Err(broken) => {
                *room = numbers::within_floats(bytes).ok_or(broken)?;
                Self::of_floats(room)
            }
            read => read,
        }
    }

    fn of_floats(bytes: &'a [u8]) -> Result<Self, Broken> {
        let mut source = serde_json::Deserializer::from_slice(bytes);
        let json = Levels(DEPTH_MAX).deserialize(&mut source)?;
        source.end()?;
        Ok(json)
    }
}

impl From<serde_json::Error> for Broken {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            // The only error of our own, see `Levels::below`.
            Category::Data => Self::TooDeep,
            Category::Eof => Self::Unfinished,
            Category::Syntax | Category::Io => {
                Self::Syntax { line: error.line(), column: error.column() }
            }
        }
    }
}

/// How many levels of nesting are left.
#[derive(Clone, Copy)]
struct Levels(usize);

impl Levels {
    fn below<E: Error>(self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Levels {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Json<'de>, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Levels {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        // JSON has no infinity, and serde_json refuses what would round to it.
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Borrowed(text)))
    }

    // What had escapes in it.
    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Json<'de>, A::Error> {
        let below = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = source.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Json<'de>, A::Error> {
        let below = self.below()?;
        let mut members = Vec::new();
        while let Some(Json::String(name)) = source.next_key_seed(below)? {
            members.push((name, source.next_value_seed(below)?));
        }
        Ok(Json::Object(members))
    }
}
