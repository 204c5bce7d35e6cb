//! Every way to get in at a server that lets not everybody in, and what is said when it does not.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use dossier::{
    config::Secret,
    publisher::{Login, PublisherSettings, PublisherState, SecretIn},
};
use tempfile::TempDir;

use super::{Log, STREAM};
use crate::support::{
    certificates::Authority,
    nats::{NatsServer, agree},
    nats_accounts,
};

/// A server set up so, and files that the publisher is told of.
struct Guarded {
    server: NatsServer,
    dir: TempDir,
    streams: AtomicU64,
}

impl Guarded {
    fn new(configuration: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = NatsServer::configured(configuration);
        Self { server, dir, streams: AtomicU64::default() }
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn settings(&self, login: Login) -> PublisherSettings {
        PublisherSettings { login, ..PublisherSettings::new([self.server.url()]) }
    }

    /// Gets in, and publishes all there is.
    async fn lets_in(&self, settings: PublisherSettings) {
        let log = Log::new();
        log.fill(50).await;
        let name = format!("S{}", self.streams.fetch_add(1, Ordering::Relaxed));
        let prefix = name.to_lowercase();
        let running = log.publish(PublisherSettings { stream: name, prefix, ..settings });
        running.caught_up().await;
        let comparison = running.publisher.compare().await.unwrap();
        assert!(comparison.agrees() && comparison.messages == 50, "{comparison}");
    }

    /// Does not get in, and says so without the secret.
    async fn keeps_out(&self, settings: PublisherSettings, secret: &str) {
        let log = Log::new();
        log.fill(1).await;
        let running = log.publish(settings);
        let status = running.until(|status| status.last_error.is_some()).await;
        assert_eq!(status.state, PublisherState::Connecting);
        let error = status.last_error.unwrap();
        assert!(error.contains("NATS cannot be reached") && !error.contains(secret), "{error}");
    }
}

fn given(secret: &str) -> SecretIn {
    SecretIn::Settings(Secret::new(secret.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn with_user_and_password() {
    let guarded =
        Guarded::new("authorization { users: [{ user: dossier, password: open-sesame }] }");
    let login = |password| Login::Password { user: "dossier".to_owned(), password };
    guarded.lets_in(guarded.settings(login(given("open-sesame")))).await;
    let file = guarded.file("password", "open-sesame\n");
    guarded.lets_in(guarded.settings(login(SecretIn::File(file)))).await;
    let url = guarded.server.url().replace("://", "://dossier:open%2Dsesame@");
    guarded.lets_in(PublisherSettings::new([url])).await;
    guarded.keeps_out(guarded.settings(login(given("open-barley"))), "open-barley").await;
    guarded.keeps_out(guarded.settings(Login::None), "open-sesame").await;
    let gone = guarded.dir.path().join("gone");
    guarded.keeps_out(guarded.settings(login(SecretIn::File(gone))), "open-sesame").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token() {
    let guarded = Guarded::new("authorization { token: open-sesame }");
    let file = guarded.file("token", "open-sesame\n");
    guarded.lets_in(guarded.settings(Login::Token(SecretIn::File(file)))).await;
    guarded.keeps_out(guarded.settings(Login::Token(given("open-barley"))), "open-barley").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_nkey() {
    let user = nkeys::KeyPair::new_user();
    let public = user.public_key();
    let guarded = Guarded::new(&format!("authorization {{ users: [{{ nkey: {public} }}] }}"));
    let file = guarded.file("seed", &user.seed().unwrap());
    guarded.lets_in(guarded.settings(Login::Nkey(file))).await;
    let stranger = nkeys::KeyPair::new_user().seed().unwrap();
    let file = guarded.file("stranger", &stranger);
    guarded.keeps_out(guarded.settings(Login::Nkey(file)), &stranger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_credentials_file() {
    let accounts = nats_accounts::Accounts::new();
    let guarded = Guarded::new(&accounts.configuration());
    let file = guarded.file("own.creds", &accounts.credentials());
    guarded.lets_in(guarded.settings(Login::Credentials(file))).await;
    let stranger = nats_accounts::Accounts::new().credentials();
    let file = guarded.file("stranger.creds", &stranger);
    guarded.keeps_out(guarded.settings(Login::Credentials(file)), "SU").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_tls_with_a_certificate() {
    let authority = Authority::new("bank");
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, content: &str| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let (own, client) = (authority.server(), authority.client("dossier"));
    let (server, key) = (put("server.pem", &own.certificate), put("server-key.pem", &own.key));
    let roots = put("roots.pem", &authority.pem());
    let shown = (put("client.pem", &client.certificate), put("client-key.pem", &client.key));
    let guarded = Guarded::new(&format!(
        "tls {{ cert_file: {server:?}, key_file: {key:?}, ca_file: {roots:?}, verify: true }}"
    ));
    let url = guarded.server.url().replace("nats://", "tls://");
    let known = PublisherSettings {
        certificate: Some(shown),
        root_certificates: Some(roots.clone()),
        ..PublisherSettings::new([url])
    };
    let log = Log::new();
    log.fill(50).await;
    log.publish(known.clone()).caught_up().await;
    let nobody = PublisherSettings { certificate: None, ..known.clone() };
    guarded.keeps_out(nobody, "PRIVATE KEY").await;
    let suspicious = PublisherSettings { root_certificates: None, ..known };
    guarded.keeps_out(suspicious, "PRIVATE KEY").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_that_is_there_is_found_among_several() {
    let mut away = NatsServer::start();
    let there = NatsServer::start();
    away.kill();
    let log = Log::new();
    log.fill(50).await;
    let running = log.publish(PublisherSettings::new([away.url(), there.url()]));
    running.caught_up().await;
    agree(&log.log, &there.read(STREAM).await);
}
