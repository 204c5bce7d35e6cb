//! A backup: a folder of archives, each of which goes on where the one before ended, and the keys.
//!
//! ```text
//! events-00000000000000000001-00000000000000001000.ndjson   the first archive
//! events-00000000000000001001-00000000000000001500.ndjson   what came until the next backup
//! keys.ndjson                                               the wrapped keys, the newest
//! lock                                                      held while a backup is made
//! ```
//!
//! The keys are replaced each time, so that a forgotten person is forgotten in the backup, too, and
//! before the events: the keys that lie there are enough for the events that do.

mod files;
mod source;

use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use events::{
    id::Position,
    keys::WrappedKeys,
    log::{Checked, FolderLock},
};

pub use self::{
    files::{Archived, archives, keys_in},
    source::{EndedQuery, Source},
};
use crate::lasting::{self, For};

/// What a backup added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The last position before.
    pub after: Position,
    /// The last position now.
    pub position: Position,
}

/// Adds to a backup what has come since it was last made; makes it where there is none.
pub fn add(dir: &Path, source: &dyn Source) -> anyhow::Result<Added> {
    lasting::make_dir(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let lock = FolderLock::take(&dir.join("lock"))?;
    let _lock = lock.context("another backup is being made there")?;
    let fetched = [dir.join("events.new"), dir.join("keys.new")];
    let added = add_to(dir, source, &fetched);
    if added.is_err() {
        for path in &fetched {
            lasting::remove(path);
        }
    }
    added
}

fn add_to(dir: &Path, source: &dyn Source, [events, keys]: &[PathBuf; 2]) -> anyhow::Result<Added> {
    let before = match archives(dir)?.last() {
        Some(last) => Some(check_events(&last.path)?),
        None => None,
    };
    lasting::write(events, For::Everyone, |file| {
        source.events(before.map(|before| before.ended), file)
    })?;
    lasting::write(keys, For::Everyone, |file| source.keys(file))?;
    let added = check_events_with(events, &read_keys(keys)?)?;
    put(keys, &keys_in(dir))?;
    let after = before.map_or(Position::ZERO, |before| before.ended.position);
    let position = added.ended.position;
    if position > after || before.is_none() {
        put(events, &dir.join(files::name(after.next(), position)))?;
    } else {
        lasting::remove(events);
    }
    Ok(Added { after, position })
}

/// Gives a file its name, for good.
fn put(new: &Path, path: &Path) -> anyhow::Result<()> {
    let put = fs::rename(new, path).and_then(|()| lasting::sync_dir(path.parent().unwrap_or(path)));
    put.with_context(|| format!("{} cannot be put in its place", path.display()))
}

/// Reads an archive of events to its end.
fn check_events(path: &Path) -> anyhow::Result<Checked> {
    let checked = events::log::check_archive(opened(path)?);
    checked.with_context(|| format!("{} does not verify", path.display()))
}

fn check_events_with(path: &Path, keys: &WrappedKeys) -> anyhow::Result<Checked> {
    let checked = events::log::check_archive_with(opened(path)?, keys);
    checked.with_context(|| format!("{} does not verify", path.display()))
}

fn read_keys(path: &Path) -> anyhow::Result<WrappedKeys> {
    let keys = WrappedKeys::read(opened(path)?);
    keys.with_context(|| format!("{} does not verify", path.display()))
}

fn opened(path: &Path) -> anyhow::Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

/// Reads a whole backup, without the master key: that every line is there, as it was written, that
/// the archives go on from one another, and that the keys are those of their events. Tells the
/// last position.
pub fn check(dir: &Path) -> anyhow::Result<Position> {
    let all = archives(dir)?;
    ensure!(!all.is_empty(), "{} holds no backup", dir.display());
    let keys = read_keys(&keys_in(dir))?;
    let mut last = None;
    for archive in &all {
        let checked = check_events_with(&archive.path, &keys)?;
        let fits = match last {
            None => checked.after.position == Position::ZERO,
            Some(before) => before == checked.after,
        };
        ensure!(fits, "{} does not go on from the one before", archive.path.display());
        last = Some(checked.ended);
    }
    Ok(last.map_or(Position::ZERO, |last| last.position))
}
