//! Files and folders that are there whole, or not at all, also after a power cut.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::discretion;

/// For whose eyes a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Everyone,
    Owner,
}

/// Writes a file that is there when it is whole and on the disk, and not before.
pub(crate) fn write(
    path: &Path,
    eyes: For,
    write: impl FnOnce(&mut File) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let half = half_of(path);
    let written = write_half(&half, eyes, write)
        .and_then(|()| Ok(fs::rename(&half, path)?))
        .with_context(|| format!("{} cannot be written", path.display()));
    if written.is_err() {
        remove(&half);
    }
    written?;
    sync_dir(dir_of(path)).with_context(|| format!("{} may not last", path.display()))
}

fn write_half(
    half: &Path,
    eyes: For,
    write: impl FnOnce(&mut File) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mode = if eyes == For::Owner { 0o600 } else { 0o666 };
    let mut file = discretion::create(half, mode)?;
    write(&mut file)?;
    Ok(file.sync_all()?)
}

fn half_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or(OsStr::new("")).to_owned();
    name.push(".half");
    path.with_file_name(name)
}

/// Removes what is of no use after a failure, which is what is told.
pub(crate) fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "A file could not be removed.");
    }
}

/// Makes a folder, and those above it that are missing.
pub(crate) fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let above = dir_of(dir);
    make_dir(above)?;
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    sync_dir(above)
}

/// Makes the names in a folder last.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Makes a file last that somebody else has written.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    sync_dir(dir_of(path))
}

/// The folder that a file is in: that of a bare name is where the process stands.
pub(crate) fn dir_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
