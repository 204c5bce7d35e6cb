//! The bounds in force: what settings add to what is said of an answer, so that nobody has to run
//! into them to know them.

use events::party::Relation;
use serde_json::{Value, json};

use super::super::{admission::LOOKED_AT_A_REQUEST, reader::WAITING_MAX};
use crate::{app::Settings, commands};

/// hyper's own bound.
const HEADERS_MAX: usize = 100;

/// Of connections, and of the head of any request.
pub(super) fn of_head(settings: &Settings) -> String {
    let crowd = settings.crowd;
    format!(
        "The first line and the headers of a request have at most {} bytes, the headers are at most \
         {HEADERS_MAX}, and all of it comes within {} ms. A connection on which nothing happens for \
         {} ms is closed. There are at most {} connections, {} from one address, and {} with one \
         certificate.",
        settings.header_bytes_max,
        settings.header_time_max.as_millis(),
        settings.idle_time_max.as_millis(),
        crowd.connections_max,
        crowd.connections_per_address_max,
        crowd.connections_per_certificate_max,
    )
}

/// Of what is answered with this status, where there are any.
pub(super) fn of_status(status: u16, settings: &Settings) -> Option<String> {
    Some(match status {
        400 => format!("A body comes within {} ms.", settings.body_time_max.as_millis()),
        403 => relations(&settings.contact_write_relations),
        409 => format!(
            "A customer has at most {} addresses, a person at most {} contact details.",
            settings.limits.addresses_max, settings.limits.contacts_max
        ),
        413 => format!("A body has at most {} bytes.", settings.body_bytes_max),
        429 => share(settings),
        503 => format!(
            "A request takes at most {} ms, and then it is not known what became of it. At most {} \
             are served at once, and {} wait, each at most {} ms. At most {} writes of a client \
             wait for one customer or person. Where the disk is almost full, nothing is written.",
            settings.request_time_max.as_millis(),
            settings.crowd.at_once_max,
            settings.crowd.waiting_max,
            settings.crowd.waiting_time_max.as_millis(),
            commands::WAITING_MAX,
        ),
        _ => return None,
    })
}

fn relations(allowed: &[Relation]) -> String {
    let names: Vec<_> = allowed.iter().map(|relation| json!(relation)).collect();
    let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
    let names = if names.is_empty() { "none" } else { &names.join(", ") };
    format!(
        "Contact details of a person change through a customer to whom the relation of the \
         person is one of these: {names}."
    )
}

fn share(settings: &Settings) -> String {
    let requests = settings.rate.map_or_else(String::new, |(per_second, burst)| {
        format!(
            "A client has {per_second} requests a second, and {burst} at once after a rest; every \
             {LOOKED_AT_A_REQUEST} customers, persons, links or past events that are looked at for \
             a request count as one more. "
        )
    });
    format!(
        "{requests}At most {WAITING_MAX} requests of a client wait at once for an \
         X-Min-Log-Position, or for an answer from far back in a history, of which one is sought \
         after the other."
    )
}
