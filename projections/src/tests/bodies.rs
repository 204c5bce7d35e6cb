//! Every kind of event, and the bytes that it leads to.

use events::{
    customer::CustomerEvent,
    event::Personal,
    party::{Activity, CustomerDetails, LegalPerson, Party, Relation},
    person::PersonEvent,
};

use super::bank::*;

const HEAD: &str = r#""customerIdentification":"C-1","externalReference":"X-1","name":"Stark""#;
const TAIL: &str = r#""referenceCurrency":"CHF","openingDate":"2020-02-29""#;

fn customer_body(status: &str, persons: &str, addresses: &str) -> String {
    format!(
        r#"{{{HEAD},"status":"{status}",{TAIL},"personList":[{persons}],"addressList":[{addresses}]}}"#
    )
}

fn address_body(id: u64, town: &str, mailing: bool, domicile: bool) -> String {
    let flags = format!(r#""isDomicile":{domicile},"isMailingAddress":{mailing}"#);
    let place = format!(r#""postCode":"8001","townName":"{town}","country":"CH""#);
    format!(
        r#"{{"addressIdentification":{id},"addressName":"Mansion",{flags},"dispatchType":"postal","postalAddress":{{"salutation":{{"title":"PhD"}},"name":{{"lastName":"Stark"}},"physicalAddress":{{"streetName":"Malibu Point",{place}}},{flags},{place}}}}}"#
    )
}

#[test]
fn an_opened_customer_is_answered_with_what_is_known() {
    let bank = Bank::new();
    bank.customer("C-1", [opened("Stark")]);
    let projections = bank.projections("p");
    check(projections.customer(&customer("C-1")), r#""1-1""#, &customer_body("active", "", ""));
    check_none(projections.kyc(&customer("C-1")));
    check_none(projections.main_address(&customer("C-1")));
    check_none(projections.customer(&customer("C-2")));
}

#[test]
fn absent_details_leave_no_member() {
    let bank = Bank::new();
    let details = CustomerDetails {
        external_reference: None,
        name: None,
        activity: Activity::Inactive,
        reference_currency: None,
        opening_date: None,
    };
    bank.customer("C-1", [CustomerEvent::Opened(Personal::Known(details))]);
    let body =
        r#"{"customerIdentification":"C-1","status":"inactive","personList":[],"addressList":[]}"#;
    check(bank.projections("p").customer(&customer("C-1")), r#""1-1""#, body);
}

#[test]
fn status_follows_amending_closing_and_reopening() {
    let bank = Bank::new();
    let projections = bank.open("p");
    let id = customer("C-1");
    let inactive = CustomerDetails { activity: Activity::Inactive, ..contract("Stark") };
    let steps = [
        (opened("Stark"), r#""1-1""#, "active"),
        (CustomerEvent::Amended(Personal::Known(inactive)), r#""1-2""#, "inactive"),
        (CustomerEvent::Closed, r#""1-3""#, "closed"),
        (CustomerEvent::Reopened, r#""1-4""#, "inactive"),
    ];
    for (event, etag, status) in steps {
        bank.customer("C-1", [event]);
        bank.settle(&projections);
        check(projections.customer(&id), etag, &customer_body(status, "", ""));
    }
}

#[test]
fn persons_stand_in_their_list_link_by_link() {
    let bank = Bank::new();
    let projections = bank.open("p");
    let id = customer("C-1");
    let owner = Some(Relation::AccountOwner);
    bank.customer("C-1", [opened("Stark"), linked("P-2", owner), linked("P-1", owner)]);
    bank.customer("C-1", [linked("P-1", None)]);
    bank.settle(&projections);
    let persons = concat!(
        r#"{"personIdentification":"P-1"},"#,
        r#"{"personRelation":"accountOwner","personIdentification":"P-1"},"#,
        r#"{"personRelation":"accountOwner","personIdentification":"P-2"}"#
    );
    check(projections.customer(&id), r#""1-4""#, &customer_body("active", persons, ""));

    bank.customer("C-1", [unlinked("P-1", owner), unlinked("P-2", owner)]);
    bank.settle(&projections);
    let persons = r#"{"personIdentification":"P-1"}"#;
    check(projections.customer(&id), r#""1-6""#, &customer_body("active", persons, ""));
}

#[test]
fn an_address_stands_in_both_places_of_the_reference() {
    let bank = Bank::new();
    let projections = bank.open("p");
    let id = customer("C-1");
    bank.customer("C-1", [opened("Stark"), address_added(20, place("Zürich", true, false))]);
    bank.settle(&projections);
    let body = address_body(20, "Zürich", true, false);
    check(projections.address(&id, address(20)), r#""1-2""#, &body);
    let list = r#"{"addressIdentification":20}"#;
    check(projections.customer(&id), r#""1-2""#, &customer_body("active", "", list));

    bank.customer("C-1", [address_changed(20, place("Bern", false, true))]);
    bank.settle(&projections);
    let body = address_body(20, "Bern", false, true);
    check(projections.address(&id, address(20)), r#""1-3""#, &body);
    // The list of ids is the same, so is the customer.
    check(projections.customer(&id), r#""1-2""#, &customer_body("active", "", list));

    bank.customer("C-1", [CustomerEvent::AddressRemoved { address: address(20) }]);
    bank.settle(&projections);
    check_none(projections.address(&id, address(20)));
    check(projections.customer(&id), r#""1-4""#, &customer_body("active", "", ""));
}

#[test]
fn the_main_address_is_for_mail_else_the_domicile_else_the_lowest() {
    let bank = Bank::new();
    let projections = bank.open("p");
    let steps = [
        (address_added(9, place("Bern", false, false)), 9),
        (address_added(3, place("Bern", false, false)), 3),
        (address_added(10, place("Bern", false, true)), 10),
        (address_added(11, place("Bern", true, false)), 11),
        (address_added(5, place("Bern", true, false)), 5),
    ];
    bank.customer("C-1", [opened("Stark")]);
    for (event, expected) in steps {
        bank.customer("C-1", [event]);
        bank.settle(&projections);
        let main = projections.main_address(&customer("C-1")).unwrap();
        assert_eq!(main, projections.address(&customer("C-1"), address(expected)).unwrap());
    }
}

#[test]
fn a_kyc_record_is_answered_with_its_customer() {
    let bank = Bank::new();
    let projections = bank.open("p");
    let id = customer("C-1");
    bank.customer("C-1", [opened("Stark"), kyc("CEO")]);
    bank.settle(&projections);
    let record = r#"{"nonFinancialSituation":{"profession":"CEO"}}"#;
    let body =
        |status| format!(r#"{{"customer":{},"kyc":{record}}}"#, customer_body(status, "", ""));
    check(projections.kyc(&id), r#""1-2""#, &body("active"));
    check(projections.customer(&id), r#""1-1""#, &customer_body("active", "", ""));

    bank.customer("C-1", [kyc("CEO")]);
    bank.settle(&projections);
    check(projections.kyc(&id), r#""1-2""#, &body("active"));

    bank.customer("C-1", [CustomerEvent::Closed]);
    bank.settle(&projections);
    check(projections.kyc(&id), r#""1-4""#, &body("closed"));
}

#[test]
fn a_person_is_put_together_around_the_customers_that_are_visible() {
    let bank = Bank::new();
    let projections = bank.open("p");
    let id = person("P-1");
    bank.person("P-1", [registered("Tony"), contact_added("K-2", "2"), contact_added("K-1", "1")]);
    bank.settle(&projections);
    let contact_body = |id: &str, number: &str| {
        format!(
            r#"{{"contactIdentification":"{id}","medium":"phone","contactMediumType":"private","contactContent":"{number}"}}"#
        )
    };
    let contacts = format!("[{},{}]", contact_body("K-1", "1"), contact_body("K-2", "2"));
    check(projections.contacts(&id), r#""1-3""#, &contacts);
    check(projections.contact(&id, &contact("K-2")), r#""1-2""#, &contact_body("K-2", "2"));
    check_none(projections.contact(&id, &contact("K-3")));

    let body = |customers: &str| {
        format!(
            r#"{{"personIdentification":"P-1","personType":"naturalPerson","externalReference":"Y-1","customerList":[{customers}],"fullName":"Tony","countryOfDomicile":"CH","contactInformation":{contacts},"personDetails":{{"personType":"naturalPerson","lastName":"Stark"}},"taxDomicile":["CH"]}}"#
        )
    };
    let nobody = projections.person(&id, &[]).unwrap().unwrap();
    assert_eq!(std::str::from_utf8(&nobody.body).unwrap(), body(""));
    let two = projections.person(&id, &[customer("C-2"), customer("C-1")]).unwrap().unwrap();
    let list = r#"{"customerIdentification":"C-1"},{"customerIdentification":"C-2"}"#;
    assert_eq!(std::str::from_utf8(&two.body).unwrap(), body(list));
    assert_ne!(nobody.etag, two.etag);
    assert!(two.etag.starts_with(b"\"1-3-"), "{:?}", two.etag);
}

#[test]
fn contact_details_change_and_go() {
    let bank = Bank::new();
    let projections = bank.open("p");
    let id = person("P-1");
    let etag_of = |answer: Option<crate::Answer>| answer.unwrap().etag;
    let changed = |answer: Option<crate::Answer>| {
        crate::version_of(std::str::from_utf8(&etag_of(answer)).unwrap()).unwrap().0
    };
    bank.person("P-1", [registered("Tony"), contact_added("K-1", "1"), contact_added("K-2", "2")]);
    bank.settle(&projections);
    let before = etag_of(projections.person(&id, &[]).unwrap());

    bank.person("P-1", [contact_changed("K-1", "1")]);
    bank.settle(&projections);
    assert_eq!(changed(projections.contact(&id, &contact("K-1")).unwrap()), 2);
    assert_eq!(changed(projections.contacts(&id).unwrap()), 3);
    assert_eq!(etag_of(projections.person(&id, &[]).unwrap()), before);

    bank.person("P-1", [contact_changed("K-1", "7")]);
    bank.person("P-1", [PersonEvent::ContactRemoved { contact: contact("K-2") }]);
    bank.settle(&projections);
    assert_eq!(changed(projections.contact(&id, &contact("K-1")).unwrap()), 5);
    check_none(projections.contact(&id, &contact("K-2")));
    assert_eq!(changed(projections.contacts(&id).unwrap()), 6);
}

#[test]
fn an_amended_person_is_another() {
    let bank = Bank::new();
    let details = events::party::PersonDetails {
        external_reference: None,
        full_name: None,
        country_of_domicile: None,
        language: None,
        person_details: Party::LegalPerson(LegalPerson {
            organisation_name: text("Stark"),
            legal_form: text("AG"),
            lei: None,
            domicilary_company: false,
        }),
        tax_domicile: None,
    };
    bank.person("P-1", [registered("Tony"), PersonEvent::Amended(Personal::Known(details))]);
    let found = bank.projections("p").person(&person("P-1"), &[]).unwrap().unwrap();
    let body = r#"{"personIdentification":"P-1","personType":"legalPerson","customerList":[],"contactInformation":[],"personDetails":{"personType":"legalPerson","organisationName":"Stark","legalForm":"AG","domicilaryCompany":false}}"#;
    assert_eq!(std::str::from_utf8(&found.body).unwrap(), body);
    assert!(found.etag.starts_with(b"\"1-2-"));
}

#[test]
fn a_customer_with_thousands_of_persons_is_kept_whole() {
    let bank = Bank::new();
    bank.customer("C-1", [opened("Stark")]);
    for hundred in 0..30 {
        let person = |nth| linked(&format!("P-{:06}", hundred * 100 + nth), None);
        bank.customer("C-1", (0..100).map(person));
    }
    let projections = bank.projections("p");
    let answer = projections.customer(&customer("C-1")).unwrap().unwrap();
    assert!(answer.body.len() > 100_000);
    let digest = projections.digest().unwrap();
    let some = (0..250).map(|nth| unlinked(&format!("P-{nth:06}"), None));
    bank.customer("C-1", some);
    bank.settle(&projections);
    assert_ne!(digest, projections.digest().unwrap());
    assert_eq!(projections.digest().unwrap(), bank.rebuilt());
}
