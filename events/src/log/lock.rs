//! One process at a time in a data folder.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

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
}
