//! How the publisher is set up, and what of that is refused.

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use events::tag::Class;
use serde::{Deserialize, Serialize};

use crate::config::Secret;

/// Messages in flight that any server can be expected to take.
const IN_FLIGHT_MAX: usize = 4096;

/// Which events are published with their body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyClass {
    Identity,
    Contact,
    Kyc,
    /// What is not personal.
    None,
}

impl From<Option<Class>> for BodyClass {
    fn from(class: Option<Class>) -> Self {
        match class {
            Some(Class::Identity) => Self::Identity,
            Some(Class::Contact) => Self::Contact,
            Some(Class::Kyc) => Self::Kyc,
            None => Self::None,
        }
    }
}

/// What a full stream does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Discard {
    /// Refuses new messages: publishing stands still, visibly.
    New,
    /// Drops its oldest.
    Old,
}

/// How the service proves who it is, beside a certificate.
#[derive(Debug, Clone)]
pub enum Login {
    None,
    Password {
        user: String,
        password: SecretIn,
    },
    Token(SecretIn),
    /// A file with the seed of an nkey.
    Nkey(PathBuf),
    /// A credentials file (JWT and key).
    Credentials(PathBuf),
}

/// Where a secret stands; a file is read for every connection.
#[derive(Debug, Clone)]
pub enum SecretIn {
    Settings(Secret),
    File(PathBuf),
}

/// Where to publish, and what.
///
/// Prints its stream only, since a URL may hold a password.
#[derive(Clone)]
pub struct PublisherSettings {
    /// `nats://HOST:PORT` or `tls://HOST:PORT`, with `USER:PASSWORD@` before the host if need be.
    pub urls: Vec<String>,
    pub stream: String,
    /// The first token of every subject.
    pub prefix: String,
    /// `source` of every `CloudEvent`: which dossier this is.
    pub source: String,
    /// Copies that a new stream keeps in a cluster.
    pub replicas: usize,
    /// Bytes that a new stream may hold; zero is no limit.
    pub bytes_max: u64,
    /// How old a message may get in a new stream; zero is no limit.
    pub age_max: Duration,
    pub discard: Discard,
    /// How long a new stream's server knows a message id again.
    pub duplicate_window: Duration,
    /// Whether a new stream takes many messages in one write.
    pub atomic_batches: bool,
    /// How often the stream is asked where it begins and ends, whether events are published or not.
    pub look_every: Duration,
    /// Messages sent and not yet acknowledged.
    pub in_flight_max: usize,
    /// The others go out as headers only, so that no position is missing.
    pub bodies: BTreeSet<BodyClass>,
    /// What stands before `<tag>.json` in every `ce-dataschema`, which must be absolute.
    pub schemas_url: String,
    pub login: Login,
    /// The certificate to show, and its private key, in PEM.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Whom to trust besides the system's own, in PEM.
    pub root_certificates: Option<PathBuf>,
}

impl fmt::Debug for PublisherSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublisherSettings").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl PublisherSettings {
    pub fn new(urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            urls: urls.into_iter().map(Into::into).collect(),
            stream: "DOSSIER".to_owned(),
            prefix: "dossier".to_owned(),
            source: "/dossier".to_owned(),
            replicas: 1,
            bytes_max: 0,
            age_max: Duration::ZERO,
            discard: Discard::New,
            duplicate_window: Duration::from_mins(2),
            atomic_batches: false,
            look_every: Duration::from_secs(30),
            in_flight_max: 256,
            bodies: [BodyClass::Identity, BodyClass::Contact, BodyClass::None].into(),
            schemas_url: "http://127.0.0.1:8080/schemas/".to_owned(),
            login: Login::None,
            certificate: None,
            root_certificates: None,
        }
    }

    /// Files that hold what opens the servers.
    pub(super) fn secret_files(&self) -> impl Iterator<Item = &Path> {
        let login = match &self.login {
            Login::Password { password: SecretIn::File(path), .. }
            | Login::Token(SecretIn::File(path))
            | Login::Nkey(path)
            | Login::Credentials(path) => Some(path),
            Login::None
            | Login::Password { password: SecretIn::Settings(_), .. }
            | Login::Token(SecretIn::Settings(_)) => None,
        };
        let key = self.certificate.as_ref().map(|(_, key)| key);
        login.into_iter().chain(key).map(PathBuf::as_path)
    }

    pub(super) fn check(&self) -> Result<(), PublisherError> {
        if !is_token(&self.stream) {
            return Err(PublisherError::Name("stream"));
        }
        if !self.prefix.split('.').all(is_token) {
            return Err(PublisherError::Name("prefix"));
        }
        if !(1..=IN_FLIGHT_MAX).contains(&self.in_flight_max) {
            return Err(PublisherError::InFlight);
        }
        Ok(())
    }
}

/// Why publishing does not even begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublisherError {
    #[error("no NATS URL is given")]
    NoUrl,
    /// Which one it is, since it may hold a password.
    #[error("NATS URL {nth} is none: nats://HOST:PORT or tls://HOST:PORT is expected")]
    Url { nth: usize },
    #[error(
        "NATS at {host} is not on this machine, and bodies are sent in clear: \
         use tls:// instead of nats://"
    )]
    Plaintext { host: String },
    #[error("the {0} for NATS must be of letters, digits, dashes and underscores")]
    Name(&'static str),
    #[error("the messages in flight must be 1 to {IN_FLIGHT_MAX}")]
    InFlight,
}

/// Whether a text can be one token of a subject, and a name of a stream.
pub(crate) fn is_token(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_holds_a_secret_is_known() {
        let path = || PathBuf::from("secret");
        let user = || "dossier".to_owned();
        let text = || SecretIn::Settings(Secret::new("secret".to_owned()));
        for (login, files) in [
            (Login::None, 0),
            (Login::Password { user: user(), password: text() }, 0),
            (Login::Token(text()), 0),
            (Login::Password { user: user(), password: SecretIn::File(path()) }, 1),
            (Login::Token(SecretIn::File(path())), 1),
            (Login::Nkey(path()), 1),
            (Login::Credentials(path()), 1),
        ] {
            let bare = PublisherSettings { login, ..PublisherSettings::new(["nats://a"]) };
            assert_eq!(bare.secret_files().count(), files, "{:?}", bare.login);
            let certificate = Some((PathBuf::from("public"), path()));
            let certified = PublisherSettings { certificate, ..bare };
            assert!(certified.secret_files().all(|file| file == path()));
            assert_eq!(certified.secret_files().count(), files + 1);
        }
    }
}
