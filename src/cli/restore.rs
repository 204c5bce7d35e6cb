//! `dossier restore`.

use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, ensure};
use clap::Args;

use super::{Misused, Settings};
use crate::{backup, folder};

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The folder of a backup, or an archive that `export` has written.
    #[arg(value_name = "BACKUP|FILE")]
    source: PathBuf,
    /// The archive of the keys that `keys export` has written [default: the backup's own].
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

impl Restore {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let config = self.settings.load()?;
        let (archives, keys) = self.sources().map_err(Misused)?;
        let keys = opened(&keys).map_err(|error| Misused(error.into()))?;
        if self.settings.dev {
            check_development_key(&config).map_err(Misused)?;
        }
        let master = folder::master_key(&config, self.settings.dev)?;
        let archives = archives.iter().map(|path| opened(path));
        let settings = folder::log_settings(&config);
        let restored = events::log::restore(&settings, master, keys, archives)
            .with_context(|| format!("nothing was restored into {}", config.data.dir.display()))?;
        eprintln!("{} events and {} receipts restored.", restored.position, restored.receipts);
        Ok(())
    }

    fn sources(&self) -> anyhow::Result<(Vec<PathBuf>, PathBuf)> {
        if self.source.is_dir() {
            let archives = backup::archives(&self.source)?;
            ensure!(!archives.is_empty(), "{} holds no backup", self.source.display());
            let keys = self.keys.clone().unwrap_or_else(|| backup::keys_in(&self.source));
            return Ok((archives.into_iter().map(|archive| archive.path).collect(), keys));
        }
        let told = "an archive alone has no keys: give those of `keys export` with --keys";
        Ok((vec![self.source.clone()], self.keys.clone().ok_or_else(|| anyhow!(told))?))
    }
}

fn opened(path: &Path) -> io::Result<BufReader<File>> {
    let file = File::open(path);
    let told = |error: io::Error| {
        io::Error::new(error.kind(), format!("{} cannot be read: {error}", path.display()))
    };
    Ok(BufReader::with_capacity(1 << 20, file.map_err(told)?))
}

/// A new one would open nothing.
fn check_development_key(config: &crate::config::Config) -> anyhow::Result<()> {
    let key = folder::development_key_in(&config.data.dir);
    let hint = "is missing: copy it from the old folder, or set keys.master_file";
    let is_set =
        !config.keys.master.expose().is_empty() || !config.keys.master_file.as_os_str().is_empty();
    ensure!(is_set || key.exists(), "{} {hint}", key.display());
    Ok(())
}
