//! One line of the journal.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use events::id::{ClientId, ConsentId, CustomerId, PersonId};
use serde::Serialize;

/// The last member of a line: the CRC-32 of all before it.
const CHECKSUM: &str = ",\"crc\":\"";
/// Bytes behind that: eight digits, a quote and a brace.
const CHECKSUM_END: usize = 10;

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
        let begin = lines.len();
        serde_json::to_writer(&mut *lines, &line).expect("writing to memory does not fail");
        // In the place of the brace: a line stays one object.
        lines.pop();
        let checksum = crc32fast::hash(&lines[begin..]);
        lines.extend(format!("{CHECKSUM}{checksum:08x}\"}}\n").bytes());
    }
}

/// The line without its checksum, if that fits; one without a checksum is as it is.
pub(super) fn checked(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let Some(at) = line.len().checked_sub(CHECKSUM.len() + CHECKSUM_END) else {
        return Some(line.into());
    };
    let (content, checksum) = line.split_at(at);
    let Some(digits) = checksum.strip_prefix(CHECKSUM.as_bytes()) else {
        return Some(line.into());
    };
    let whole = format!("{:08x}\"}}", crc32fast::hash(content)).as_bytes() == digits;
    whole.then(|| [content, b"}"].concat().into())
}
