//! How much room a disk has left, and how much something takes.

use std::{fs, io, path::Path};

/// Bytes that are free; none of a disk that cannot be asked, and says so itself when it is written to.
pub fn free_bytes(dir: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Bytes of a file, or of all files in a folder; of what is not there, none.
pub fn bytes_of(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            fs::read_dir(path)?.try_fold(0, |sum, entry| Ok(sum + bytes_of(&entry?.path())?))
        }
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}
