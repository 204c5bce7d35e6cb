//! What was forgotten is nowhere, and holds up nothing.

use events::{customer::CustomerEvent, id::StreamId, tag::Class};

use super::bank::*;

fn known() -> Bank {
    let bank = Bank::new();
    let home = address_added(1, place("Bern", true, true));
    bank.customer("C-1", [opened("Stark"), linked("P-1", None), home, kyc("CEO")]);
    bank.customer("C-1", [address_changed(1, place("Zürich", true, true))]);
    bank.person("P-1", [registered("Tony"), contact_added("K-1", "1"), contact_added("K-2", "2")]);
    bank.consent("N-1", [granted("A", &["C-1"])]);
    bank
}

#[test]
fn a_customer_whose_identity_is_forgotten_keeps_id_status_and_lists() {
    let bank = known();
    bank.forget(customer("C-1"), Class::Identity);
    let projections = bank.projections("p");
    let body = r#"{"customerIdentification":"C-1","status":"active","personList":[{"personIdentification":"P-1"}],"addressList":[{"addressIdentification":1}]}"#;
    check(projections.customer(&customer("C-1")), r#""1-3""#, body);
    assert!(projections.address(&customer("C-1"), address(1)).unwrap().is_some());
    let seen = projections.person_customers(&client("A"), &person("P-1"), day(1), &mut 0);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].relations, [None]);
    assert_eq!(projections.parked(), []);
}

#[test]
fn a_forgotten_address_leaves_lists_and_answers() {
    let bank = known();
    bank.forget(customer("C-1"), Class::Contact);
    let projections = bank.projections("p");
    check_none(projections.address(&customer("C-1"), address(1)));
    check_none(projections.main_address(&customer("C-1")));
    let found = projections.customer(&customer("C-1")).unwrap().unwrap();
    assert!(found.body.ends_with(br#""addressList":[]}"#));
    bank.customer("C-1", [CustomerEvent::AddressRemoved { address: address(1) }]);
    bank.settle(&projections);
    assert_eq!(projections.parked(), []);
}

#[test]
fn a_forgotten_kyc_record_is_none() {
    let bank = known();
    bank.forget(customer("C-1"), Class::Kyc);
    let projections = bank.projections("p");
    check_none(projections.kyc(&customer("C-1")));
    assert!(projections.customer(&customer("C-1")).unwrap().is_some());
}

#[test]
fn a_person_whose_identity_is_forgotten_is_not_served() {
    let bank = known();
    bank.forget(person("P-1"), Class::Identity);
    let projections = bank.projections("p");
    let id = person("P-1");
    check_none(projections.person(&id, &[customer("C-1")]));
    check_none(projections.contacts(&id));
    check_none(projections.contact(&id, &contact("K-1")));
    assert_eq!(projections.persons(&client("A"), day(1), (None, 10), &mut 0), []);
    assert_eq!(projections.person_customers(&client("A"), &id, day(1), &mut 0), []);
    assert_eq!(projections.parked(), []);
}

#[test]
fn forgotten_contact_details_leave_the_person() {
    let bank = known();
    bank.forget(person("P-1"), Class::Contact);
    let projections = bank.projections("p");
    check_none(projections.contact(&person("P-1"), &contact("K-1")));
    check(projections.contacts(&person("P-1")), r#""1-1""#, "[]");
    let found = projections.person(&person("P-1"), &[]).unwrap().unwrap();
    assert!(std::str::from_utf8(&found.body).unwrap().contains(r#""contactInformation":[]"#));
}

#[test]
fn everything_forgotten_parks_nothing_and_rebuilds_alike() {
    let bank = known();
    for stream in [StreamId::from(customer("C-1")), person("P-1").into()] {
        for class in Class::ALL {
            bank.forget(stream.clone(), class);
        }
    }
    let projections = bank.projections("p");
    assert_eq!(projections.parked(), []);
    assert_eq!(projections.digest().unwrap(), bank.rebuilt());
}
