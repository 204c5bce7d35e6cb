//! One connection to NATS, never mended: when it is gone, so is the session on it.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use tokio_util::sync::CancellationToken;

use super::settings::{PublisherError, PublisherSettings};
use crate::loopback;

/// For TCP, TLS and the greeting of one server.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// An idle connection whose other end has vanished is noticed after three of these.
const PING_EVERY: Duration = Duration::from_secs(10);

/// Where NATS is, and how to get in.
pub(super) struct Server {
    addresses: Vec<ServerAddr>,
    settings: PublisherSettings,
}

/// A client, and whether its connection still stands.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) gone: CancellationToken,
}

impl Server {
    pub(super) fn new(settings: &PublisherSettings) -> Result<Self, PublisherError> {
        let mut addresses = Vec::new();
        for (nth, url) in (1..).zip(&settings.urls) {
            let address: ServerAddr = url.parse().map_err(|_| PublisherError::Url { nth })?;
            if !loopback::is(address.host()) && !address.tls_required() {
                return Err(PublisherError::Plaintext { host: address.host().to_owned() });
            }
            addresses.push(address);
        }
        if addresses.is_empty() {
            return Err(PublisherError::NoUrl);
        }
        Ok(Self { addresses, settings: settings.clone() })
    }

    /// Tries each server once.
    pub(super) async fn connect(&self) -> Result<Connection, async_nats::Error> {
        let gone = CancellationToken::new();
        let options = self.options(gone.clone()).await?;
        let client = options.connect(self.addresses.as_slice()).await?;
        Ok(Connection { client, gone })
    }

    async fn options(&self, gone: CancellationToken) -> Result<ConnectOptions, async_nats::Error> {
        let mut options = ConnectOptions::new()
            .name("dossier publisher")
            .connection_timeout(CONNECT_MAX)
            .ping_interval(PING_EVERY)
            .max_reconnects(self.addresses.len())
            .ignore_discovered_servers()
            .event_callback(move |event| {
                if matches!(event, Event::Disconnected | Event::Closed) {
                    gone.cancel();
                }
                std::future::ready(())
            });
        if let Some(roots) = &self.settings.root_certificates {
            options = options.add_root_certificates(roots.clone());
        }
        if let Some(credentials) = &self.settings.credentials {
            options = options.credentials_file(credentials).await?;
        }
        Ok(options)
    }
}
