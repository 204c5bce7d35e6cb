//! A log that is shorter than its head mark says is never served silently.

use std::{fs, os::unix::fs::FileExt};

use super::*;
use crate::keys::KeyError;

/// A closed log of so many events of `C-1`.
pub(super) async fn fill(folder: &Folder, events: u64) {
    let log = folder.open();
    let before = log.history(&customer("C-1")).unwrap().version.0;
    for version in before..events {
        add(&log, customer("C-1"), version, vec![closed()]).await;
    }
    add(&log, person(&format!("P-{events}")), 0, vec![registered()]).await;
    log.close();
}

#[track_caller]
pub(super) fn is_behind(opened: Result<EventLog, OpenError>) -> String {
    match opened {
        Err(error @ OpenError::Behind { .. }) => error.to_string(),
        other => panic!("not behind: {other:?}"),
    }
}

pub(super) fn accept_loss(folder: &Folder) -> EventLog {
    let settings = LogSettings { accept_loss: true, ..folder.settings() };
    EventLog::open(&settings, master()).unwrap()
}

#[tokio::test]
async fn a_store_file_that_was_cut_is_refused_and_kept_as_it_was_found() {
    let folder = Folder::new();
    fill(&folder, 40).await;
    let file = folder.path("log/db");
    let bytes = fs::metadata(&file).unwrap().len();
    for left in [bytes / 2, 0] {
        fs::File::options().write(true).open(&file).unwrap().set_len(left).unwrap();
        let before = fs::read(&file).unwrap();
        is_behind(folder.try_open());
        assert_eq!(fs::read(folder.path("log.found/db")).unwrap(), before);
        assert_eq!(fs::read(&file).unwrap(), before, "nothing was touched");
        fs::remove_dir_all(folder.path("log.found")).unwrap();
    }
}

#[tokio::test]
async fn a_second_try_does_not_overwrite_what_was_found() {
    let folder = Folder::new();
    fill(&folder, 3).await;
    let file = fs::File::options().write(true).open(folder.path("log/db")).unwrap();
    for left in [100, 10] {
        file.set_len(left).unwrap();
        is_behind(folder.try_open());
    }
    assert_eq!(fs::metadata(folder.path("log.found/db")).unwrap().len(), 100);
}

#[tokio::test]
async fn what_was_found_is_kept_as_it_was_before_the_store_was_opened() {
    let folder = Folder::new();
    fill(&folder, 40).await;
    let file = folder.path("log/db");
    let mut bytes = fs::read(&file).unwrap();
    // The first record of the log, and all that the store wrote after it.
    bytes[40] ^= 1;
    fs::write(&file, &bytes).unwrap();
    for _ in 0..2 {
        assert!(folder.try_open().is_err());
        assert_eq!(fs::read(folder.path("log.found/db")).unwrap(), bytes);
    }
    assert_ne!(fs::read(&file).unwrap(), bytes, "opening destroys nothing: the copy is needless");
}

#[tokio::test]
async fn a_damaged_index_is_made_anew() {
    let folder = Folder::new();
    fill(&folder, 200).await;
    folder.open().close();
    let store = Store::open(&folder.path("log"), &LogSettings::new(folder.path(""))).unwrap();
    let mut batch = store::Batch::default();
    batch.insert(&layout::chunk_key(&customer("C-1"), 2), b"nonsense");
    batch.insert(&layout::chunk_key(&person("P-200"), 0), &[0; 12]);
    batch.insert(layout::INDEX_MARK, &201_u64.to_be_bytes());
    store.commit(batch).unwrap();
    drop(store);
    let log = folder.open();
    assert_eq!(versions(&log, &customer("C-1")), (1..=200).collect::<Vec<_>>());
    assert_eq!(log.verify(|_| ()).findings, []);
    add(&log, customer("C-1"), 200, vec![closed()]).await;
    let log = folder.reopen(log);
    assert_eq!(versions(&log, &customer("C-1")), (1..=201).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_store_that_is_gone_is_refused() {
    for gone in ["log/db", "log"] {
        let folder = Folder::new();
        fill(&folder, 3).await;
        let path = folder.path(gone);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        is_behind(folder.try_open());
        is_behind(folder.try_open());
    }
}

#[tokio::test]
async fn a_store_that_was_rolled_back_is_refused_until_the_operator_says_so() {
    let (folder, old) = (Folder::new(), Folder::new());
    fill(&folder, 40).await;
    // Opening fills up the file; from here on its length stays the same.
    folder.open().close();
    copy_folder(&folder.path("log"), &old.path("log"));
    fill(&folder, 80).await;
    fs::remove_dir_all(folder.path("log")).unwrap();
    copy_folder(&old.path("log"), &folder.path("log"));

    for _ in 0..2 {
        let told = is_behind(folder.try_open());
        assert!(told.contains("position 41") && told.contains("position 82"), "{told}");
    }
    let log = accept_loss(&folder);
    assert_eq!(versions(&log, &customer("C-1")), (1..=40).collect::<Vec<_>>());
    add(&log, customer("C-1"), 40, vec![closed()]).await;
    let log = folder.reopen(log);
    assert_eq!(log.watermark(), Position(42));
}

#[tokio::test]
async fn another_history_of_the_same_length_is_refused() {
    let (folder, other) = (Folder::new(), Folder::new());
    for folder in [&folder, &other] {
        fill(folder, 20).await;
        folder.open().close();
    }
    fs::remove_dir_all(folder.path("log")).unwrap();
    copy_folder(&other.path("log"), &folder.path("log"));
    let told = is_behind(folder.try_open());
    assert!(told.contains("another record at position 21"), "{told}");
}

#[tokio::test]
async fn a_head_mark_that_is_gone_is_refused_where_there_was_one() {
    let folder = Folder::new();
    fill(&folder, 3).await;
    fs::remove_file(folder.path("head")).unwrap();
    is_behind(folder.try_open());
    is_behind(folder.try_open());
    assert_eq!(accept_loss(&folder).watermark(), Position(4));
}

#[tokio::test]
async fn a_head_mark_that_is_gone_is_refused_without_personal_data_too() {
    let folder = Folder::new();
    let log = folder.open();
    add(&log, consent("K-1"), 0, vec![granted("alpha")]).await;
    log.close();
    drop(log);
    fs::remove_file(folder.path("head")).unwrap();
    is_behind(folder.try_open());
}

#[tokio::test]
async fn a_log_ahead_of_its_mark_is_as_it_should_be() {
    let (folder, old) = (Folder::new(), Folder::new());
    fill(&folder, 3).await;
    fs::copy(folder.path("head"), old.path("head")).unwrap();
    fill(&folder, 50).await;
    fs::copy(old.path("head"), folder.path("head")).unwrap();
    assert_eq!(folder.open().watermark(), Position(52));
}

#[tokio::test]
async fn a_store_file_that_got_shorter_at_its_unused_end_has_lost_nothing() {
    let folder = Folder::new();
    fill(&folder, 3).await;
    let log = folder.open();
    add(&log, customer("C-1"), 3, vec![closed()]).await;
    // As sled does it, in a thread of its own, after the last commit.
    let file = fs::File::options().write(true).open(folder.path("log/db")).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    assert_eq!(folder.reopen(log).watermark(), Position(5));
}

#[tokio::test]
async fn a_torn_slot_of_the_head_mark_is_tolerated() {
    for slot in [0, 512] {
        let folder = Folder::new();
        fill(&folder, 3).await;
        let head = fs::File::options().write(true).open(folder.path("head")).unwrap();
        head.write_all_at(&[0xAA; 40], slot).unwrap();
        assert_eq!(folder.open().watermark(), Position(4));
    }
}

#[tokio::test]
async fn values_where_they_are_never_synced_are_refused() {
    let folder = Folder::new();
    fill(&folder, 3).await;
    fs::write(folder.path("log/blobs/17"), b"garbage").unwrap();
    assert!(matches!(folder.try_open(), Err(OpenError::Blobs(_))));
    fs::remove_file(folder.path("log/blobs/17")).unwrap();
    assert_eq!(folder.open().watermark(), Position(4));
}

#[tokio::test]
async fn a_key_file_that_is_gone_is_not_made_anew() {
    let folder = Folder::new();
    fill(&folder, 3).await;
    let keys = fs::read(folder.path("keys")).unwrap();
    fs::remove_file(folder.path("keys")).unwrap();
    for _ in 0..2 {
        let opened = folder.try_open();
        assert!(matches!(opened, Err(OpenError::Keys(KeyError::Damaged { slot: 0 }))));
    }
    fs::write(folder.path("keys"), keys).unwrap();
    assert_eq!(folder.open().watermark(), Position(4));
}

#[tokio::test]
async fn a_key_file_that_is_shorter_than_the_log_needs_is_refused() {
    let folder = Folder::new();
    fill(&folder, 3).await;
    let keys = fs::File::options().write(true).open(folder.path("keys")).unwrap();
    keys.set_len(256).unwrap();
    let opened = folder.try_open();
    assert!(matches!(opened, Err(OpenError::Keys(KeyError::Damaged { slot: 1 }))), "{opened:?}");
}
