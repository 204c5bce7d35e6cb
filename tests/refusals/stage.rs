//! Where the cases are played: a service, how things are with it, and what the cases find there.

use std::fs;

use chrono::{TimeDelta, Utc};
use dossier::{access::Issuer, folder::issuer_key, opaque::Place};
use events::{
    consent::Scope,
    id::{ClientId, Position},
};
use reqwest::Method;

use crate::support::{app::TestApp, bank::*, client::Client};

/// Bytes of the key file that belong to no stream.
const KEYS_HEAD: usize = 256;

/// How things are with the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    AllIsWell,
    /// The client may ask for little, and asks until it is refused.
    TheShareIsUsedUp,
    TheDiskIsFull,
    /// No stream's keys can be read, so no history can.
    TheKeysAreDamaged,
}

impl When {
    pub(super) const ALL: [Self; 4] =
        [Self::AllIsWell, Self::TheShareIsUsedUp, Self::TheDiskIsFull, Self::TheKeysAreDamaged];
}

/// What the cases find there, and what stands for the words in braces.
pub(super) struct Stage {
    pub(super) app: TestApp,
    pub(super) alpha: Client,
    words: [(&'static str, String); 7],
    /// What is in the key file when it is whole.
    keys: Vec<u8>,
}

impl Stage {
    pub(super) async fn set(when: When) -> Self {
        let mut app = TestApp::start().await;
        let words = Self::prepare(&app).await;
        match when {
            When::AllIsWell => {}
            When::TheShareIsUsedUp => {
                (app.config.http.rate_per_s, app.config.http.rate_burst) = (1, 1);
                app.restart().await;
            }
            When::TheDiskIsFull => {
                app.config.log.free_bytes_min = u64::MAX;
                app.restart().await;
            }
            // Nothing of the keys is in memory then.
            When::TheKeysAreDamaged => app.restart().await,
        }
        let keys = fs::read(app.config.data.dir.join("keys")).unwrap();
        let stage = Self { alpha: app.client("alpha"), app, words, keys };
        if when == When::TheKeysAreDamaged {
            let mut damaged = stage.keys.clone();
            damaged[KEYS_HEAD..].fill(b'?');
            stage.write_keys(&damaged);
        }
        stage
    }

    /// All is well again.
    pub(super) fn strike(self) {
        self.write_keys(&self.keys);
    }

    fn write_keys(&self, bytes: &[u8]) {
        fs::write(self.app.config.data.dir.join("keys"), bytes).unwrap();
    }

    async fn prepare(app: &TestApp) -> [(&'static str, String); 7] {
        let alpha = app.client("alpha");
        let keyed = alpha.ask(Method::POST, "/customers/C-4/addresses");
        let keyed = keyed.json(&new_address("Bern")).header("idempotency-key", "used");
        keyed.send().await.is(201);
        let issuer = Issuer::new(&issuer_key(&app.config.data.dir).unwrap()).unwrap();
        let client = ClientId::parse("alpha").unwrap();
        let long_ago = Utc::now() - TimeDelta::days(30);
        let cursor = async |client: &Client, list: &str| {
            let page = client.get(&format!("{list}?limit=1")).await.is(200);
            page.header("nextcursor").unwrap().to_owned()
        };
        let ahead = Position(app.watermark().0 + 1_000_000);
        let ahead = Place { position: ahead, leaf: [0; 8] };
        [
            ("{expired}", issuer.token(&client, &Scope::ALL, long_ago).unwrap()),
            ("{reader}", app.token("alpha", &[Scope::CustomerRead])),
            ("{writer}", app.token("alpha", &[Scope::AddressWrite])),
            ("{beta}", app.token("beta", &Scope::ALL)),
            ("{cursor of beta}", cursor(&app.client("beta"), "/customers").await),
            ("{cursor of customers}", cursor(&alpha, "/customers").await),
            ("{position ahead}", app.service().app.secrets.position(&client, ahead)),
        ]
    }

    pub(super) fn filled(&self, text: &str) -> String {
        let fill = |text: String, (word, value): &(&str, String)| text.replace(word, value);
        self.words.iter().fold(text.to_owned(), fill)
    }
}
