//! Whoever goes on when: appenders, the writer, its helper, readers and the store, step by step in
//! orders that no machine would come up with, at random and by priorities (PCT).
//!
//! The log is the real one; only what it waits by, and the disk, are of a model (`sync.rs`).
//! `DOSSIER_SCHEDULES` says how many orders of each kind are tried; a failing one is printed, and
//! `shuttle::replay` repeats it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use shuttle::{
    Config, MaxSteps, Runner,
    future::block_on,
    rand::{Rng, thread_rng},
    scheduler::{PctScheduler, RandomScheduler},
    thread,
};

use super::*;
use crate::sync::model::disk::{Disk, Fault};

const SCHEDULES: usize = 400;
/// Priorities that change in the middle of a run.
const DEPTH: usize = 3;
const STACK_BYTES: usize = 1024 * 1024;
/// Whoever waits for ever shows by them: the writer's helper never rests.
const STEPS_MAX: usize = 100_000;
const APPENDERS: u64 = 3;
/// Appends of each.
const EACH: u64 = 2;

/// Tries many orders.
fn whoever_goes_on_when(run: impl Fn() + Send + Sync + Clone + 'static) {
    let asked = std::env::var_os("DOSSIER_SCHEDULES");
    let schedules = asked.map_or(SCHEDULES, |text| text.to_str().unwrap().parse().unwrap());
    let config = || {
        let mut config = Config::new();
        config.stack_size = STACK_BYTES;
        config.max_steps = MaxSteps::FailAfter(STEPS_MAX);
        config
    };
    Runner::new(RandomScheduler::new(schedules), config()).run(run.clone());
    Runner::new(PctScheduler::new(DEPTH, schedules), config()).run(run);
}

/// A log on a disk of the model.
#[derive(Clone)]
struct Stage {
    log: EventLog,
    disk: Arc<Disk>,
    _folder: Arc<TempDir>,
}

impl Stage {
    fn new(queue_max: usize) -> Self {
        // Its other files are real, and not what this is about: they need no real disk.
        let memory = Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.unwrap();
        let disk = Disk::at(&folder.path().join("log"));
        let settings =
            LogSettings { free_bytes_min: 0, queue_max, ..LogSettings::new(folder.path()) };
        let log = EventLog::open(&settings, master()).unwrap();
        Self { log, disk, _folder: Arc::new(folder) }
    }

    /// How many events a power cut would leave, which have no holes.
    fn synced(&self) -> u64 {
        let synced = self.disk.synced();
        let positions = synced.keys().filter_map(|key| layout::event_position(key));
        let positions: Vec<_> = positions.map(|position| position.0).collect();
        let count = positions.len().try_into().unwrap();
        assert!(positions.into_iter().eq(1..=count), "a hole");
        count
    }

    fn append(&self, stream: u64, expected: u64, events: usize) -> Result<Outcome, AppendError> {
        let stream = customer(&format!("C-{stream}"));
        let outcome = block_on(self.log.append(append(stream, expected, vec![closed(); events])));
        if let Ok(outcome) = &outcome {
            let Outcome::Appended(Appended { position, .. }) = outcome else {
                panic!("{outcome:?}")
            };
            assert!(position.0 <= self.synced(), "acknowledged, and not on the disk");
            assert!(*position <= self.log.watermark(), "acknowledged, and beyond the watermark");
            assert!(self.log.record(*position).unwrap().is_some());
        }
        outcome
    }

    /// Every appender in a thread of its own, each on its own stream, until its first failure.
    fn appenders(
        &self,
        told: impl Fn(&Result<Outcome, AppendError>) + Clone + Send + 'static,
    ) -> Vec<JoinHandle<u64>> {
        let appending = |stream| {
            let (stage, told) = (self.clone(), told.clone());
            thread::spawn(move || {
                let mut done = 0;
                for expected in 0..EACH {
                    let outcome = stage.append(stream, expected, 1);
                    told(&outcome);
                    done += u64::from(outcome.is_ok());
                }
                done
            })
        };
        (0..APPENDERS).map(appending).collect()
    }

    /// What is there at the end: all of it, once, without a hole.
    fn holds(&self, count: u64) {
        let positions: Vec<_> = all(&self.log).iter().map(|record| record.position().0).collect();
        assert_eq!(positions, (1..=count).collect::<Vec<_>>());
        assert_eq!(self.log.watermark(), Position(count));
    }
}

fn sum(appenders: Vec<JoinHandle<u64>>) -> u64 {
    appenders.into_iter().map(|appender| appender.join().unwrap()).sum()
}

#[test]
fn the_watermark_follows_the_syncs_and_never_goes_back() {
    whoever_goes_on_when(|| {
        let stage = Stage::new(8);
        let appenders = stage.appenders(|outcome| assert!(outcome.is_ok(), "{outcome:?}"));
        let mut watermark = stage.log.watch();
        let mut before = Position::ZERO;
        while before < Position(APPENDERS * EACH) {
            let now = stage.log.watermark();
            assert!(now >= before, "the watermark went back from {before} to {now}");
            assert!(now.0 <= stage.synced(), "the watermark passed the disk");
            for position in 1..=now.0 {
                assert!(stage.log.record(Position(position)).unwrap().is_some());
            }
            before = now;
            if now < Position(APPENDERS * EACH) {
                block_on(watermark.wait_for(|moved| *moved > now)).unwrap();
            }
        }
        assert_eq!(sum(appenders), APPENDERS * EACH);
        stage.log.close();
        stage.holds(APPENDERS * EACH);
    });
}

#[test]
fn whoever_waits_for_a_position_is_woken_by_it() {
    whoever_goes_on_when(|| {
        let stage = Stage::new(8);
        let waiting = |end| {
            let mut watermark = stage.log.watch();
            thread::spawn(move || {
                block_on(watermark.wait_for(|moved| moved.0 >= end)).map(|at| at.0).unwrap()
            })
        };
        let waiters: Vec<_> = (1..=APPENDERS * EACH).map(|end| (end, waiting(end))).collect();
        let appenders = stage.appenders(|outcome| assert!(outcome.is_ok(), "{outcome:?}"));
        for (end, waiter) in waiters {
            assert!(waiter.join().unwrap() >= end);
        }
        sum(appenders);
        stage.log.close();
    });
}

#[test]
fn after_a_failed_sync_everybody_is_told_and_nothing_is_acknowledged() {
    whoever_goes_on_when(|| {
        let stage = Stage::new(8);
        // There is no group of more than all appenders, so there are as many commits as appends of one.
        stage.disk.fail(Fault::Sync(thread_rng().gen_range(0..EACH.try_into().unwrap())));
        let failed = Arc::new(AtomicBool::new(false));
        let appending = |stream| {
            let (stage, failed) = (stage.clone(), Arc::clone(&failed));
            thread::spawn(move || {
                let mut acknowledged = 0;
                for expected in 0..EACH {
                    let too_late = failed.load(Ordering::SeqCst);
                    let outcome = stage.append(stream, expected, 1);
                    assert!(!too_late || outcome.is_err(), "acknowledged after a failure");
                    failed.fetch_or(outcome.is_err(), Ordering::SeqCst);
                    acknowledged += u64::from(outcome.is_ok());
                }
                acknowledged
            })
        };
        let acknowledged = sum((0..APPENDERS).map(appending).collect());
        assert!(stage.log.stopped().is_some() && failed.load(Ordering::SeqCst));
        assert_eq!(stage.log.watermark(), Position(acknowledged));
        assert_eq!(stage.synced(), acknowledged);
        stage.log.close();
    });
}

#[test]
fn whoever_the_store_leaves_waiting_is_asked_for_again() {
    whoever_goes_on_when(|| {
        let stage = Stage::new(8);
        stage.disk.fail(Fault::Write(thread_rng().gen_range(0..2)));
        let acknowledged = sum(stage.appenders(|_| {}));
        let reason = stage.log.stopped();
        assert!(reason.is_some() && acknowledged < APPENDERS * EACH);
        assert_eq!(stage.log.watermark(), Position(acknowledged));
        assert_eq!(stage.synced(), acknowledged);
        stage.log.close();
    });
}

#[test]
fn closing_answers_everybody_who_waits() {
    whoever_goes_on_when(|| {
        let stage = Stage::new(8);
        let appenders = stage.appenders(|outcome| match outcome {
            Ok(_) | Err(AppendError::Stopped(_)) => {}
            Err(error) => panic!("{error}"),
        });
        stage.log.close();
        let count = sum(appenders);
        stage.holds(count);
        assert!(matches!(stage.append(APPENDERS, 0, 1), Err(AppendError::Stopped(_))));
    });
}

#[test]
fn of_two_on_one_version_one_wins_and_a_full_queue_says_so() {
    whoever_goes_on_when(|| {
        let stage = Stage::new(1);
        let rival = || {
            let stage = stage.clone();
            thread::spawn(move || stage.append(0, 0, 2))
        };
        let rivals: Vec<_> = (0..APPENDERS).map(|_| rival()).collect();
        let mut won = 0;
        for rival in rivals {
            match rival.join().unwrap() {
                Ok(_) => won += 1,
                Err(AppendError::Conflict(Version(2)) | AppendError::Busy) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(won, 1);
        stage.log.close();
        stage.holds(2);
    });
}
