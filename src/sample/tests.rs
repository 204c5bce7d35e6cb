//! What everyone who imports the sample may count on.

mod reading;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::reading::{bytes, lines, parts, seen, served, text, texts};
use super::contact::plain_name;
use super::person::remainder_of_97;

const SEEDS: [u64; 2] = [1, 2026];

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() {
    assert_eq!(bytes(50, 1), bytes(50, 1));
    assert_ne!(bytes(50, 1), bytes(50, 2));
}

/// When this fails, every sample in every document and bench has changed: say so in CHANGELOG.
#[test]
fn the_bytes_stay_what_they_were() {
    let digest = bytes(200, 1).iter().fold(0xcbf2_9ce4_8422_2325, |digest: u64, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(digest, 0x8193_d473_5b91_d13b);
}

#[test]
fn a_larger_bank_begins_like_a_smaller_one() {
    let is_no_consent = |line: &Value| line.get("consent").is_none();
    let small: Vec<Value> = lines(20, 1).into_iter().filter(is_no_consent).collect();

    assert!(lines(40, 1).starts_with(&small));
}

#[test]
fn an_empty_bank_has_no_lines() {
    assert!(bytes(0, 1).is_empty());
}

#[test]
fn every_value_is_within_the_bounds_of_the_schema() {
    for line in SEEDS.into_iter().flat_map(|seed| lines(500, seed)) {
        schema::check("line", &line);

        let organization = text(&line, "/person/personDetails/organisationName");
        assert!(organization.is_none_or(|name| name.chars().count() <= 35), "{line}");
    }
}

#[test]
fn every_line_has_the_members_it_cannot_do_without() {
    for line in lines(200, 1) {
        let required = schema::required(&line);
        let missing = required.iter().find(|pointer| line.pointer(pointer).is_none());
        assert_eq!(missing, None, "{line}");
    }
}

#[test]
fn every_member_and_every_enum_value_appears_within_500_customers() {
    for seed in SEEDS {
        let lines = lines(500, seed);
        let seen = seen(&lines);
        for member in schema::members() {
            assert!(seen.contains_key(member), "{member} under seed {seed}");
        }
        for (member, values) in schema::ENUMS {
            let seen = seen.get(member).unwrap();
            let missing = values.iter().find(|value| !seen.contains(**value));
            assert_eq!(missing, None, "{member} under seed {seed}");
        }
    }
}

#[test]
fn some_names_are_as_long_as_a_name_may_be() {
    let lines = lines(300, 1);
    let seen = seen(&lines);
    for (member, length) in
        [("givenName", 35), ("lastName", 35), ("personAssociationName", 70), ("fullName", 70)]
    {
        let lengths = seen.get(member).unwrap().iter().map(|text| text.chars().count());
        assert!(lengths.max() >= Some(length - 1), "{member}");
    }
}

#[test]
fn customers_hold_from_none_to_many_addresses_and_persons_from_none_to_many_contacts() {
    let lines = lines(300, 1);
    let customers = texts(&lines, "/customer/customerIdentification");
    let of = texts(&lines, "/address/customerIdentification");
    let addresses = customers.iter().map(|id| of.iter().filter(|of| *of == id).count());
    let contacts = lines.iter().filter_map(|line| line.pointer("/person/contactInformation"));
    let contacts = contacts.map(|contacts| contacts.as_array().unwrap().len());

    assert_eq!(addresses.collect::<BTreeSet<_>>(), BTreeSet::from([0, 1, 2, 3, 5, 8]));
    assert_eq!(contacts.collect::<BTreeSet<_>>(), (0..=6).collect());
}

#[test]
fn persons_are_shared_and_accounts_are_joint() {
    let lines = lines(300, 1);
    let persons = parts(&lines, "/customer/personList", "/personIdentification");
    let own = persons.iter().filter(|person| !person.starts_with("P-M"));
    let shared = own.clone().count() - own.collect::<BTreeSet<_>>().len();
    let joint = texts(&lines, "/customer/name").iter().filter(|name| name.contains(" & ")).count();

    assert!(joint > 25 && shared > 25, "{joint} joint, {shared} shared");
}

#[test]
fn some_ids_are_nasty_on_purpose() {
    let lines = lines(300, 1);
    let customers = texts(&lines, "/customer/customerIdentification");
    let persons = texts(&lines, "/person/personIdentification");

    assert!(customers.contains(&"C-000097 Zürich.*"));
    assert!(customers.contains(&"C-000194.Genève >"));
    assert!(persons.iter().any(|id| id.ends_with(" Ü.*")));
}

#[test]
fn no_id_is_given_twice() {
    let lines = lines(300, 1);
    for pointer in [
        "/customer/customerIdentification",
        "/person/personIdentification",
        "/kyc/customerIdentification",
        "/consent/consentIdentification",
    ] {
        assert_all_differ(texts(&lines, pointer));
    }
    assert_all_differ(parts(&lines, "/person/contactInformation", "/contactIdentification"));

    let key = |address: &Value| {
        (
            address.get("customerIdentification").cloned(),
            address.get("addressIdentification").cloned(),
        )
    };
    let keys = lines.iter().filter_map(|line| line.get("address")).map(key);
    assert_all_differ(keys.map(|key| format!("{key:?}")).collect());
}

#[test]
fn every_line_comes_after_those_it_leans_on() {
    let lines = lines(200, 1);
    let mut customers = BTreeSet::new();
    for line in &lines {
        if let Some(customer) = text(line, "/customer/customerIdentification") {
            customers.insert(customer);
        }
        for pointer in ["/address/customerIdentification", "/kyc/customerIdentification"] {
            assert!(text(line, pointer).is_none_or(|customer| customers.contains(customer)));
        }
        assert!(served(line).is_none_or(|served| served.iter().all(|id| customers.contains(id))));
    }
}

#[test]
fn every_person_who_is_named_has_a_line() {
    let lines = lines(200, 1);
    let persons = texts(&lines, "/person/personIdentification");
    let named = parts(&lines, "/customer/personList", "/personIdentification");
    assert!(named.iter().all(|person| persons.contains(person)));
}

#[test]
fn nobody_is_linked_twice_to_the_same_customer() {
    for line in lines(300, 1) {
        assert_all_differ(parts(&[line], "/customer/personList", "/personIdentification"));
    }
}

#[test]
fn the_first_customer_keeps_what_the_readme_promises() {
    for seed in 0..50 {
        let lines = lines(1, seed);
        let at = |pointer| lines.iter().filter_map(move |line| line.pointer(pointer));

        assert_eq!(texts(&lines, "/customer/customerIdentification"), ["C-000001"]);
        assert_eq!(texts(&lines, "/customer/status"), ["active"]);
        assert_eq!(texts(&lines, "/kyc/customerIdentification"), ["C-000001"]);
        assert!(at("/address/addressIdentification").eq(&[json!(1), json!(2)]));
        assert!(at("/address/isMailingAddress").eq(&[json!(true), json!(false)]));
        assert!(at("/address/isDomicile").eq(&[json!(true), json!(false)]));

        let owner = json!({ "personIdentification": "P-000001", "personRelation": "accountOwner" });
        assert_eq!(at("/customer/personList/0").next(), Some(&owner));
        assert_eq!(at("/person/personIdentification").next(), Some(&json!("P-000001")));
        assert_eq!(at("/person/personDetails/personType").next(), Some(&json!("naturalPerson")));
        let media: Vec<_> = parts(&lines[1..2], "/person/contactInformation", "/medium");
        assert_eq!(media, ["email", "phone"]);
    }
}

#[test]
fn three_clients_hold_consents_and_two_consents_have_lapsed() {
    for customers in [1, 2, 25] {
        let lines = lines(customers, 1);
        let ids = texts(&lines, "/consent/consentIdentification");
        let reach: BTreeMap<_, _> = ids.into_iter().zip(lines.iter().filter_map(served)).collect();
        let (alpha, beta) = (&reach["wealthtech-alpha-000001"], &reach["wealthtech-beta-000001"]);

        assert_eq!(*alpha, texts(&lines, "/customer/customerIdentification"));
        assert!(reach["robo-gamma-000001"].iter().all(|id| beta.contains(id)));
        let lapsed = ["wealthtech-beta-lapsed", "robo-gamma-lapsed"];
        assert!(lapsed.iter().all(|id| (1..=3).contains(&reach[id].len())));
        assert!(customers == 1 || reach[lapsed[0]].iter().all(|id| !beta.contains(id)));
    }
}

#[test]
fn no_consent_names_more_customers_than_it_may() {
    let lines = lines(1001, 1);
    let most = lines.iter().filter_map(served).map(|served| served.len()).max();
    assert_eq!(most, Some(1000));
}

#[test]
fn legal_entity_identifiers_have_right_check_digits() {
    let lines = lines(200, 1);
    let identifiers = texts(&lines, "/person/personDetails/LEI");
    assert!(identifiers.into_iter().all(|identifier| remainder_of_97(identifier) == 1));
}

#[test]
fn names_are_made_plain_for_addresses_on_the_internet() {
    assert_eq!(plain_name("Jürg von Ah"), "juerg.von.ah");
    assert_eq!(
        plain_name("Żegluga Ó Súilleabháin, L'Éplattenier"),
        "zegluga.o.suilleabhain.l.eplattenier"
    );
}

#[track_caller]
fn assert_all_differ<T: Ord>(items: Vec<T>) {
    let count = items.len();
    assert_eq!(items.into_iter().collect::<BTreeSet<_>>().len(), count);
}
