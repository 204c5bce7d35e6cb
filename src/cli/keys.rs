//! `dossier keys`.

use std::path::PathBuf;

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
        }
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
