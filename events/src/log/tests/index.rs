//! The index of streams trails the log; nobody notices, whatever comes in between.

use super::*;
use crate::log::index::{BEHIND_MAX, WRITTEN_TOGETHER};

/// Enough that the index is written behind many times over.
const EVENTS: u64 = 12_000;
/// Streams of these lengths a batch fill chunks at different times.
const BATCHES: [u64; 5] = [1, 3, 32, 45, 110];

fn stream(batch: u64) -> StreamId {
    customer(&format!("C-{batch}"))
}

/// Whether every stream reads whole, and at least as far as it was acknowledged.
fn check(log: &EventLog, acknowledged: &[(StreamId, u64)]) {
    let records = all(log);
    for (stream, length) in acknowledged {
        let of_stream = records.iter().filter(|record| record.envelope().head.stream == *stream);
        let positions: Vec<_> = of_stream.map(Record::position).collect();
        let events = log.history(stream).unwrap().events;
        let found: Vec<_> = events.iter().map(|event| event.envelope.position).collect();
        assert_eq!(found, positions, "{stream}");
        assert!(u64::try_from(found.len()).unwrap() >= *length, "{stream}");
        for (version, before) in (2..).zip(&positions) {
            assert_eq!(log.previous(stream, Version(version)).unwrap(), *before, "{stream}");
        }
    }
}

/// How many events of the log the index in the store does not know.
fn behind(log: &EventLog) -> u64 {
    log.watermark().0 - log.shared.store.index_mark().unwrap().0
}

#[tokio::test]
async fn every_stream_reads_whole_however_far_the_index_trails() {
    let folder = Folder::new();
    let mut log = folder.open();
    // One stream that is written about once, and then rests.
    add(&log, person("P-rests"), 0, vec![registered(); 3]).await;
    let mut acknowledged = vec![(person("P-rests"), 3)];
    acknowledged.extend(BATCHES.map(|batch| (stream(batch), 0)));
    for round in 0_u64.. {
        for (batch, (stream, length)) in BATCHES.iter().zip(&mut acknowledged[1..]) {
            let events = vec![closed(); usize::try_from(*batch).unwrap()];
            add(&log, stream.clone(), *length, events).await;
            *length += batch;
        }
        let behind = behind(&log);
        // A commit looks before it is made, and may itself be as large as what is written together.
        assert!(behind <= BEHIND_MAX + 2 * WRITTEN_TOGETHER, "{behind} in round {round}");
        if round % 10 == 3 {
            // As after a kill: what lies there now, opened by somebody else.
            let copy = Folder::new();
            copy_folder(&folder.path(""), &copy.path(""));
            check(&copy.open(), &acknowledged);
        }
        if round % 25 == 7 {
            log = folder.reopen(log);
        }
        if log.watermark().0 > EVENTS {
            break;
        }
    }
    check(&log, &acknowledged);
    assert!(behind(&log) < log.watermark().0, "it is written at all");
    // Keys are minted once, also for a stream whose end was found anew.
    let rests = add(&log, person("P-rests"), 3, vec![registered()]).await;
    assert_eq!(rests.version, Version(4));
}

#[tokio::test]
async fn an_index_that_says_it_is_whole_and_is_not_is_made_anew() {
    let folder = Folder::new();
    let log = folder.open();
    add(&log, customer("C-1"), 0, vec![closed(); 5]).await;
    let mut batch = store::Batch::default();
    batch.insert(layout::INDEX_MARK, &5_u64.to_be_bytes());
    log.shared.store.commit(batch).unwrap();
    log.close();
    drop(log);
    let log = folder.open();
    assert_eq!(versions(&log, &customer("C-1")), [1, 2, 3, 4, 5]);
    assert_eq!(log.verify(|_| ()).findings, []);
}

#[tokio::test]
async fn the_index_keeps_up_with_groups_of_one_event_a_stream() {
    let folder = Folder::new();
    let log = folder.open();
    for round in 0..40 {
        let appends = (0..256).map(|nth| {
            let stream = customer(&format!("C-{round}-{nth}"));
            log.append(append(stream, 0, vec![closed()]))
        });
        for outcome in together(appends.collect()).await {
            appended(outcome);
        }
    }
    let behind = behind(&log);
    assert!(behind <= BEHIND_MAX + WRITTEN_TOGETHER, "{behind}");
}

#[tokio::test]
async fn a_history_is_never_shorter_for_a_chunk_that_is_missing() {
    let folder = Folder::new();
    let log = folder.open();
    add(&log, customer("C-1"), 0, vec![closed(); 100]).await;
    let mut batch = store::Batch::default();
    batch.remove(&layout::chunk_key(&customer("C-1"), 1));
    log.shared.store.commit(batch).unwrap();
    let damaged = log.history(&customer("C-1"));
    assert!(matches!(damaged, Err(ReadError::Index(stream)) if stream == customer("C-1")));
}
