//! One line of the journal.

use chrono::{DateTime, Utc};
use events::id::{ClientId, ConsentId, CustomerId, PersonId};
use serde::Serialize;

/// Who saw or changed what; borrowed, since it is written at once.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub at: DateTime<Utc>,
    pub client: &'a ClientId,
    /// The method and the route, ids left out.
    pub operation: (&'a str, &'a str),
    pub seen: Seen<'a>,
    pub status: u16,
    pub correlation: &'a str,
}

/// Whose data they were.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The person, where it was about one.
    pub person: Option<&'a PersonId>,
    /// The customers, or those through whom the person was seen.
    pub customers: &'a [Through<'a>],
}

/// A customer, and the consent that opened it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Through<'a> {
    pub customer: &'a CustomerId,
    pub consent: &'a ConsentId,
}

#[derive(Serialize)]
struct Line<'a> {
    /// Microseconds since 1970, UTC: cheap to write, and made readable by whoever searches.
    at: i64,
    client: &'a ClientId,
    method: &'a str,
    route: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<&'a PersonId>,
    customers: &'a [Through<'a>],
    status: u16,
    correlation: &'a str,
}

impl Entry<'_> {
    pub(super) fn write(&self, lines: &mut Vec<u8>) {
        let line = Line {
            at: self.at.timestamp_micros(),
            client: self.client,
            method: self.operation.0,
            route: self.operation.1,
            person: self.seen.person,
            customers: self.seen.customers,
            status: self.status,
            correlation: self.correlation,
        };
        serde_json::to_writer(&mut *lines, &line).expect("writing to memory does not fail");
        lines.push(b'\n');
    }
}
