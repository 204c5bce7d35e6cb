//! `dossier backup` and `dossier export`: from a folder, or from a running service.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, ensure};
use clap::Args;
use events::log::{Ended, Salvage};

use super::{
    Misused, Settings,
    remote::{AdminPort, Remote},
};
use crate::{
    backup::{self, EndedQuery, Source},
    folder,
    lasting::{self, For},
};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The folder of the backup; the first one makes it, the next ones add to it.
    #[arg(value_name = "BACKUP")]
    dir: PathBuf,
    /// Takes what can still be read of a damaged folder that is not served: events without receipts.
    #[arg(long, conflicts_with = "url")]
    salvage: bool,
    #[command(flatten)]
    from: From,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file to write; "-" writes to standard output.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    #[command(flatten)]
    from: From,
}

/// Where it comes from.
#[derive(Debug, Args)]
struct From {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    admin: AdminPort,
}

impl Backup {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let add = |source: &dyn Source| backup::add(&self.dir, source);
        let added = if self.salvage { self.from.salvaged(add) } else { self.from.with(add) }?;
        match added.position.0 - added.after.0 {
            0 => eprintln!("Nothing new since position {}; the keys are as of now.", added.after),
            new => eprintln!("{new} events added, up to position {}.", added.position),
        }
        Ok(())
    }
}

impl Export {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        self.from.with(|source| to(&self.file, |out| source.events(None, out)))
    }

    pub(super) fn run_keys(&self) -> anyhow::Result<()> {
        self.from.with(|source| to(&self.file, |out| source.keys(out)))
    }
}

fn to(file: &Path, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    if file.as_os_str() == "-" {
        return write(&mut io::stdout().lock());
    }
    lasting::write(file, For::Everyone, |half| write(half))
}

impl From {
    fn salvaged<T>(&self, run: impl FnOnce(&dyn Source) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let config = self.settings.load()?;
        let dir = &config.data.dir;
        let there = dir.join("keys").exists();
        ensure!(there, Misused(anyhow!("{} holds no keys of dossier", dir.display())));
        let master = folder::master_key(&config, self.settings.dev)?;
        let salvage = Salvage::of(dir, master);
        run(&salvage.with_context(|| format!("{} cannot be searched", dir.display()))?)
    }

    fn with<T>(&self, run: impl FnOnce(&dyn Source) -> anyhow::Result<T>) -> anyhow::Result<T> {
        if let Some(remote) = self.admin.remote(&self.settings)? {
            return run(&Service { remote, runtime: super::runtime()? });
        }
        let config = self.settings.load()?;
        folder::check_exists(&config).map_err(Misused)?;
        let log = folder::open_log(&config, self.settings.dev, false)?;
        let done = run(&log);
        log.close();
        done
    }
}

/// A running service, asked for its archives.
struct Service {
    remote: Remote,
    runtime: tokio::runtime::Runtime,
}

impl Source for Service {
    fn events(&self, before: Option<Ended>, out: &mut dyn Write) -> anyhow::Result<()> {
        let query = EndedQuery::from(before);
        self.runtime.block_on(self.remote.copy(&format!("/export?{query}"), out))
    }

    fn keys(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        self.runtime.block_on(self.remote.copy("/export/keys", out))
    }
}
