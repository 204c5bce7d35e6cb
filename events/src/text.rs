//! Text that cannot be wrong: bounded, without control characters, of a known shape.
//!
//! Only what is true for all time is checked here. Today's lists (which countries exist) belong
//! to the edge, or yesterday's events would stop decoding.

#[cfg(test)]
mod tests;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

use crate::id::text_forms;

/// Why a text is no value of its type; reads after the name of the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("is empty")]
    Empty,
    #[error("is longer than {chars_max} characters")]
    TooLong { chars_max: usize },
    #[error("contains a control character")]
    ControlCharacter,
    #[error("is not {0}")]
    Shape(&'static str),
}

/// What texts of one line match, as JSON Schema has it: no control characters.
pub const PLAIN_PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

pub(crate) fn within(text: &str, chars_min: usize, chars_max: usize) -> Result<(), Unfit> {
    // Counting stops one past the bound, so that a huge text costs nothing.
    match text.chars().take(chars_max + 1).count() {
        count if count < chars_min => Err(Unfit::Empty),
        count if count > chars_max => Err(Unfit::TooLong { chars_max }),
        _ => Ok(()),
    }
}

pub(crate) fn no_control_characters(text: &str) -> Result<(), Unfit> {
    if text.chars().any(char::is_control) { Err(Unfit::ControlCharacter) } else { Ok(()) }
}

/// Text of at most `MAX` characters, without control characters; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Text<const MAX: usize>(Box<str>);

impl<const MAX: usize> Text<MAX> {
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        within(text, 0, MAX)?;
        no_control_characters(text)?;
        Ok(Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = Unfit;
    fn try_from(text: String) -> Result<Self, Unfit> {
        Self::parse(&text)
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Text{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": MAX, "pattern": PLAIN_PATTERN })
    }
}

/// Makes a text whose shape a predicate knows; the schema says the same as far as it can.
macro_rules! shaped {
    ($(#[$doc:meta])* $name:ident, $what:literal, $schema:tt, $fits:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Box<str>);

        impl $name {
            pub fn parse(text: &str) -> Result<Self, Unfit> {
                let fits: fn(&str) -> bool = $fits;
                if fits(text) { Ok(Self(text.into())) } else { Err(Unfit::Shape($what)) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_forms!($name, $schema);
    };
}

shaped!(
    /// A country in two capital letters.
    Country, "two capital letters", { "type": "string", "pattern": "^[A-Z]{2}$" },
    |text| capitals(text, 2)
);
shaped!(
    /// A currency in three capital letters.
    Currency, "three capital letters", { "type": "string", "pattern": "^[A-Z]{3}$" },
    |text| capitals(text, 3)
);
shaped!(
    /// A decimal amount, kept digit by digit as the bank wrote it.
    Amount, "a decimal number of at most 12 digits, a point and 9 digits",
    { "type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,9})?$" }, is_amount
);
shaped!(
    /// A legal entity identifier.
    Lei, "18 capital letters or digits and 2 digits",
    { "type": "string", "pattern": "^[A-Z0-9]{18}[0-9]{2}$" }, is_lei
);
shaped!(
    /// A day in the form `YYYY-MM-DD` that exists in the calendar.
    Date, "a date that exists, as YYYY-MM-DD",
    { "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }, is_date
);
shaped!(
    /// Why somebody changed something: a code or a ticket number, never free text.
    Reason, "a code of 1 to 64 letters, digits, points, dashes or underscores",
    { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" }, is_code
);
shaped!(
    /// The caller's name for one call, reflected in its answer.
    Correlation, "1 to 64 characters without control characters",
    { "type": "string", "minLength": 1, "maxLength": 64, "pattern": PLAIN_PATTERN }, is_correlation
);
shaped!(
    /// A W3C trace context.
    Trace, "a traceparent", { "type": "string", "pattern": "^[!-~]{1,128}$" }, is_trace
);

fn capitals(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn digits(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_amount(text: &str) -> bool {
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole, 12) && digits(fraction, 9),
        None => digits(text, 12),
    }
}

fn is_lei(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.len() == 20
        && text.bytes().take(18).all(letters)
        && text.bytes().skip(18).all(|byte| byte.is_ascii_digit())
}

fn is_date(text: &str) -> bool {
    // chrono alone would accept `2020-1-1` and `-020-01-01`.
    let shaped = text.bytes().enumerate().all(|(nth, byte)| match nth {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    shaped && text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

fn is_code(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

fn is_correlation(text: &str) -> bool {
    within(text, 1, 64).is_ok() && no_control_characters(text).is_ok()
}

fn is_trace(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
