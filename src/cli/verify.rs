//! `dossier verify`.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Misused, Settings};
use crate::{folder, verify};

/// To the shell: what was looked at is damaged.
const FOUND: u8 = 4;

#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    settings: Settings,
}

impl Verify {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
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
        let found = if count == 0 { "nothing".to_owned() } else { format!("{count} findings") };
        eprintln!(
            "{} events, {} receipts, keys of {} streams: {found}.",
            verified.events, verified.receipts, verified.keys
        );
        Ok(ExitCode::from(if count == 0 { 0 } else { FOUND }))
    }
}
