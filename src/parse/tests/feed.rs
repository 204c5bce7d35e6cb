//! Lines of the feed: one object each, complete for itself.

use events::id::CustomerId;
use events::party::Activity;

use super::documents::{ADDRESS, CONSENT, CUSTOMER, KYC, PERSON, REMOVED_ADDRESS, line};
use super::{changed, check, check_changes};
use crate::parse::consent::CONSENT_CUSTOMERS_MAX;
use crate::parse::feed::{self, AddressChange, Line};

fn parsed(text: &str) -> Line {
    feed::line(text.as_bytes()).unwrap().value
}

#[test]
fn a_line_is_about_exactly_one_object() {
    check(line, "{}", &["invalid "]);
    check(line, r#"{"customer":{},"person":{}}"#, &["invalid "]);
    check(line, r#"{"custmer":{}}"#, &["invalid /custmer"]);
    check(line, r#"{"customer":[]}"#, &["malformed /customer"]);
    check(line, &format!("{CUSTOMER}\n"), &[]);
    check(line, &format!("{CUSTOMER}\n{CUSTOMER}"), &["malformed "]);
}

#[test]
fn a_line_names_what_it_is_about() {
    let rows: [(&str, &[&str]); 5] = [
        ("customer", &["customerIdentification", "status"]),
        ("person", &["personDetails", "personIdentification"]),
        (
            "address",
            &["addressIdentification", "customerIdentification", "dispatchType", "postalAddress"],
        ),
        ("kyc", &["customerIdentification"]),
        (
            "consent",
            &[
                "clientIdentification",
                "consentIdentification",
                "customerIdentifications",
                "scopes",
                "status",
            ],
        ),
    ];
    for (object, members) in rows {
        let expected: Vec<_> = members.iter().map(|it| format!("invalid /{object}/{it}")).collect();
        assert_eq!(line(&format!(r#"{{"{object}":{{}}}}"#)), expected);
    }
}

#[test]
fn a_closed_customer_is_active_once_reopened() {
    for (status, activity, closed) in [
        ("\"active\"", Activity::Active, false),
        ("\"inactive\"", Activity::Inactive, false),
        ("\"closed\"", Activity::Active, true),
    ] {
        let Line::Customer(customer) = parsed(&changed(CUSTOMER, &[("/customer/status", status)]))
        else {
            panic!("no customer");
        };
        assert_eq!((customer.details.activity, customer.closed), (activity, closed));
    }
}

#[test]
fn an_absent_list_says_nothing_and_an_empty_one_says_none() {
    let links = |value| {
        let document = changed(CUSTOMER, &[("/customer/personList", value)]);
        let Line::Customer(customer) = parsed(&document) else { panic!("no customer") };
        customer.links.map(|links| links.len())
    };
    assert_eq!((links(""), links("[]")), (None, Some(0)));

    let contacts = |value| {
        let document = changed(PERSON, &[("/person/contactInformation", value)]);
        let Line::Person(person) = parsed(&document) else { panic!("no person") };
        person.contacts.map(|contacts| contacts.len())
    };
    assert_eq!((contacts(""), contacts("[]")), (None, Some(0)));
}

#[test]
fn customers_are_checked() {
    check_changes(
        line,
        CUSTOMER,
        &[
            (
                "/customer/customerIdentification",
                "1",
                &["malformed /customer/customerIdentification"],
            ),
            (
                "/customer/customerIdentification",
                "\"\"",
                &["invalid /customer/customerIdentification"],
            ),
            ("/customer/status", "\"Active\"", &["invalid /customer/status"]),
            ("/customer/addressList", "\"whatever\"", &[]),
            ("/customer/referenceCurrency", "\"chf\"", &["invalid /customer/referenceCurrency"]),
            ("/customer/referenceCurrency", "\"ABC\"", &["invalid /customer/referenceCurrency"]),
            ("/customer/referenceCurrency", "\"DEM\"", &["invalid /customer/referenceCurrency"]),
            ("/customer/referenceCurrency", "\"HRK\"", &["invalid /customer/referenceCurrency"]),
            ("/customer/referenceCurrency", "\"VES\"", &[]),
            ("/customer/openingDate", "\"2021-02-29\"", &["invalid /customer/openingDate"]),
            ("/customer/openingDate", "\"2021-2-9\"", &["invalid /customer/openingDate"]),
            (
                "/customer/personList",
                "[1, {}]",
                &[
                    "invalid /customer/personList/1/personIdentification",
                    "malformed /customer/personList/0",
                ],
            ),
            ("/customer/personList/0/personRelation", "", &[]),
            (
                "/customer/personList/0/personRelation",
                "\"x\"",
                &["invalid /customer/personList/0/personRelation"],
            ),
            ("/customer/personList/0/x", "1", &["ignored /customer/personList/0/x"]),
        ],
    );
}

#[test]
fn an_address_leaves_without_being_told_again() {
    check_changes(
        line,
        REMOVED_ADDRESS,
        &[
            ("/address/postalAddress", "1", &[]),
            ("/address/x", "1", &["ignored /address/x"]),
            (
                "/address/removed",
                "1",
                &[
                    "invalid /address/dispatchType",
                    "invalid /address/postalAddress",
                    "malformed /address/removed",
                ],
            ),
            ("/address/addressIdentification", "", &["invalid /address/addressIdentification"]),
        ],
    );
    let Line::Address(address) = parsed(REMOVED_ADDRESS) else { panic!("no address") };
    assert_eq!(address.change, AddressChange::Removed);
}

#[test]
fn a_flag_an_address_line_leaves_out_is_down() {
    let mut address: serde_json::Value = serde_json::from_str(ADDRESS).unwrap();
    address["customerIdentification"] = "C-1".into();
    address.as_object_mut().unwrap().remove("isDomicile");

    let text = serde_json::json!({ "address": address }).to_string();
    let Line::Address(address) = parsed(&text) else { panic!("no address") };

    let AddressChange::Stated(address) = address.change else { panic!("removed") };
    assert!(!address.is_domicile);
}

#[test]
fn kyc_records_are_checked() {
    let employees = "/kyc/nonFinancialSituation/numberOfEmployees";
    let amount = "/kyc/financialSituation/incomeCurrentPeriod/amount";
    for fits in ["0", "2147483647", "1.0", "1e2", "2147483647.0"] {
        check_changes(line, KYC, &[(employees, fits, &[])]);
    }
    for unfit in ["-1", "2147483648", "2147483648.0", "1e10", "1.5"] {
        let text = KYC.replace("250", unfit);
        check(line, &text, &["invalid /kyc/nonFinancialSituation/numberOfEmployees"]);
    }
    for unfit in ["", "1.", ".5", "-1", "1e3", "1,5", "1234567890123", "1.1234567890"] {
        let text = KYC.replace("\"100000\"", &format!("\"{unfit}\""));
        check(line, &text, &["invalid /kyc/financialSituation/incomeCurrentPeriod/amount"]);
    }
    check_changes(
        line,
        KYC,
        &[
            (employees, "\"250\"", &["malformed /kyc/nonFinancialSituation/numberOfEmployees"]),
            (amount, "100000", &["malformed /kyc/financialSituation/incomeCurrentPeriod/amount"]),
            ("/kyc/nonFinancialSituation", "", &[]),
            ("/kyc/financialSituation", "{}", &[]),
            (
                "/kyc/financialSituation/sourceOfWealth/0/currency",
                "\"ZWL\"",
                &["invalid /kyc/financialSituation/sourceOfWealth/0/currency"],
            ),
        ],
    );
}

#[test]
fn consents_are_checked() {
    let customers = |count| serde_json::json!(vec!["C"; count]).to_string();
    let full = customers(CONSENT_CUSTOMERS_MAX);
    let too_many = customers(CONSENT_CUSTOMERS_MAX + 1);
    check_changes(
        line,
        CONSENT,
        &[
            ("/consent/customerIdentifications", &full, &[]),
            (
                "/consent/customerIdentifications",
                &too_many,
                &["invalid /consent/customerIdentifications"],
            ),
            (
                "/consent/customerIdentifications",
                "[]",
                &["invalid /consent/customerIdentifications"],
            ),
            (
                "/consent/customerIdentifications/1",
                "\"\"",
                &["invalid /consent/customerIdentifications/1"],
            ),
            ("/consent/scopes", "[]", &["invalid /consent/scopes"]),
            ("/consent/scopes/0", "\"customer:write\"", &["invalid /consent/scopes/0"]),
            ("/consent/scopes", "\"customer:read\"", &["malformed /consent/scopes"]),
            ("/consent/status", "\"expired\"", &["invalid /consent/status"]),
            ("/consent/validFrom", "", &[]),
            ("/consent/validTo", "", &[]),
            ("/consent/validTo", "\"2025-01-01T00:00:00Z\"", &["invalid /consent/validTo"]),
            ("/consent/validTo", "\"2025-01-01T00:00:00.001Z\"", &[]),
            ("/consent/validTo", "\"2024-01-01T00:00:00Z\"", &["invalid /consent/validTo"]),
            ("/consent/validTo", "\"2099-12-31\"", &["invalid /consent/validTo"]),
            ("/consent/validTo", "\"2099-12-31T00:00:00\"", &["invalid /consent/validTo"]),
            ("/consent/validTo", "\"2099-02-30T00:00:00Z\"", &["invalid /consent/validTo"]),
            ("/consent/validTo", "\"9999-12-31T23:59:59-01:00\"", &["invalid /consent/validTo"]),
            ("/consent/validTo", "4102444800", &["malformed /consent/validTo"]),
            ("/consent/validTo", "\"0000-06-01T00:00:00Z\"", &["invalid /consent/validTo"]),
        ],
    );
    let revoked = changed(CONSENT, &[("/consent/status", "\"revoked\"")]);
    let Line::Consent(consent) = parsed(&revoked) else { panic!("no consent") };
    assert!(consent.revoked);
}

#[test]
fn an_id_that_would_be_a_step_in_a_path_is_refused() {
    for step in ["\".\"", "\"..\""] {
        for (document, pointer) in [
            (CUSTOMER, "/customer/customerIdentification"),
            (CUSTOMER, "/customer/personList/0/personIdentification"),
            (PERSON, "/person/personIdentification"),
            (PERSON, "/person/contactInformation/0/contactIdentification"),
            (REMOVED_ADDRESS, "/address/customerIdentification"),
            (KYC, "/kyc/customerIdentification"),
            (CONSENT, "/consent/customerIdentifications/0"),
            (CONSENT, "/consent/consentIdentification"),
            (CONSENT, "/consent/clientIdentification"),
        ] {
            check_changes(line, document, &[(pointer, step, &[&format!("invalid {pointer}")])]);
        }
    }
    // What was stored before is still read.
    assert!(CustomerId::parse("..").is_ok());
    let dotted = [("/person/personIdentification", "\"...\"", [].as_slice())];
    check_changes(line, PERSON, &dotted);
}

#[test]
fn no_day_lies_in_a_year_that_there_was_not() {
    for (document, pointer) in [
        (CUSTOMER, "/customer/openingDate"),
        (PERSON, "/person/personDetails/dates/0/date"),
        (KYC, "/kyc/nonFinancialSituation/dateOfIncorporation"),
        (KYC, "/kyc/nonFinancialSituation/dateOfTrustContract"),
        (KYC, "/kyc/financialSituation/sourceOfWealth/0/dateOfReceipt"),
    ] {
        let wrong = format!("invalid {pointer}");
        check_changes(
            line,
            document,
            &[(pointer, "\"0000-12-31\"", &[&wrong]), (pointer, "\"0001-01-01\"", &[])],
        );
    }
}
