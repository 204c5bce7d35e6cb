//! A real file system on a loop device, which can be shut down as if the power were cut.

use std::{
    fs::{self, File},
    io::{Write, stderr},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::compiled;

const IMAGE_BYTES: u64 = 256 * 1024 * 1024;

/// An ext4, mounted until it is dropped.
pub(crate) struct Ext4 {
    dir: TempDir,
}

impl Ext4 {
    /// None where this process may not mount anything, which is told.
    pub(crate) fn try_mount(bytes: u64) -> Option<Self> {
        let ext4 = Self { dir: tempfile::tempdir().unwrap() };
        File::create(ext4.image()).unwrap().set_len(bytes).unwrap();
        fs::create_dir(ext4.path()).unwrap();
        let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(ext4.image()).status();
        if made.is_ok_and(|made| made.success()) && ext4.mount() {
            return Some(ext4);
        }
        let told = "not tried on a real file system: this process may not mount one\n";
        stderr().write_all(told.as_bytes()).unwrap();
        None
    }

    pub(crate) fn mounted() -> Option<Self> {
        Self::try_mount(IMAGE_BYTES)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("mounted")
    }

    /// From here on nothing reaches the disk, and what is only in memory is lost.
    pub(crate) fn cut(&self) {
        let status = Command::new(compiled("cut.c", &[])).arg(self.path()).status().unwrap();
        assert!(status.success(), "the file system was not shut down");
    }

    /// Power is back; whoever had files open must be gone.
    pub(crate) fn again(&self) {
        assert!(run("umount", &[&self.path()]) && self.mount(), "not mounted again");
    }

    /// From here on it can only be read, as after an error of its own; whether it went so far.
    pub(crate) fn abort(&self) -> bool {
        let remount = [Path::new("-o"), Path::new("remount,abort"), &self.path()];
        // It is told to be read-only by a mount that fails over it.
        run("mount", &remount);
        File::create(self.path().join("written")).is_err()
    }

    fn mount(&self) -> bool {
        run("mount", &[Path::new("-o"), Path::new("loop"), &self.image(), &self.path()])
    }

    fn image(&self) -> PathBuf {
        self.dir.path().join("image")
    }
}

impl Drop for Ext4 {
    fn drop(&mut self) {
        // It may not be mounted.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).output();
    }
}

fn run(program: &str, arguments: &[&Path]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}
