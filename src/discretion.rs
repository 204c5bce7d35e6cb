//! What the process itself could give away when it dies or stumbles: its memory, and the values
//! that a panic quotes.
#![expect(clippy::print_stderr, reason = "log lines may not be set up yet")]

use std::{
    fs::{self, File, OpenOptions},
    io::ErrorKind,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use rustix::{
    fs::Mode,
    io,
    process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask},
};

/// Once, before anything is read that may be personal or secret.
///
/// What is written then is nobody else's to read; a panic tells where it happened, but not its message; the process leaves no core dump, and
/// no other process of the same user may look into its memory, unless this is an error.
pub(crate) fn keep() -> io::Result<()> {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        if tracing::dispatcher::has_been_set() {
            tracing::error!(place, "A thread panicked.");
        } else {
            eprintln!("dossier: a thread panicked at {place}");
        }
    }));
    // What it writes is for its own user's eyes.
    umask(Mode::RWXG | Mode::RWXO);
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// Says so where a file that holds a secret is readable to others.
pub(crate) fn look_at(secret: &Path) {
    if mode(secret).intersects(Mode::RWXG | Mode::RWXO) {
        tracing::warn!(path = %secret.display(), "Others may read this file, which holds a secret.");
    }
}

/// Says so where others could put something of their own in the place of a secret.
pub(crate) fn look_around(dir: &Path) {
    if mode(dir).intersects(Mode::WGRP | Mode::WOTH) {
        tracing::warn!(
            path = %dir.display(),
            "Others may write to this folder, in which a secret is put down."
        );
    }
}

fn mode(path: &Path) -> Mode {
    Mode::from_raw_mode(fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode()))
}

/// A new file: whatever lay there, or led elsewhere, is not written to.
pub(crate) fn create(path: &Path, mode: u32) -> std::io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn a_secret_is_written_to_no_file_that_somebody_laid_out_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let (own, theirs) = (dir.path().join("own"), dir.path().join("theirs"));
        let write = || create(&own, 0o600).unwrap().write_all(b"secret").unwrap();
        fs::write(&own, "").unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o666)).unwrap();
        let mut foreseen = File::open(&own).unwrap();
        write();
        assert_eq!(std::io::read_to_string(&mut foreseen).unwrap(), "");
        assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(&own).unwrap();
        symlink(&theirs, &own).unwrap();
        write();
        assert!(!theirs.exists() && fs::read(&own).unwrap() == b"secret");
    }
}
