//! What the archives of a backup are called: their names sort as their positions do.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use events::id::Position;

const PREFIX: &str = "events-";
const SUFFIX: &str = ".ndjson";

/// An archive of events, as its name has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Archived {
    /// The first position in it.
    pub first: u64,
    pub path: PathBuf,
}

/// The archives of a backup, the oldest first.
pub fn archives(dir: &Path) -> io::Result<Vec<Archived>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let positions = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
        let first = positions.and_then(|both| both.split_once('-')?.0.parse().ok());
        all.extend(first.map(|first| Archived { first, path: path.clone() }));
    }
    all.sort_unstable();
    Ok(all)
}

pub(super) fn name(first: Position, last: Position) -> String {
    format!("{PREFIX}{:020}-{:020}{SUFFIX}", first.0, last.0)
}

/// Where the keys of a backup lie.
pub fn keys_in(dir: &Path) -> PathBuf {
    dir.join("keys.ndjson")
}
