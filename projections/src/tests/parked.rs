//! An event that cannot be read or applied holds up its own stream, and nothing else.

use std::{fs, os::unix::fs::FileExt, time::Instant};

use events::{
    consent::{ConsentEvent, Scope},
    customer::CustomerEvent,
    id::{Position, StreamId},
};

use super::{bank::*, restart::copy};
use crate::{Projections, ReadError};

#[track_caller]
fn check_parked(projections: &Projections, id: &str) {
    let found = projections.customer(&customer(id));
    assert!(matches!(found, Err(ReadError::Parked)), "{found:?}");
}

#[test]
fn an_event_out_of_place_parks_its_stream_only() {
    let bank = Bank::new();
    bank.customer("C-1", [opened("Stark"), address_changed(7, place("Bern", true, true))]);
    bank.customer("C-1", [CustomerEvent::Closed]);
    bank.customer("C-2", [opened("Potts")]);
    let projections = bank.projections("p");
    check_parked(&projections, "C-1");
    assert!(projections.customer(&customer("C-2")).unwrap().is_some());
    assert_eq!(projections.applied(), bank.log.watermark());

    let parked = projections.parked();
    let stream = StreamId::from(customer("C-1"));
    assert_eq!(parked, [(stream, Position(2), "the object is not known".to_owned())]);
    assert_eq!(projections.digest().unwrap(), bank.rebuilt());
}

#[test]
fn a_parked_stream_stays_parked_after_a_restart() {
    let bank = Bank::new();
    bank.customer("C-1", [CustomerEvent::Closed]);
    let projections = bank.projections("p");
    let before = projections.parked();
    projections.close();
    drop(projections);
    bank.customer("C-1", [CustomerEvent::Reopened]);
    let projections = bank.projections("p");
    assert_eq!(projections.parked(), before);
    check_parked(&projections, "C-1");
}

#[test]
fn an_answer_in_memory_goes_when_its_stream_is_parked() {
    let bank = Bank::new();
    let projections = bank.open("p");
    bank.customer("C-1", [opened("Stark")]);
    bank.settle(&projections);
    assert!(projections.customer(&customer("C-1")).unwrap().is_some());
    bank.customer("C-1", [opened("Stark")]);
    bank.settle(&projections);
    check_parked(&projections, "C-1");
}

#[test]
fn a_damaged_data_key_parks() {
    let bank = Bank::new();
    bank.customer("C-1", [opened("Stark")]);
    bank.customer("C-2", [opened("Potts")]);
    let slot = bank.slot(&customer("C-1").into());
    let bank = bank.reopened(|dir| {
        let keys = fs::File::options().write(true).open(dir.join("log/keys")).unwrap();
        keys.write_all_at(&[0xAA], u64::from(slot) * 256 + 40).unwrap();
    });
    let projections = bank.projections("p");
    check_parked(&projections, "C-1");
    assert!(projections.customer(&customer("C-2")).unwrap().is_some());
}

#[test]
fn a_parked_consent_denies() {
    let bank = Bank::new();
    let projections = bank.open("p");
    bank.customer("C-1", [opened("Stark")]);
    bank.consent("N-1", [granted("A", &["C-1"])]);
    bank.settle(&projections);
    assert!(projections.access(&client("A"), &customer("C-1"), day(1)).is_some());

    bank.consent("N-1", [granted("A", &["C-1"])]);
    bank.settle(&projections);
    assert_eq!(projections.access(&client("A"), &customer("C-1"), day(1)), None);
    projections.close();
    drop(projections);
    let projections = bank.projections("p");
    assert_eq!(projections.access(&client("A"), &customer("C-1"), day(1)), None);
}

#[test]
fn a_parked_customer_is_visible_so_that_its_readers_hear_of_it() {
    let bank = Bank::new();
    bank.customer("C-1", [CustomerEvent::Closed]);
    bank.person("P-1", [contact_added("K-1", "1")]);
    bank.customer("C-2", [opened("Stark"), linked("P-1", None)]);
    bank.consent("N-1", [granted("A", &["C-1", "C-2"])]);
    let projections = bank.projections("p");
    assert!(projections.access(&client("A"), &customer("C-1"), day(1)).is_some());
    assert_eq!(projections.persons(&client("A"), day(1), (None, 9), &mut 0), [person("P-1")]);
}

#[test]
fn events_before_the_one_that_parks_count_even_in_one_batch() {
    let bank = Bank::new();
    let terms = terms("A", &["C-1"], &[Scope::CustomerRead]);
    bank.consent("N-1", [ConsentEvent::Granted(terms.clone()), ConsentEvent::Granted(terms)]);
    bank.customer("C-1", [opened("Stark"), linked("P-1", None), opened("Stark")]);
    bank.person("P-1", [registered("Tony")]);
    bank.consent("N-2", [granted("B", &["C-1"])]);
    let projections = bank.projections("p");
    assert_eq!(projections.persons(&client("B"), day(1), (None, 9), &mut 0), [person("P-1")]);
    assert_eq!(projections.persons(&client("A"), day(1), (None, 9), &mut 0), []);
    assert_eq!(projections.digest().unwrap(), bank.rebuilt());
}

#[test]
fn a_kill_leaves_what_a_parked_stream_was_before() {
    let bank = Bank::new();
    let projections = bank.open_eager("p");
    let others = |from: u64, to: u64| {
        (from..to).for_each(|nth| bank.customer(&format!("C-{nth}"), [opened("Stark")]));
    };
    others(0, 30);
    bank.customer("C-parked", [opened("Potts"), linked("P-1", None)]);
    bank.customer("C-parked", [opened("Potts")]);
    others(30, 70);
    bank.settle(&projections);
    // That it is parked is written with what waits longest, long before its document's turn.
    let shared = projections.shared();
    let store = &shared.store;
    let checkpoint = || store.checkpoint().unwrap().map_or(Position::ZERO, |it| it.position);
    let deadline = Instant::now() + PATIENCE;
    while checkpoint() == Position::ZERO && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!((1..30).contains(&checkpoint().0), "{}", checkpoint());
    store.sync().unwrap();
    copy(&bank.folder("p"), &bank.folder("killed"));
    let killed = bank.projections("killed");
    assert_eq!(killed.parked(), projections.parked());
    assert_eq!(killed.digest().unwrap(), bank.rebuilt());
    check_parked(&killed, "C-parked");
}
