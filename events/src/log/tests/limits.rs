//! What one commit cannot hold is refused whole; what just fits goes in.

use std::fs;

use super::*;

/// Bytes of a record of `sized` besides its payload, in a stream called `K`.
const AROUND: usize = 84;

/// An event whose record in the stream `K` has exactly so many bytes.
fn sized(bytes: usize) -> Event {
    let terms = |client: usize, customers: usize| ConsentTerms {
        client_identification: ClientId::parse(&"a".repeat(client)).unwrap(),
        customer_identifications: (0..customers)
            .map(|nth| CustomerId::parse(&format!("{nth:035}")).unwrap())
            .collect(),
        scopes: [].into(),
        valid_from: None,
        valid_to: None,
    };
    let length = |terms: &ConsentTerms| AROUND + serde_json::to_vec(terms).unwrap().len();
    let (one, two) = (length(&terms(1, 1)), length(&terms(1, 2)));
    let customers = 1 + (bytes - one) / (two - one);
    let rest = bytes - length(&terms(1, customers));
    Event::Consent(ConsentEvent::Granted(terms(1 + rest, customers)))
}

#[tokio::test]
async fn the_sizes_in_this_file_are_right() {
    let folder = Folder::new();
    let log = folder.open();
    for (version, bytes) in [500, 501, 537, 538, 10_000].into_iter().enumerate() {
        let version = u64::try_from(version).unwrap();
        let at = add(&log, consent("K"), version, vec![sized(bytes)]).await.position;
        assert_eq!(log.record(at).unwrap().unwrap().bytes().len(), bytes);
    }
}

#[track_caller]
fn too_large(outcome: Result<Outcome, AppendError>, expected: &str) {
    assert!(matches!(outcome, Err(AppendError::TooLarge(what)) if what == expected), "{outcome:?}");
}

#[tokio::test]
async fn an_append_holds_256_events() {
    let folder = Folder::new();
    let log = folder.open();
    let asked = |count| append(customer("C-1"), 0, vec![closed(); count]);
    too_large(log.append(asked(257)).await, "256 events");
    assert_eq!(log.watermark(), Position::ZERO);
    assert_eq!(appended(log.append(asked(256)).await).version, Version(256));
}

#[tokio::test]
async fn an_event_holds_64_kib() {
    let folder = Folder::new();
    let log = folder.open();
    let asked = |bytes| append(consent("K"), 0, vec![sized(bytes)]);
    too_large(log.append(asked(EVENT_BYTES_MAX + 1)).await, "64 KiB an event");
    appended(log.append(asked(EVENT_BYTES_MAX)).await);
    assert_eq!(log.history(&consent("K")).unwrap().events[0].event, sized(EVENT_BYTES_MAX));
}

#[tokio::test]
async fn an_append_holds_512_kib() {
    let folder = Folder::new();
    let log = folder.open();
    let asked = |last| {
        let mut events = vec![sized(COMMIT_BYTES_MAX / 16); 15];
        events.push(sized(last));
        append(consent("K"), 0, events)
    };
    too_large(log.append(asked(COMMIT_BYTES_MAX / 16 + 1)).await, "512 KiB");
    assert_eq!(log.watermark(), Position::ZERO);
    appended(log.append(asked(COMMIT_BYTES_MAX / 16)).await);
    assert_eq!(versions(&log, &consent("K")).len(), 16);
}

#[tokio::test]
async fn appends_that_do_not_fit_together_go_in_one_after_the_other() {
    let folder = Folder::new();
    let log = folder.open();
    let asked = (0..40).map(|version| append(consent("K"), version * 3, vec![sized(60_000); 3]));
    for outcome in together(asked.map(|asked| log.append(asked)).collect()).await {
        appended(outcome);
    }
    assert_eq!(versions(&log, &consent("K")), (1..=120).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_largest_events_stay_in_the_file_that_is_synced() {
    let folder = Folder::new();
    let log = folder.open();
    for version in 0..10 {
        let events = vec![sized(EVENT_BYTES_MAX - 1); 8];
        add(&log, consent("K"), version * 8, events).await;
    }
    assert_eq!(fs::read_dir(folder.path("log/blobs")).unwrap().count(), 0);
    assert_eq!(versions(&folder.reopen(log), &consent("K")).len(), 80);
}

#[tokio::test]
async fn what_finds_the_queue_full_is_told_so_and_the_rest_goes_in() {
    let folder = Folder::new();
    let settings = LogSettings { queue_max: 4, ..folder.settings() };
    let log = EventLog::open(&settings, master()).unwrap();
    let asked = (0..500).map(|nth| append(customer(&format!("C-{nth}")), 0, vec![closed()]));
    let outcomes = together(asked.map(|asked| log.append(asked)).collect()).await;
    let busy = outcomes.iter().filter(|outcome| matches!(outcome, Err(AppendError::Busy)));
    let (busy, done) = (busy.count(), all(&log).len());
    assert_eq!(busy + done, 500);
    assert!(done >= 4);
}
