//! What was found: a copy of the store as it lay there before sled opened it.
//!
//! sled's opening cuts off what it cannot follow: behind one damaged byte it overwrites every
//! segment that comes later, and reports success. So the store is copied first, where there is
//! room, and the copy stays when the log that comes out is not the one that was known.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// The copy while the store is being opened, and after that only where a crash left it.
const OPENING: &str = "log.opening";
/// The copy of a store that did not open as it should have.
const FOUND: &str = "log.found";

/// A copy, until it is known what came of opening.
pub(super) struct Found {
    dir: PathBuf,
}

impl Found {
    /// Copies the store of a data folder, unless there is none, or no room.
    pub(super) fn keep(dir: &Path, free_bytes_min: u64) -> io::Result<Option<Self>> {
        let (store, opening) = (dir.join("log"), dir.join(OPENING));
        if !store.exists() {
            return Ok(None);
        }
        // One that a crash left is from before the first opening: nothing is truer.
        if !opening.exists() {
            if !has_room(dir, bytes_of(&store)?, free_bytes_min) {
                tracing::warn!("There is no room to keep a copy of the log while it is opened.");
                return Ok(None);
            }
            copy(&store, &opening)?;
        }
        Ok(Some(Self { dir: dir.to_path_buf() }))
    }

    /// The store opened as it should: the copy goes.
    pub(super) fn discard(self) -> io::Result<()> {
        fs::remove_dir_all(self.dir.join(OPENING))
    }

    /// It did not: the copy stays, unless an earlier one does.
    pub(super) fn settle(self) -> io::Result<()> {
        let (opening, found) = (self.dir.join(OPENING), self.dir.join(FOUND));
        if found.exists() {
            return fs::remove_dir_all(opening);
        }
        fs::rename(opening, found)?;
        File::open(&self.dir)?.sync_all()
    }
}

/// Where a copy of the store lies that did not open, if one does.
pub(super) fn copy_in(dir: &Path) -> Option<PathBuf> {
    Some(dir.join(FOUND)).filter(|copy| copy.exists())
}

fn has_room(dir: &Path, bytes: u64, free_bytes_min: u64) -> bool {
    let Ok(disk) = rustix::fs::statvfs(dir) else { return true };
    disk.f_bavail.saturating_mul(disk.f_frsize) >= free_bytes_min.saturating_add(bytes)
}

fn bytes_of(store: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(store)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

/// Whole or not at all. Where the file system can, this shares blocks and takes no time.
fn copy(store: &Path, to: &Path) -> io::Result<()> {
    let half = to.with_extension("half");
    match fs::remove_dir_all(&half) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => fs::create_dir(&half)?,
    }
    for entry in fs::read_dir(store)? {
        let entry = entry?;
        // The folder of values that are never synced is empty, or the log is not opened.
        if entry.file_type()?.is_file() {
            let copy = half.join(entry.file_name());
            fs::copy(entry.path(), &copy)?;
            File::open(copy)?.sync_all()?;
        }
    }
    File::open(&half)?.sync_all()?;
    fs::rename(half, to)?;
    to.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
