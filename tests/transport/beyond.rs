//! Beyond loopback, with an issuer of the bank's own: through TLS, or where a setting says so.

use std::{net::SocketAddr, path::PathBuf};

use dossier::config::Secret;
use reqwest::Method;

use crate::support::{
    app::TestApp,
    bank,
    certificates::{Authority, put, settings},
    client::{Client, http},
    issuer::{Issuer, claims},
    signing::SigningKey,
};

const EVERYWHERE: &str = "0.0.0.0:0";
const TOKEN: &str = "an-operators-token-of-some-length";

fn url(scheme: &str, address: SocketAddr) -> String {
    format!("{scheme}://127.0.0.1:{}", address.port())
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_and_operators_come_through_tls_with_what_the_bank_gave_them() {
    let key = SigningKey::ed25519("key");
    let issuer = Issuer::start(&[&key]).await;
    let [servers, clients] = ["servers", "clients"].map(Authority::new);
    let files = tempfile::tempdir().unwrap();
    put(files.path(), &servers.server(), &clients.pem());
    let app = TestApp::configured(|config| {
        issuer.signs_for(config);
        config.http.listen = EVERYWHERE.parse().unwrap();
        config.http.tls = settings(files.path());
        config.http.admin_listen = EVERYWHERE.parse().unwrap();
        config.http.admin_tls = settings(files.path());
        // Operators show no certificate here, but bring a token.
        config.http.admin_tls.client_authorities = PathBuf::new();
        config.http.admin_token = Secret::new(TOKEN.to_owned());
    });
    let app = app.await;
    let operator = servers.trusting().build().unwrap();
    let url_of_feed = format!("{}/feed", url("https", app.service().admin));
    let feed = || operator.post(&url_of_feed).body(bank::ndjson(bank::lines()));
    assert_eq!(feed().send().await.unwrap().status(), 401);
    assert_eq!(feed().bearer_auth(TOKEN).send().await.unwrap().status(), 200);

    let base = url("https", app.service().public);
    let token = key.token(&claims("alpha"));
    let shows = servers.trusting_as(&clients.client("alpha.example")).build().unwrap();
    let alpha = Client::new(shows, base.clone(), token.clone());
    alpha.get("/customers/C-1").await.is(200);
    let nobody = Client::new(operator.clone(), base, token);
    assert!(nobody.ask(Method::GET, "/customers/C-1").try_send().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_answered_where_the_setting_says_so() {
    let key = SigningKey::ed25519("key");
    let issuer = Issuer::start(&[&key]).await;
    let app = TestApp::configured(|config| {
        issuer.signs_for(config);
        config.http.listen = EVERYWHERE.parse().unwrap();
        config.http.plain_beyond_loopback = true;
    });
    let app = app.await;
    app.state(bank::lines()).await;
    let base = url("http", app.service().public);
    let alpha = Client::new(http(), base, key.token(&claims("alpha")));
    alpha.get("/customers/C-1").await.is(200);
}
