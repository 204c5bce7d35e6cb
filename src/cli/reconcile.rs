//! `dossier reconcile`.

use std::process::ExitCode;

use anyhow::{Context, anyhow, ensure};
use clap::Args;

use super::{
    Misused, Settings,
    remote::{AdminPort, Remote},
};
use crate::{
    folder,
    publisher::{Comparison, Publisher},
};

/// The stream is not what the log says.
const DIFFERENT: u8 = 4;

#[derive(Debug, Args)]
pub(super) struct Reconcile {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    admin: AdminPort,
    /// Compares, and changes nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Reconcile {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let runtime = super::runtime()?;
        let comparison = match self.admin.remote(&self.settings)? {
            Some(remote) => runtime.block_on(self.of_service(&remote))?,
            None => runtime.block_on(self.of_folder())?,
        };
        super::print(&format!("{comparison}\n"))?;
        let code = if comparison.agrees() { 0 } else { DIFFERENT };
        Ok(ExitCode::from(code))
    }

    async fn of_service(&self, remote: &Remote) -> anyhow::Result<Comparison> {
        let path = if self.dry_run { "/reconcile?dry-run" } else { "/reconcile" };
        let answer = remote.post(path).send().await;
        let answer = answer.context("the service's admin port did not answer")?;
        let status = answer.status();
        let body = answer.bytes().await.context("the answer broke off")?;
        ensure!(
            status.is_success(),
            "the service answered {status}: {}",
            String::from_utf8_lossy(&body).trim_end()
        );
        serde_json::from_slice(&body).context("the service's answer cannot be read")
    }

    async fn of_folder(&self) -> anyhow::Result<Comparison> {
        let config = self.settings.load()?;
        folder::check_exists(&config).map_err(Misused)?;
        let none = || Misused(anyhow!("no NATS server is configured (nats.urls)"));
        ensure!(!config.nats.urls.is_empty(), none());
        let log = folder::open_log(&config, self.settings.dev, false)?;
        let publisher = Publisher::idle(config.publisher(), log.clone());
        let publisher = publisher.map_err(|error| Misused(error.into()))?;
        let compared =
            if self.dry_run { publisher.compare().await } else { publisher.reconcile_once().await };
        log.close();
        Ok(compared?)
    }
}
