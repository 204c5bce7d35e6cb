//! `[nats]`: where events are published, and how the service gets in there.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{Config, Secret, without_secret};
use crate::{
    intake::IntakeSettings,
    publisher::{BodyClass, Discard, Login, PublisherSettings, SecretIn},
};

/// What can be set about publishing.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Nats {
    #[serde(serialize_with = "without_secrets")]
    pub urls: Vec<String>,
    pub stream: String,
    pub prefix: String,
    pub replicas: usize,
    pub bytes_max: u64,
    pub age_max_h: u64,
    pub discard: Discard,
    pub duplicate_window_s: u64,
    pub atomic_batches: bool,
    pub look_s: u64,
    pub in_flight_max: usize,
    pub bodies: BTreeSet<BodyClass>,
    pub schemas_url: String,
    pub user: String,
    pub password: Secret,
    pub password_file: PathBuf,
    pub token: Secret,
    pub token_file: PathBuf,
    pub nkey_file: PathBuf,
    pub credentials: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub root_certificates: PathBuf,
    pub feed: NatsFeed,
}

/// The bank's statements, where they come over NATS.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NatsFeed {
    pub stream: String,
    pub consumer: String,
    pub parked_subject: String,
    pub parked_stream: String,
    pub parked_age_max_h: u64,
    pub parked_bytes_max: u64,
}

impl Config {
    /// What the intake is told; none where nothing comes over NATS.
    pub fn intake(&self) -> Option<IntakeSettings> {
        let feed = self.nats.feed.clone();
        (!feed.stream.is_empty()).then(|| IntakeSettings {
            nats: self.publisher(),
            stream: feed.stream,
            consumer: feed.consumer,
            parked_subject: feed.parked_subject,
            parked_stream: feed.parked_stream,
            parked_age_max: Duration::from_hours(feed.parked_age_max_h),
            parked_bytes_max: feed.parked_bytes_max,
        })
    }

    /// What the publisher is told.
    pub fn publisher(&self) -> PublisherSettings {
        let nats = &self.nats;
        PublisherSettings {
            stream: nats.stream.clone(),
            prefix: nats.prefix.clone(),
            replicas: nats.replicas,
            bytes_max: nats.bytes_max,
            age_max: Duration::from_secs(nats.age_max_h * 3600),
            discard: nats.discard,
            duplicate_window: Duration::from_secs(nats.duplicate_window_s),
            atomic_batches: nats.atomic_batches,
            look_every: Duration::from_secs(nats.look_s),
            in_flight_max: nats.in_flight_max,
            bodies: nats.bodies.clone(),
            schemas_url: self.schemas_url(),
            login: nats.login(),
            certificate: file(&nats.certificate).zip(file(&nats.key)),
            root_certificates: file(&nats.root_certificates),
            ..PublisherSettings::new(&nats.urls)
        }
    }

    /// Whether subscribers are sent to an address that nobody can connect to.
    pub fn hides_schemas(&self) -> bool {
        self.nats.schemas_url.is_empty()
            && !self.nats.urls.is_empty()
            && self.http.listen.ip().is_unspecified()
    }

    /// Where subscribers find the schemas: what is set, else where this service listens.
    fn schemas_url(&self) -> String {
        if !self.nats.schemas_url.is_empty() {
            return self.nats.schemas_url.clone();
        }
        let scheme = if self.http.tls.is_on() { "https" } else { "http" };
        format!("{scheme}://{}{}/schemas/", self.http.listen, self.http.base_path)
    }
}

impl Nats {
    /// The one way in that is configured; `wrong` has seen to it that there are not two.
    fn login(&self) -> Login {
        if !self.user.is_empty() {
            let password = secret(&self.password, &self.password_file);
            return Login::Password { user: self.user.clone(), password };
        }
        if !self.token.expose().is_empty() || is_given(&self.token_file) {
            return Login::Token(secret(&self.token, &self.token_file));
        }
        if let Some(path) = file(&self.nkey_file) {
            return Login::Nkey(path);
        }
        file(&self.credentials).map_or(Login::None, Login::Credentials)
    }

    /// All that is wrong, each in a clause of its own.
    pub(super) fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let bounds: [(&str, u64, u64, u64); 7] = [
            ("nats.bytes_max", self.bytes_max, 0, 1 << 50),
            ("nats.age_max_h", self.age_max_h, 0, 24 * 366 * 100),
            ("nats.feed.parked_age_max_h", self.feed.parked_age_max_h, 0, 24 * 366 * 100),
            ("nats.feed.parked_bytes_max", self.feed.parked_bytes_max, 0, 1 << 50),
            ("nats.duplicate_window_s", self.duplicate_window_s, 1, 3600),
            ("nats.look_s", self.look_s, 1, 3600),
            ("nats.replicas", u64::try_from(self.replicas).unwrap_or(u64::MAX), 1, 5),
        ];
        for (name, value, min, max) in bounds {
            if !(min..=max).contains(&value) {
                wrong.push(format!("{name} must lie between {min} and {max}"));
            }
        }
        wrong.extend(self.wrong_schemas_url());
        wrong.extend(self.wrong_logins());
        wrong
    }

    /// `CloudEvents` wants an absolute URI, and the name of a file comes right after it.
    fn wrong_schemas_url(&self) -> Option<String> {
        let url = &self.schemas_url;
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"%<>\\^`{|}?#".contains(&byte);
        let scheme = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        let fits = scheme(url) && url.ends_with('/') && url.bytes().all(plain);
        (!url.is_empty() && !fits).then(|| {
            "nats.schemas_url must begin with https:// or http://, end with /, and have no ? or #"
                .to_owned()
        })
    }

    fn wrong_logins(&self) -> Vec<String> {
        let has = |secret: &Secret| !secret.expose().is_empty();
        let mut wrong = Vec::new();
        let logins = [
            !self.user.is_empty(),
            has(&self.token) || is_given(&self.token_file),
            is_given(&self.nkey_file),
            is_given(&self.credentials),
        ];
        if logins.into_iter().filter(|login| *login).count() > 1 {
            wrong.push(
                "of nats.user, nats.token, nats.nkey_file and nats.credentials only one is to be \
                 given"
                    .to_owned(),
            );
        }
        if has(&self.password) && is_given(&self.password_file) {
            wrong.push("give nats.password or nats.password_file, not both".to_owned());
        }
        if has(&self.token) && is_given(&self.token_file) {
            wrong.push("give nats.token or nats.token_file, not both".to_owned());
        }
        let has_password = has(&self.password) || is_given(&self.password_file);
        if self.user.is_empty() == has_password {
            wrong.push("nats.user needs a password, and a password needs nats.user".to_owned());
        }
        if is_given(&self.certificate) != is_given(&self.key) {
            wrong.push("nats.certificate and nats.key must be given together".to_owned());
        }
        wrong
    }
}

fn is_given(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}

fn file(path: &Path) -> Option<PathBuf> {
    is_given(path).then(|| path.to_path_buf())
}

fn secret(given: &Secret, path: &Path) -> SecretIn {
    file(path).map_or_else(|| SecretIn::Settings(given.clone()), SecretIn::File)
}

/// URLs without what may stand in them to get in.
fn without_secrets<S: serde::Serializer>(
    urls: &[String],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(urls.iter().map(|url| without_secret(url)))
}
