//! Backups, exports and restores, as operators type them.

use std::{fs, path::Path};

use dossier::config::Config;
use rand::{Rng, SeedableRng};
use reqwest::Method;

use crate::support::{
    app::TestApp,
    bank::*,
    binary::{Serving, complaint, dossier, run, stderr, stdout, token},
    copy, folder,
};

/// Harmed backups that are tried.
const HARMED: usize = 60;

/// The binary, beside a service of this process.
fn tool(arguments: &[&str], exit: i32) -> std::process::Output {
    tokio::task::block_in_place(|| run(arguments, exit))
}

/// The same, however it ends.
fn tool_output(arguments: &[&str]) -> std::process::Output {
    tokio::task::block_in_place(|| dossier(arguments).output().unwrap())
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

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_not_those_of_the_events_are_found() {
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    let dir = tempfile::tempdir().unwrap();
    let (backup, early) = (dir.path().join("backup"), dir.path().join("early"));
    tool(&["keys", "export", text(&early), "--url", &one.admin()], 0);
    one.state([person("P-late", &[("K-1", "late@example.com")])]).await;
    tool(&["backup", text(&backup), "--url", &one.admin()], 0);
    tool(&["verify", "--backup", text(&backup)], 0);
    let keys = backup.join("keys.ndjson");
    tool(&["keys", "export", text(&keys), "--url", &other.admin()], 0);
    let told = tool(&["verify", "--backup", text(&backup)], 4);
    assert!(stdout(&told).contains("of another log than the keys"), "{}", stdout(&told));
    fs::copy(early, keys).unwrap();
    let told = tool(&["verify", "--backup", text(&backup)], 4);
    assert!(stdout(&told).contains("the keys hold none for the event"), "{}", stdout(&told));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_hold_of_a_life_that_was_lost_is_not_taken_for_this_one() {
    let mut app = TestApp::start().await;
    let dir = tempfile::tempdir().unwrap();
    let (backup, data) = (dir.path().join("backup"), dir.path().join("data"));
    let (path, untouched) = ("/customers/C-1/addresses/1", "/customers/C-1/addresses/2");
    let alpha = app.client("alpha");
    let before = alpha.put(untouched, &change(2, "Genf")).await.is(204);
    let before = before.header("x-log-position").unwrap().to_owned();
    let kept = alpha.get(untouched).await.etag();
    tool(&["backup", text(&backup), "--url", &app.admin()], 0);
    let lost = alpha.put(path, &change(1, "Bern")).await.is(204);
    let (lost, etag) =
        (lost.header("x-log-position").unwrap().to_owned(), alpha.get(path).await.etag());
    app.stop().await;
    empty(&data, &app.config);
    tool(&["restore", text(&backup), "--dev", "--data", text(&data)], 0);

    let serving = Serving::start(&data);
    let alpha = serving.client(token(&data, "alpha"));
    let read = |token: &str| alpha.ask(Method::GET, path).header("x-min-log-position", token);
    alpha.put(path, &change(1, "Thun")).await.is(204);
    // The same version of the same address at the same position, and something else.
    assert_ne!(alpha.get(path).await.etag(), etag);
    let again = alpha.ask(Method::GET, path).header("if-none-match", &etag).send().await;
    assert_eq!(again.is(200).text("/postalAddress/physicalAddress/townName"), "Thun");
    let write = alpha.ask(Method::PUT, path).json(&change(1, "Chur")).header("if-match", &etag);
    write.send().await.problem(412, "PRECONDITION_FAILED");
    read(&lost).send().await.problem(400, "INVALID_PAYLOAD");
    // What was there before the backup stays good.
    read(&before).send().await.is(200);
    alpha.ask(Method::GET, untouched).header("if-none-match", &kept).send().await.is(304);
    app.restart().await;
}

/// One way to harm a backup: of which file, and what becomes of its lines, or of it.
fn harm(backup: &Path, chance: &mut impl Rng) -> String {
    let archives = archives(backup);
    let names: Vec<_> = archives.iter().map(String::as_str).chain(["keys.ndjson"]).collect();
    let name = names[chance.random_range(0..names.len())];
    let path = backup.join(name);
    let mut bytes = fs::read(&path).unwrap();
    let mut lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let (nth, other) =
        (chance.random_range(0..lines.len()), chance.random_range(0..lines.len() - 1));
    let what = chance.random_range(0..7);
    match what {
        0 => drop(lines.remove(nth)),
        1 => lines.insert(nth, lines[nth]),
        2 => lines.swap(nth, if other < nth { other } else { other + 1 }),
        3 => lines.truncate(nth),
        _ => {}
    }
    let lines = lines.concat();
    match what {
        0..4 => fs::write(&path, lines).unwrap(),
        // A folder without its newest archive is an earlier backup.
        4 if name != archives.last().unwrap() => fs::remove_file(&path).unwrap(),
        5 if name.starts_with("events-") => {
            fs::copy(&path, backup.join(name.replace(".ndjson", "0.ndjson"))).map(drop).unwrap();
        }
        _ => {
            let at = chance.random_range(0..bytes.len());
            bytes[at] ^= 1 << chance.random_range(0..8);
            fs::write(&path, bytes).unwrap();
        }
    }
    format!("{what} {name} {nth}")
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_a_backup_is_found_and_not_restored() {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().unwrap();
    let [whole, backup, data] = ["whole", "backup", "data"].map(|name| dir.path().join(name));
    for town in ["Bern", "Thun", "Chur"] {
        app.client("alpha").add_address("C-1", &new_address(town)).await;
        tool(&["backup", text(&whole), "--url", &app.admin()], 0);
    }
    empty(&data, &app.config);
    let seed = rand::random();
    let mut chance = rand::rngs::StdRng::seed_from_u64(seed);
    for _ in 0..HARMED {
        copy::copy(&whole, &backup);
        let harm = harm(&backup, &mut chance);
        let harm = format!("seed {seed}: {harm}");
        let verified = tool_output(&["verify", "--backup", text(&backup)]);
        assert_eq!(verified.status.code(), Some(4), "{harm}: {verified:?}");
        assert_eq!(stdout(&verified).lines().count(), 1, "{harm}: {verified:?}");
        let restored = tool_output(&["restore", text(&backup), "--dev", "--data", text(&data)]);
        assert!(matches!(restored.status.code(), Some(1 | 2)), "{harm}: {restored:?}");
        complaint(&restored);
        assert!(!data.join("format").exists() && !data.join("log").exists(), "{harm}");
        fs::remove_dir_all(&backup).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_readers_of_archives_keep_only_so_many_threads() {
    let app = TestApp::start().await;
    let url = app.admin();
    let held = app.service().app.archives.acquire_many(4).await.unwrap();
    let told = tool(&["export", "-", "--url", &url], 1);
    assert!(complaint(&told).contains("too many archives are being read"), "{}", stderr(&told));
    drop(held);
    tool(&["export", "-", "--url", &url], 0);
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
