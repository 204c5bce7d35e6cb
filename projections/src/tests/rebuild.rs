//! Built anew beside what is served: nobody notices, and afterwards it is the same.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    bank::*,
    restart::{builds, copy},
};
use crate::{ProjectionError, ProjectionSettings, Projections};

fn some_history(bank: &Bank, from: u64, to: u64) {
    for nth in from..to {
        bank.customer(&format!("C-{nth}"), [opened("Stark"), kyc("CEO")]);
        bank.consent(&format!("N-{nth}"), [granted("A", &[&format!("C-{nth}")])]);
    }
}

/// Waits until what was served before is gone.
#[track_caller]
fn is_alone(folder: &Path, build: &str) {
    let deadline = Instant::now() + PATIENCE;
    while builds(folder) != [build] || folder.join(build).join("unfinished").exists() {
        assert!(Instant::now() < deadline, "{:?}", builds(folder));
        thread::yield_now();
    }
}

#[test]
fn a_rebuild_takes_the_place_of_what_was_served() {
    let bank = Bank::new();
    some_history(&bank, 0, 100);
    let projections = bank.projections("p");
    let digest = projections.digest().unwrap();
    for build in ["build-2", "build-3"] {
        assert!(projections.rebuild().unwrap());
        assert_eq!(projections.rebuilding(), None);
        assert_eq!(projections.digest().unwrap(), digest);
        is_alone(&bank.folder("p"), build);
    }
    some_history(&bank, 100, 110);
    bank.settle(&projections);
    projections.close();
    drop(projections);
    let projections = bank.projections("p");
    assert_eq!(projections.digest().unwrap(), bank.rebuilt());
    assert_eq!(builds(&bank.folder("p")), ["build-3"]);
}

#[test]
fn while_it_is_rebuilt_everything_that_was_seen_stays_seen() {
    let bank = Bank::new();
    some_history(&bank, 0, 300);
    let projections = bank.projections("p");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut last, mut reads) = (projections.applied(), 0_u64);
            while !done.load(Ordering::Relaxed) {
                let applied = projections.applied();
                assert!(applied >= last, "{applied} after {last}");
                assert!(projections.ready() && projections.stopped().is_none());
                let seen =
                    projections.customers(&client("A"), day(1), (None, 10_000), &mut 0).len();
                assert!(seen >= 300, "{seen} customers");
                (last, reads) = (applied, reads + 1);
            }
            reads
        });
        let rebuilder = scope.spawn(|| {
            let rebuilt: Vec<_> = (0..3).map(|_| projections.rebuild()).collect();
            done.store(true, Ordering::Relaxed);
            assert!(rebuilt.iter().all(|rebuilt| matches!(rebuilt, Ok(true))), "{rebuilt:?}");
        });
        let mut nth = 300;
        while !done.load(Ordering::Relaxed) {
            some_history(&bank, nth, nth + 1);
            // Who waits for its own write is never told that it is not there.
            bank.settle(&projections);
            nth += 1;
        }
        rebuilder.join().unwrap();
        assert!(reader.join().unwrap() > 0);
    });
    assert_eq!(projections.digest().unwrap(), bank.rebuilt());
    assert_eq!(projections.parked(), []);
    is_alone(&bank.folder("p"), "build-4");
}

#[test]
fn one_rebuild_at_a_time_and_none_after_the_end() {
    let bank = Bank::new();
    some_history(&bank, 0, 300);
    let projections = bank.projections("p");
    thread::scope(|scope| {
        let first = scope.spawn(|| projections.rebuild());
        let deadline = Instant::now() + PATIENCE;
        while projections.rebuilding().is_none() && !first.is_finished() {
            assert!(Instant::now() < deadline);
            thread::yield_now();
        }
        if projections.rebuilding().is_some() {
            let second = projections.rebuild();
            assert!(matches!(second, Err(ProjectionError::Rebuilding) | Ok(true)), "{second:?}");
        }
        assert!(first.join().unwrap().unwrap());
    });
    projections.close();
    assert!(!projections.rebuild().unwrap(), "it was closed");
    assert_eq!(builds(&bank.folder("p")).len(), 1);
}

#[test]
fn what_a_crash_left_unfinished_is_not_gone_on_with() {
    let bank = Bank::new();
    some_history(&bank, 0, 20);
    let projections = bank.projections("p");
    let digest = projections.digest().unwrap();
    projections.close();
    drop(projections);
    let folder = bank.folder("p");
    copy(&folder.join("build-1"), &folder.join("build-2"));
    fs::write(folder.join("build-2/unfinished"), "").unwrap();
    let projections = bank.projections("p");
    assert_eq!(projections.digest().unwrap(), digest);
    projections.close();
    assert_eq!(builds(&folder), ["build-1"]);
}

#[test]
fn without_room_for_another_build_none_is_begun() {
    let bank = Bank::new();
    some_history(&bank, 0, 20);
    let settings = ProjectionSettings {
        free_bytes_min: u64::MAX / 2,
        ..ProjectionSettings::new(bank.folder("p"))
    };
    let projections = Projections::open(&settings, bank.log.clone()).unwrap();
    bank.settle(&projections);
    for refused in [projections.can_rebuild(), projections.rebuild().map(drop)] {
        assert!(matches!(refused, Err(ProjectionError::Room { .. })), "{refused:?}");
    }
    assert!(projections.rebuild_failed().unwrap().contains("no room"));
    assert!(projections.ready() && projections.stopped().is_none());
    projections.close();
    assert_eq!(builds(&bank.folder("p")), ["build-1"]);
}

#[test]
fn whoever_closes_them_while_they_are_rebuilt_leaves_one_build_that_nobody_writes_to() {
    let bank = Bank::new();
    some_history(&bank, 0, 200);
    for round in 0..10 {
        let projections = bank.projections("p");
        let digest = projections.digest().unwrap();
        thread::scope(|scope| {
            let rebuild = scope.spawn(|| projections.rebuild());
            while projections.rebuilding().is_none() && !rebuild.is_finished() {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(round * 3));
            projections.close();
            // Nothing is under way any more.
            assert_eq!(projections.rebuilding(), None);
            rebuild.join().unwrap().unwrap();
        });
        drop(projections);
        let again = bank.projections("p");
        assert_eq!(again.digest().unwrap(), digest);
        again.close();
    }
}
