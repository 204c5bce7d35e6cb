//! A command that is sent twice happens once, and is answered the same.

use chrono::Utc;
use proptest::prelude::*;

use super::*;

fn receipt(key: u8, asked: u8) -> NewReceipt {
    let ids = vec![format!("id-{asked}")];
    NewReceipt { key: [key; 32], fingerprint: [asked; 32], status: 201, ids }
}

fn with(receipt: NewReceipt, append: Append) -> Append {
    Append { receipt: Some(receipt), ..append }
}

#[track_caller]
fn replayed(outcome: Result<Outcome, AppendError>) -> Receipt {
    match outcome {
        Ok(Outcome::Replayed(receipt)) => receipt,
        other => panic!("not replayed: {other:?}"),
    }
}

#[tokio::test]
async fn a_command_sent_again_is_answered_from_its_receipt() {
    let folder = Folder::new();
    let log = folder.open();
    add(&log, customer("C-0"), 0, vec![closed()]).await;
    let asked = with(receipt(1, 1), append(customer("C-1"), 0, vec![closed(); 2]));
    let first = appended(log.append(asked.clone()).await);
    add(&log, customer("C-1"), 2, vec![closed()]).await;

    let again = replayed(log.append(asked).await);
    assert_eq!((again.position, again.version), (first.position, first.version));
    assert_eq!((again.status, again.ids.as_slice()), (201, ["id-1".to_owned()].as_slice()));
    assert_eq!(again.stream, customer("C-1"));
    assert_eq!(log.receipt(&[1; 32]).unwrap(), Some(again.clone()));
    let record = log.record(first.position).unwrap().unwrap();
    assert_eq!(record.envelope().recorded_at.timestamp_micros(), again.recorded_at);
    assert_eq!(log.watermark(), Position(4));
}

#[tokio::test]
async fn a_key_used_for_another_request_is_refused() {
    let folder = Folder::new();
    let log = folder.open();
    let asked = with(receipt(1, 1), append(customer("C-1"), 0, vec![closed()]));
    appended(log.append(asked).await);
    let other = with(receipt(1, 2), append(customer("C-1"), 1, vec![closed()]));
    assert!(matches!(log.append(other).await, Err(AppendError::KeyReused)));
    assert_eq!(log.watermark(), Position(1));
}

#[tokio::test]
async fn a_refused_command_leaves_no_receipt() {
    let folder = Folder::new();
    let log = folder.open();
    let asked = |version| with(receipt(1, 1), append(customer("C-1"), version, vec![closed()]));
    assert!(matches!(log.append(asked(5)).await, Err(AppendError::Conflict(_))));
    assert_eq!(log.receipt(&[1; 32]).unwrap(), None);
    appended(log.append(asked(0)).await);
}

#[tokio::test]
async fn a_command_without_events_keeps_its_receipt_and_moves_nothing() {
    let folder = Folder::new();
    let log = folder.open();
    add(&log, customer("C-1"), 0, vec![closed()]).await;
    let asked = with(receipt(1, 1), append(customer("C-1"), 1, Vec::new()));
    let answer = appended(log.append(asked.clone()).await);
    assert_eq!(answer, Appended { position: Position(1), version: Version(1) });
    assert_eq!(log.watermark(), Position(1));
    assert_eq!(replayed(log.append(asked.clone()).await).position, Position(1));

    let log = folder.reopen(log);
    assert_eq!(replayed(log.append(asked).await).version, Version(1));
}

#[tokio::test]
async fn receipts_survive_reopening() {
    let folder = Folder::new();
    let log = folder.open();
    let asked =
        |nth: u8| with(receipt(nth, nth), append(customer(&format!("C-{nth}")), 0, vec![closed()]));
    let first = together((0..200).map(|nth| log.append(asked(nth))).collect()).await;
    let log = folder.reopen(log);
    for (nth, first) in (0..200).zip(first) {
        let (first, again) = (appended(first), replayed(log.append(asked(nth)).await));
        assert_eq!((again.position, again.version), (first.position, first.version));
    }
    assert_eq!(log.watermark(), Position(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_copies_under_one_key_only_one_is_appended() {
    let folder = Folder::new();
    let log = folder.open();
    for round in 0..200 {
        let copy = |stream: &str, fingerprint| {
            let asked = append(customer(&format!("{stream}-{round}")), 0, vec![closed()]);
            let (log, receipt) = (log.clone(), receipt(round, fingerprint));
            tokio::spawn(async move { log.append(with(receipt, asked)).await })
        };
        // The same request to two streams cannot be: the path is in the fingerprint.
        let outcomes = [copy("A", 1), copy("B", 2)];
        let [one, two] = outcomes;
        let outcomes = [one.await.unwrap(), two.await.unwrap()];
        let is_lost = |outcome: &_| matches!(outcome, Err(AppendError::KeyReused));
        assert_eq!(outcomes.iter().filter(|outcome| is_lost(outcome)).count(), 1, "{outcomes:?}");
        assert_eq!(log.watermark(), Position(u64::from(round) + 1));
    }
}

#[tokio::test]
async fn copies_that_share_a_commit_are_appended_once() {
    let folder = Folder::new();
    let log = folder.open();
    for round in 0..50 {
        let stream = customer(&format!("C-{round}"));
        let asked = with(receipt(round, 1), append(stream, 0, vec![closed()]));
        let outcomes = together((0..5).map(|_| log.append(asked.clone())).collect()).await;
        let first = appended(outcomes[0].clone());
        for again in &outcomes[1..] {
            assert_eq!(replayed(again.clone()).position, first.position);
        }
    }
    assert_eq!(log.watermark(), Position(50));
}

#[tokio::test]
async fn receipts_alone_fill_commit_after_commit() {
    let folder = Folder::new();
    let log = folder.open();
    let asked = (0..1_000_u32).map(|nth| {
        let mut kept = receipt(0, 0);
        kept.key[..4].copy_from_slice(&nth.to_be_bytes());
        log.append(with(kept, append(customer("C-1"), 0, Vec::new())))
    });
    for outcome in together(asked.collect()).await {
        assert_eq!(appended(outcome).position, Position::ZERO);
    }
}

proptest! {
    #[test]
    fn no_bytes_crash_the_reading_of_a_receipt(bytes in any::<Vec<u8>>()) {
        let _ = minicbor::decode::<Receipt>(&bytes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_receipts_are_forgotten_and_nothing_else() {
    let folder = Folder::new();
    let log = folder.open();
    let keep = |key: u16| NewReceipt { key: wide(key), ..receipt(0, 1) };
    for key in 0..300 {
        let stream = customer(&format!("C-{key}"));
        appended(log.append(with(keep(key), append(stream, 0, vec![closed()]))).await);
    }
    let between = Utc::now();
    let asked = with(receipt(7, 7), append(customer("C-new"), 0, vec![closed()]));
    let new = appended(log.append(asked.clone()).await);
    let before = all(&log).iter().map(Record::leaf_hash).collect::<Vec<_>>();

    let forget = |log: &EventLog| {
        let log = log.clone();
        tokio::task::spawn_blocking(move || log.forget_receipts(between))
    };
    assert_eq!(forget(&log).await.unwrap().unwrap(), 300);
    assert_eq!(forget(&log).await.unwrap().unwrap(), 0);
    let log = folder.reopen(log);
    assert_eq!(log.receipt(&wide(299)).unwrap(), None);
    assert_eq!(replayed(log.append(asked).await).position, new.position);
    assert_eq!(all(&log).iter().map(Record::leaf_hash).collect::<Vec<_>>(), before);
    // The key is free again.
    appended(log.append(with(keep(0), append(customer("C-0"), 1, vec![closed()]))).await);
    log.close();
    let closed = forget(&log).await.unwrap();
    assert_eq!(closed.unwrap(), 0, "there is nothing to ask the writer for");
}

fn wide(key: u16) -> ReceiptKey {
    let mut wide = [0xEE; 32];
    wide[..2].copy_from_slice(&key.to_be_bytes());
    wide
}
