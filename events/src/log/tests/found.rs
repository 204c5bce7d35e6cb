//! Copies of the store: whole or not there, one for each incident, and none that nobody needs.

use std::fs;

use super::{
    loss::{accept_loss, fill, is_behind},
    *,
};

fn copies(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path("")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut copies: Vec<_> = names.filter(|name| name.contains('.')).collect();
    copies.sort();
    copies
}

/// Leaves half of the store's file, and tells which.
fn cut(folder: &Folder) -> Vec<u8> {
    let file = fs::File::options().write(true).open(folder.path("log/db")).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    fs::read(folder.path("log/db")).unwrap()
}

#[tokio::test]
async fn each_incident_keeps_a_copy_of_its_own_and_the_oldest_of_too_many_goes() {
    let folder = Folder::new();
    let mut found = Vec::new();
    for incident in 1..=4 {
        fill(&folder, 40 * incident).await;
        found.push(cut(&folder));
        is_behind(folder.try_open());
        is_behind(folder.try_open());
        assert_eq!(fs::read(folder.path("log.found/db")).unwrap(), found[found.len() - 1]);
        accept_loss(&folder).close();
    }
    assert_eq!(copies(&folder), ["log.found-2", "log.found-3", "log.found-4"]);
    for incident in 2..=4 {
        let copy = fs::read(folder.path(&format!("log.found-{incident}/db"))).unwrap();
        assert_eq!(copy, found[incident - 1]);
    }
}

#[tokio::test]
async fn a_loss_that_is_accepted_at_once_keeps_a_copy_too() {
    let folder = Folder::new();
    fill(&folder, 40).await;
    let found = cut(&folder);
    accept_loss(&folder).close();
    assert_eq!(fs::read(folder.path("log.found-1/db")).unwrap(), found);
}

#[tokio::test]
async fn what_a_kill_leaves_of_a_copy_is_gone_after_the_next_start() {
    // Half copied, and half removed; copied; settled while there was one already.
    for left in
        [&["log.half", "verify.scratch"][..], &["log.opening"], &["log.opening", "log.half"]]
    {
        for copies_first in [true, false] {
            let folder = Folder::new();
            fill(&folder, 3).await;
            for name in left {
                copy_folder(&folder.path("log"), &folder.path(name));
            }
            fs::remove_file(folder.path(left[0]).join("db")).unwrap();
            let settings = LogSettings { copy_before_open: copies_first, ..folder.settings() };
            let log = EventLog::open(&settings, master()).unwrap();
            assert_eq!(versions(&log, &customer("C-1")), [1, 2, 3]);
            assert_eq!(copies(&folder), [""; 0], "{left:?}");
        }
    }
}

#[tokio::test]
async fn a_copy_from_before_a_start_that_was_killed_is_the_one_that_is_kept() {
    let folder = Folder::new();
    fill(&folder, 40).await;
    copy_folder(&folder.path("log"), &folder.path("log.opening"));
    let whole = fs::read(folder.path("log/db")).unwrap();
    cut(&folder);
    is_behind(folder.try_open());
    assert_eq!(fs::read(folder.path("log.found/db")).unwrap(), whole);
    assert_eq!(copies(&folder), ["log.found"]);
}

#[tokio::test]
async fn damaged_settings_of_the_store_are_made_anew() {
    let folder = Folder::new();
    fill(&folder, 40).await;
    let whole = fs::read(folder.path("log/conf")).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(folder.path("log/conf"), bytes).unwrap();
        folder.open().close();
        assert_eq!(fs::read(folder.path("log/conf")).unwrap(), whole);
    }
}
