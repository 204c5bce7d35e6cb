//! One process at a time in a data folder.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use super::found;

/// Where a copy of a data folder lies as long as it is looked at.
pub const SCRATCH: &str = "verify.scratch";

/// Held as long as it lives.
#[derive(Debug)]
pub struct FolderLock(#[expect(dead_code, reason = "it holds the lock")] File);

impl FolderLock {
    /// None when another process has the folder.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The lock of a data folder, from which goes what a killed process has left half-made: it
    /// takes room, and copies of keys would outlive forgetting.
    pub fn of(dir: &Path) -> io::Result<Option<Self>> {
        let lock = Self::take(&dir.join("lock"))?;
        if lock.is_some() {
            for name in [found::HALF, SCRATCH] {
                match fs::remove_dir_all(dir.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    Ok(()) | Err(_) => {}
                }
            }
        }
        Ok(lock)
    }
}
