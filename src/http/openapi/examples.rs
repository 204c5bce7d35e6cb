//! One example for each body, of people that nobody knows.

use serde_json::{Value, json};

/// The example of a schema; nothing where there is none.
pub(super) fn of(schema: &str) -> Value {
    match schema {
        "Address" => address(),
        "AddressCreated" => json!({ "addressIdentification": "1000000000000" }),
        "AddressReplacement" => replacement(),
        "ContactDetail" => contact(),
        "ContactDetails" => json!([contact()]),
        "Customer" => customer(),
        "CustomerAndKyc" => json!({ "customer": customer(), "kyc": kyc() }),
        "Health" => health(),
        "NamedAddressReplacement" => without(replacement(), "addressIdentification"),
        "NewAddress" => json!({ "postalAddress": postal_address() }),
        "NewContactDetail" => without(contact(), "contactIdentification"),
        "Person" => person(),
        _ => Value::Null,
    }
}

fn customer() -> Value {
    json!({
        "customerIdentification": "C-000001",
        "name": "Anna Muster",
        "status": "active",
        "referenceCurrency": "CHF",
        "openingDate": "2018-04-13",
        "personList": [{ "personRelation": "accountOwner", "personIdentification": "P-000001" }],
        "addressList": [{ "addressIdentification": 1 }],
    })
}

fn kyc() -> Value {
    json!({
        "nonFinancialSituation": {
            "profession": "Baker",
            "typeOfEmployment": "selfEmployed",
            "riskDomicile": "CH",
        },
        "financialSituation": {
            "incomeCurrentPeriod": { "currency": "CHF", "amount": "98000.50" },
            "sourceOfIncome": "income",
            "sourceOfWealth": [
                { "sourceOfWealth": "savings", "currency": "CHF", "amount": "250000" },
            ],
        },
    })
}

fn person() -> Value {
    json!({
        "personIdentification": "P-000001",
        "personType": "naturalPerson",
        "customerList": [{ "customerIdentification": "C-000001" }],
        "fullName": "Anna Muster",
        "countryOfDomicile": "CH",
        "language": "German",
        "contactInformation": [contact()],
        "personDetails": {
            "personType": "naturalPerson",
            "givenName": "Anna",
            "lastName": "Muster",
            "dates": [{ "date": "1980-02-29", "dateType": "birthDate" }],
            "nationality": ["CH"],
        },
        "taxDomicile": ["CH"],
    })
}

fn contact() -> Value {
    json!({
        "contactIdentification": "0198c6a2f0e47d0f9d9a3f1c5b7e2a10",
        "medium": "email",
        "contactMediumType": "private",
        "contactContent": "anna.muster@example.com",
    })
}

fn address() -> Value {
    let mut postal = postal_address();
    for bridged in ["postCode", "townName", "country"] {
        postal[bridged] = postal["physicalAddress"][bridged].clone();
    }
    for flag in ["isDomicile", "isMailingAddress"] {
        postal[flag] = true.into();
    }
    json!({
        "addressIdentification": 1,
        "addressName": "Home",
        "isDomicile": true,
        "isMailingAddress": true,
        "dispatchType": "postal",
        "language": "German",
        "postalAddress": postal,
    })
}

fn replacement() -> Value {
    json!({
        "addressIdentification": 1,
        "dispatchType": "postal",
        "isMailingAddress": true,
        "postalAddress": postal_address(),
    })
}

fn postal_address() -> Value {
    json!({
        "salutation": { "salutation": "Ms" },
        "name": { "givenName": "Anna", "lastName": "Muster" },
        "physicalAddress": {
            "streetName": "Musterstrasse",
            "buildingNumber": "12a",
            "postCode": "8001",
            "townName": "Zürich",
            "country": "CH",
        },
    })
}

fn health() -> Value {
    json!({
        "receivedHeaders": [{ "headerName": "X-Correlation-ID", "headerValue": "demo-1" }],
        "receivedPayload": "",
        "requestDateTime": "2026-01-31T12:00:00.000Z",
    })
}

fn without(mut example: Value, member: &str) -> Value {
    if let Some(members) = example.as_object_mut() {
        members.remove(member);
    }
    example
}
