//! Answers in memory are never older than what was said to be applied.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use events::id::{StreamId, Version};

use super::bank::*;
use crate::{
    answers::{AnswerCache, Answers},
    customer,
    document::Document,
};

const ROUNDS: u64 = 20_000;

fn answers_of(version: u64) -> Answers {
    let mut state = None;
    customer::apply(&mut state, &customer("C-1"), Version(version), &opened("Stark")).unwrap();
    Answers::of(&Document::Customer(customer("C-1"), state)).unwrap()
}

fn version_in(cache: &AnswerCache, stored: &AtomicU64) -> u64 {
    let etag = etag_in(cache, stored);
    crate::version_of(std::str::from_utf8(&etag).unwrap()).unwrap().0
}

fn etag_in(cache: &AnswerCache, stored: &AtomicU64) -> Bytes {
    let load = || Ok::<_, ()>(Some(answers_of(stored.load(Ordering::SeqCst))));
    match cache.get_or_load(&StreamId::Customer(customer("C-1")), load) {
        Ok(Some(Answers::Customer(answers))) => answers.customer.etag.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_slow_reader_leaves_nothing_old_behind() {
    let (cache, stored) = (AnswerCache::new(1 << 20), AtomicU64::new(1));
    let stream = StreamId::Customer(customer("C-1"));
    let read = cache.get_or_load(&stream, || {
        let old = answers_of(stored.load(Ordering::SeqCst));
        // While it reads, somebody commits and removes.
        stored.store(2, Ordering::SeqCst);
        cache.remove(&stream);
        Ok::<_, ()>(Some(old))
    });
    assert!(read.unwrap().is_some());
    assert_eq!(version_in(&cache, &stored), 2);
}

#[test]
fn readers_in_a_race_leave_nothing_old_behind() {
    let (cache, stored) = (AnswerCache::new(1 << 20), AtomicU64::new(1));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    etag_in(&cache, &stored);
                }
            });
        }
        for round in 2..ROUNDS {
            stored.store(round, Ordering::SeqCst);
            cache.remove(&StreamId::Customer(customer("C-1")));
            assert_eq!(version_in(&cache, &stored), round);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_write_is_read_as_soon_as_it_is_applied_while_others_read() {
    let bank = Bank::new();
    bank.customer("C-1", [opened("Stark"), address_added(1, place("0", true, true))]);
    let projections = bank.projections("p");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    projections.main_address(&customer("C-1")).unwrap();
                }
            });
        }
        for round in 3..1000 {
            bank.customer("C-1", [address_changed(1, place(&round.to_string(), true, true))]);
            bank.settle(&projections);
            let found = projections.main_address(&customer("C-1")).unwrap().unwrap();
            assert!(found.etag.starts_with(format!("\"1-{round}-").as_bytes()));
        }
        done.store(true, Ordering::Relaxed);
    });
}
