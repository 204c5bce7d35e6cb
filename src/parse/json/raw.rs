//! JSON with numbers beyond all bounds: slower, level by level, each value first as its bytes.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::{Number, value::RawValue};

use super::Json;

/// None where it is broken, or too deep.
pub(super) fn parse(bytes: &[u8], levels: usize) -> Option<Json<'_>> {
    value(serde_json::from_slice(bytes).ok()?, levels)
}

fn value(raw: &RawValue, levels: usize) -> Option<Json<'_>> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'{' => {
            let below = levels.checked_sub(1)?;
            let Members(members) = serde_json::from_str(text).ok()?;
            let members = members.into_iter().map(|(name, raw)| Some((name, value(raw, below)?)));
            Some(Json::Object(members.collect::<Option<_>>()?))
        }
        b'[' => {
            let below = levels.checked_sub(1)?;
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let items = items.into_iter().map(|raw| value(raw, below));
            Some(Json::Array(items.collect::<Option<_>>()?))
        }
        b'-' | b'0'..=b'9' => {
            // Whatever lies beyond the floats lies beyond all that any member takes.
            let bound = if text.starts_with('-') { f64::MIN } else { f64::MAX };
            let number = serde_json::from_str(text).ok().or_else(|| Number::from_f64(bound));
            number.map(Json::Number)
        }
        _ => Json::of_floats(text.as_bytes()).ok(),
    }
}

/// The members of an object in their order, those that appear twice too.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_map(Reader(PhantomData))
    }
}

struct Reader<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
    type Value = Members<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Members<'a>, A::Error> {
        let mut members = Vec::new();
        while let Some(Name(name)) = source.next_key()? {
            members.push((name, source.next_value()?));
        }
        Ok(Members(members))
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
