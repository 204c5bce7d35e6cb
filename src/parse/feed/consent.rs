//! What the bank states about a consent.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use events::consent::ConsentTerms;
use events::id::ConsentId;
use serde::Deserialize;

use crate::parse::scalar::{choice, instant, text};
use crate::parse::value::{Object, Value};

/// Most customers that one consent may name.
pub const CONSENT_CUSTOMERS_MAX: usize = 1000;
/// Most scopes that one consent may list, doubles counted.
const CONSENT_SCOPES_MAX: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentLine {
    pub id: ConsentId,
    pub terms: ConsentTerms,
    pub revoked: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Status {
    Active,
    Revoked,
}

pub(super) fn line(value: Value<'_>) -> Option<ConsentLine> {
    value.object(|consent| {
        let id = consent.required("consentIdentification", text);
        let status: Option<Status> = consent.required("status", choice);
        let client = consent.required("clientIdentification", text);
        let customers = consent
            .required("customerIdentifications", |value| set(value, CONSENT_CUSTOMERS_MAX, text));
        let scopes = consent.required("scopes", |value| set(value, CONSENT_SCOPES_MAX, choice));
        let (valid_from, valid_to) = validity(consent);

        let terms = ConsentTerms {
            client_identification: client?,
            customer_identifications: customers?,
            scopes: scopes?,
            valid_from,
            valid_to,
        };
        Some(ConsentLine { id: id?, terms, revoked: status? == Status::Revoked })
    })
}

fn validity(consent: &mut Object<'_>) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    let from = consent.optional("validFrom", instant);
    let to = consent.optional("validTo", instant);
    if let (Some(from), Some(to)) = (from, to)
        && to <= from
    {
        consent.invalid("validTo", "is not later than validFrom");
    }
    (from, to)
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
