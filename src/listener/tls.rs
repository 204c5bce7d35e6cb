//! TLS: the files it is made of, read again when they change.
//!
//! No session is resumed: every connection shows its certificate anew, to the authorities of now.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use parking_lot::{Mutex, RwLock};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    version::{TLS12, TLS13},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use zeroize::Zeroizing;

use super::peer::{self, Certificate, Peer, Pin};
use crate::{config, discretion};

/// Why a listener has no TLS: exit code 2 when it starts.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{} cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("{} holds no {what} in PEM", file.display())]
    Malformed { file: PathBuf, what: &'static str },
    #[error("the certificate in {} cannot be used with its key", .0.display())]
    Certificate(PathBuf, #[source] rustls::Error),
    #[error("the authorities in {} cannot be used: {why}", file.display())]
    Authorities { file: PathBuf, why: String },
    #[error("the cryptography cannot be set up")]
    Versions(#[source] rustls::Error),
}

/// Why a connection did not come about.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the handshake failed")]
    Handshake(#[from] io::Error),
    #[error("the client's certificate cannot be read")]
    Unreadable,
    #[error("the client's certificate, sha256:{}, is none of those configured", hex::encode(.0))]
    Stranger([u8; 32]),
}

/// TLS as one listener speaks it.
pub(crate) struct Tls {
    listener: &'static str,
    settings: config::Tls,
    current: RwLock<Arc<ServerConfig>>,
    seen: Mutex<Vec<Stamp>>,
}

/// What tells that a file has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp(Option<(SystemTime, u64)>);

impl Tls {
    pub(crate) fn load(listener: &'static str, settings: &config::Tls) -> Result<Self, TlsError> {
        let seen = Mutex::new(stamps(settings));
        let current = RwLock::new(read(listener, settings)?);
        Ok(Self { listener, settings: settings.clone(), current, seen })
    }

    /// Takes changed files into use; what was there stays where they are wrong. Blocks.
    pub(super) fn refresh(&self) {
        let now = stamps(&self.settings);
        let mut seen = self.seen.lock();
        if *seen != now {
            // Before they are read: what changes meanwhile is seen the next time.
            *seen = now;
            self.reload();
        }
    }

    /// The same, whether they look changed or not. Blocks.
    pub(super) fn reload(&self) {
        let listener = self.listener;
        match read(listener, &self.settings) {
            Ok(config) => {
                *self.current.write() = config;
                tracing::info!(listener, "New TLS files are in force for new connections.");
            }
            Err(error) => {
                let error = events::causes::chain(&error);
                metrics::counter!("dossier_tls_reload_failures_total", "listener" => listener)
                    .increment(1);
                tracing::error!(
                    listener,
                    error,
                    "The new TLS files are wrong; those from before stay in force."
                );
            }
        }
    }

    pub(super) async fn accept(
        &self,
        socket: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, Peer), Refusal> {
        let config = Arc::clone(&self.current.read());
        let stream = TlsAcceptor::from(config).accept(socket).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        // Where a certificate is asked for, there is no handshake without one.
        let Some(shown) = shown else { return Ok((stream, Peer::Plain)) };
        let certificate = Certificate::read(shown).ok_or(Refusal::Unreadable)?;
        let pins = &self.settings.clients;
        if !pins.is_empty() && !pins.iter().any(|pin: &Pin| pin.fits(&certificate)) {
            return Err(Refusal::Stranger(certificate.fingerprint));
        }
        Ok((stream, Peer::Certified(Arc::new(certificate))))
    }
}

fn stamps(settings: &config::Tls) -> Vec<Stamp> {
    let stamp = |path: &PathBuf| {
        let metadata = fs::metadata(path).ok();
        Stamp(metadata.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len()))))
    };
    [&settings.certificate, &settings.key, &settings.client_authorities].map(stamp).to_vec()
}

fn read(listener: &'static str, settings: &config::Tls) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(TlsError::Versions)?;
    let builder = if settings.asks_clients() {
        let file = &settings.client_authorities;
        let wrong = |why: String| TlsError::Authorities { file: file.clone(), why };
        let mut authorities = RootCertStore::empty();
        for authority in certificates(file)? {
            authorities.add(authority).map_err(|error| wrong(error.to_string()))?;
        }
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider).build();
        builder.with_client_cert_verifier(verifier.map_err(|error| wrong(error.to_string()))?)
    } else {
        builder.with_no_client_auth()
    };
    let chain = certificates(&settings.certificate)?;
    if let Some(ends) = chain.first().and_then(|own| peer::ends_at(own)) {
        tell_end(listener, ends);
    }
    let mut config = builder
        .with_single_cert(chain, private_key(&settings.key)?)
        .map_err(|error| TlsError::Certificate(settings.certificate.clone(), error))?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a gauge is a float")]
fn tell_end(listener: &'static str, ends: i64) {
    metrics::gauge!("dossier_tls_certificate_ends_seconds", "listener" => listener)
        .set(ends as f64);
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = contents(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => {
            Err(TlsError::Malformed { file: file.to_path_buf(), what: "certificate" })
        }
    }
}

/// Says nothing of what is wrong with the file, since that might quote it.
fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    discretion::look_at(file);
    let text = contents(file)?;
    PrivateKeyDer::from_pem_slice(&text)
        .map_err(|_| TlsError::Malformed { file: file.to_path_buf(), what: "private key" })
}

fn contents(file: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let text = fs::read(file).map_err(|error| TlsError::Unreadable(file.to_path_buf(), error))?;
    Ok(Zeroizing::new(text))
}
