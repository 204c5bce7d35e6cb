//! Stopped, lost, foreign or damaged: afterwards everything is as if nothing had happened.

use std::{fs, os::unix::fs::FileExt, path::Path, time::Instant};

use events::id::Position;

use super::bank::*;
use crate::{
    ProjectionError, ProjectionSettings, Projections, build,
    store::{Changes, Checkpoint},
};

fn some_history(bank: &Bank, from: u64, to: u64) {
    for nth in from..to {
        let (customer, person) = (format!("C-{nth}"), format!("P-{nth}"));
        let home = address_added(nth + 1, place("Bern", true, true));
        bank.customer(&customer, [opened("Stark"), linked(&person, None), home, kyc("CEO")]);
        bank.person(&person, [registered("Tony"), contact_added("K-1", "1")]);
        bank.consent(&format!("N-{nth}"), [granted("A", &[&customer])]);
    }
}

pub(super) fn builds(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = entries.map(|name| name.into_string().unwrap());
    names.filter(|name| name.starts_with("build-")).collect()
}

/// What was wrong is built anew from the log, and what was there is gone.
#[track_caller]
fn check_rebuilt(harm: impl FnOnce(&Path)) {
    let bank = Bank::new();
    some_history(&bank, 0, 50);
    let projections = bank.projections("p");
    let digest = projections.digest().unwrap();
    projections.close();
    drop(projections);
    harm(&bank.folder("p"));

    let projections = bank.projections("p");
    assert_eq!(projections.digest().unwrap(), digest);
    projections.close();
    assert_eq!(builds(&bank.folder("p")), ["build-2"]);
}

#[test]
fn a_restart_goes_on_where_it_stopped_and_applies_each_event_once() {
    let bank = Bank::new();
    let mut to = 0;
    for _ in 0..4 {
        some_history(&bank, to, to + 20);
        to += 20;
        let before = bank.log.watermark();
        let projections = bank.projections("p");
        projections.close();
        drop(projections);

        let projections = bank.open("p");
        assert!(projections.applied() >= before);
        bank.settle(&projections);
        assert_eq!(projections.parked(), []);
        projections.close();
    }
    assert_eq!(bank.projections("p").digest().unwrap(), bank.rebuilt());
    assert_eq!(builds(&bank.folder("p")), ["build-1"]);
}

#[test]
fn access_is_the_same_after_a_restart() {
    let bank = Bank::new();
    some_history(&bank, 0, 30);
    let seen = |projections: &Projections| {
        let customers = projections.customers(&client("A"), day(1), (None, 100), &mut 0);
        let persons = projections.persons(&client("A"), day(1), (None, 100), &mut 0);
        let through = projections.person_customers(&client("A"), &person("P-7"), day(1), &mut 0);
        (customers, persons, through)
    };
    let projections = bank.projections("p");
    let before = seen(&projections);
    assert_eq!((before.0.len(), before.1.len(), before.2.len()), (30, 30, 1));
    projections.close();
    drop(projections);
    assert_eq!(seen(&bank.projections("p")), before);
}

#[test]
fn a_deleted_folder_is_built_anew() {
    let bank = Bank::new();
    some_history(&bank, 0, 50);
    let projections = bank.projections("p");
    let digest = projections.digest().unwrap();
    projections.close();
    drop(projections);
    fs::remove_dir_all(bank.folder("p")).unwrap();
    assert_eq!(bank.projections("p").digest().unwrap(), digest);
}

#[test]
fn the_folder_is_open_once() {
    let bank = Bank::new();
    let projections = bank.projections("p");
    let again = Projections::open(&ProjectionSettings::new(bank.folder("p")), bank.log.clone());
    assert!(matches!(again, Err(ProjectionError::InUse)));
    projections.close();
}

#[test]
fn projections_of_another_log_are_built_anew() {
    let (bank, other) = (Bank::new(), Bank::new());
    some_history(&bank, 0, 20);
    some_history(&other, 0, 10);
    let projections = bank.projections("p");
    projections.close();
    drop(projections);
    // Longer than the log, and as long as the log but of other events.
    for to in [0, 25] {
        if to > 0 {
            some_history(&other, 10, to);
        }
        fs::create_dir_all(other.folder("p")).unwrap();
        copy(&bank.folder("p"), &other.folder("p"));
        let projections = other.projections("p");
        assert_eq!(projections.digest().unwrap(), other.rebuilt());
        projections.close();
        drop(projections);
        fs::remove_dir_all(other.folder("p")).unwrap();
    }
}

#[test]
fn a_copy_taken_while_they_run_leads_to_the_same() {
    let bank = Bank::new();
    let projections = bank.open("p");
    for round in 0..5 {
        some_history(&bank, round * 20, round * 20 + 20);
        copy(&bank.folder("p"), &bank.folder("copy"));
        let copied = bank.projections("copy");
        assert_eq!(copied.digest().unwrap(), bank.rebuilt());
        copied.close();
        drop(copied);
        fs::remove_dir_all(bank.folder("copy")).unwrap();
    }
    projections.close();
}

/// Everybody moves, again and again, so that documents are newer than the checkpoint.
fn everybody_moves(bank: &Bank, rounds: u64) {
    for _ in 0..rounds {
        for nth in 0..20 {
            let home = kyc(&format!("Chief of {}", bank.log.watermark()));
            bank.customer(&format!("C-{nth}"), [home]);
        }
    }
}

#[test]
fn a_store_whose_documents_are_ahead_of_its_checkpoint_goes_on_from_it() {
    let bank = Bank::new();
    some_history(&bank, 0, 20);
    let projections = bank.open_eager("p");
    for _ in 0..4 {
        everybody_moves(&bank, 5);
        bank.settle(&projections);
        assert_eq!(projections.digest().unwrap(), bank.rebuilt());
        // As after a kill.
        copy(&bank.folder("p"), &bank.folder("copy"));
        let copied = bank.open("copy");
        bank.settle(&copied);
        assert_eq!(copied.parked(), []);
        assert_eq!(copied.digest().unwrap(), bank.rebuilt());
        copied.close();
        drop(copied);
        assert_eq!(builds(&bank.folder("copy")), ["build-1"]);
        fs::remove_dir_all(bank.folder("copy")).unwrap();
    }
    projections.close();
}

#[test]
fn a_store_that_knows_of_events_the_log_has_no_more_is_built_anew() {
    let bank = Bank::new();
    some_history(&bank, 0, 20);
    let projections = bank.open_eager("p");
    bank.settle(&projections);
    everybody_moves(&bank, 2);
    copy(&bank.folder("log"), &bank.folder("older"));
    let older = bank.log.watermark();
    everybody_moves(&bank, 2);
    // The checkpoint stays before the end of the older log, the documents do not.
    let shared = projections.shared();
    let store = &shared.store;
    let checkpoint = || store.checkpoint().unwrap().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while checkpoint().reached <= older && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!(checkpoint().reached > older);
    assert!(checkpoint().position < older);
    store.sync().unwrap();
    copy(&bank.folder("p"), &bank.folder("killed"));
    projections.close();
    drop(projections);
    let bank = bank.reopened(|dir| {
        fs::remove_dir_all(dir.join("log")).unwrap();
        fs::rename(dir.join("older"), dir.join("log")).unwrap();
    });
    let projections = bank.projections("killed");
    assert_eq!(projections.digest().unwrap(), bank.rebuilt());
    projections.close();
    assert_eq!(builds(&bank.folder("killed")), ["build-2"]);
}

#[test]
fn a_lost_key_is_a_lost_build() {
    check_rebuilt(|folder| fs::remove_file(folder.join("build-1/key")).unwrap());
}

#[test]
fn a_lost_store_is_a_lost_build() {
    // Of an empty store nothing tells that it was ever anything else: it is filled again.
    let bank = Bank::new();
    some_history(&bank, 0, 20);
    let projections = bank.projections("p");
    let digest = projections.digest().unwrap();
    projections.close();
    drop(projections);
    fs::remove_dir_all(bank.folder("p/build-1/store")).unwrap();
    assert_eq!(bank.projections("p").digest().unwrap(), digest);
}

#[test]
fn a_damaged_store_is_built_anew() {
    for part in 1..8 {
        let bank = Bank::new();
        some_history(&bank, 0, 50);
        let projections = bank.projections("p");
        let digest = projections.digest().unwrap();
        projections.close();
        drop(projections);
        let path = bank.folder("p/build-1/store/db");
        let file = fs::File::options().write(true).open(&path).unwrap();
        let used = 150_000;
        file.write_all_at(&[0x55; 300], used / 8 * part).unwrap();
        assert_eq!(bank.projections("p").digest().unwrap(), digest, "part {part}");
    }
}

#[test]
fn a_store_of_which_values_went_missing_is_built_anew() {
    check_rebuilt(|folder| tamper(folder, |tree| drop(tree.pop_min().unwrap())));
    check_rebuilt(|folder| {
        tamper(folder, |tree| {
            let (key, _) = tree.range(b"d".as_slice()..).next().unwrap().unwrap();
            tree.remove(key).unwrap();
        });
    });
}

#[test]
fn a_build_of_another_format_is_built_anew() {
    let bank = Bank::new();
    some_history(&bank, 0, 20);
    let projections = bank.projections("p");
    let digest = projections.digest().unwrap();
    projections.close();
    drop(projections);
    let build = build::open(&ProjectionSettings::new(bank.folder("p")), &bank.log).unwrap();
    let other = Checkpoint { format: build.checkpoint.format + 1, ..build.checkpoint.clone() };
    let reached = (other.reached, other.leaf);
    build.store.commit(Changes::default(), &other, other.position, reached).unwrap();
    build.store.sync().unwrap();
    drop(build);
    let projections = bank.projections("p");
    assert_eq!(projections.digest().unwrap(), digest);
    projections.close();
    assert_eq!(builds(&bank.folder("p")), ["build-2"]);
}

#[test]
fn wait_until_gives_up_after_its_time() {
    let bank = Bank::new();
    let projections = bank.projections("p");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let wait = projections.wait_until(Position(1), std::time::Duration::from_millis(1));
    assert!(!runtime.block_on(wait));
    assert!(projections.ready());
    assert_eq!(projections.lag(), 0);
}

fn tamper(folder: &Path, harm: impl FnOnce(&crate::store::Raw)) {
    crate::store::tamper(&folder.join("build-1/store"), harm);
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
