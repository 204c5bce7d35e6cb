//! From JSON to values: everything that is wrong with a document, found at once.
//!
//! No message repeats a value of the document: what a client sent by mistake may be a secret.

pub mod address;
pub mod consent;
pub mod contact;
pub mod feed;

mod content;
mod findings;
mod json;
mod postal;
mod scalar;
mod value;

#[cfg(test)]
mod tests;

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

pub use self::content::{PHONE_DIGITS_MAX, PHONE_DIGITS_MIN, countries, pattern};
pub use self::json::DEPTH_MAX;
pub use self::scalar::FILLED_PATTERN;
pub(crate) use self::scalar::no_step;

use self::findings::Findings;
use self::json::Json;
use self::value::Value;

/// Bytes of pointers and details that are told of one document's violations, at most; and of
/// pointers to its ignored members, as many.
pub const TOLD_BYTES_MAX: usize = 256 * 1024;
/// Stands for the ignored members that there is no room to name; no pointer is like it.
pub const IGNORED_BEYOND: &str = "...";

/// A value, and what its document said besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<T> {
    pub value: T,
    /// Pointers to members that nobody knows; the last may be `IGNORED_BEYOND`.
    pub ignored: Vec<String>,
}

/// What is wrong with a document, in the order of finding; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations {
    list: Vec<Violation>,
    malformed: bool,
    ignored: Vec<String>,
}

impl Violations {
    pub fn as_slice(&self) -> &[Violation] {
        &self.list
    }

    /// Whether the document is no JSON, or some member has another JSON type than it should.
    pub fn is_malformed(&self) -> bool {
        self.malformed
    }

    /// Pointers to members that nobody knows; perhaps what is missing is among them, misspelt.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.list.iter().enumerate() {
            let between = if index == 0 { "" } else { "; " };
            write!(f, "{between}{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// One thing that is wrong, where it is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Violation {
    #[serde(skip)]
    pub kind: Kind,
    /// A JSON Pointer (RFC 6901), member names as the client spelt them; empty for the body as
    /// a whole, and for what does not stand in it.
    pub pointer: String,
    /// Reads after the name of the member: `is required`. Of a parameter or a header it is a
    /// sentence: `the parameter limit must be at least 1`.
    pub detail: String,
}

impl Violation {
    /// Stands for the violations that there is no room to tell.
    pub(crate) fn beyond() -> Self {
        let (pointer, detail) = (String::new(), "more is wrong than is listed here".to_owned());
        Self { kind: Kind::Invalid, pointer, detail }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the document" } else { &self.pointer };
        write!(f, "{place} {}", self.detail)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No JSON, or not of the JSON type it should be.
    Malformed,
    /// Anything else.
    Invalid,
}

/// Reads a whole document; only broken JSON stops before its end.
fn document<T>(
    bytes: &[u8],
    read: impl FnOnce(Value<'_>) -> Option<T>,
) -> Result<Parsed<T>, Violations> {
    let (mut findings, mut room) = (Findings::default(), Vec::new());
    let value = match Json::parse(bytes, &mut room) {
        Ok(json) => read(Value::root(&json, &mut findings)),
        Err(broken) => Value::root(&Json::Null, &mut findings).mistyped(broken),
    };
    findings.judge(value)
}
