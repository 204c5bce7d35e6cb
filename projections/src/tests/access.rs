//! Who sees what: by consent, by scope, by the clock, and through whom.

use events::{
    consent::{ConsentEvent, ConsentTerms, Scope},
    customer::CustomerEvent,
    id::{PersonId, Version},
    party::Relation,
};

use super::bank::*;
use crate::{Access, PersonCustomer, Projections, Scopes};

fn scopes(scopes: &[Scope]) -> Scopes {
    scopes.iter().copied().collect()
}

fn within(terms: ConsentTerms, from: u32, to: u32) -> ConsentEvent {
    ConsentEvent::Granted(ConsentTerms {
        valid_from: Some(day(from)),
        valid_to: Some(day(to)),
        ..terms
    })
}

fn all_persons(projections: &Projections, of: &str, page: usize) -> Vec<PersonId> {
    let mut all = Vec::new();
    loop {
        let found = projections.persons(&client(of), day(1), (all.last(), page), &mut 0);
        assert!(found.len() <= page);
        if found.is_empty() {
            return all;
        }
        all.extend(found);
    }
}

#[test]
fn only_the_named_client_sees_only_what_exists() {
    let bank = Bank::new();
    bank.consent("N-1", [granted("A", &["C-1", "C-2"])]);
    bank.customer("C-1", [opened("Stark")]);
    let projections = bank.projections("p");
    let access = |of: &str, id: &str| projections.access(&client(of), &customer(id), day(1));
    let consent =
        projections.consent_for(&client("A"), &customer("C-1"), Scope::CustomerRead, day(1));
    let consent = consent.unwrap();
    let full = Access { scopes: scopes(&Scope::ALL), closed: false, consent };
    assert_eq!(access("A", "C-1").as_ref(), Some(&full));
    assert_eq!(access("A", "C-2"), None);
    assert_eq!(access("B", "C-1"), None);
    assert_eq!(projections.customers(&client("A"), day(1), (None, 10), &mut 0), [customer("C-1")]);

    bank.customer("C-2", [opened("Potts"), CustomerEvent::Closed]);
    bank.settle(&projections);
    assert_eq!(access("A", "C-2"), Some(Access { closed: true, ..full }));
}

#[test]
fn a_consent_holds_from_its_first_instant_to_before_its_last() {
    let bank = Bank::new();
    bank.customer("C-1", [opened("Stark"), linked("P-1", None)]);
    bank.person("P-1", [registered("Tony")]);
    bank.consent("N-1", [within(terms("A", &["C-1"], &Scope::ALL), 10, 20)]);
    let projections = bank.projections("p");
    for (on, visible) in [(9, false), (10, true), (19, true), (20, false)] {
        let access = projections.access(&client("A"), &customer("C-1"), day(on));
        assert_eq!(access.is_some(), visible);
        let persons = projections.persons(&client("A"), day(on), (None, 10), &mut 0);
        assert_eq!(persons.len(), usize::from(visible));
        let customers = projections.customers(&client("A"), day(on), (None, 10), &mut 0);
        assert_eq!(customers.len(), usize::from(visible));
    }
}

#[test]
fn scopes_of_consents_in_force_add_up_but_reading_must_be_among_them() {
    let bank = Bank::new();
    bank.customer("C-1", [opened("Stark")]);
    let reading = terms("A", &["C-1"], &[Scope::CustomerRead]);
    let writing = terms("A", &["C-1"], &[Scope::AddressWrite]);
    bank.consent("N-1", [within(reading, 10, 20)]);
    bank.consent("N-2", [within(writing, 15, 30)]);
    let projections = bank.projections("p");
    let on = |on| {
        let access = projections.access(&client("A"), &customer("C-1"), day(on));
        access.map(|access| access.scopes)
    };
    assert_eq!(on(12), Some(scopes(&[Scope::CustomerRead])));
    assert_eq!(on(17), Some(scopes(&[Scope::CustomerRead, Scope::AddressWrite])));
    assert_eq!(on(25), None);
}

#[test]
fn the_oldest_consent_in_force_that_carries_the_scope_is_named() {
    let bank = Bank::new();
    bank.customer("C-1", [opened("Stark")]);
    bank.consent("N-9", [within(terms("A", &["C-1"], &Scope::ALL), 1, 10)]);
    bank.consent(
        "N-5",
        [granted("A", &["C-1"]), ConsentEvent::Amended(terms("A", &["C-1"], &Scope::ALL))],
    );
    bank.consent("N-1", [granted("A", &["C-1"])]);
    let projections = bank.projections("p");
    let on = |on| {
        let scope = Scope::ContactWrite;
        let found = projections.consent_for(&client("A"), &customer("C-1"), scope, day(on));
        found.map(|consent| (consent.id, consent.version))
    };
    assert_eq!(on(5), Some((consent("N-9"), Version(1))));
    assert_eq!(on(15), Some((consent("N-5"), Version(2))));

    bank.consent("N-5", [ConsentEvent::Revoked]);
    bank.settle(&projections);
    assert_eq!(on(15), Some((consent("N-1"), Version(1))));
    // Granted again, it is the youngest.
    bank.consent("N-5", [granted("A", &["C-1"])]);
    bank.settle(&projections);
    assert_eq!(on(15), Some((consent("N-1"), Version(1))));
}

#[test]
fn amending_moves_a_consent_to_other_customers_and_clients() {
    let bank = Bank::new();
    let projections = bank.open("p");
    for id in ["1", "2"] {
        bank.customer(&format!("C-{id}"), [opened("Stark"), linked(&format!("P-{id}"), None)]);
        bank.person(&format!("P-{id}"), [registered("Tony")]);
    }
    bank.consent("N-1", [granted("A", &["C-1"])]);
    bank.consent("N-1", [ConsentEvent::Amended(terms("A", &["C-2"], &Scope::ALL))]);
    bank.settle(&projections);
    assert_eq!(projections.customers(&client("A"), day(1), (None, 10), &mut 0), [customer("C-2")]);
    assert_eq!(all_persons(&projections, "A", 10), [person("P-2")]);

    bank.consent("N-1", [ConsentEvent::Amended(terms("B", &["C-2"], &Scope::ALL))]);
    bank.settle(&projections);
    assert_eq!(all_persons(&projections, "A", 10), []);
    assert_eq!(all_persons(&projections, "B", 10), [person("P-2")]);

    bank.consent("N-1", [ConsentEvent::Revoked]);
    bank.settle(&projections);
    assert_eq!(all_persons(&projections, "B", 10), []);
}

#[test]
fn a_person_is_seen_once_registered_and_through_visible_customers_only() {
    let bank = Bank::new();
    let projections = bank.open("p");
    let owner = Some(Relation::AccountOwner);
    let manager = Some(Relation::AssetManager);
    bank.customer("C-1", [opened("S"), linked("P-1", owner), linked("P-1", manager)]);
    bank.customer("C-2", [opened("S"), linked("P-1", None), CustomerEvent::Closed]);
    bank.customer("C-3", [opened("S"), linked("P-1", owner)]);
    bank.consent("N-1", [granted("A", &["C-1", "C-2"])]);
    bank.settle(&projections);
    assert_eq!(projections.person_customers(&client("A"), &person("P-1"), day(1), &mut 0), []);
    assert_eq!(all_persons(&projections, "A", 10), []);

    bank.person("P-1", [registered("Tony")]);
    bank.settle(&projections);
    let through = |(id, version): (&str, u64), closed, relations: &[Option<Relation>]| {
        let consent =
            projections.consent_for(&client("A"), &customer(id), Scope::CustomerRead, day(1));
        let consent = consent.unwrap();
        let (customer, relations) = (customer(id), relations.to_vec());
        PersonCustomer { customer, version: Version(version), closed, consent, relations }
    };
    let found = projections.person_customers(&client("A"), &person("P-1"), day(1), &mut 0);
    let expected =
        [through(("C-1", 3), false, &[manager, owner]), through(("C-2", 3), true, &[None])];
    assert_eq!(found, expected);
    assert_eq!(projections.person_customers(&client("B"), &person("P-1"), day(1), &mut 0), []);

    bank.customer("C-1", [unlinked("P-1", owner)]);
    bank.customer("C-2", [unlinked("P-1", None)]);
    bank.settle(&projections);
    let found = projections.person_customers(&client("A"), &person("P-1"), day(1), &mut 0);
    assert_eq!(found, [through(("C-1", 4), false, &[manager])]);
}

#[test]
fn persons_come_in_pages_each_once_however_often_they_are_linked() {
    let bank = Bank::new();
    let projections = bank.open("p");
    let everyone: Vec<String> = (0..20).map(|nth| format!("P-{nth:02}")).collect();
    for nth in 0..10_usize {
        // Overlapping windows of persons, each linked twice.
        let window = everyone[nth..nth + 8].iter();
        let links = window.flat_map(|id| [linked(id, None), linked(id, Some(Relation::Other))]);
        let name = format!("C-{nth}");
        bank.customer(&name, std::iter::once(opened("S")).chain(links));
        bank.consent(&format!("N-{nth}"), [granted("A", &[&name])]);
        bank.consent(&format!("M-{nth}"), [granted("A", &[&name, "C-0"])]);
    }
    for id in &everyone {
        bank.person(id, [registered("Tony")]);
    }
    bank.settle(&projections);
    let expected: Vec<_> = everyone[..17].iter().map(|id| person(id)).collect();
    for page in [1, 3, 100] {
        assert_eq!(all_persons(&projections, "A", page), expected);
    }

    // One of two consents goes: nothing changes. Both go: the window's own persons go.
    bank.consent("N-9", [ConsentEvent::Revoked]);
    bank.settle(&projections);
    assert_eq!(all_persons(&projections, "A", 3), expected);
    bank.consent("M-9", [ConsentEvent::Revoked]);
    bank.settle(&projections);
    assert_eq!(all_persons(&projections, "A", 3), expected[..16]);
    // One of two links goes, then the other.
    bank.customer("C-0", [unlinked("P-00", None)]);
    bank.settle(&projections);
    assert_eq!(all_persons(&projections, "A", 3).len(), 16);
    bank.customer("C-0", [unlinked("P-00", Some(Relation::Other))]);
    bank.settle(&projections);
    assert_eq!(all_persons(&projections, "A", 3), expected[1..16]);
}

#[test]
fn what_is_looked_at_for_a_client_is_the_same_however_many_customers_of_others_there_are() {
    let bank = Bank::new();
    let projections = bank.open("p");
    bank.person("P-1", [registered("Tony")]);
    let customer_of = |client: &str, nth: usize, linked_to: &str| {
        let name = format!("{client}-{nth}");
        bank.customer(&name, [opened("S"), linked(linked_to, None)]);
        bank.consent(&format!("N-{name}"), [granted(client, &[&name])]);
    };
    for nth in 0..300 {
        // More than the others will have; C has fewer.
        customer_of("A", nth, if nth < 3 { "P-1" } else { "P-2" });
    }
    customer_of("C", 0, "P-1");
    let looked_at = |of: &str| {
        let (mut one, mut list) = (0, 0);
        let through = projections.person_customers(&client(of), &person("P-1"), day(1), &mut one);
        projections.persons(&client(of), day(1), (None, 10), &mut list);
        (through.len(), one, list)
    };
    bank.settle(&projections);
    assert_eq!((looked_at("A"), looked_at("C")), ((3, 3, 1), (1, 1, 1)));
    for nth in 0..200 {
        customer_of("B", nth, "P-1");
    }
    bank.settle(&projections);
    assert_eq!((looked_at("A"), looked_at("C")), ((3, 3, 1), (1, 1, 1)));
}

#[test]
fn customers_come_in_pages_in_the_order_of_their_bytes() {
    let bank = Bank::new();
    let names = ["Z", "a", "C-10", "C-9", "ä"];
    for name in names {
        bank.customer(name, [opened("S")]);
    }
    bank.consent("N-1", [granted("A", &names)]);
    let projections = bank.projections("p");
    let first = projections.customers(&client("A"), day(1), (None, 2), &mut 0);
    assert_eq!(first, [customer("C-10"), customer("C-9")]);
    let rest = projections.customers(&client("A"), day(1), (first.last(), 10), &mut 0);
    assert_eq!(rest, [customer("Z"), customer("a"), customer("ä")]);
}
