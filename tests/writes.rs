//! What all writes share: they are repeated safely, and only on what the client has seen.

mod keys;
mod versions;

use reqwest::Method;
use serde_json::Value;

use crate::support::{
    answer::Answer,
    bank::*,
    client::{Ask, Client},
};

/// One write of each kind.
fn writes() -> [(Method, &'static str, Value); 5] {
    [
        (Method::POST, "/customers/C-1/addresses", new_address("Bern")),
        (Method::PUT, "/customers/C-1/addresses", change(1, "Bern")),
        (Method::PUT, "/customers/C-1/addresses/2", change(2, "Bern")),
        (Method::POST, "/persons/P-1/contactdetails", email_of("a@example.com")),
        (Method::PUT, "/persons/P-1/contactdetails/K-1", email_of("b@example.com")),
    ]
}

fn ask(client: &Client, (method, path, body): &(Method, &str, Value)) -> Ask {
    client.ask(method.clone(), path).json(body)
}

fn same(first: &Answer, again: &Answer) {
    assert_eq!((first.status, first.body.clone()), (again.status, again.body.clone()));
    for name in ["location", "etag", "content-type"] {
        assert_eq!(first.header(name), again.header(name), "{again:?}");
    }
}

/// Where the ETag is read that guards a write.
fn guarded_by((method, path, _): &(Method, &'static str, Value)) -> &'static str {
    match (method.as_str(), *path) {
        ("POST", "/customers/C-1/addresses") => "/customers/C-1",
        ("PUT", "/customers/C-1/addresses") => "/customers/C-1/addresses/1",
        ("POST", "/persons/P-1/contactdetails") => "/persons/P-1",
        (_, path) => path,
    }
}

fn vary(body: &mut Value, round: usize) {
    if body.get("contactContent").is_some() {
        body["contactContent"] = format!("round-{round}@example.com").into();
    } else {
        body["addressName"] = format!("round {round}").into();
    }
}
