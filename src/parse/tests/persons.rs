//! Persons of the feed: five kinds, each with what it needs.

use super::documents::{PERSON, line};
use super::{changed, check_changes};
use crate::parse::feed;

#[test]
fn persons_are_checked() {
    check_changes(
        line,
        PERSON,
        &[
            ("/person/customerList", "7", &[]),
            ("/person/taxDomicile/1", "\"ZZ\"", &["invalid /person/taxDomicile/1"]),
            (
                "/person/personDetails/dates/0/date",
                "\"1960-02-30\"",
                &["invalid /person/personDetails/dates/0/date"],
            ),
            ("/person/personDetails", "", &["invalid /person/personDetails"]),
            (
                "/person/personDetails/legalForm",
                "\"AG\"",
                &["ignored /person/personDetails/legalForm"],
            ),
            (
                "/person/contactInformation/0/contactIdentification",
                "",
                &["invalid /person/contactInformation/0/contactIdentification"],
            ),
            (
                "/person/contactInformation/0/contactContent",
                "\"anna\"",
                &["invalid /person/contactInformation/0/contactContent"],
            ),
        ],
    );
}

#[test]
fn a_contact_id_is_given_once() {
    let contact = r#"{"contactIdentification":"K-1","medium":"fax","contactContent":"12345"}"#;
    let contacts = format!("[{contact},{contact}]");
    check_changes(
        line,
        PERSON,
        &[(
            "/person/contactInformation",
            &contacts,
            &["invalid /person/contactInformation/1/contactIdentification"],
        )],
    );
}

#[test]
fn the_type_of_a_person_may_stand_in_two_places() {
    let inside = "/person/personDetails/personType";
    check_changes(
        line,
        PERSON,
        &[
            ("/person/personType", "\"naturalPerson\"", &[]),
            ("/person/personType", "\"trust\"", &["invalid /person/personDetails/personType"]),
            ("/person/personType", "\"alien\"", &["invalid /person/personType"]),
            (inside, "", &["invalid /person/personDetails/personType"]),
            (inside, "\"alien\"", &["invalid /person/personDetails/personType"]),
        ],
    );
    let moved = changed(PERSON, &[(inside, ""), ("/person/personType", "\"naturalPerson\"")]);
    let parsed = |text: &str| feed::line(text.as_bytes()).unwrap();
    assert_eq!(parsed(&moved), parsed(PERSON));
}

#[test]
fn each_type_of_person_has_what_it_needs() {
    let rows: [(&str, &[&str]); 5] = [
        ("naturalPerson", &[]),
        ("legalPerson", &["domicilaryCompany", "legalForm", "organisationName"]),
        ("personAssociation", &["personAssociationName"]),
        ("trust", &["trustName", "trustType"]),
        ("soleProprietorship", &["soleProprietorshipName"]),
    ];
    for (kind, members) in rows {
        let document = changed(
            r#"{"person":{"personIdentification":"P"}}"#,
            &[("/person/personDetails", &format!(r#"{{"personType":"{kind}"}}"#))],
        );
        let place = "invalid /person/personDetails";
        let expected: Vec<_> = members.iter().map(|it| format!("{place}/{it}")).collect();
        assert_eq!(line(&document), expected);

        for name in members.iter().filter(|it| it.ends_with("Name")) {
            let pointer = format!("/person/personDetails/{name}");
            let said = line(&changed(&document, &[(&pointer, "\"\"")]));
            assert!(said.contains(&format!("invalid {pointer}")), "{said:?}");
        }
    }
}
