//! A folder restored is the folder that was exported; what does not verify leaves nothing behind.

use std::{fs, io};

use super::*;
use crate::{
    archive::{Archive, EventLine, Header, Line},
    keys::KeyImportError,
    record::LeafHash,
    tag::Class,
};

/// What was exported: archives of events, and the keys.
#[derive(Clone)]
struct Exported {
    events: Vec<Vec<u8>>,
    keys: Vec<u8>,
}

fn receipt(name: &str) -> NewReceipt {
    let key = master().mac(&[name.as_bytes()]);
    NewReceipt { key, fingerprint: key, status: 201, ids: vec![name.to_owned()] }
}

/// Events of several streams, receipts with and without events, and somebody forgotten.
async fn fill(log: &EventLog, round: u64) {
    for nth in 0..40 {
        let stream = person(&format!("P-{round}-{}", nth % 7));
        let version = log.history(&stream).unwrap().version.0;
        let key = format!("{round}-{nth}");
        let append = Append {
            receipt: Some(receipt(&key)),
            ..append(stream, version, vec![registered(), reached(&key)])
        };
        appended(log.append(append).await);
    }
    add(log, consent(&format!("K-{round}")), 0, vec![granted("alpha")]).await;
    let nothing = append(consent(&format!("K-{round}")), 1, Vec::new());
    appended(log.append(Append { receipt: Some(receipt(&format!("{round}-n"))), ..nothing }).await);
}

fn ended(archive: &[u8]) -> Ended {
    check_archive(archive).unwrap().ended
}

fn events(log: &EventLog, before: Option<Ended>) -> Vec<u8> {
    log.export(before).unwrap().map(Result::unwrap).collect::<Vec<_>>().concat()
}

fn keys(log: &EventLog) -> Vec<u8> {
    log.keys().export().unwrap().map(Result::unwrap).collect::<Vec<_>>().concat()
}

/// A log with two archives, the second from where the first ended.
async fn exported(folder: &Folder) -> (EventLog, Exported) {
    let log = folder.open();
    // A slot that nobody uses.
    log.keys().mint(&person("nobody"));
    fill(&log, 1).await;
    let first = events(&log, None);
    fill(&log, 2).await;
    forget(&log, &person("P-1-3"));
    let second = events(&log, Some(ended(&first)));
    let keys = keys(&log);
    (log, Exported { events: vec![first, second], keys })
}

fn forget(log: &EventLog, stream: &StreamId) {
    let slot = log.shared.tail(stream).unwrap().slot.unwrap();
    log.keys().destroy(slot, stream, Class::Contact).unwrap();
}

fn restore_into(folder: &Folder, exported: &Exported) -> Result<Restored, RestoreError> {
    let archives = exported.events.iter().map(|archive| Ok::<_, io::Error>(&archive[..]));
    restore(&folder.settings(), master(), &exported.keys[..], archives)
}

/// Nothing was restored, and nothing stays.
#[track_caller]
fn is_refused(exported: &Exported) -> RestoreError {
    let folder = Folder::new();
    let refused = restore_into(&folder, exported).unwrap_err();
    let names = fs::read_dir(folder.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["lock"], "{refused}");
    refused
}

#[tokio::test]
async fn a_restored_log_is_the_one_that_was_exported() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (log, exported) = exported(&folder).await;
    let restored = restore_into(&other, &exported).unwrap();
    assert_eq!(restored.position, log.watermark());
    let again = other.open();
    let bytes =
        |log: &EventLog| -> Vec<_> { all(log).iter().map(|it| it.bytes().to_vec()).collect() };
    assert_eq!(bytes(&again), bytes(&log));
    let receipts = |log: &EventLog| -> Vec<_> {
        log.shared.store.under(layout::RECEIPTS).map(Result::unwrap).collect()
    };
    assert_eq!(receipts(&again), receipts(&log));
    assert_eq!(receipts(&log).len(), 82);
    assert_eq!(fs::read(other.path("keys")).unwrap(), fs::read(folder.path("keys")).unwrap());
    for stream in ["P-1-3", "P-1-4", "P-2-6"].map(person) {
        assert_eq!(again.history(&stream).unwrap().events, log.history(&stream).unwrap().events);
    }
    let verified = again.verify(|_| ());
    assert_eq!((verified.findings, verified.receipts, verified.keys), (vec![], 82, 14));
    // A retry is answered as before; the next write goes on where the log ended.
    let retried =
        Append { receipt: Some(receipt("1-5")), ..append(person("P-1-5"), 0, vec![registered()]) };
    assert!(matches!(again.append(retried).await, Ok(Outcome::Replayed(_))));
    let next = add(&again, person("new"), 0, vec![registered()]).await;
    assert_eq!(next.position, log.watermark().next());
    assert_eq!(
        events(&again, Some(ended(&exported.events[1]))).split(|byte| *byte == b'\n').count(),
        5
    );
}

#[tokio::test]
async fn an_empty_log_is_restored_too() {
    let (folder, other) = (Folder::new(), Folder::new());
    let log = folder.open();
    let exported = Exported { events: vec![events(&log, None)], keys: keys(&log) };
    assert_eq!(restore_into(&other, &exported).unwrap(), Restored::default());
    assert_eq!(other.open().watermark(), Position::ZERO);
}

#[tokio::test]
async fn archives_that_do_not_go_on_from_one_another_are_refused() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (_log, exported) = exported(&folder).await;
    let (_, strange) = self::exported(&other).await;
    let [first, second] = &exported.events[..] else { panic!("two archives") };
    for events in [
        vec![second.clone()],
        vec![second.clone(), first.clone()],
        vec![first.clone(), first.clone()],
        vec![first.clone(), strange.events[1].clone()],
    ] {
        let refused = is_refused(&Exported { events, ..exported.clone() });
        let is_events =
            matches!(refused, RestoreError::Events { source: CheckError::Chain(_), .. });
        assert!(is_events, "{refused}");
    }
}

#[tokio::test]
async fn keys_that_are_not_those_of_the_events_are_refused() {
    let (folder, other) = (Folder::new(), Folder::new());
    let log = folder.open();
    let early = keys(&log);
    log.close();
    drop(log);
    let (log, exported) = exported(&folder).await;
    let (_, strange) = self::exported(&other).await;
    // From before the events: their keys are missing.
    let refused = is_refused(&Exported { keys: early, ..exported.clone() });
    assert!(matches!(refused, RestoreError::Unfit { position: Position(1), .. }), "{refused}");
    let refused = is_refused(&Exported { keys: strange.keys, ..exported.clone() });
    assert!(matches!(refused, RestoreError::Events { .. }), "{refused}");
    let other = Folder::new();
    let archives = exported.events.iter().map(|archive| Ok::<_, io::Error>(&archive[..]));
    let refused = restore(&other.settings(), SecretKey::random(), &exported.keys[..], archives);
    assert!(matches!(refused, Err(RestoreError::Keys(KeyImportError::Key(_)))), "{refused:?}");
    assert_eq!(log.verify(|_| ()).findings, []);
}

#[tokio::test]
async fn what_somebody_else_made_is_refused() {
    let folder = Folder::new();
    let (log, exported) = exported(&folder).await;
    let header = Header::events(log.keys().identity(), Position::ZERO, LeafHash::default());
    let (mut archive, mut bytes) = Archive::begin(header);
    for record in all(&log) {
        let (position, hash) = (record.position(), record.leaf_hash());
        let line = EventLine { position, hash, record: record.bytes().to_vec() };
        bytes.extend(archive.line(&Line::Event(line)));
    }
    bytes.extend(archive.end(&SecretKey::random()));
    let refused = is_refused(&Exported { events: vec![bytes], ..exported });
    assert!(matches!(refused, RestoreError::Forged(1)), "{refused}");
}

#[tokio::test]
async fn damaged_archives_are_refused_and_leave_nothing() {
    let folder = Folder::new();
    let (_log, exported) = exported(&folder).await;
    let mut refused = 0;
    for nth in 0..60 {
        let mut damaged = exported.clone();
        let bytes = match nth % 3 {
            2 => &mut damaged.keys,
            archive => &mut damaged.events[archive],
        };
        let at = bytes.len() * nth / 60;
        bytes[at] ^= 1 << (nth % 8);
        is_refused(&damaged);
        refused += 1;
        bytes_cut(&mut damaged, nth);
        is_refused(&damaged);
    }
    assert_eq!(refused, 60);
}

fn bytes_cut(exported: &mut Exported, nth: usize) {
    let bytes = &mut exported.events[1];
    bytes.truncate(bytes.len() * nth / 60);
}

#[tokio::test]
async fn a_folder_that_holds_something_is_left_alone() {
    let folder = Folder::new();
    let (log, exported) = exported(&folder).await;
    log.close();
    drop(log);
    let before = fs::read(folder.path("log/db")).unwrap();
    let refused = soon(|| match restore_into(&folder, &exported) {
        Err(RestoreError::InUse) => None,
        refused => Some(refused),
    });
    assert!(matches!(refused, Err(RestoreError::NotEmpty(_))), "{refused:?}");
    assert_eq!(fs::read(folder.path("log/db")).unwrap(), before);
    let other = Folder::new();
    fs::create_dir(other.path("dev")).unwrap();
    fs::create_dir(other.path("access")).unwrap();
    restore_into(&other, &exported).unwrap();
}

#[tokio::test]
async fn a_restore_that_was_cut_off_is_no_log_and_is_begun_again() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (log, exported) = exported(&folder).await;
    restore_into(&other, &exported).unwrap();
    // As a crash leaves it, at whatever moment before the last.
    fs::write(other.path("format"), "dossier restoring\n").unwrap();
    for gone in ["head", "log/db"] {
        let opened = other.try_open();
        assert!(matches!(opened, Err(OpenError::Restoring)), "{opened:?}");
        fs::remove_file(other.path(gone)).unwrap();
    }
    restore_into(&other, &exported).unwrap();
    assert_eq!(other.open().watermark(), log.watermark());
}

#[tokio::test]
async fn an_export_goes_on_only_from_what_the_log_holds() {
    let folder = Folder::new();
    let (log, exported) = exported(&folder).await;
    let ended = ended(&exported.events[1]);
    let refused = |before| log.export(Some(before)).err().unwrap();
    let ahead = Ended { position: ended.position.next(), ..ended };
    assert!(matches!(refused(ahead), ExportError::Ahead { .. }));
    let other = Ended { leaf: [0; 32], ..ended };
    assert!(matches!(refused(other), ExportError::Differs(_)));
    let strange = Ended { log: [0; 32], ..ended };
    assert!(matches!(refused(strange), ExportError::Foreign));
}

#[tokio::test]
async fn the_master_key_is_the_old_one_or_the_new_one() {
    let folder = Folder::new();
    let (log, exported) = exported(&folder).await;
    let records = all(&log).len();
    log.close();
    let new = SecretKey::from_bytes([8; 32]);
    let rotate = |from: &SecretKey, to| {
        soon(|| match rotate_master(&folder.path(""), from.clone(), to) {
            Err(OpenError::InUse) => None,
            rotated => Some(rotated),
        })
    };
    drop(log);
    let before = fs::read(folder.path("keys")).unwrap();
    let refused = rotate(&SecretKey::random(), &new);
    assert!(matches!(refused, Err(OpenError::Keys(_))), "{refused:?}");
    // As a crash leaves it.
    fs::write(folder.path("keys.half"), &before[..before.len() / 2]).unwrap();
    let log = folder.open();
    assert_eq!(log.verify(|_| ()).findings, []);
    // What is destroyed from now on is not to be found in there.
    assert!(!folder.path("keys.half").exists());
    log.close();
    drop(log);
    rotate(&master(), &new).unwrap();
    assert!(!folder.path("keys.half").exists());
    assert!(folder.try_open().is_err());
    let log = EventLog::open(&folder.settings(), new.clone()).unwrap();
    let verified = log.verify(|_| ());
    assert_eq!((verified.findings, all(&log).len()), (vec![], records));
    let forgotten = log.history(&person("P-1-3")).unwrap().events;
    assert!(forgotten.iter().any(|it| format!("{it:?}").contains("Forgotten")), "{forgotten:?}");
    // Archives from before and keys from after fit one another.
    let other = Folder::new();
    let archives = exported.events.iter().map(|archive| Ok::<_, io::Error>(&archive[..]));
    restore(&other.settings(), new, &keys(&log)[..], archives).unwrap();
}
