//! `dossier serve`.

use std::net::SocketAddr;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{Misused, Settings};
use crate::{
    config::Config,
    listener,
    service::{Service, Start},
};

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    settings: Settings,
    /// Where clients connect [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where operators connect [default: 127.0.0.1:9080].
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<SocketAddr>,
    /// A NATS server to publish on, several separated by commas, or "off": neither is published
    /// there nor are statements taken from there.
    #[arg(long, value_name = "URL|off")]
    nats: Option<String>,
    /// Serves a log that is shorter than it was known to be. What is missing stays missing.
    #[arg(long)]
    accept_loss: bool,
}

impl Serve {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let config = self.configured()?;
        super::runtime()?.block_on(self.serve(config))
    }

    fn configured(&self) -> anyhow::Result<Config> {
        let mut config = self.settings.load()?;
        config.http.listen = self.listen.unwrap_or(config.http.listen);
        config.http.admin_listen = self.admin_listen.unwrap_or(config.http.admin_listen);
        match self.nats.as_deref() {
            None => {}
            Some("off") => {
                config.nats.urls.clear();
                config.nats.feed.stream.clear();
            }
            Some(urls) => config.nats.urls = urls.split(',').map(str::to_owned).collect(),
        }
        Ok(config)
    }

    async fn serve(&self, config: Config) -> anyhow::Result<()> {
        listener::make_room(&config.http);
        let mut interrupted = signal(SignalKind::interrupt()).map_err(|e| Misused(e.into()))?;
        let mut terminated = signal(SignalKind::terminate()).map_err(|e| Misused(e.into()))?;
        let mut hung_up = signal(SignalKind::hangup()).map_err(|e| Misused(e.into()))?;
        let start = Start { dev: self.settings.dev, accept_loss: self.accept_loss };
        let service = Service::start(config, start).await?;
        tracing::info!(
            public = %service.public,
            admin = %service.admin,
            position = service.app.log.watermark().0,
            "Serving."
        );
        loop {
            tokio::select! {
                _ = interrupted.recv() => break,
                _ = terminated.recv() => break,
                _ = hung_up.recv() => service.reload().await,
            }
        }
        tracing::info!("Stopping: requests under way are finished first.");
        service.stop().await?;
        tracing::info!("Stopped; everything is on the disk.");
        Ok(())
    }
}
