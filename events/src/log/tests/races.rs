//! Many at once: of two on one version one wins, and nobody sees what is not safe.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};

use tokio::task::JoinSet;

use super::*;
use crate::envelope::PayloadKind;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_writers_on_one_version_exactly_one_wins() {
    const STREAMS: u64 = 8;
    const ROUNDS: u64 = 300;
    let folder = Folder::new();
    let log = folder.open();
    let mut duels = JoinSet::new();
    for stream in 0..STREAMS {
        let log = log.clone();
        duels.spawn(async move {
            for round in 0..ROUNDS {
                duel(&log, &customer(&format!("C-{stream}")), round).await;
            }
        });
    }
    while let Some(duel) = duels.join_next().await {
        duel.unwrap();
    }
    assert_eq!(log.watermark(), Position(STREAMS * ROUNDS));
}

async fn duel(log: &EventLog, stream: &StreamId, round: u64) {
    let rival = || {
        let (log, stream) = (log.clone(), stream.clone());
        tokio::spawn(async move { log.append(append(stream, round, vec![closed()])).await })
    };
    let (one, two) = (rival(), rival());
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    let lost = [&one, &two].into_iter().filter(
        |outcome| matches!(outcome, Err(AppendError::Conflict(actual)) if actual.0 == round + 1),
    );
    assert_eq!(lost.count(), 1, "round {round}: {one:?} {two:?}");
    let won = if one.is_ok() { one } else { two };
    assert_eq!(appended(won).version, Version(round + 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_first_events_of_a_person_one_wins_and_its_keys_are_kept() {
    let folder = Folder::new();
    let log = folder.open();
    for round in 0..200 {
        let stream = person(&format!("P-{round}"));
        let first = || {
            let (log, stream) = (log.clone(), stream.clone());
            tokio::spawn(async move { log.append(append(stream, 0, vec![registered()])).await })
        };
        let (one, two) = (first(), first());
        let outcomes = [one.await.unwrap(), two.await.unwrap()];
        let lost = |outcome: &_| matches!(outcome, Err(AppendError::Conflict(Version(1))));
        assert_eq!(outcomes.iter().filter(|outcome| lost(outcome)).count(), 1, "{outcomes:?}");
        assert_eq!(log.history(&stream).unwrap().events[0].event, registered());
    }
    let log = folder.reopen(log);
    for round in 0..200 {
        assert_eq!(versions(&log, &person(&format!("P-{round}"))), [1]);
    }
}

#[tokio::test]
async fn a_stream_never_gets_keys_in_a_second_slot() {
    let folder = Folder::new();
    let log = folder.open();
    for round in 0..200 {
        let stream = person(&format!("P-{round}"));
        // The second is sealed before the first, whose success it foretells, is committed.
        let asked = [0, 1].map(|version| append(stream.clone(), version, vec![registered()]));
        let outcomes = together(asked.map(|asked| log.append(asked)).into()).await;
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
    }
    let mut slots: BTreeMap<StreamId, BTreeSet<u32>> = BTreeMap::new();
    for record in all(&log) {
        let head = &record.envelope().head;
        if let PayloadKind::Sealed { slot, .. } = head.payload {
            slots.entry(head.stream.clone()).or_default().insert(slot);
        }
    }
    assert_eq!(slots.len(), 200);
    assert!(slots.values().all(|slots| slots.len() == 1), "{slots:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_leave_every_history_complete() {
    const STREAMS: u64 = 40;
    const EVENTS: u64 = 70;
    let folder = Folder::new();
    let log = folder.open();
    let mut writers = JoinSet::new();
    for stream in 0..STREAMS {
        let log = log.clone();
        writers.spawn(async move {
            for version in 0..EVENTS {
                let stream = person(&format!("P-{stream}"));
                let answer = add(&log, stream.clone(), version, vec![registered()]).await;
                assert!(log.watermark() >= answer.position, "answered before it was safe");
                assert_eq!(log.history(&stream).unwrap().version, answer.version);
            }
        });
    }
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    let positions: Vec<_> = all(&log).iter().map(|record| record.position().0).collect();
    assert_eq!(positions, (1..=STREAMS * EVENTS).collect::<Vec<_>>());
    for stream in 0..STREAMS {
        let found = versions(&log, &person(&format!("P-{stream}")));
        assert_eq!(found, (1..=EVENTS).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_reader_passes_the_watermark() {
    let folder = Folder::new();
    let log = folder.open();
    let reading = |log: EventLog| {
        thread::spawn(move || {
            let mut seen = Position::ZERO;
            while seen.0 < 1_000 {
                let promised = log.watermark();
                let found = log.after(seen).map(|record| record.unwrap().position());
                let last = found.last().unwrap_or(seen);
                let history = log.history(&customer("C-1")).unwrap();
                let safe = log.watermark();
                assert!(promised <= last && last <= safe, "{promised} {last} {safe}");
                assert!(history.version.0 >= promised.0 && history.version.0 <= safe.0);
                seen = last;
            }
        })
    };
    let readers = [reading(log.clone()), reading(log.clone())];
    for version in 0..1_000 {
        add(&log, customer("C-1"), version, vec![closed()]).await;
    }
    for reader in readers {
        reader.join().unwrap();
    }
}

#[tokio::test]
async fn the_watch_tells_of_every_move() {
    let folder = Folder::new();
    let log = folder.open();
    let mut moved = log.watch();
    let writer = tokio::spawn({
        let log = log.clone();
        async move {
            for version in 0..20 {
                add(&log, customer("C-1"), version, vec![closed()]).await;
            }
        }
    });
    let reached = moved.wait_for(|position| position.0 == 20).await.map(|position| *position);
    assert_eq!(reached.unwrap(), Position(20));
    writer.await.unwrap();
}
