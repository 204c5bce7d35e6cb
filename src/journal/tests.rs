use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use events::id::{ClientId, ConsentId, CustomerId, PersonId};
use serde_json::Value;

use super::*;

const SETTINGS: JournalSettings = JournalSettings { file_bytes_max: 1 << 20, kept: None };

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

/// Notes that alpha read a customer through a person, in a call named after the second.
fn note(journal: &Journal, second: i64, customer: &str) {
    let customer = CustomerId::parse(customer).unwrap();
    let consent = ConsentId::parse("N-1").unwrap();
    let person = PersonId::parse("P-\"1").unwrap();
    journal.note(&Entry {
        at: at(second),
        client: &ClientId::parse("alpha").unwrap(),
        operation: ("GET", "/persons/{personId}"),
        seen: Seen {
            person: Some(&person),
            customers: &[Through { customer: &customer, consent: &consent }],
        },
        status: 200,
        correlation: &second.to_string(),
    });
}

fn found(dir: &Path, wanted: Wanted) -> Vec<Found> {
    search(dir, wanted).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The calls that were found.
fn calls(dir: &Path, wanted: Wanted) -> Vec<String> {
    let call = |found| {
        let Found::Entry(line) = found else { panic!("{found:?}") };
        let line: Value = serde_json::from_str(&line).unwrap();
        line["correlation"].as_str().unwrap().to_owned()
    };
    found(dir, wanted).into_iter().map(call).collect()
}

#[test]
fn what_was_noted_is_found_after_a_flush_and_after_a_clean_stop() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), SETTINGS).unwrap();
    note(&journal, 1, "C-1");
    journal.flush();
    assert_eq!(calls(dir.path(), Wanted::default()), ["1"]);
    note(&journal, 2, "C-1");
    journal.close().unwrap();
    journal.flush();
    assert!(!journal.has_room());
    let journal = Journal::open(dir.path(), SETTINGS).unwrap();
    note(&journal, 3, "C-1");
    journal.close().unwrap();
    assert_eq!(calls(dir.path(), Wanted::default()), ["1", "2", "3"]);
    assert_eq!(files::list(dir.path()).unwrap().len(), 2);
}

#[test]
fn an_entry_tells_who_saw_what_through_whom() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), SETTINGS).unwrap();
    note(&journal, 1, "C-1");
    journal.close().unwrap();
    let [Found::Entry(line)] = &found(dir.path(), Wanted::default())[..] else { panic!() };
    let expected = serde_json::json!({
        "at": "2027-01-15T08:00:01.000000Z",
        "client": "alpha",
        "method": "GET",
        "route": "/persons/{personId}",
        "person": "P-\"1",
        "customers": [{ "customer": "C-1", "consent": "N-1" }],
        "status": 200,
        "correlation": "1",
    });
    assert_eq!(serde_json::from_str::<Value>(line).unwrap(), expected);
}

#[test]
fn only_what_is_wanted_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), SETTINGS).unwrap();
    for (second, customer) in [(1, "C-1"), (2, "C-2"), (3, "C-1")] {
        note(&journal, second, customer);
    }
    journal.close().unwrap();
    let customer = |id| Some(CustomerId::parse(id).unwrap());
    let client = |id| Some(ClientId::parse(id).unwrap());
    let person = |id| Some(PersonId::parse(id).unwrap());
    let cases: [(Wanted, &[&str]); 7] = [
        (Wanted { customer: customer("C-1"), ..Wanted::default() }, &["1", "3"]),
        (Wanted { customer: customer("C-3"), ..Wanted::default() }, &[]),
        (Wanted { client: client("alpha"), from: Some(at(2)), ..Wanted::default() }, &["2", "3"]),
        (Wanted { client: client("beta"), ..Wanted::default() }, &[]),
        (Wanted { person: person("P-\"1"), to: Some(at(2)), ..Wanted::default() }, &["1"]),
        (Wanted { person: person("P-1"), ..Wanted::default() }, &[]),
        (Wanted { from: Some(at(2)), to: Some(at(3)), ..Wanted::default() }, &["2"]),
    ];
    for (wanted, expected) in cases {
        assert_eq!(calls(dir.path(), wanted.clone()), expected, "{wanted:?}");
    }
    assert!(found(&dir.path().join("nowhere"), Wanted::default()).is_empty());
}

#[test]
fn a_file_that_is_full_gives_way_to_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let settings = JournalSettings { file_bytes_max: 300, ..SETTINGS };
    let journal = Journal::open(dir.path(), settings).unwrap();
    for second in 0..10 {
        note(&journal, second, "C-1");
        journal.flush();
    }
    journal.close().unwrap();
    let expected: Vec<_> = (0..10).map(|second| second.to_string()).collect();
    assert_eq!(calls(dir.path(), Wanted::default()), expected);
    assert!(files::list(dir.path()).unwrap().len() > 3);
}

#[test]
fn damage_is_told_and_the_rest_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), SETTINGS).unwrap();
    for second in 1..=3 {
        note(&journal, second, "C-1");
    }
    journal.close().unwrap();
    let path = files::list(dir.path()).unwrap().pop().unwrap().path;
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("{\"at\"", "{\"ta\"", 1)).unwrap();
    let all = found(dir.path(), Wanted::default());
    assert_eq!(all[0], Found::Damaged { file: path.clone(), line: 1 });
    assert_eq!(all.len(), 3);

    // Cut off by a crash: the newest may be in the middle of a line, an older one not.
    fs::write(&path, &text[..text.len() - 5]).unwrap();
    assert_eq!(calls(dir.path(), Wanted::default()), ["1", "2"]);
    Journal::open(dir.path(), SETTINGS).unwrap().close().unwrap();
    let all = found(dir.path(), Wanted::default());
    assert_eq!(all.last(), Some(&Found::Damaged { file: path, line: 3 }));
}

#[test]
fn files_go_when_their_last_line_is_old_enough_and_the_newest_never() {
    let dir = tempfile::tempdir().unwrap();
    for day in 0..4 {
        files::begin(dir.path(), at(0) + TimeDelta::days(day)).unwrap();
    }
    let kept = Duration::from_hours(36);
    files::remove_old(dir.path(), at(0) + TimeDelta::days(3), kept).unwrap();
    assert_eq!(files::list(dir.path()).unwrap().len(), 3);
    files::remove_old(dir.path(), at(0) + TimeDelta::days(30), kept).unwrap();
    assert_eq!(files::list(dir.path()).unwrap().len(), 1);
}

#[test]
fn nobody_is_let_in_when_there_is_no_room() {
    let journal = Journal { shared: Arc::default(), thread: Mutex::default() };
    assert!(journal.has_room());
    journal.shared.waiting.lock().lines = vec![b'\n'; WAITING_BYTES_MAX + 1];
    assert!(!journal.has_room());
}

#[test]
fn a_time_that_is_none_is_refused() {
    let pair = |name: &'static str, value: &'static str| [(name.into(), value.into())];
    assert!(Wanted::named(pair("from", "2026-11-22T20:00:00+01:00").into_iter()).is_ok());
    for (name, value) in [("from", "yesterday"), ("customer", ""), ("whose", "C-1")] {
        let error = Wanted::named(pair(name, value).into_iter()).unwrap_err();
        assert!(error.starts_with(name) || error.starts_with("known are"), "{error}");
    }
}

#[test]
fn a_flipped_bit_in_a_line_changes_no_entry_unseen() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), SETTINGS).unwrap();
    note(&journal, 1, "C-1");
    note(&journal, 2, "C-2");
    journal.close().unwrap();
    let path = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&path).unwrap();
    let noted = found(dir.path(), Wanted::default());
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, bytes).unwrap();
        if damaged(dir.path()).unwrap().is_empty() {
            let read = |found: &Found| match found {
                Found::Entry(line) => serde_json::from_str::<Value>(line).unwrap(),
                Found::Damaged { .. } => panic!("bit {bit}: {found:?}"),
            };
            for (entry, found) in noted.iter().zip(&found(dir.path(), Wanted::default())) {
                let (Value::Object(entry), Value::Object(found)) = (read(entry), read(found))
                else {
                    panic!("no entry")
                };
                // The name of the checksum may have changed.
                assert!(entry.iter().all(|(name, value)| found.get(name) == Some(value)), "{bit}");
            }
        }
    }
}
