//! An import that is broken off and begun again ends as one that was not.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    Outcome,
    points::{AfterError, Point},
};
use crate::support::{
    binary::{complaint, dossier, run, stdout},
    copy,
    disk::{Disk, Kind},
};

/// Which call of a kind is the one that fails: not the first, so that something is there already.
pub(super) const NTH: usize = 2;
const CUSTOMERS: &str = "60";

/// What happened in each stream: tags and payloads, in their order.
type Histories = BTreeMap<String, Vec<(Value, Value)>>;

/// A file to import, and what a folder holds that it went into.
pub(super) struct Import {
    _dir: TempDir,
    file: PathBuf,
    histories: Histories,
}

impl Import {
    pub(super) fn into_a_copy_of(bank: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (file, data) = (dir.path().join("sample"), dir.path().join("data"));
        let sample = run(&["sample", "--customers", CUSTOMERS, "--seed", "1"], 0);
        std::fs::write(&file, sample.stdout).unwrap();
        copy::copy(bank, &data);
        run(&arguments(&file, &data), 0);
        let histories = histories(&data);
        Self { _dir: dir, file, histories }
    }
}

fn arguments<'a>(file: &'a Path, data: &'a Path) -> [&'a str; 5] {
    ["import", file.to_str().unwrap(), "--dev", "--data", data.to_str().unwrap()]
}

/// Imports on a disk that fails.
pub(super) fn broken_off(
    disk: &Disk,
    data: &Path,
    import: &Import,
    (point, kind): (&Point, Kind),
) -> Result<Outcome, String> {
    let mut command = dossier(&arguments(&import.file, data));
    disk.lay_under(&mut command);
    disk.arm();
    let output = command.output().unwrap();
    match (kind.kills(), output.status.code()) {
        (true, None) => {}
        (false, Some(1)) => drop(complaint(&output)),
        // All of it was recorded, and the projections catch up at the next start.
        (false, Some(0)) if point.after_error == AfterError::ShowsNothingNew => {}
        _ => return Err(format!("it ended with {output:?}")),
    }
    Ok(Outcome::default())
}

/// Begun again it goes through, and a third time it says nothing new.
pub(super) fn again(data: &Path, import: &Import) -> Result<(), String> {
    run(&arguments(&import.file, data), 0);
    if histories(data) != import.histories {
        return Err("another history than that of an import in one go".to_owned());
    }
    let third = complaint(&run(&arguments(&import.file, data), 0));
    if third.contains(" 0 events appended, ") { Ok(()) } else { Err(third) }
}

fn histories(data: &Path) -> Histories {
    let replayed = run(&["replay", "--dev", "--data", data.to_str().unwrap()], 0);
    let mut histories = Histories::new();
    for line in stdout(&replayed).lines() {
        let mut event: Value = serde_json::from_str(line).unwrap();
        let stream = event["stream"].as_str().unwrap().to_owned();
        let happened = (event["tag"].take(), event["payload"].take());
        histories.entry(stream).or_default().push(happened);
    }
    histories
}
