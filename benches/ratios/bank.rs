//! A bank to measure on: the sample, imported and served, in a folder of its own.

use dossier::{
    access::Issuer,
    config::Config,
    feed, folder,
    service::{Service, Start},
};
use events::{
    consent::Scope,
    envelope::{Actor, Cause},
    id::ClientId,
};
use tempfile::TempDir;

/// Enough that no customer fills up with addresses.
pub(crate) const CUSTOMERS: usize = 2000;
const ADDRESSES_MAX: usize = 10_000;

pub(crate) struct Bank {
    pub(crate) service: Service,
    pub(crate) token: String,
    /// Open customers that the token's client may write to.
    pub(crate) customers: Vec<String>,
    _dir: TempDir,
}

impl Bank {
    pub(crate) async fn open() -> Self {
        let dir = tempfile::tempdir_in(crate::floor::bench_dir()).unwrap();
        let mut config = Config::load(None).unwrap();
        config.data.dir = dir.path().join("data");
        config.http.listen = "127.0.0.1:0".parse().unwrap();
        config.http.admin_listen = "127.0.0.1:0".parse().unwrap();
        // Counted, and never refused.
        (config.http.rate_per_s, config.http.rate_burst) = (1_000_000, 1_000_000);
        config.rules.addresses_max = ADDRESSES_MAX;
        let start = Start { dev: true, accept_loss: false };
        let service = Service::start(config.clone(), start).await.unwrap();
        let mut sample = Vec::new();
        dossier::sample::write(CUSTOMERS.try_into().unwrap(), 1, &mut sample).unwrap();
        let customers = open_customers(&sample);
        let cause = Cause::by(Actor::Bank);
        let app = &service.app;
        let summary = feed::run(&app.commands, &cause, &sample[..], |_| Ok(())).await.unwrap();
        assert!(app.shown(summary.position).await);
        let issuer = Issuer::new(&folder::issuer_key(&config.data.dir).unwrap()).unwrap();
        let client = ClientId::parse("wealthtech-alpha").unwrap();
        let token = issuer.token(&client, &Scope::ALL, chrono::Utc::now()).unwrap();
        Self { service, token, customers, _dir: dir }
    }

    pub(crate) async fn close(self) {
        self.service.stop().await.unwrap();
    }
}

/// Ids that need no encoding in a path, of customers that are not closed.
fn open_customers(sample: &[u8]) -> Vec<String> {
    let lines = sample.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .filter_map(|line| {
            let line: serde_json::Value = serde_json::from_slice(line).unwrap();
            let customer = line.get("customer")?;
            let id = customer["customerIdentification"].as_str()?;
            let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (plain && customer["status"] != "closed").then(|| id.to_owned())
        })
        .collect()
}
