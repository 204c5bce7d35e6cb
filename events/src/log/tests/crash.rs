//! A process that is killed, or whose disk fails, has told the truth until then.

mod child;
mod synced;

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use self::child::{ACKNOWLEDGED, STOPPED};
use super::*;

const KILLS: u64 = 20;

/// What the child said it had appended.
type Acknowledged = BTreeMap<Position, (StreamId, Version)>;

fn acknowledged_in(line: &str) -> Option<(Position, (StreamId, Version))> {
    let (_, told) = line.split_once(ACKNOWLEDGED)?;
    let mut words = told.split_whitespace();
    let position = words.next()?.parse().ok()?;
    let stream = StreamId::parse(words.next()?).ok()?;
    Some((Position(position), (stream, Version(words.next()?.parse().ok()?))))
}

/// Whether the log opens, holds all that was acknowledged, and has no hole.
fn check(folder: &Folder, acknowledged: &Acknowledged) {
    let log = folder.open();
    let records = all(&log);
    for (nth, record) in (1..).zip(&records) {
        assert_eq!(record.position(), Position(nth));
        log.recorded(record.clone()).unwrap();
    }
    for (position, (stream, version)) in acknowledged {
        let record = log.record(*position).unwrap().unwrap_or_else(|| panic!("{position} is lost"));
        let head = &record.envelope().head;
        assert_eq!((&head.stream, &head.version), (stream, version));
    }
    let streams: BTreeMap<_, _> = acknowledged.values().cloned().collect();
    for stream in streams.keys() {
        let found = versions(&log, stream);
        assert_eq!(found, (1..=u64::try_from(found.len()).unwrap()).collect::<Vec<_>>());
    }
    log.close();
}

#[expect(clippy::print_stdout, reason = "the seed is shown when the test fails")]
#[test]
fn what_a_killed_process_acknowledged_is_there() {
    let folder = Folder::new();
    let mut acknowledged = Acknowledged::new();
    let seed = RandomState::new().hash_one(0);
    println!("seed {seed}");
    for kill in 0..KILLS {
        let lines = 1 + RandomState::new().hash_one(seed ^ kill) % 150;
        let mut child = child::appending(&folder).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said =
            output.by_ref().map_while(Result::ok).filter_map(|line| acknowledged_in(&line));
        acknowledged.extend(said.by_ref().take(usize::try_from(lines).unwrap()));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(said);
        check(&folder, &acknowledged);
    }
    assert!(acknowledged.len() > 20, "{acknowledged:?}");
}

#[test]
fn a_store_that_cannot_be_written_stops_the_log_and_loses_nothing() {
    let folder = Folder::new();
    // Files of at most 4 MiB, and an error instead of a signal for what lies beyond.
    let limited = r#"trap "" XFSZ; ulimit -f 8192; exec "$0" "$@""#;
    let child = child::filling(&folder);
    let mut shell = Command::new("sh");
    shell.args(["-c", limited]).arg(child.get_program()).args(child.get_args());
    shell.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains(STOPPED), "{told}");

    let acknowledged: Acknowledged = told.lines().filter_map(acknowledged_in).collect();
    assert!(!acknowledged.is_empty());
    check(&folder, &acknowledged);
}
