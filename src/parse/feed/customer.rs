//! What the bank states about a contract.

use std::collections::BTreeSet;

use events::id::{CustomerId, PersonId};
use events::party::{Activity, CustomerDetails, Link};
use serde::Deserialize;

use crate::parse::scalar::{choice, currency, date, id, text};
use crate::parse::value::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerLine {
    pub id: CustomerId,
    /// Of a closed contract the activity is `Active`: what it is once reopened.
    pub details: CustomerDetails,
    pub closed: bool,
    /// All persons the bank links; none: the line says nothing about them.
    pub links: Option<BTreeSet<(PersonId, Link)>>,
}

/// The reference has activity and closing in one list.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Status {
    Active,
    Inactive,
    Closed,
}

impl Status {
    fn activity(self) -> Activity {
        match self {
            Self::Active | Self::Closed => Activity::Active,
            Self::Inactive => Activity::Inactive,
        }
    }
}

pub(super) fn line(value: Value<'_>) -> Option<CustomerLine> {
    value.object(|customer| {
        // Addresses have lines of their own.
        customer.pass_over(&["addressList"]);
        let id = customer.required("customerIdentification", id);
        let status: Option<Status> = customer.required("status", choice);
        let external_reference = customer.optional("externalReference", text);
        let name = customer.optional("name", text);
        let reference_currency = customer.optional("referenceCurrency", currency);
        let opening_date = customer.optional("openingDate", date);
        let links = customer.optional("personList", |value| value.list(link));

        let (id, status) = (id?, status?);
        let activity = status.activity();
        let details = CustomerDetails {
            external_reference,
            name,
            activity,
            reference_currency,
            opening_date,
        };
        let links = links.map(BTreeSet::from_iter);
        Some(CustomerLine { id, details, closed: status == Status::Closed, links })
    })
}

fn link(value: Value<'_>) -> Option<(PersonId, Link)> {
    value.object(|link| {
        let person = link.required("personIdentification", id);
        let person_relation = link.optional("personRelation", choice);
        Some((person?, Link { person_relation }))
    })
}
