//! The sample bank, and every value in it, read and written again.

use serde_json::{Map, Value, json};

use super::{documents, said};
use crate::parse::feed::{self, AddressChange, Line};
use crate::parse::{address, contact};

/// The line that would state this again.
fn render(line: &Line) -> Value {
    match line {
        Line::Customer(line) => {
            let mut customer = object(&line.details);
            let activity = customer.remove("activity").unwrap();
            let status = if line.closed { json!("closed") } else { activity };
            let person = |(person, link)| with(object(link), "personIdentification", person);
            let persons = line
                .links
                .as_ref()
                .map(|links| links.iter().map(|(id, link)| person((id, link))).collect::<Vec<_>>());
            customer.insert("status".to_owned(), status);
            customer.extend(persons.map(|it| ("personList".to_owned(), json!(it))));
            json!({ "customer": with(customer, "customerIdentification", &line.id) })
        }
        Line::Person(line) => {
            let contacts = line.contacts.as_ref().map(|contacts| {
                let contact = |(id, it)| with(object(it), "contactIdentification", id);
                contacts.iter().map(contact).collect::<Vec<_>>()
            });
            let mut person = object(&line.details);
            person.extend(contacts.map(|it| ("contactInformation".to_owned(), json!(it))));
            json!({ "person": with(person, "personIdentification", &line.id) })
        }
        Line::Address(line) => {
            let address = match &line.change {
                AddressChange::Stated(address) => object(address),
                AddressChange::Removed => object(json!({ "removed": true })),
            };
            let address = object(with(address, "customerIdentification", &line.customer));
            json!({ "address": with(address, "addressIdentification", line.id) })
        }
        Line::Kyc(line) => {
            json!({ "kyc": with(object(&line.kyc), "customerIdentification", &line.customer) })
        }
        Line::Consent(line) => {
            let mut consent = object(&line.terms);
            let status = if line.revoked { "revoked" } else { "active" };
            consent.insert("status".to_owned(), json!(status));
            json!({ "consent": with(consent, "consentIdentification", &line.id) })
        }
    }
}

fn object(value: impl serde::Serialize) -> Map<String, Value> {
    let Value::Object(members) = serde_json::to_value(value).unwrap() else { panic!("no object") };
    members
}

fn with(mut object: Map<String, Value>, name: &str, id: impl serde::Serialize) -> Value {
    object.insert(name.to_owned(), json!(id));
    Value::Object(object)
}

#[track_caller]
fn check_written_again(text: &str) {
    let line = feed::line(text.as_bytes()).unwrap();
    assert!(line.ignored.is_empty(), "{text}");

    let again = render(&line.value).to_string();
    assert_eq!(feed::line(again.as_bytes()).unwrap(), line, "{text}");
}

#[test]
fn every_line_of_the_sample_bank_is_read_whole_and_survives_writing() {
    let mut bank = Vec::new();
    crate::sample::write(300, 7, &mut bank).unwrap();

    for text in std::str::from_utf8(&bank).unwrap().lines() {
        check_written_again(text);

        let line = feed::line(text.as_bytes()).unwrap().value;
        let mut written: Value = serde_json::from_str(text).unwrap();
        let mut rendered = render(&line);
        order(&mut written);
        order(&mut rendered);
        assert_eq!(rendered, written);
    }
}

/// Lists that are sets to us come in any order.
fn order(line: &mut Value) {
    for pointer in [
        "/customer/personList",
        "/consent/scopes",
        "/consent/customerIdentifications",
        "/person/contactInformation",
    ] {
        if let Some(Value::Array(items)) = line.pointer_mut(pointer) {
            items.sort_by_cached_key(Value::to_string);
        }
    }
}

#[test]
fn complete_documents_survive_writing() {
    for (text, _) in documents::all() {
        if feed::line(text.as_bytes()).is_ok() {
            check_written_again(&text);
        }
    }
    let address = address::new(documents::ADDRESS.as_bytes()).unwrap().value;
    let again = serde_json::to_vec(&address).unwrap();
    assert_eq!(address::new(&again).unwrap().value, address);
    let contact = contact::new(documents::CONTACT.as_bytes()).unwrap().value;
    let again = serde_json::to_vec(&contact).unwrap();
    assert_eq!(contact::new(&again).unwrap().value, contact);
    assert_eq!(said(contact::new(&again)), [""; 0]);
}
