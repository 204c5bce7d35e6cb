//! One connection to NATS, never mended: when it is gone, so is the session on it.

use std::{fs, io, path::Path, time::Duration};

use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use percent_encoding::percent_decode_str;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::settings::{Login, PublisherError, PublisherSettings, SecretIn};
use crate::loopback;

/// For TCP, TLS and the greeting of one server.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Before every subject that answers and deliveries come on: whoever else is let in under the same
/// account may not listen there.
const INBOX: &str = "_INBOX_dossier";
/// An idle connection whose other end has vanished is noticed after three of these.
const PING_EVERY: Duration = Duration::from_secs(10);

/// Where NATS is, and how to get in.
#[derive(Debug)]
pub(crate) struct Server {
    addresses: Vec<ServerAddr>,
    settings: PublisherSettings,
}

/// A client, and whether its connection still stands.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) gone: CancellationToken,
}

impl Server {
    pub(crate) fn new(settings: &PublisherSettings) -> Result<Self, PublisherError> {
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
    pub(crate) async fn connect(&self) -> Result<Connection, async_nats::Error> {
        let gone = CancellationToken::new();
        let options = self.options(gone.clone())?;
        let client = options.connect(self.addresses.as_slice()).await?;
        Ok(Connection { client, gone })
    }

    fn options(&self, gone: CancellationToken) -> Result<ConnectOptions, async_nats::Error> {
        let mut options = ConnectOptions::new()
            .name("dossier")
            .custom_inbox_prefix(INBOX)
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
        if let Some((certificate, key)) = &self.settings.certificate {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        self.log_in(options)
    }

    fn log_in(&self, options: ConnectOptions) -> Result<ConnectOptions, async_nats::Error> {
        Ok(match &self.settings.login {
            // The client library does not look into URLs for these.
            Login::None => match self.addresses.iter().find(|address| address.has_user_pass()) {
                Some(address) => {
                    let password = decoded(address.password().unwrap_or_default());
                    options.user_and_password(
                        decoded(address.username().unwrap_or_default()),
                        password,
                    )
                }
                None => options,
            },
            Login::Password { user, password } => {
                options.user_and_password(user.clone(), read(password)?.to_string())
            }
            Login::Token(token) => options.token(read(token)?.to_string()),
            Login::Nkey(path) => options.nkey(read_file(path)?.trim().to_owned()),
            Login::Credentials(path) => {
                options.credentials(&read_file(path)?).map_err(|error| in_file(path, error))?
            }
        })
    }
}

/// A part of a URL as it was meant.
fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

fn read(secret: &SecretIn) -> io::Result<Zeroizing<String>> {
    match secret {
        SecretIn::Settings(secret) => Ok(Zeroizing::new(secret.expose().to_owned())),
        SecretIn::File(path) => Ok(Zeroizing::new(read_file(path)?.trim().to_owned())),
    }
}

fn read_file(path: &Path) -> io::Result<Zeroizing<String>> {
    fs::read_to_string(path).map(Zeroizing::new).map_err(|error| in_file(path, error))
}

fn in_file(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
