//! Bodies of requests; the first byte says which of them.

use dossier::parse::{address, consent, contact};
use serde_json::Value;

use crate::line::{self, document};

pub(crate) fn run(bytes: &[u8]) {
    let Some((which, body)) = bytes.split_first() else { return };
    match which {
        b'a' => document(body, address::new),
        b'r' => document(body, address::replacement),
        b'c' => document(body, contact::new),
        b'g' => document(body, consent::grant),
        b'm' => document(body, consent::amendment),
        b'v' => document(body, consent::revocation),
        _ => {}
    }
}

/// The addresses, contact details and consents of the sample bank.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let lines = line::seeds();
    let lines = lines.iter().filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    lines.flat_map(bodies).collect()
}

fn bodies(line: Value) -> Vec<Vec<u8>> {
    let body = |which: u8, body: &Value| [&[which], body.to_string().as_bytes()].concat();
    let contacts = line.pointer("/person/contactInformation").and_then(Value::as_array);
    let mut bodies: Vec<_> = contacts.into_iter().flatten().map(|it| body(b'c', it)).collect();
    bodies.extend(line.get("address").into_iter().flat_map(|it| b"ar".map(|of| body(of, it))));
    bodies.extend(line.get("consent").into_iter().flat_map(|it| b"gmv".map(|of| body(of, it))));
    bodies
}
