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
    path::Path,
};

use anyhow::{Context, ensure};
use events::{
    archive::Kind,
    id::Position,
    log::{Checked, FolderLock},
};

pub use self::{
    files::{Archived, archives, keys_in},
    source::{EndedQuery, Source},
};

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
    fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let lock = FolderLock::take(&dir.join("lock"))?;
    let _lock = lock.context("another backup is being made there")?;
    let before = match archives(dir)?.last() {
        Some(last) => Some(check_events(&last.path)?),
        None => None,
    };
    let (events, keys) = (dir.join("events.new"), dir.join("keys.new"));
    write_whole(&events, |file| source.events(before.map(|before| before.ended), file))?;
    write_whole(&keys, |file| source.keys(file))?;
    let added = check_events(&events)?;
    check_keys(&keys)?;
    fs::rename(&keys, keys_in(dir))?;
    File::open(dir)?.sync_all()?;
    let after = before.map_or(Position::ZERO, |before| before.ended.position);
    let position = added.ended.position;
    if position > after {
        fs::rename(&events, dir.join(files::name(after.next(), position)))?;
    } else {
        fs::remove_file(&events)?;
    }
    File::open(dir)?.sync_all()?;
    Ok(Added { after, position })
}

/// Writes a file that is there when it is whole and on the disk, and not before.
pub fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut File) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let half = path.with_extension("half");
    let told = || format!("{} cannot be written", path.display());
    let mut file = File::create(&half).with_context(told)?;
    write(&mut file)?;
    file.sync_all()?;
    fs::rename(&half, path).with_context(told)
}

/// Reads an archive of events to its end.
pub fn check_events(path: &Path) -> anyhow::Result<Checked> {
    let checked = events::log::check_archive(BufReader::new(File::open(path)?));
    checked.with_context(|| format!("{} does not verify", path.display()))
}

fn check_keys(path: &Path) -> anyhow::Result<()> {
    let checked = events::archive::check(BufReader::new(File::open(path)?), Kind::Keys);
    checked.with_context(|| format!("{} does not verify", path.display()))
}

/// Reads a whole backup, without any key: that every line is there, as it was written, and that
/// the archives go on from one another. Tells the last position.
pub fn check(dir: &Path) -> anyhow::Result<Position> {
    let all = archives(dir)?;
    ensure!(!all.is_empty(), "{} holds no backup", dir.display());
    check_keys(&keys_in(dir))?;
    let mut last = None;
    for archive in &all {
        let checked = check_events(&archive.path)?;
        let fits = match last {
            None => checked.after.position == Position::ZERO,
            Some(before) => before == checked.after,
        };
        ensure!(fits, "{} does not go on from the one before", archive.path.display());
        last = Some(checked.ended);
    }
    Ok(last.map_or(Position::ZERO, |last| last.position))
}
