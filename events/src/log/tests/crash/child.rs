//! The same test binary again, as the process that is to die: what it does, and how it is started.

use std::{
    env,
    ffi::OsString,
    io::{Write, stdout},
};

use tokio::task::JoinSet;

use super::*;

/// Set for a child: its data folder. Without it the tests in this file do nothing.
const FOLDER: &str = "DOSSIER_TEST_FOLDER";
/// What a child says before position, stream and version.
pub(super) const ACKNOWLEDGED: &str = "acknowledged ";
/// What a child says when its log has stopped as it should.
pub(super) const STOPPED: &str = "stopped as it should";

/// Appends until it is killed.
pub(super) fn appending(folder: &Folder) -> Command {
    running("appends_with_several_tasks", folder)
}

/// Appends until the store cannot be written.
pub(super) fn filling(folder: &Folder) -> Command {
    running("appends_until_it_fails", folder)
}

/// Appends first events of persons, one after the other.
pub(super) fn stepping(folder: &Folder) -> Command {
    running("appends_one_after_the_other", folder)
}

fn running(test: &str, folder: &Folder) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--nocapture", "--exact", &format!("{}::{test}", module_path())]);
    command.env(FOLDER, folder.path(""));
    command
}

/// As the test harness names it: without the crate.
fn module_path() -> &'static str {
    module_path!().split_once("::").unwrap().1
}

fn asked_for() -> Option<OsString> {
    env::var_os(FOLDER)
}

fn open(dir: OsString) -> EventLog {
    let settings = LogSettings { free_bytes_min: 0, ..LogSettings::new(dir) };
    EventLog::open(&settings, master()).unwrap()
}

fn say(line: &str) {
    // Not `println!`: its lines are kept by the harness, and come in pieces.
    let mut out = stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).unwrap();
}

fn acknowledge(stream: &StreamId, answer: Appended) {
    say(&format!("{ACKNOWLEDGED}{} {stream} {}", answer.position, answer.version));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn appends_with_several_tasks() {
    let Some(dir) = asked_for() else { return };
    let log = open(dir);
    let mut tasks = JoinSet::new();
    for task in 0..6 {
        let (log, stream) = (log.clone(), person(&format!("P-{task}")));
        tasks.spawn(async move {
            let mut version = log.history(&stream).unwrap().version.0;
            for _ in 0..10_000 {
                let events = vec![registered(), reached("K-1")];
                let answer = add(&log, stream.clone(), version, events).await;
                acknowledge(&stream, answer);
                version = answer.version.0;
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

#[tokio::test]
async fn appends_until_it_fails() {
    let Some(dir) = asked_for() else { return };
    let log = open(dir);
    let stream = consent("K");
    let large = granted_to_many();
    for version in 0..1_000 {
        match log.append(append(stream.clone(), version, vec![large.clone()])).await {
            Ok(outcome) => acknowledge(&stream, appended(Ok(outcome))),
            Err(AppendError::Unknown(_)) => return check_stopped(&log, &stream, version).await,
            Err(other) => panic!("{other}"),
        }
    }
}

async fn check_stopped(log: &EventLog, stream: &StreamId, version: u64) {
    assert_eq!(log.watermark(), Position(version), "the watermark moved");
    assert!(log.stopped().is_some());
    for expected in [version, version + 1] {
        let refused = log.append(append(stream.clone(), expected, vec![granted("a")])).await;
        assert!(matches!(refused, Err(AppendError::Stopped(_))), "{refused:?}");
    }
    assert_eq!(versions(log, stream), (1..=version).collect::<Vec<_>>());
    log.close();
    say(STOPPED);
}

/// An event of some 50 KiB.
fn granted_to_many() -> Event {
    let customers = (0..1_300).map(|nth| CustomerId::parse(&format!("{nth:035}")).unwrap());
    Event::Consent(ConsentEvent::Granted(ConsentTerms {
        client_identification: ClientId::parse("alpha").unwrap(),
        customer_identifications: customers.collect(),
        scopes: [].into(),
        valid_from: None,
        valid_to: None,
    }))
}

#[tokio::test]
async fn appends_one_after_the_other() {
    let Some(dir) = asked_for() else { return };
    let log = open(dir);
    for nth in 0..30 {
        let stream = person(&format!("P-{nth}"));
        acknowledge(&stream, add(&log, stream.clone(), 0, vec![registered()]).await);
    }
    log.close();
}
