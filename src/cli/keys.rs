//! `dossier keys`.

use std::{fs::File, io::BufReader, path::PathBuf};

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};

use super::{Misused, Settings, backup::Export};
use crate::{folder, lasting};

#[derive(Debug, Args)]
pub(super) struct Keys {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Writes the data keys, wrapped under the master key, as an archive; a backup holds them, too.
    Export(Export),
    /// Wraps the data keys of a stopped folder under another master key.
    ///
    /// Whenever it is cut off, the folder opens under the one key or under the other; run it again
    /// then. Projections are built anew at the next start. Keep the old master key as long as
    /// there are backups from before, and make a backup afterwards.
    Rotate(Rotate),
    /// Puts keys of a backup in the place of those that are damaged in a stopped folder.
    ///
    /// A key that can be used stays as it is. Take the newest backup: what was forgotten after it
    /// was made, and is damaged here, comes back with it.
    Mend(Mend),
}

#[derive(Debug, Args)]
struct Mend {
    /// The `keys.ndjson` of a backup, or an archive that `keys export` has written.
    #[arg(value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
struct Rotate {
    /// A file with the new master key, 64 hexadecimal digits; made when it is missing.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

impl Keys {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        match &self.command {
            KeysCommand::Export(export) => export.run_keys(),
            KeysCommand::Rotate(rotate) => rotate.run(),
            KeysCommand::Mend(mend) => mend.run(),
        }
    }
}

impl Mend {
    fn run(&self) -> anyhow::Result<()> {
        let config = self.settings.load()?;
        folder::check_exists(&config).map_err(Misused)?;
        let master = folder::master_key(&config, self.settings.dev)?;
        let told = || format!("{} cannot be read", self.from.display());
        let archive = File::open(&self.from).with_context(told).map_err(Misused)?;
        let mended = events::log::mend_keys(&config.data.dir, BufReader::new(archive), &master)
            .context("the keys stay as they are")?;
        let (count, left) = (mended.slots.len(), mended.left);
        ensure!(
            left.is_empty(),
            "{count} damaged keys were replaced, but slots {left:?} are damaged, too, and {} lacks \
             them",
            self.from.display()
        );
        eprintln!("{count} damaged keys were replaced.");
        Ok(())
    }
}

impl Rotate {
    fn run(&self) -> anyhow::Result<()> {
        let config = self.settings.load()?;
        folder::check_exists(&config).map_err(Misused)?;
        let from = folder::master_key(&config, self.settings.dev)?;
        let to = folder::read_or_make_master(&self.to)?;
        // Before anything is wrapped under it; whoever made it may not have seen to that.
        lasting::sync(&self.to).with_context(|| format!("{} may not last", self.to.display()))?;
        let same = from.expose() == to.expose();
        ensure!(!same, Misused(anyhow::anyhow!("{} holds the key in use", self.to.display())));
        let dir = &config.data.dir;
        let streams = events::log::rotate_master(dir, from, &to)
            .with_context(|| format!("the keys of {} are not changed for certain: it opens under the old key or the new one", dir.display()))?;
        eprintln!(
            "The keys of {streams} streams are wrapped under the key in {}: set keys.master_file.",
            self.to.display()
        );
        Ok(())
    }
}
