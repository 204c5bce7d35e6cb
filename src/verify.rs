//! Everything in a data folder looked at, on a copy, so that looking changes nothing.

use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use events::{
    id::Position,
    log::{EventLog, Finding, FolderLock, LogSettings, SCRATCH, Verified},
    room,
    seal::SecretKey,
};
use tokio::runtime::Handle;

use crate::{app, config::Config, folder, journal};

/// What is copied.
const COPIED: [&str; 5] = ["format", "head", "keys", "log", "projections"];

/// Looks at every file of the configured folder, which nobody may have open. Blocks, in a runtime.
///
/// Findings are what is damaged; an error is that it could not be looked at.
pub fn folder(
    config: &Config,
    master: SecretKey,
    tell: impl FnMut(Position),
) -> anyhow::Result<Verified> {
    let dir = &config.data.dir;
    let lock = FolderLock::of(dir)?;
    let _lock = lock.context("a service has the data folder open: stop it first")?;
    check_room(dir, config.log.free_bytes_min)?;
    let scratch = Scratch::make(dir).context("the folder cannot be copied to be looked at")?;
    let mut config = config.clone();
    config.data.dir.clone_from(&scratch.0);
    let mut verified = Verified::default();
    let looked = AssertUnwindSafe(|| copied(&config, master, tell, &mut verified));
    match catch_unwind(looked) {
        Ok(looked) => looked?,
        // What it says may quote data.
        Err(_) => verified.find(Finding::new("log", None, "the store panicked over what it found")),
    }
    journal(dir, &mut verified)?;
    Ok(verified)
}

fn check_room(dir: &Path, free_bytes_min: u64) -> anyhow::Result<()> {
    let bytes = COPIED.iter().map(|name| room::bytes_of(&dir.join(name)));
    let needed = bytes.sum::<io::Result<u64>>()?.saturating_add(free_bytes_min);
    let free = room::free_bytes(dir).unwrap_or(u64::MAX);
    ensure!(
        free >= needed,
        "there is no room for a copy to look at: {needed} bytes are needed in {}, {free} are free          (log.free_bytes_min of them stay so)",
        dir.display()
    );
    Ok(())
}

/// Gone when it was looked at, whatever came of it.
struct Scratch(PathBuf);

impl Scratch {
    fn make(dir: &Path) -> io::Result<Self> {
        let scratch = Self(dir.join(SCRATCH));
        fs::create_dir(&scratch.0)?;
        for name in COPIED {
            copy(&dir.join(name), &scratch.0.join(name))?;
        }
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, scratch = %self.0.display(), "A copy could not be removed.");
        }
    }
}

/// What is not there is not copied.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        fs::copy(from, to)?;
    } else if from.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy(&from.join(&name), &to.join(name))?;
        }
    }
    Ok(())
}

fn copied(
    config: &Config,
    master: SecretKey,
    tell: impl FnMut(Position),
    verified: &mut Verified,
) -> anyhow::Result<()> {
    let settings = LogSettings { copy_before_open: false, ..folder::log_settings(config) };
    let log = match EventLog::open(&settings, master) {
        Ok(log) => log,
        Err(error) => {
            let finding = Finding::of(&error);
            verified.find(finding.ok_or(error).context("the folder cannot be opened")?);
            return Ok(());
        }
    };
    *verified = log.verify(tell);
    // A log that is damaged stops them; what it holds was told already.
    if let Err(error) = projections(config, &log, verified) {
        verified.find(Finding::new("projections", None, format!("{error:#}")));
    }
    log.close();
    Ok(())
}

/// Whether the projections are those that the log makes, and which streams stand still.
fn projections(config: &Config, log: &EventLog, verified: &mut Verified) -> anyhow::Result<()> {
    let lived = digest(config, log, verified)?;
    fs::remove_dir_all(folder::projections_in(&config.data.dir))?;
    let rebuilt = digest(config, log, &mut Verified::default())?;
    if lived != rebuilt {
        let what = "they differ from those that the log makes: remove the folder";
        verified.find(Finding::new("projections", None, what));
    }
    Ok(())
}

fn digest(config: &Config, log: &EventLog, verified: &mut Verified) -> anyhow::Result<[u8; 32]> {
    let projections = app::open_projections(config, log.clone())?;
    let caught_up = Handle::current().block_on(app::caught_up(&projections, log.watermark()));
    for (stream, position, reason) in projections.parked() {
        let what = format!("{stream} stands still: {reason}");
        verified.find(Finding::new("projections", Some(position), what));
    }
    let digest = projections.digest();
    projections.close();
    caught_up?;
    digest.context("the projections cannot be read")
}

fn journal(dir: &Path, verified: &mut Verified) -> anyhow::Result<()> {
    let damaged = journal::damaged(&folder::journal_in(dir));
    for (file, line) in damaged.context("the access journal cannot be read")? {
        let name = file.strip_prefix(dir).unwrap_or(&file).display().to_string();
        verified.find(Finding::new(name, None, format!("line {line} is damaged")));
    }
    Ok(())
}
