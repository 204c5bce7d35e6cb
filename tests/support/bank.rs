//! What the bank says, line by line, and what clients write.

use serde_json::{Value, json};

pub(crate) const ALL: [&str; 4] = ["customer:read", "kyc:read", "address:write", "contact:write"];
pub(crate) const READ: [&str; 1] = ["customer:read"];

/// A small bank.
///
/// ```text
/// C-1  P-1 owner, P-2 representative   addresses 1 (domicile), 2 (mail)   KYC
/// C-2  P-1 owner                       no address, no KYC
/// C-3  P-3 owner                       closed, address 1
/// C-4  P-4 asset manager               address 1
/// C-5  P-1 and P-5 owners              nobody may see it but beta
///
/// alpha  C-1 to C-4 with every scope      beta  C-1 and C-5 to read, but no KYC
/// ```
pub(crate) fn lines() -> Vec<Value> {
    let mut lines = vec![
        customer("C-1", &[("P-1", "accountOwner"), ("P-2", "authorisedRepresentative")]),
        customer("C-2", &[("P-1", "accountOwner")]),
        with(customer("C-3", &[("P-3", "accountOwner")]), "/customer/status", "closed"),
        customer("C-4", &[("P-4", "assetManager")]),
        customer("C-5", &[("P-1", "accountOwner"), ("P-5", "accountOwner")]),
        person("P-1", &[("K-1", "tony@stark.example.com"), ("K-2", "iron@stark.example.com")]),
        person("P-2", &[]),
        person("P-3", &[("K-1", "p3@example.com")]),
        person("P-4", &[("K-1", "p4@example.com")]),
        person("P-5", &[]),
        kyc("C-1", "CEO"),
    ];
    for (customer, number) in [("C-1", 1), ("C-1", 2), ("C-3", 1), ("C-4", 1)] {
        let line = address(customer, number, "Zürich");
        let line = with(line, "/address/isDomicile", number == 1);
        lines.push(with(line, "/address/isMailingAddress", number == 2));
    }
    lines.push(consent("N-1", "alpha", &["C-1", "C-2", "C-3", "C-4"], &ALL));
    lines.push(consent("N-2", "beta", &["C-1", "C-5"], &READ));
    lines
}

pub(crate) fn ndjson(lines: impl IntoIterator<Item = Value>) -> String {
    lines.into_iter().fold(String::new(), |feed, line| feed + &line.to_string() + "\n")
}

pub(crate) fn customer(id: &str, persons: &[(&str, &str)]) -> Value {
    let link = |(person, relation): &(&str, &str)| json!({ "personIdentification": person, "personRelation": relation });
    json!({ "customer": {
        "customerIdentification": id,
        "name": "Stark & Söhne",
        "status": "active",
        "referenceCurrency": "CHF",
        "personList": persons.iter().map(link).collect::<Vec<_>>(),
    }})
}

pub(crate) fn person(id: &str, emails: &[(&str, &str)]) -> Value {
    let contact = |(id, email): &(&str, &str)| with(email_of(email), "/contactIdentification", *id);
    json!({ "person": {
        "personIdentification": id,
        "fullName": "Tony Stark",
        "personDetails": { "personType": "naturalPerson", "lastName": "Stark" },
        "contactInformation": emails.iter().map(contact).collect::<Vec<_>>(),
    }})
}

pub(crate) fn kyc(customer: &str, profession: &str) -> Value {
    json!({ "kyc": {
        "customerIdentification": customer,
        "nonFinancialSituation": { "profession": profession },
        "financialSituation": { "monetaryWealth": { "currency": "CHF", "amount": "12.50" } },
    }})
}

pub(crate) fn address(customer: &str, number: u64, town: &str) -> Value {
    let mut address = change(number, town);
    address["customerIdentification"] = customer.into();
    json!({ "address": address })
}

pub(crate) fn consent(id: &str, client: &str, customers: &[&str], scopes: &[&str]) -> Value {
    json!({ "consent": {
        "consentIdentification": id,
        "clientIdentification": client,
        "customerIdentifications": customers,
        "scopes": scopes,
        "status": "active",
    }})
}

/// What a client sends to add an address.
pub(crate) fn new_address(town: &str) -> Value {
    json!({ "postalAddress": {
        "salutation": {},
        "physicalAddress": { "postCode": "8001", "townName": town, "country": "CH" },
    }})
}

/// What a client sends to change an address.
pub(crate) fn change(number: u64, town: &str) -> Value {
    let mut address = new_address(town);
    address["addressIdentification"] = number.into();
    address["dispatchType"] = "postal".into();
    address
}

/// What a client sends to add or change a contact detail.
pub(crate) fn email_of(email: &str) -> Value {
    json!({ "medium": "email", "contactMediumType": "private", "contactContent": email })
}

/// The same with another value at a place, which need not have been there.
pub(crate) fn with(mut document: Value, pointer: &str, value: impl Into<Value>) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[name] = value.into();
    document
}

/// The same without what stands at a place.
pub(crate) fn without(mut document: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    document
}
