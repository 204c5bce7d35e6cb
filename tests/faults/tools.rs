//! Wherever a backup, an export, a restore or a change of keys breaks off: what was there before
//! stays good, nothing half-made passes for whole, and done again it goes through.

mod jobs;
mod points;

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use dossier::config::Config;
use futures::{StreamExt, stream};
use tempfile::TempDir;

use self::{
    jobs::Job,
    points::{POINTS, Point},
};
use super::{AT_ONCE, feed};
use crate::support::{
    app::configuration,
    bank::*,
    binary::{Serving, complaint, dossier, run, token},
    disk::{Disk, Fault, Kind, Survives, power_cut},
    folder,
    writers::add,
};

/// What is tried without being asked for: one row in so many, others each time.
const SAMPLED: usize = 8;
const WHOLE: &str = "DOSSIER_FAULTS";

/// A bank that is served, a backup from before its last writes, and the keys to both.
struct Stage {
    dir: TempDir,
    serving: Serving,
    /// What the backup holds.
    old: State,
    /// What the bank holds.
    new: State,
}

/// All that must come back.
#[derive(Debug, PartialEq)]
struct State {
    records: Vec<Vec<u8>>,
    receipts: u64,
}

impl State {
    /// Of a folder that nobody has open, whose payloads all open, and whose projections are those
    /// that are built anew.
    async fn of(config: &Config) -> Self {
        folder::audit(config).await;
        let log = folder::open(config);
        let records = folder::records(&log).iter().map(|record| record.bytes().to_vec()).collect();
        let verified = log.verify(|_| ());
        folder::close(config, log);
        assert_eq!(verified.findings, []);
        Self { records, receipts: verified.receipts }
    }
}

impl Stage {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (key, data) = (dir.path().join("first.key"), dir.path().join("data"));
        fs::write(&key, "ab".repeat(32)).unwrap();
        let serve = || Serving::under(&key, &data, "off");
        let mut serving = serve();
        feed(&serving, &ndjson(lines())).await.unwrap();
        let base = dir.path().join("base");
        let mut states = Vec::new();
        for part in ["old", "new"] {
            let alpha = serving.client(token(&data, "alpha"));
            for nth in 0..5 {
                add(&alpha, &format!("{part}-{nth}")).await.unwrap().is(201);
            }
            feed(&serving, &ndjson([person(part, &[("K-1", "p@example.com")])])).await.unwrap();
            if part == "old" {
                run(&["backup", text(&base), "--url", &serving.admin], 0);
            }
            serving.interrupt();
            assert_eq!(serving.ended().code(), Some(0));
            states.push(State::of(&under(&key, &data)).await);
            serving = serve();
        }
        let [old, new] = <[State; 2]>::try_from(states).unwrap();
        Self { dir, serving, old, new }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The settings for a folder under a master key that lies in a file.
fn under(key: &Path, data: &Path) -> Config {
    let mut config = configuration(data);
    config.keys.master_file = key.to_path_buf();
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_off_a_backup_a_restore_or_a_change_of_keys_leaves_nothing_half_made() {
    let stage = Arc::new(Stage::new().await);
    let rows: Vec<_> =
        POINTS.iter().flat_map(|point| point.kinds().map(move |kind| (point, kind))).collect();
    let whole = std::env::var_os(WHOLE).is_some();
    let first = usize::from(rand::random::<u8>()) % SAMPLED;
    let rows = rows.into_iter().skip(if whole { 0 } else { first });
    let tried = rows.step_by(if whole { 1 } else { SAMPLED }).map(|(point, kind)| {
        let stage = Arc::clone(&stage);
        let row = tokio::spawn(async move { row(&stage, point, kind).await });
        async move {
            let row = row.await.map_err(|error| error.to_string()).flatten();
            let at = format!("{} {} {kind:?} during {:?}", point.at, point.nth, point.during);
            row.map_err(|why| format!("{at}: {why}"))
        }
    });
    let tried: Vec<_> = stream::iter(tried).buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<_> = tried.iter().filter_map(|row| row.as_ref().err()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

async fn row(stage: &Stage, point: &Point, kind: Kind) -> Result<(), String> {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().join("root");
    point.during.prepare(stage, &root);
    let disk = Disk::failing(&root, Fault { at: point.at, kind, nth: point.nth }).with_names();
    let mut command = dossier(&[]);
    point.during.arguments(stage, &root, &mut command);
    disk.lay_under(&mut command);
    disk.arm();
    let output = command.output().unwrap();
    if !disk.has_failed() {
        return Err(format!("the call was never made: {output:?}"));
    }
    let is_done = match (kind.kills(), output.status.code()) {
        (true, None) => false,
        (false, Some(1)) => {
            complaint(&output);
            false
        }
        (false, Some(0)) if point.goes_on => true,
        _ => return Err(format!("it ended with {output:?}")),
    };
    point.during.check(stage, &root, is_done).await;
    point.during.again(stage, &root).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_said_is_done_outlives_a_power_cut() {
    let stage = Stage::new().await;
    let mut called = BTreeSet::new();
    for job in Job::ALL {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().join("root");
        job.prepare(&stage, &root);
        let disk = Disk::under(&root).with_names();
        let mut command = dossier(&[]);
        job.arguments(&stage, &root, &mut command);
        disk.lay_under(&mut command);
        disk.keep(&mut command);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{job:?}: {output:?}");
        power_cut(&disk, Survives::Nothing);
        job.check(&stage, &root, true).await;
        called.extend(disk.calls().into_iter().map(|call| format!("{job:?}: {call}")));
    }
    let named: BTreeSet<_> =
        POINTS.iter().map(|point| format!("{:?}: {}", point.during, point.at)).collect();
    assert_eq!(called, named, "a call that no row is about, or a row about no call");
}
