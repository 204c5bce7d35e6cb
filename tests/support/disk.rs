//! The disk under the binary: it fails at a chosen call, or forgets what was not synced.
//!
//! `disk/shim.c` stands between the binary and the system, so the binary is the one that is
//! shipped, and every call counts, also those that sled makes.

mod ext4;
mod kept;

use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

pub(crate) use self::{
    ext4::Ext4,
    kept::{Survives, power_cut},
};

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The process is gone before it.
    Abort,
    /// The process is gone right after it.
    After,
    /// Half of the bytes are written, and the process is gone.
    Torn,
    /// Half of the bytes are written, and then there is no more room.
    Short,
    /// It fails, once: the next one would go well.
    Eio,
    Enospc,
    /// Of a sync: it is not done, every time, and said to be.
    Lie,
}

impl Kind {
    /// Whether the process is gone with it.
    pub(crate) fn kills(self) -> bool {
        matches!(self, Self::Abort | Self::After | Self::Torn)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Abort => "abort",
            Self::After => "after",
            Self::Torn => "torn",
            Self::Short => "short",
            Self::Eio => "eio",
            Self::Enospc => "enospc",
            Self::Lie => "lie",
        }
    }
}

/// What happens where: a call and a file as the shim spells them, such as `fdatasync log/db`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) at: &'static str,
    pub(crate) kind: Kind,
    /// At which of these calls, counted from 1.
    pub(crate) nth: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.at, self.kind.word(), self.nth)
    }
}

/// The disk that a data folder lies on, as far as a process can tell.
pub(crate) struct Disk {
    dir: PathBuf,
    fault: Option<Fault>,
    /// Whether making and removing names counts among the calls.
    names: bool,
    /// What the shim and the test tell each other.
    aside: TempDir,
}

impl Disk {
    /// One that only tells what is called.
    pub(crate) fn under(dir: &Path) -> Self {
        fs::create_dir_all(dir).unwrap();
        let (dir, aside) = (dir.canonicalize().unwrap(), tempfile::tempdir().unwrap());
        Self { dir, fault: None, names: false, aside }
    }

    /// The same, on which making and removing names counts among the calls.
    pub(crate) fn with_names(self) -> Self {
        Self { names: true, ..self }
    }

    /// One that fails at a call, once it is armed.
    pub(crate) fn failing(dir: &Path, fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::under(dir) }
    }

    pub(crate) fn arm(&self) {
        fs::write(self.file("armed"), []).unwrap();
    }

    /// Whether what was to happen has happened.
    pub(crate) fn has_failed(&self) -> bool {
        self.file("armed.hit").exists()
    }

    /// Every call that changes a file of the folder or syncs it, once each.
    pub(crate) fn calls(&self) -> BTreeSet<String> {
        let seen = fs::read_to_string(self.file("seen")).unwrap();
        seen.lines().map(str::to_owned).collect()
    }

    /// Puts the disk under a process that is about to start.
    pub(crate) fn lay_under(&self, command: &mut Command) {
        command.env("LD_PRELOAD", shim()).env("DISK_DIR", &self.dir);
        command.env("DISK_SEEN", self.file("seen")).env("DISK_ARMED", self.file("armed"));
        if self.names {
            command.env("DISK_NAMES", "1");
        }
        if let Some(fault) = &self.fault {
            command.env("DISK_FAULT", fault.to_string());
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.aside.path().join(name)
    }
}

/// The shim, compiled once.
fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| compiled("shim.c", &["-shared", "-fPIC", "-ldl", "-lpthread"]))
}

/// What a C compiler makes of a source of `disk/`.
fn compiled(source: &str, options: &[&str]) -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/disk");
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(source).with_extension("made");
    // Another run may be using the old one: it is replaced, not written over.
    let half = made.with_extension(std::process::id().to_string());
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-Wall", "-Werror", "-o"]).arg(&half).arg(sources.join(source));
    let output = compiler.args(options).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::rename(&half, &made).unwrap();
    made
}
