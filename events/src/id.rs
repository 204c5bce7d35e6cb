//! The names of things: whose history, which object, where in the log.

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::text::{PLAIN_PATTERN, Unfit, no_control_characters, within};

/// Longest id of the bank, in characters, as the `OpenWealth` reference has it.
pub const BANK_ID_CHARS_MAX: usize = 35;
/// Longest id of a client, in characters.
pub const CLIENT_ID_CHARS_MAX: usize = 64;

/// Makes an id that is text: any characters but control characters, at least one.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $chars_max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn parse(text: &str) -> Result<Self, Unfit> {
                within(text, 1, $chars_max)?;
                no_control_characters(text)?;
                Ok(Self(text.into()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_forms!($name, {
            "type": "string", "minLength": 1, "maxLength": $chars_max, "pattern": PLAIN_PATTERN
        });
    };
}

/// Makes the forms that every checked text has: to and from `String`, to CBOR and back, and as a
/// schema.
macro_rules! text_forms {
    ($name:ident, $schema:tt) => {
        impl TryFrom<String> for $name {
            type Error = crate::text::Unfit;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.str(self.as_str())?.ok()
            }
        }
        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                d: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                let text = d.str()?;
                Self::parse(text).map_err(minicbor::decode::Error::message)
            }
        }
    };
}
pub(crate) use text_forms;

text_id!(
    /// A contract with the bank, by the bank's own number.
    CustomerId, BANK_ID_CHARS_MAX
);
text_id!(
    /// A person, natural or legal, by the bank's own number.
    PersonId, BANK_ID_CHARS_MAX
);
text_id!(
    /// One way to reach a person.
    ContactId, BANK_ID_CHARS_MAX
);
text_id!(
    /// A permission that customers gave to a client.
    ConsentId, BANK_ID_CHARS_MAX
);
text_id!(
    /// A Service User, as its tokens name it.
    ClientId, CLIENT_ID_CHARS_MAX
);

/// One address of a customer, unique within the customer and never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct AddressId(u64);

impl AddressId {
    /// The bank's own ids lie below, ours from here on.
    pub const OURS_MIN: u64 = 1_000_000_000_000;
    /// Greater numbers are not exact in every JSON reader.
    pub const MAX: u64 = (1 << 53) - 1;

    pub fn new(number: u64) -> Result<Self, Unfit> {
        if (1..=Self::MAX).contains(&number) {
            Ok(Self(number))
        } else {
            Err(Unfit::Shape("a whole number from 1 to 9007199254740991"))
        }
    }

    /// Reads decimal digits without a leading zero.
    pub fn parse(digits: &str) -> Result<Self, Unfit> {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        let number = if plain { digits.parse().ok() } else { None };
        Self::new(number.unwrap_or(0))
    }

    /// The id of the `nth` address that was added through dossier itself, counted from 0.
    pub fn ours(nth: u64) -> Result<Self, Unfit> {
        Self::new(Self::OURS_MIN.saturating_add(nth))
    }

    pub fn is_ours(self) -> bool {
        self.0 >= Self::OURS_MIN
    }

    pub fn get(self) -> u64 {
        self.0
    }
}

impl JsonSchema for AddressId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AddressId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": Self::MAX })
    }
}

impl TryFrom<u64> for AddressId {
    type Error = Unfit;
    fn try_from(number: u64) -> Result<Self, Unfit> {
        Self::new(number)
    }
}

impl From<AddressId> for u64 {
    fn from(id: AddressId) -> u64 {
        id.0
    }
}

impl fmt::Display for AddressId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One event, the same wherever it is copied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(uuid::Uuid);

impl EventId {
    pub fn random() -> Self {
        Self(uuid::Uuid::now_v7())
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<C> minicbor::Encode<C> for EventId {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(self.as_bytes())?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for EventId {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let bytes = d.bytes()?.try_into();
        bytes.map(Self::from_bytes).map_err(|_| minicbor::decode::Error::message("no event id"))
    }
}

/// Makes a counter that starts at 0, "before the first", and whose first real value is 1.
macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            Serialize, Deserialize, minicbor::Encode, minicbor::Decode,
        )]
        #[serde(transparent)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] pub u64);

        impl $name {
            pub const ZERO: Self = Self(0);

            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter!(
    /// A place in the one total order of the log: from 1, without gaps.
    Position
);
counter!(
    /// A place in the order of one stream: from 1, without gaps.
    Version
);

/// Whose history: one aggregate, one stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StreamId {
    Customer(CustomerId),
    Person(PersonId),
    Consent(ConsentId),
}

impl StreamId {
    /// Reads `customer/C-000001`.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        match text.split_once('/') {
            Some((aggregate, id)) => Self::of(aggregate, id),
            None => Err(Self::unfit()),
        }
    }

    pub(crate) fn of(aggregate: &str, id: &str) -> Result<Self, Unfit> {
        match aggregate {
            "customer" => CustomerId::parse(id).map(Self::Customer),
            "person" => PersonId::parse(id).map(Self::Person),
            "consent" => ConsentId::parse(id).map(Self::Consent),
            _ => Err(Self::unfit()),
        }
    }

    fn unfit() -> Unfit {
        Unfit::Shape("a stream: customer/ID, person/ID or consent/ID")
    }

    pub fn aggregate(&self) -> &'static str {
        match self {
            Self::Customer(_) => "customer",
            Self::Person(_) => "person",
            Self::Consent(_) => "consent",
        }
    }

    /// The bank's own id, without the aggregate.
    pub fn id(&self) -> &str {
        match self {
            Self::Customer(id) => id.as_str(),
            Self::Person(id) => id.as_str(),
            Self::Consent(id) => id.as_str(),
        }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.aggregate(), self.id())
    }
}

impl TryFrom<String> for StreamId {
    type Error = Unfit;
    fn try_from(text: String) -> Result<Self, Unfit> {
        Self::parse(&text)
    }
}

impl From<StreamId> for String {
    fn from(stream: StreamId) -> Self {
        stream.to_string()
    }
}

impl From<CustomerId> for StreamId {
    fn from(id: CustomerId) -> Self {
        Self::Customer(id)
    }
}

impl From<PersonId> for StreamId {
    fn from(id: PersonId) -> Self {
        Self::Person(id)
    }
}

impl From<ConsentId> for StreamId {
    fn from(id: ConsentId) -> Self {
        Self::Consent(id)
    }
}
