//! Parameters: of the path, of the query, and headers of requests.

use events::{
    id::{ContactId, CustomerId, PersonId},
    text::Correlation,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    super::{
        documents,
        paging::{LIMIT_DEFAULT, LIMIT_MAX, PAGE_BYTES},
        problem::Kind,
        reader::WAITING_MAX,
        write::KEY_CHARS_MAX,
    },
    answers::POSITION,
    object, reference,
    schemas::of,
    written,
};
use crate::{app::Settings, asyncapi::schemas};

/// Every call outside the health check and the documents, besides `FROM_INTERMEDIARIES`.
pub(super) const OF_CALLS: [&str; 2] = ["X-Correlation-ID", "traceparent"];
/// What comes with a call through an intermediary; the health check tells it back.
pub(super) const FROM_INTERMEDIARIES: [&str; 4] =
    ["X-CorAPI-Client-ID", "X-CorAPI-Target-ID", "X-PSU-IP-Address", "X-PSU-User-Agent"];
pub(super) const OF_LISTS: [&str; 3] = ["cursor", "limit", "X-Min-Log-Position"];
pub(super) const OF_OBJECTS: [&str; 4] =
    ["If-None-Match", "X-Min-Log-Position", "Ignored-cursor", "Ignored-limit"];
pub(super) const OF_WRITES: [&str; 4] =
    ["Idempotency-Key", "If-Match", "Ignored-cursor", "Ignored-limit"];

/// What an open call may say of itself.
pub(super) const OPTIONAL_CORRELATION: &str = "Optional-Correlation-ID";

/// Every parameter, by the name under which operations refer to it.
pub(super) fn all(settings: &Settings) -> Value {
    let mut all = Vec::new();
    all.extend(of_paths());
    all.extend(of_queries());
    all.extend(of_headers(settings));
    all.extend(from_intermediaries());
    object(all)
}

/// Parameters that stand in a path.
pub(super) fn in_path(path: &str) -> Vec<Value> {
    let segments =
        path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    segments.map(|name| reference("parameters", name)).collect()
}

fn of_paths() -> [(&'static str, Value); 7] {
    let kinds: Vec<_> = Kind::ALL.iter().flat_map(|kind| kind.spellings()).collect();
    let files = documents::FILES.map(|(name, _)| name);
    let schemas: Vec<_> = schemas::files().into_keys().collect();
    let digits = written::address_id_digits();
    [
        path("customerId", "The bank's id of a customer.", "C-000001", of::<CustomerId>()),
        path("personId", "The bank's id of a person.", "P-000001", of::<PersonId>()),
        path("addressId", "The id of an address of this customer.", "1", digits),
        path(
            "contactId",
            "The id of a contact detail of this person.",
            "K-000001-1",
            of::<ContactId>(),
        ),
        path("type", "A kind of problem, in either spelling.", "WRONG_METHOD", one_of(kinds)),
        path("file", "A file of the page.", files[0], one_of(files)),
        path("schema", "The file of a tag.", "customer.opened.v1.json", one_of(schemas)),
    ]
}

fn of_queries() -> [(&'static str, Value); 5] {
    let query = |name, about: &str, schema| (name, optional("query", name, about, schema));
    let limit = json!({
        "type": "integer", "minimum": 1, "default": LIMIT_DEFAULT,
    });
    let items = format!(
        "Items of a page at most; more than {LIMIT_MAX} are never sent, and fewer where they are \
         large: a page that has come to {} KiB ends there.",
        PAGE_BYTES / 1024
    );
    [
        query(
            "cursor",
            "Where the list goes on: nextCursor of the page before. It is good for this client \
             and this list only, and stays good while data changes.",
            json!({ "type": "string" }),
        ),
        query("limit", &items, limit),
        (OF_OBJECTS[2], ignored("cursor")),
        (OF_OBJECTS[3], ignored("limit")),
        query(
            "addressIdentification",
            "Which address; without it the mailing address, else the domicile, else the one \
             with the lowest id.",
            written::address_id_digits(),
        ),
    ]
}

fn of_headers(settings: &Settings) -> [(&'static str, Value); 7] {
    let header = |name, about: &str, schema| (name, optional("header", name, about, schema));
    let (_, mut correlation) = header(
        OF_CALLS[0],
        "The caller's name for this call, sent back in the answer. It is no idempotency key.",
        of::<Correlation>(),
    );
    correlation["example"] = "demo-1".into();
    let mut required = correlation.clone();
    required["required"] = true.into();
    [
        (OF_CALLS[0], required),
        (OPTIONAL_CORRELATION, correlation),
        header(
            OF_CALLS[1],
            "A W3C trace context, kept with what the call changes if it can be read, else ignored.",
            json!({ "type": "string" }),
        ),
        header(
            OF_WRITES[0],
            &format!(
                "Makes the write happen once: the same request under the same key is answered as \
                 the first time, for at least {} hours.",
                settings.remembered_min.as_secs() / 3600
            ),
            json!({ "type": "string", "pattern": format!("^[!-~]{{1,{KEY_CHARS_MAX}}}$") }),
        ),
        header(
            OF_WRITES[1],
            "ETags, or *: the write happens only if the object still has one of them. If-None-Match \
             has no effect on writes.",
            json!({ "type": "string", "pattern": "^[\\t -~]*$" }),
        ),
        header(
            OF_OBJECTS[0],
            "ETags, or *: if one is still the object's, the answer is 304 without a body. If-Match \
             has no effect on reads.",
            json!({ "type": "string" }),
        ),
        header(
            OF_OBJECTS[1],
            &format!(
                "The X-Log-Position of a write or a read: the answer waits until it shows at \
                 least that, and names in turn what it shows. It waits {} ms at most, and then is \
                 503; of one client at most {WAITING_MAX} requests wait at the same time.",
                settings.wait_time_max.as_millis()
            ),
            json!({ "type": "string", "pattern": POSITION }),
        ),
    ]
}

fn from_intermediaries() -> impl Iterator<Item = (&'static str, Value)> {
    let abouts = [
        "The client that the call is made for: that of the token. Required through an intermediary.",
        "The provider that the call is meant for, as the intermediary knows it. Not looked at.",
        "The address of the person at the other end. Not looked at.",
        "The program of the person at the other end. Not looked at.",
    ];
    let text = json!({ "type": "string" });
    let header = move |(name, about)| (name, optional("header", name, about, text.clone()));
    FROM_INTERMEDIARIES.into_iter().zip(abouts).map(header)
}

/// What the reference has wherever something is read, and means something in lists only.
fn ignored(name: &str) -> Value {
    let about = "Has no effect: this is no list that comes in pages.";
    optional("query", name, about, json!({ "type": "string" }))
}

fn one_of(names: impl Serialize) -> Value {
    json!({ "type": "string", "enum": names })
}

/// With an example, which the page fills in.
fn path(name: &'static str, about: &str, example: &str, schema: Value) -> (&'static str, Value) {
    let parameter = json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": about,
        "example": example,
        "schema": schema,
    });
    (name, parameter)
}

fn optional(place: &str, name: &str, about: &str, schema: Value) -> Value {
    json!({ "name": name, "in": place, "description": about, "schema": schema })
}
