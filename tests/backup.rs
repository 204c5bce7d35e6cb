//! Backups, exports and restores, as operators type them.

use std::{fs, path::Path};

use dossier::config::Config;

use crate::support::{
    app::TestApp,
    bank::*,
    binary::{complaint, run, stderr, stdout},
    folder,
};

/// The binary, beside a service of this process.
fn tool(arguments: &[&str], exit: i32) -> std::process::Output {
    tokio::task::block_in_place(|| run(arguments, exit))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn archives(backup: &Path) -> Vec<String> {
    let names = fs::read_dir(backup).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.starts_with("events-"));
    names.sort();
    names
}

/// An empty folder with the development keys of another one.
fn empty(dir: &Path, config: &Config) -> Config {
    let mut empty = config.clone();
    empty.data.dir = dir.to_path_buf();
    fs::create_dir_all(dir.join("dev")).unwrap();
    for key in ["master.key", "issuer.key"] {
        fs::copy(config.data.dir.join("dev").join(key), dir.join("dev").join(key)).unwrap();
    }
    empty
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_grows_by_what_is_new() {
    let mut app = TestApp::start().await;
    let dir = tempfile::tempdir().unwrap();
    let (backup, data) = (dir.path().join("backup"), app.config.data.dir.clone());
    let url = app.admin();
    let from_service = ["backup", text(&backup), "--url", &url];
    let first = app.watermark();
    let told = tool(&from_service, 0);
    assert!(stderr(&told).contains(&format!("{first} events added, up to position {first}.")));
    let told = tool(&from_service, 0);
    assert!(stderr(&told).contains(&format!("Nothing new since position {first}")));
    app.client("alpha").add_address("C-1", &new_address("Bern")).await;
    let told = tool(&from_service, 0);
    assert!(stderr(&told).contains("1 events added"), "{}", stderr(&told));
    // The same of a folder.
    app.client("alpha").add_address("C-1", &new_address("Bern")).await;
    let last = app.watermark();
    app.stop().await;
    tool(&["backup", text(&backup), "--dev", "--data", text(&data)], 0);
    assert_eq!(archives(&backup).len(), 3);
    let told = tool(&["verify", "--backup", text(&backup)], 0);
    assert!(stderr(&told).contains(&format!("{last} events: nothing found.")));
    app.restart().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_is_restored_to_the_byte() {
    let mut app = TestApp::start().await;
    let dir = tempfile::tempdir().unwrap();
    let [file, keys, data] = ["events", "keys", "data"].map(|name| dir.path().join(name));
    let url = app.admin();
    tool(&["export", text(&file), "--url", &url], 0);
    tool(&["keys", "export", text(&keys), "--url", &url], 0);
    assert_eq!(
        stdout(&tool(&["export", "-", "--url", &url], 0)).as_bytes(),
        fs::read(&file).unwrap()
    );
    let lived = app.service().app.projections.digest().unwrap();
    app.stop().await;
    let other = empty(&data, &app.config);
    let restore = ["restore", text(&file), "--dev", "--data", text(&data)];
    let told = tool(&restore, 2);
    assert!(complaint(&told).contains("--keys"));
    let restore = [&restore[..], &["--keys", text(&keys)]].concat();
    tool(&restore, 0);
    let log = folder::open(&app.config);
    let before = folder::records(&log);
    folder::close(&app.config, log);
    let log = folder::open(&other);
    let after = folder::records(&log);
    let projections = dossier::app::open_projections(&other, log.clone()).unwrap();
    dossier::app::caught_up(&projections, log.watermark()).await.unwrap();
    assert_eq!(projections.digest().unwrap(), lived, "the projections of a restored log differ");
    projections.close();
    drop(projections);
    folder::close(&other, log);
    assert!(
        before
            .iter()
            .map(events::record::Record::bytes)
            .eq(after.iter().map(events::record::Record::bytes))
    );
    folder::audit(&other).await;
    let told = tool(&restore, 1);
    assert!(complaint(&told).contains("the folder is not empty"));
    let again = tool(&["export", "-", "--dev", "--data", text(&data)], 0);
    assert_eq!(stdout(&again).as_bytes(), fs::read(&file).unwrap());
    app.restart().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_does_not_verify_is_told_and_not_restored() {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().unwrap();
    let (backup, data) = (dir.path().join("backup"), dir.path().join("data"));
    let url = app.admin();
    tool(&["backup", text(&backup), "--url", &url], 0);
    empty(&data, &app.config);
    let archive = backup.join(archives(&backup).pop().unwrap());
    let whole = fs::read(&archive).unwrap();
    for at in [10, whole.len() / 2, whole.len() - 10] {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        fs::write(&archive, bytes).unwrap();
        let told = tool(&["verify", "--backup", text(&backup)], 4);
        assert!(stdout(&told).contains("events-"), "{}", stdout(&told));
        let told = tool(&["restore", text(&backup), "--dev", "--data", text(&data)], 1);
        assert!(complaint(&told).contains("does not verify"), "{}", stderr(&told));
        assert!(!data.join("format").exists() && !data.join("log").exists());
        // Nor is anything put behind it.
        tool(&["backup", text(&backup), "--url", &url], 1);
    }
    fs::write(&archive, whole).unwrap();
    tool(&["restore", text(&backup), "--dev", "--data", text(&data)], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_another_log_is_left_alone() {
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    let dir = tempfile::tempdir().unwrap();
    let backup = dir.path().join("backup");
    tool(&["backup", text(&backup), "--url", &one.admin()], 0);
    let told = tool(&["backup", text(&backup), "--url", &other.admin()], 1);
    assert!(complaint(&told).contains("409"), "{}", stderr(&told));
    assert!(complaint(&told).contains("another log"), "{}", stderr(&told));
    assert_eq!(archives(&backup).len(), 1);
}

#[test]
fn what_cannot_be_begun_is_told_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = text(dir.path());
    let nowhere = dir.path().join("nowhere");
    let cases: [(&[&str], i32); 6] = [
        (&["backup", path, "--dev", "--data", text(&nowhere)], 2),
        (&["export", "-", "--url", "http://127.0.0.1:1"], 1),
        (&["restore", path, "--dev", "--data", text(&nowhere)], 2),
        (&["restore", text(&nowhere), "--dev", "--data", path], 2),
        (&["verify", "--backup", path], 2),
        (&["keys", "rotate", "--to", path, "--dev", "--data", text(&nowhere)], 2),
    ];
    for (arguments, exit) in cases {
        complaint(&run(arguments, exit));
    }
    assert!(!nowhere.exists(), "nothing is made");
}
