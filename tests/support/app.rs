//! The service, started in this process over a folder of its own.
//!
//! When a test is done, the service is stopped and what it leaves behind is looked over.

use std::thread;

use dossier::{
    access::Issuer,
    admin::FeedAnswer,
    config::Config,
    folder::issuer_key,
    service::{Service, Start},
};
use events::{
    consent::Scope,
    id::{ClientId, Position},
};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    bank,
    client::{Client, http},
    document, folder,
};

pub(crate) struct TestApp {
    pub(crate) config: Config,
    http: reqwest::Client,
    service: Option<Service>,
    _dir: TempDir,
}

impl TestApp {
    /// An empty bank.
    pub(crate) async fn empty() -> Self {
        Self::configured(|_| ()).await
    }

    /// A small bank, see `bank::lines`.
    pub(crate) async fn start() -> Self {
        let app = Self::empty().await;
        app.state(bank::lines()).await;
        app
    }

    pub(crate) async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = configuration(dir.path());
        change(&mut config);
        let service = Some(serve(&config).await);
        Self { config, http: http(), service, _dir: dir }
    }

    pub(crate) fn service(&self) -> &Service {
        self.service.as_ref().unwrap()
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(service) = self.service.take() {
            service.stop().await.unwrap();
            folder::wait_until_closed(&self.config.data.dir);
        }
    }

    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.service = Some(serve(&self.config).await);
    }

    /// How far the log goes.
    pub(crate) fn watermark(&self) -> Position {
        self.service().app.log.watermark()
    }

    pub(crate) fn issuer(&self) -> Issuer {
        Issuer::new(&issuer_key(&self.config.data.dir).unwrap()).unwrap()
    }

    pub(crate) fn token(&self, client: &str, scopes: &[Scope]) -> String {
        self.issuer().token(&ClientId::parse(client).unwrap(), scopes, chrono::Utc::now()).unwrap()
    }

    /// A client whose token carries every scope.
    pub(crate) fn client(&self, id: &str) -> Client {
        self.client_with(id, &Scope::ALL)
    }

    pub(crate) fn client_with(&self, id: &str, scopes: &[Scope]) -> Client {
        self.client_of(self.token(id, scopes))
    }

    /// A client with a token that it got elsewhere.
    pub(crate) fn client_of(&self, token: String) -> Client {
        let base = format!("http://{}", self.service().public);
        let document = document::spelling(self.config.http.problem_type_style);
        Client { http: self.http.clone(), base, token, document }
    }

    /// Where operators ask.
    pub(crate) fn admin(&self) -> String {
        format!("http://{}", self.service().admin)
    }

    /// Feeds bytes as they are.
    pub(crate) async fn feed(&self, lines: impl Into<reqwest::Body>) -> FeedAnswer {
        let answer = self.http.post(format!("{}/feed", self.admin())).body(lines);
        let answer = answer.send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    }

    /// Feeds lines that nobody can reject.
    pub(crate) async fn state(&self, lines: impl IntoIterator<Item = Value>) -> FeedAnswer {
        let answer = self.feed(bank::ndjson(lines)).await;
        assert_eq!(answer.rejects, []);
        answer
    }

    /// The history of a customer or person as operators read it; `whose` like `customers/C-1`.
    pub(crate) async fn history(&self, whose: &str) -> Vec<Value> {
        self.admin_lines(&format!("/history/{whose}")).await
    }

    pub(crate) async fn admin_lines(&self, path: &str) -> Vec<Value> {
        let answer = self.http.get(format!("{}{path}", self.admin())).send().await.unwrap();
        let answer = answer.error_for_status().unwrap();
        assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
        let text = answer.text().await.unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    async fn finish(&mut self) {
        if let Some(service) = &self.service {
            assert_eq!(service.app.projections.parked(), []);
        }
        self.stop().await;
        folder::audit(&self.config).await;
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if !thread::panicking() {
            let runtime = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| runtime.block_on(self.finish()));
        }
    }
}

/// The defaults, in a folder, on ports that the system chooses.
pub(crate) fn configuration(dir: &std::path::Path) -> Config {
    let mut config = Config::load(None).unwrap();
    config.data.dir = dir.to_path_buf();
    config.http.listen.set_port(0);
    config.http.admin_listen.set_port(0);
    config.log.free_bytes_min = 0;
    config
}

/// In development mode, unless another issuer is to be believed.
async fn serve(config: &Config) -> Service {
    let start = Start { dev: !config.access.names_an_issuer(), accept_loss: false };
    Service::start(config.clone(), start).await.unwrap()
}
