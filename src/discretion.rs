//! What the process itself could give away when it dies or stumbles: its memory, and the values
//! that a panic quotes.
#![expect(clippy::print_stderr, reason = "log lines may not be set up yet")]

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

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
    let others = Mode::RWXG | Mode::RWXO;
    let mode = fs::metadata(secret).map_or(0, |metadata| metadata.permissions().mode());
    if Mode::from_raw_mode(mode).intersects(others) {
        tracing::warn!(path = %secret.display(), "Others may read this file, which holds a secret.");
    }
}
