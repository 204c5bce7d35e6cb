//! What may happen to a consent: the permission that opens customers to a client.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ClientId, CustomerId};

/// A fact about one consent, in the past tense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsentEvent {
    Granted(ConsentTerms),
    Amended(ConsentTerms),
    Revoked,
}

/// Which client may do what with which customers, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentTerms {
    pub client_identification: ClientId,
    pub customer_identifications: BTreeSet<CustomerId>,
    pub scopes: BTreeSet<Scope>,
    /// The first instant at which it holds; none: it always held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<DateTime<Utc>>,
    /// The first instant at which it no longer holds; none: until revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<DateTime<Utc>>,
}

impl ConsentTerms {
    /// Whether the clock alone would let it hold now.
    pub fn in_force(&self, now: DateTime<Utc>) -> bool {
        self.valid_from.is_none_or(|from| from <= now) && self.valid_to.is_none_or(|to| now < to)
    }
}

/// One kind of access.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Scope {
    #[serde(rename = "customer:read")]
    CustomerRead,
    #[serde(rename = "kyc:read")]
    KycRead,
    #[serde(rename = "address:write")]
    AddressWrite,
    #[serde(rename = "contact:write")]
    ContactWrite,
}

impl Scope {
    pub const ALL: [Self; 4] =
        [Self::CustomerRead, Self::KycRead, Self::AddressWrite, Self::ContactWrite];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::CustomerRead => "customer:read",
            Self::KycRead => "kyc:read",
            Self::AddressWrite => "address:write",
            Self::ContactWrite => "contact:write",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}
