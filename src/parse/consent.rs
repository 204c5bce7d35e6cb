//! What an operator says about a consent; and its terms, which the feed states in the same words.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use events::consent::{ConsentTerms, Scope};
use events::id::CustomerId;
use events::text::Reason;

use super::json::Json;
use super::scalar::{choice, id, instant, text};
use super::value::{Object, Value};
use super::{Parsed, Violations, document};

/// Most customers that one consent may name.
pub const CONSENT_CUSTOMERS_MAX: usize = 1000;
/// Most scopes that one consent may list, doubles counted.
const CONSENT_SCOPES_MAX: usize = 100;

/// Words with the reason for them: a code or a ticket, which the event keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<T> {
    pub what: T,
    pub reason: Option<Reason>,
}

/// New terms; where there is none, the terms stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TermsChange {
    pub customers: Option<BTreeSet<CustomerId>>,
    pub scopes: Option<BTreeSet<Scope>>,
    pub valid_from: Option<Edge>,
    pub valid_to: Option<Edge>,
}

/// Where the validity of a consent begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    At(DateTime<Utc>),
    /// It always held, or holds until it is revoked.
    Open,
}

impl Edge {
    pub fn instant(self) -> Option<DateTime<Utc>> {
        match self {
            Self::At(instant) => Some(instant),
            Self::Open => None,
        }
    }
}

/// Reads all terms of a consent.
pub fn grant(bytes: &[u8]) -> Result<Parsed<Word<ConsentTerms>>, Violations> {
    word(bytes, terms)
}

/// Reads what of the terms is to change.
pub fn amendment(bytes: &[u8]) -> Result<Parsed<Word<TermsChange>>, Violations> {
    word(bytes, |consent| {
        Some(TermsChange {
            customers: consent.optional("customerIdentifications", customers),
            scopes: consent.optional("scopes", scopes),
            valid_from: consent.optional("validFrom", edge),
            valid_to: consent.optional("validTo", edge),
        })
    })
}

/// Reads why a consent is taken back; nothing need be said.
pub fn revocation(bytes: &[u8]) -> Result<Parsed<Word<()>>, Violations> {
    word(if bytes.is_empty() { b"{}" } else { bytes }, |_| Some(()))
}

fn word<T>(
    bytes: &[u8],
    read: impl FnOnce(&mut Object<'_>) -> Option<T>,
) -> Result<Parsed<Word<T>>, Violations> {
    document(bytes, |value| {
        value.object(|word| {
            let reason = word.optional("reason", text);
            Some(Word { what: read(word)?, reason })
        })
    })
}

pub(super) fn terms(consent: &mut Object<'_>) -> Option<ConsentTerms> {
    let client = consent.required("clientIdentification", id);
    let customers = consent.required("customerIdentifications", customers);
    let scopes = consent.required("scopes", scopes);
    let valid_from = consent.optional("validFrom", instant);
    let valid_to = consent.optional("validTo", instant);
    if let (Some(from), Some(to)) = (valid_from, valid_to)
        && to <= from
    {
        consent.invalid("validTo", "is not later than validFrom");
    }
    Some(ConsentTerms {
        client_identification: client?,
        customer_identifications: customers?,
        scopes: scopes?,
        valid_from,
        valid_to,
    })
}

fn customers(value: Value<'_>) -> Option<BTreeSet<CustomerId>> {
    set(value, CONSENT_CUSTOMERS_MAX, id)
}

fn scopes(value: Value<'_>) -> Option<BTreeSet<Scope>> {
    set(value, CONSENT_SCOPES_MAX, choice)
}

/// `null` takes an instant away.
fn edge(value: Value<'_>) -> Option<Edge> {
    if matches!(value.json, Json::Null) {
        return Some(Edge::Open);
    }
    instant(value).map(Edge::At)
}

/// A list whose order and doubles mean nothing, of at least one item.
fn set<T: Ord>(
    value: Value<'_>,
    items_max: usize,
    read: fn(Value<'_>) -> Option<T>,
) -> Option<BTreeSet<T>> {
    match value.count() {
        Some(0) => value.invalid("is empty"),
        Some(count) if count > items_max => {
            value.invalid(format_args!("has more than {items_max} items"))
        }
        Some(_) | None => value.list(read).map(BTreeSet::from_iter),
    }
}
