//! What was found: a copy of the store as it lay there before sled opened it.
//!
//! sled's opening cuts off what it cannot follow: behind one damaged byte it overwrites every
//! segment that comes later, and reports success. So the store is copied first, where there is
//! room, and the copy stays when the log that comes out is not the one that was known.
//!
//! ```text
//! log.half      a copy half made or half removed: cleared away by whoever takes the folder next
//! log.opening   a whole copy while the store is being opened, or where a crash left it meanwhile
//! log.found     the copy of a store that did not open as it should have, until one does
//! log.found-3   then it is the third such incident's
//! ```
//!
//! A copy gets and loses its name whole, and the name is synced before anything is served: one
//! that is there is never a part, and never older than the last opening.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::room;

pub(super) const HALF: &str = "log.half";
const OPENING: &str = "log.opening";
const FOUND: &str = "log.found";
/// Incidents whose copies are kept.
const INCIDENTS_KEPT: usize = 3;

/// Copies the store of a data folder, unless there is none, or no room.
pub(super) fn keep(dir: &Path, free_bytes_min: u64) -> io::Result<()> {
    let store = dir.join("log");
    // One that a crash left is from before the first opening: nothing is truer.
    if !store.exists() || dir.join(OPENING).exists() {
        return Ok(());
    }
    let (needed, free) = (room::bytes_of(&store)?, room::free_bytes(dir));
    if free.is_some_and(|free| free < needed.saturating_add(free_bytes_min)) {
        tracing::warn!(
            needed,
            free,
            free_bytes_min,
            "There is no room to copy the log before it is opened; it is opened without a copy."
        );
        return Ok(());
    }
    copy(&store, &dir.join(HALF))?;
    rename(dir, HALF, OPENING)
}

/// The store opened as it should: the copy goes.
pub(super) fn discard(dir: &Path) -> io::Result<()> {
    remove(dir, OPENING)
}

/// It did not: the copy stays, unless an earlier one of the same incident does.
pub(super) fn settle(dir: &Path) -> io::Result<()> {
    if copy_in(dir).is_some() {
        return remove(dir, OPENING);
    }
    if dir.join(OPENING).exists() { rename(dir, OPENING, FOUND) } else { Ok(()) }
}

/// Where a copy of the store lies that did not open, if one does.
pub(super) fn copy_in(dir: &Path) -> Option<PathBuf> {
    Some(dir.join(FOUND)).filter(|copy| copy.exists())
}

/// Every copy of a store that is not served again yet.
pub(super) fn copies_in(dir: &Path) -> impl Iterator<Item = PathBuf> {
    [OPENING, FOUND].map(|name| dir.join(name)).into_iter()
}

/// The log is served again: what was found gets a name of its own, so that the next incident
/// keeps its own copy; the oldest of too many goes.
pub(super) fn end_incident(dir: &Path) -> io::Result<()> {
    let mut incidents = incidents(dir)?;
    if copy_in(dir).is_some() {
        let next = incidents.last().map_or(1, |last| last.saturating_add(1));
        rename(dir, FOUND, &name(next))?;
        incidents.push(next);
    }
    let gone = incidents.len().saturating_sub(INCIDENTS_KEPT);
    for incident in incidents.drain(..gone) {
        tracing::warn!(copy = name(incident), "There were more incidents; the oldest copy goes.");
        remove(dir, &name(incident))?;
    }
    for incident in incidents {
        tracing::warn!(
            copy = %dir.join(name(incident)).display(),
            "A copy of the log is kept as it was found once; remove it when nobody needs it."
        );
    }
    Ok(())
}

fn name(incident: u64) -> String {
    format!("{FOUND}-{incident}")
}

/// The incidents that copies are kept of, the oldest first.
fn incidents(dir: &Path) -> io::Result<Vec<u64>> {
    let mut incidents = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix(FOUND)?.strip_prefix('-'));
        incidents.extend(digits.and_then(|digits| digits.parse::<u64>().ok()));
    }
    incidents.sort_unstable();
    Ok(incidents)
}

/// Whole, or under a name that says that it is not.
fn remove(dir: &Path, name: &str) -> io::Result<()> {
    if !dir.join(name).exists() {
        return Ok(());
    }
    rename(dir, name, HALF)?;
    fs::remove_dir_all(dir.join(HALF))
}

fn rename(dir: &Path, from: &str, to: &str) -> io::Result<()> {
    fs::rename(dir.join(from), dir.join(to))?;
    File::open(dir)?.sync_all()
}

/// Where the file system can, this shares blocks and takes no time.
fn copy(store: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(store)? {
        let entry = entry?;
        // The folder of values that are never synced is empty, or the log is not opened.
        if entry.file_type()?.is_file() {
            let copy = to.join(entry.file_name());
            fs::copy(entry.path(), &copy)?;
            File::open(copy)?.sync_all()?;
        }
    }
    File::open(to)?.sync_all()
}
