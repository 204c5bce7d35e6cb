//! What the bank states about a consent.

use events::consent::ConsentTerms;
use events::id::ConsentId;
use serde::Deserialize;

use crate::parse::consent::terms;
use crate::parse::scalar::{choice, id};
use crate::parse::value::Value;

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
        let named = consent.required("consentIdentification", id);
        let status: Option<Status> = consent.required("status", choice);
        let terms = terms(consent);
        Some(ConsentLine { id: named?, terms: terms?, revoked: status? == Status::Revoked })
    })
}
