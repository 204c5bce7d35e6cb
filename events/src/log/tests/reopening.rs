//! What was acknowledged is there when the log is opened again, by who may open it.

use std::fs;

use super::*;
use crate::keys::KeyError;

async fn log_of_ten(folder: &Folder) -> EventLog {
    let log = folder.open();
    for version in 0..5 {
        add(&log, person("P-1"), version, vec![registered()]).await;
        add(&log, customer("C-1"), version, vec![closed()]).await;
    }
    log
}

fn is_whole(log: &EventLog) -> bool {
    log.watermark() == Position(10)
        && all(log).len() == 10
        && versions(log, &person("P-1")) == [1, 2, 3, 4, 5]
        && versions(log, &customer("C-1")) == [1, 2, 3, 4, 5]
}

#[tokio::test]
async fn a_closed_log_opens_again_whole() {
    let folder = Folder::new();
    let mut log = log_of_ten(&folder).await;
    for _ in 0..3 {
        log = folder.reopen(log);
        assert!(is_whole(&log));
    }
    assert_eq!(add(&log, person("P-1"), 5, vec![registered()]).await.position, Position(11));
}

#[tokio::test]
async fn a_log_that_was_only_dropped_opens_again_whole() {
    let folder = Folder::new();
    drop(log_of_ten(&folder).await);
    let log = soon(|| match folder.try_open() {
        Err(OpenError::InUse) => None,
        opened => Some(opened.unwrap()),
    });
    assert!(is_whole(&log));
}

#[tokio::test]
async fn a_copy_of_a_log_in_use_opens_whole() {
    let (folder, copy) = (Folder::new(), Folder::new());
    let log = log_of_ten(&folder).await;
    copy_folder(&folder.path(""), &copy.path(""));
    assert!(is_whole(&copy.open()));
    log.close();
}

#[tokio::test]
async fn another_master_key_does_not_open_a_log() {
    let folder = Folder::new();
    log_of_ten(&folder).await.close();
    let opened = soon(|| match EventLog::open(&folder.settings(), SecretKey::random()) {
        Err(OpenError::InUse) => None,
        opened => Some(opened),
    });
    assert!(matches!(opened, Err(OpenError::Keys(KeyError::WrongMaster))), "{opened:?}");
    assert!(is_whole(&folder.open()));
}

#[tokio::test]
async fn a_folder_is_opened_once_at_a_time() {
    let folder = Folder::new();
    let log = folder.open();
    assert!(matches!(folder.open_at_once(), Err(OpenError::InUse)));
    add(&log, customer("C-1"), 0, vec![closed()]).await;
}

#[test]
fn a_folder_of_a_later_format_is_refused_by_its_name() {
    let folder = Folder::new();
    fs::write(folder.path("format"), "dossier 2\n").unwrap();
    let opened = folder.try_open();
    assert!(matches!(opened, Err(OpenError::Format(found)) if found == "dossier 2\n"));
    assert!(!folder.path("log").exists(), "nothing was touched");
}

#[test]
fn a_folder_whose_making_was_cut_off_is_made_again() {
    let folder = Folder::new();
    fs::write(folder.path("format"), "").unwrap();
    fs::write(folder.path("keys"), [0; 10]).unwrap();
    assert_eq!(folder.open().watermark(), Position::ZERO);
}

#[tokio::test]
async fn a_snapshot_that_was_half_made_is_put_away() {
    let folder = Folder::new();
    let log = log_of_ten(&folder).await;
    log.close();
    drop(log);
    for (name, bytes) in [("snap.0000000000000001.generating", 0), ("snap.2.generating", 100)] {
        fs::write(folder.path("log").join(name), vec![0; bytes]).unwrap();
    }
    assert!(is_whole(&folder.open()));
    let mut left = fs::read_dir(folder.path("log")).unwrap();
    assert!(!left.any(|file| file.unwrap().path().extension().is_some_and(|e| e == "generating")));
}
