//! Readers of single values.

use std::fmt::Display;

use chrono::{DateTime, Datelike, Utc};
use events::id::AddressId;
use events::text::{Country, Currency, Date, Text, Unfit};
use icu_properties::props::{BinaryProperty, DefaultIgnorableCodePoint};
use serde::de::{self, DeserializeOwned, IntoDeserializer};
use serde_json::Number;

use super::content;
use super::json::Json;
use super::value::Value;

/// Most employees that a record may name.
const EMPLOYEES_MAX: i64 = 2_147_483_647;

/// Reads any checked text; for countries and currencies there are readers that know the lists.
pub(super) fn text<T: TryFrom<String, Error = Unfit>>(value: Value<'_>) -> Option<T> {
    value.text(|text| T::try_from(text.to_owned()))
}

/// Reads an id that stands in paths; what was stored before may be a step in one.
pub(super) fn id<T: TryFrom<String, Error = Unfit>>(value: Value<'_>) -> Option<T> {
    value.text(|text| no_step(text).and_then(|()| text.to_owned().try_into()))
}

/// Nobody reaches by its path what has such an id.
pub(crate) fn no_step(id: &str) -> Result<(), Unfit> {
    let unfit = Unfit::Shape("an id: in a path it would be a step");
    if [".", ".."].contains(&id) { Err(unfit) } else { Ok(()) }
}

/// Reads a day of a year that there was; what was stored before may lie in the year 0.
pub(super) fn date(value: Value<'_>) -> Option<Date> {
    let unfit = Unfit::Shape("a date after the year 0");
    value.text(|text| if text.starts_with("0000-") { Err(unfit) } else { Date::parse(text) })
}

/// Text of at least one character.
pub(super) fn name<const MAX: usize>(value: Value<'_>) -> Option<Text<MAX>> {
    value.text(|text| if text.is_empty() { Err(Unfit::Empty) } else { Text::parse(text) })
}

/// What `filled` accepts, as JSON Schema has it: no control characters, and not only what nobody
/// sees. Of the latter it knows what every engine can name: the characters of 16 bits.
pub const FILLED_PATTERN: &str = concat!(
    r"^[^\u0000-\u001f\u007f-\u009f]*",
    r"[^\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f",
    r"\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8]",
    r"[^\u0000-\u001f\u007f-\u009f]*$",
);

/// Text in which there is something to see.
pub(super) fn filled<const MAX: usize>(mut value: Value<'_>) -> Option<Text<MAX>> {
    let is_filled = !matches!(value.json, Json::String(text) if is_blank(text));
    if !is_filled {
        value.note(Unfit::Shape("filled in"));
    }
    value.text(Text::parse).filter(|_| is_filled)
}

/// Whether there is nothing to see in a text.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|letter| letter.is_whitespace() || DefaultIgnorableCodePoint::for_char(letter))
}

pub(super) fn country(value: Value<'_>) -> Option<Country> {
    let unknown = Unfit::Shape("a country of ISO 3166-1");
    value.parse(|text| {
        let country = Country::parse(text)?;
        if content::is_country(text) { Ok(country) } else { Err(unknown) }
    })
}

pub(super) fn currency(value: Value<'_>) -> Option<Currency> {
    let unknown = Unfit::Shape("a currency of ISO 4217 in use");
    value.parse(|text| {
        let currency = Currency::parse(text)?;
        if content::is_currency(text) { Ok(currency) } else { Err(unknown) }
    })
}

pub(super) fn instant(value: Value<'_>) -> Option<DateTime<Utc>> {
    let unfit = Unfit::Shape("an instant as in RFC 3339");
    value.parse(|text| {
        let instant = DateTime::parse_from_rfc3339(text).map_err(|_| unfit)?.to_utc();
        // An offset may lead out of the years that there are and that the format can write.
        if (1..=9999).contains(&instant.year()) { Ok(instant) } else { Err(unfit) }
    })
}

/// Reads one of the names that a type of unit variants has for serde.
pub(super) fn choice<T: DeserializeOwned>(value: Value<'_>) -> Option<T> {
    value.parse(|text| -> Result<T, NotAmong> { T::deserialize(text.into_deserializer()) })
}

/// What a text should have been; serde's own error would repeat the text.
#[derive(Debug, thiserror::Error)]
#[error("is not one of {}", .0.join(", "))]
struct NotAmong(&'static [&'static str]);

impl de::Error for NotAmong {
    fn custom<T: Display>(_: T) -> Self {
        Self(&[])
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self(known)
    }
}

pub(super) fn flag(value: Value<'_>) -> Option<bool> {
    let Json::Bool(flag) = value.json else { return value.mistyped("is not true or false") };
    Some(*flag)
}

pub(super) fn employees(value: Value<'_>) -> Option<i64> {
    let Json::Number(number) = value.json else { return value.mistyped("is not a number") };
    match whole(number) {
        Some(count @ 0..=EMPLOYEES_MAX) => Some(count),
        Some(_) | None => {
            value.invalid(format_args!("is not a whole number from 0 to {EMPLOYEES_MAX}"))
        }
    }
}

/// An id of an address may come as a number or as its digits.
pub(super) fn address_id(value: Value<'_>) -> Option<AddressId> {
    let id = match value.json {
        Json::Number(number) => {
            let number = whole(number).and_then(|number| u64::try_from(number).ok());
            AddressId::new(number.unwrap_or(0))
        }
        Json::String(digits) => AddressId::parse(digits),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
            return value.mistyped("is neither a number nor a string of digits");
        }
    };
    match id {
        Ok(id) => Some(id),
        Err(unfit) => value.invalid(unfit),
    }
}

/// A whole number, however it is spelt: `7.0` and `1e3` are integers to JSON Schema, and what a
/// client writes that holds its numbers as floats.
fn whole(number: &Number) -> Option<i64> {
    // A float shows all its digits, and a point only before a fraction.
    number.as_i64().or_else(|| number.as_f64()?.to_string().parse().ok())
}
