//! How the service is reached: with which certificates, at what pace, and by which port.

mod admin;
mod beyond;
mod bounds;
mod certificates;
mod crowds;
mod reload;
mod senders;

use dossier::config::Config;
use tempfile::TempDir;

use crate::support::{
    app::TestApp,
    bank,
    certificates::{Authority, Certified, put, settings},
    client::Client,
};

/// A small bank behind TLS, with the authority of its own certificate and the one of its clients'.
struct Secured {
    app: TestApp,
    servers: Authority,
    clients: Authority,
    files: TempDir,
}

impl Secured {
    async fn start() -> Self {
        Self::configured(|_, _| ()).await
    }

    /// With settings that may name what the clients' authority certifies.
    async fn configured(change: impl FnOnce(&mut Config, &Authority)) -> Self {
        let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
        let files = tempfile::tempdir().unwrap();
        put(files.path(), &servers.server(), &clients.pem());
        let app = TestApp::configured(|config| {
            config.http.tls = settings(files.path());
            change(config, &clients);
        });
        let app = app.await;
        app.state(bank::lines()).await;
        Self { app, servers, clients, files }
    }

    /// The client `alpha`, connecting with a certificate.
    fn showing(&self, certificate: &Certified) -> Client {
        self.over(self.servers.trusting_as(certificate).build().unwrap())
    }

    fn over(&self, http: reqwest::Client) -> Client {
        let base = format!("https://{}", self.app.service().public);
        Client { http, base, ..self.app.client("alpha") }
    }
}
