//! Addresses: what must be there, where it may stand, and what a replacement keeps.

use events::address::{Address, DispatchType};
use events::id::AddressId;

use super::documents::{ADDRESS, new_address, replacement};
use super::{changed, check, check_changes, said};
use crate::parse::address;

const SHORT: &str = r#"{ "dispatchType": "postal", "addressIdentification": "7",
    "postalAddress": { "salutation": {}, "physicalAddress": {
        "postCode": "8001", "townName": "Zürich", "country": "CH" } } }"#;

fn parsed(body: &str) -> Address {
    address::new(body.as_bytes()).unwrap().value
}

fn onto(body: &str, current: &Address) -> Address {
    address::replacement(body.as_bytes()).unwrap().value.1.onto(current)
}

#[test]
fn what_is_required_is_asked_for_where_it_should_be() {
    let required: [(&str, &str, &[&str]); 6] = [
        ("/postalAddress", "", &["invalid /postalAddress"]),
        ("/postalAddress/salutation", "", &["invalid /postalAddress/salutation"]),
        (
            "/postalAddress/physicalAddress",
            "",
            &[
                "invalid /postalAddress/physicalAddress/country",
                "invalid /postalAddress/physicalAddress/postCode",
                "invalid /postalAddress/physicalAddress/townName",
            ],
        ),
        (
            "/postalAddress/physicalAddress/postCode",
            "",
            &["invalid /postalAddress/physicalAddress/postCode"],
        ),
        (
            "/postalAddress/physicalAddress/townName",
            "",
            &["invalid /postalAddress/physicalAddress/townName"],
        ),
        (
            "/postalAddress/physicalAddress/country",
            "",
            &["invalid /postalAddress/physicalAddress/country"],
        ),
    ];
    check_changes(new_address, SHORT, &required);
    check_changes(replacement, SHORT, &required);
}

#[test]
fn an_address_to_add_needs_no_id_and_no_dispatch_type() {
    check_changes(
        new_address,
        SHORT,
        &[
            ("/addressIdentification", "", &[]),
            ("/addressIdentification", "{\"not\": [\"read\"]}", &[]),
            ("/dispatchType", "", &[]),
        ],
    );
    let address = parsed(&changed(SHORT, &[("/dispatchType", "")]));
    assert_eq!(address.dispatch_type, DispatchType::Postal);
    assert!(!address.is_domicile && !address.is_mailing_address);
}

#[test]
fn an_address_to_change_needs_both() {
    check_changes(
        replacement,
        SHORT,
        &[
            ("/addressIdentification", "", &["invalid /addressIdentification"]),
            ("/dispatchType", "", &["invalid /dispatchType"]),
        ],
    );
}

#[test]
fn an_id_is_a_whole_number_or_its_digits() {
    let fit = [
        "1",
        "9007199254740991",
        "\"1\"",
        "\"9007199254740991\"",
        "1000000000000",
        "1.0",
        "1e3",
        "1000000000000.0",
        "9007199254740991.0",
    ];
    for fits in fit {
        check_changes(replacement, SHORT, &[("/addressIdentification", fits, &[])]);
    }
    let invalid = [
        "0",
        "-1",
        "-0",
        "-0.0",
        "-1.0",
        "0.5",
        "1.5",
        "1e-3",
        "1e16",
        "1e300",
        "9007199254740992.0",
        "9007199254740992",
        "18446744073709551616",
        "\"\"",
        "\"0\"",
        "\"01\"",
        "\"+1\"",
        "\" 1\"",
        "\"1.0\"",
        "\"9007199254740992\"",
    ];
    for unfit in invalid {
        let body = SHORT.replace("\"7\"", unfit);
        check(replacement, &body, &["invalid /addressIdentification"]);
    }
    for mistyped in ["true", "null", "[1]", "{}"] {
        let body = SHORT.replace("\"7\"", mistyped);
        check(replacement, &body, &["malformed /addressIdentification"]);
    }
}

#[test]
fn an_id_in_the_body_agrees_with_the_one_in_the_path() {
    let read = |id, body: &str| {
        said(address::replacement_of(Some(AddressId::new(id).unwrap()), body.as_bytes()))
    };
    assert_eq!(read(7, SHORT), [""; 0]);
    assert_eq!(read(8, SHORT), ["invalid /addressIdentification"]);
    assert_eq!(read(8, &changed(SHORT, &[("/addressIdentification", "")])), [""; 0]);
    assert_eq!(
        read(8, &changed(SHORT, &[("/addressIdentification", "8"), ("/dispatchType", "")])),
        ["invalid /dispatchType"]
    );
}

#[test]
fn members_of_two_places_may_stand_in_either_and_must_agree_in_both() {
    let place = "/postalAddress/physicalAddress";
    let rows: [(&str, &str, &[&str]); 8] = [
        ("/postalAddress/postCode", "\"8001\"", &[]),
        ("/postalAddress/townName", "\"Zürich\"", &[]),
        ("/postalAddress/country", "\"CH\"", &[]),
        (
            "/postalAddress/postCode",
            "\"8002\"",
            &["invalid /postalAddress/physicalAddress/postCode"],
        ),
        (
            "/postalAddress/townName",
            "\"Zug\"",
            &["invalid /postalAddress/physicalAddress/townName"],
        ),
        ("/postalAddress/country", "\"DE\"", &["invalid /postalAddress/physicalAddress/country"]),
        ("/postalAddress/postCode", "8001", &["malformed /postalAddress/postCode"]),
        ("/postalAddress/country", "\"ZZ\"", &["invalid /postalAddress/country"]),
    ];
    check_changes(new_address, SHORT, &rows);

    let above = [
        (place, ""),
        ("/postalAddress/postCode", "\"8001\""),
        ("/postalAddress/townName", "\"Zürich\""),
        ("/postalAddress/country", "\"CH\""),
    ];
    assert_eq!(parsed(&changed(SHORT, &above)), parsed(SHORT));
}

#[test]
fn an_unfit_member_is_not_also_missing_in_its_other_place() {
    let moved =
        [("/postalAddress/physicalAddress/postCode", ""), ("/postalAddress/postCode", "\" \"")];
    check(new_address, &changed(SHORT, &moved), &["invalid /postalAddress/postCode"]);

    let place = "/postalAddress/physicalAddress";
    check_changes(
        new_address,
        SHORT,
        &[(place, "[]", &["malformed /postalAddress/physicalAddress"])],
    );
}

#[test]
fn flags_may_stand_inside_the_postal_address() {
    let inside =
        [("/postalAddress/isDomicile", "true"), ("/postalAddress/isMailingAddress", "true")];
    let address = parsed(&changed(SHORT, &inside));
    assert!(address.is_domicile && address.is_mailing_address);

    let both = changed(&changed(SHORT, &inside), &[("/isDomicile", "true")]);
    assert_eq!(parsed(&both), address);
    let torn = changed(&both, &[("/isDomicile", "false"), ("/isMailingAddress", "1")]);
    check(
        new_address,
        &torn,
        &["invalid /postalAddress/isDomicile", "malformed /isMailingAddress"],
    );
}

#[test]
fn a_replacement_keeps_the_flags_it_leaves_out_and_nothing_else() {
    let current = Address { is_mailing_address: true, ..parsed(ADDRESS) };

    let bare = onto(SHORT, &current);
    let flags = Address { is_domicile: true, is_mailing_address: true, ..parsed(SHORT) };
    assert_eq!(bare, flags);

    let lowered = changed(SHORT, &[("/isDomicile", "false")]);
    assert!(!onto(&lowered, &current).is_domicile);
    let lowered = changed(SHORT, &[("/postalAddress/isMailingAddress", "false")]);
    assert!(!onto(&lowered, &current).is_mailing_address);
}

#[test]
fn text_is_bounded_in_characters_and_free_of_control_characters() {
    let long = |count| format!("\"{}\"", "ü".repeat(count));
    let street = "/postalAddress/physicalAddress/streetName";
    check_changes(
        new_address,
        ADDRESS,
        &[
            ("/addressName", &long(70), &[]),
            ("/addressName", &long(71), &["invalid /addressName"]),
            (street, &long(35), &[]),
            (street, &long(36), &["invalid /postalAddress/physicalAddress/streetName"]),
            (street, "\"\"", &[]),
            (street, "\"a\\u0000\"", &["invalid /postalAddress/physicalAddress/streetName"]),
            ("/language", "\"a\\nb\"", &["invalid /language"]),
            ("/mailingInstruction", "\"\\u0085\"", &["invalid /mailingInstruction"]),
        ],
    );
}

#[test]
fn post_code_town_and_country_say_something() {
    let place = "/postalAddress/physicalAddress";
    for member in ["postCode", "townName"] {
        let pointer = format!("{place}/{member}");
        let expected = format!("invalid {pointer}");
        for blank in ["\"\"", "\" \"", "\"\\u00a0\\u2003\""] {
            check_changes(new_address, SHORT, &[(&pointer, blank, &[&expected])]);
        }
        check_changes(new_address, SHORT, &[(&pointer, "\"\\n\"", &[&expected, &expected])]);
    }
    for unfit in ["\"\"", "\"ch\"", "\"CHE\"", "\"ZZ\"", "\"UK\"", "\"SU\"", "\"AN\""] {
        let expected = format!("invalid {place}/country");
        check_changes(new_address, SHORT, &[(&format!("{place}/country"), unfit, &[&expected])]);
    }
}
