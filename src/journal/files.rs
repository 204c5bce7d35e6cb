//! The files of the journal: named by when they begin, so that their order is that of time.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};

const SUFFIX: &str = ".ndjson";

/// A file, and when it begins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Begun {
    pub(super) at: i64,
    pub(super) path: PathBuf,
}

/// All files of a journal, oldest first.
pub(super) fn list(dir: &Path) -> io::Result<Vec<Begun>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let at = name.strip_suffix(SUFFIX).and_then(|digits| digits.parse().ok());
        all.extend(at.map(|at| Begun { at, path: path.clone() }));
    }
    all.sort_unstable();
    Ok(all)
}

pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    // What lies in it is no more lasting than its name.
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

/// Begins a new file, later than all that are there. Nothing is ever added to an older one.
pub(super) fn begin(dir: &Path, now: DateTime<Utc>) -> io::Result<File> {
    let last = list(dir)?.pop().map_or(0, |last| last.at);
    let at = now.timestamp_micros().max(last + 1);
    let path = dir.join(format!("{at:020}{SUFFIX}"));
    let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
    File::open(dir)?.sync_all()?;
    Ok(file)
}

/// Removes the files whose last line is older than what is kept.
pub(super) fn remove_old(dir: &Path, now: DateTime<Utc>, kept: Duration) -> io::Result<()> {
    let oldest = (now - kept).timestamp_micros();
    // A file ends where the next one begins; the newest one never goes.
    for pair in list(dir)?.windows(2) {
        if let [old, next] = pair
            && next.at < oldest
        {
            fs::remove_file(&old.path)?;
        }
    }
    Ok(())
}
