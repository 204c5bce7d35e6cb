//! `dossier verify`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Misused, Settings};
use crate::{backup, folder, verify};

/// To the shell: what was looked at is damaged.
const FOUND: u8 = 4;

#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    settings: Settings,
    /// Looks at a backup instead, for which no key is needed.
    #[arg(long, value_name = "BACKUP", conflicts_with_all = ["data", "dev"])]
    backup: Option<PathBuf>,
}

impl Verify {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        match &self.backup {
            Some(backup) => verify_backup(backup),
            None => self.verify_folder(),
        }
    }

    fn verify_folder(&self) -> anyhow::Result<ExitCode> {
        let config = self.settings.load()?;
        folder::check_exists(&config).map_err(Misused)?;
        let master = folder::master_key(&config, self.settings.dev)?;
        let style = ProgressStyle::with_template("{elapsed} {pos} events, {per_sec}")?;
        let bar = ProgressBar::new_spinner().with_style(style);
        let (runtime, shown) = (super::runtime()?, bar.clone());
        let look = move || verify::folder(&config, master, |at| shown.set_position(at.0));
        let verified = runtime.block_on(runtime.spawn_blocking(look))?;
        bar.finish_and_clear();
        let verified = verified?;
        let mut out = io::stdout().lock();
        for finding in &verified.findings {
            writeln!(out, "{finding}")?;
        }
        out.flush()?;
        let count = u64::try_from(verified.findings.len())? + verified.more;
        let found =
            if count == 0 { "nothing found".to_owned() } else { format!("{count} findings") };
        eprintln!(
            "{} events, {} receipts, keys of {} streams: {found}.",
            verified.events, verified.receipts, verified.keys
        );
        Ok(ExitCode::from(if count == 0 { 0 } else { FOUND }))
    }
}

fn verify_backup(dir: &Path) -> anyhow::Result<ExitCode> {
    if backup::archives(dir).map_err(|error| Misused(error.into()))?.is_empty() {
        return Err(Misused(anyhow::anyhow!("{} holds no backup", dir.display())).into());
    }
    match backup::check(dir) {
        Ok(position) => {
            eprintln!("{position} events: nothing found.");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("{error:#}");
            Ok(ExitCode::from(FOUND))
        }
    }
}
