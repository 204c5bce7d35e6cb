//! Whose token a connection may bring, and under which name.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use dossier::{folder::issuer_key, listener::Pin};
use events::id::ClientId;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{DnType, SanType};
use reqwest::Method;
use serde_json::json;

use super::Secured;
use crate::support::{
    answer::Answer,
    app::TestApp,
    certificates::Certified,
    client::{Ask, Client},
};

fn pin(name: &str) -> Pin {
    Pin::try_from(name.to_owned()).unwrap()
}

/// A token of the development issuer, bound to a certificate.
fn bound_token(app: &TestApp, client: &str, certificate: &Certified) -> String {
    let now = Utc::now().timestamp();
    let claims = json!({
        "iss": "dossier-development", "aud": dossier::access::AUDIENCE,
        "client_id": client, "scope": "customer:read", "iat": now, "nbf": now, "exp": now + 600,
        "cnf": { "x5t#S256": URL_SAFE_NO_PAD.encode(certificate.fingerprint) },
    });
    let key = EncodingKey::from_ed_der(&issuer_key(&app.config.data.dir).unwrap());
    jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &key).unwrap()
}

/// A request that names a client, or none.
fn naming(client: &Client, token: &str, named: &str) -> Ask {
    let ask = client.ask(Method::GET, "/customers/C-1");
    let ask = ask.header("authorization", &format!("Bearer {token}"));
    if named.is_empty() { ask } else { ask.header("x-corapi-client-id", named) }
}

/// What a client sees of an answer, for calls of the same name.
async fn same_call(ask: Ask) -> Answer {
    ask.header("x-correlation-id", "same").send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn token_header_and_certificate_must_speak_of_one_client() {
    let secured = Secured::configured(|config, _| {
        config.http.intermediaries = vec![pin("gateway.example")];
        let alpha = ClientId::parse("alpha").unwrap();
        config.http.client_certificates = BTreeMap::from([(pin("alpha.example"), alpha)]);
    });
    let secured = secured.await;
    let [own, free, gateway] = ["alpha.example", "free.example", "gateway.example"]
        .map(|name| secured.clients.client(name));
    let token = |client: &str| secured.app.client(client).token;
    let tokens = [
        ("alpha", token("alpha")),
        ("beta", token("beta")),
        ("alpha by own", bound_token(&secured.app, "alpha", &own)),
        ("alpha by free", bound_token(&secured.app, "alpha", &free)),
        ("beta by own", bound_token(&secured.app, "beta", &own)),
    ];
    #[rustfmt::skip]
    let table = [
        // A certificate that stands for alpha.
        (&own, "alpha", "", 200),
        (&own, "alpha", "alpha", 200),
        (&own, "alpha", "beta", 401),
        (&own, "beta", "", 401),
        (&own, "beta", "beta", 401),
        (&own, "beta", "alpha", 401),
        (&own, "alpha by own", "", 200),
        (&own, "alpha by own", "alpha", 200),
        (&own, "alpha by own", "beta", 401),
        (&own, "alpha by free", "", 401),
        (&own, "beta by own", "beta", 401),
        // One that stands for nobody: the token says who it is, but for who has a certificate.
        (&free, "alpha", "", 401),
        (&free, "alpha", "alpha", 401),
        (&free, "beta", "", 200),
        (&free, "beta", "beta", 200),
        (&free, "alpha", "beta", 401),
        (&free, "alpha by free", "", 401),
        (&free, "alpha by own", "", 401),
        (&free, "beta by own", "beta", 401),
        // An intermediary: it names the client, and what tokens are bound to ended there.
        (&gateway, "alpha", "alpha", 200),
        (&gateway, "beta", "beta", 200),
        (&gateway, "alpha", "beta", 401),
        (&gateway, "alpha", "Alpha", 401),
        (&gateway, "alpha by own", "alpha", 200),
        (&gateway, "alpha by own", "beta", 401),
        (&gateway, "alpha", "", 400),
    ];
    let mut refusals = Vec::new();
    for (certificate, token, named, status) in table {
        let client = secured.showing(certificate);
        let (_, sent) = tokens.iter().find(|(name, _)| *name == token).unwrap();
        let ask = naming(&client, sent, named).header("user-agent", "test");
        let answer = same_call(ask).await;
        assert_eq!(answer.status, status, "{token} named {named:?}: {answer:?}");
        if status == 401 {
            refusals.push(answer.problem(401, "INVALID_TOKEN"));
        }
    }
    // Whatever it was that did not agree, the answer is the same.
    let told = |answer: &Answer| (answer.body.clone(), answer.headers["www-authenticate"].clone());
    assert!(refusals.iter().all(|answer| told(answer) == told(&refusals[0])));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intermediary_says_for_whom_and_with_what() {
    let secured = Secured::configured(|config, _| {
        config.http.intermediaries = vec![pin("gateway.example")];
    });
    let secured = secured.await;
    let gateway = secured.showing(&secured.clients.client("gateway.example"));
    let ask = || gateway.ask(Method::GET, "/customers/C-1").header("x-corapi-client-id", "alpha");
    ask().send().await.problem(400, "INVALID_PAYLOAD");
    let ask = || ask().header("user-agent", "test");
    ask().send().await.is(200);
    ask().without("x-corapi-client-id").send().await.problem(400, "INVALID_PAYLOAD");
    // Before the token is looked at.
    let bare = ask().without("x-corapi-client-id").without("authorization");
    bare.send().await.problem(400, "INVALID_PAYLOAD");
    ask().without("authorization").send().await.problem(401, "INVALID_TOKEN");
    // All that is missing is told at once.
    let bare = ask().without("x-corapi-client-id").without("x-correlation-id");
    let told = bare.without("user-agent").send().await.problem(400, "INVALID_PAYLOAD");
    assert_eq!(told.violations().len(), 3, "{told:?}");
    // Two say nothing.
    let mut twice = ask();
    twice.headers.append("x-corapi-client-id", "alpha".parse().unwrap());
    twice.send().await.problem(400, "INVALID_PAYLOAD");
    // What needs no token needs no client either.
    gateway.ask(Method::GET, "/healthcheck").without("authorization").send().await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_an_intermediary_by_a_common_name() {
    let secured = Secured::configured(|config, _| {
        config.http.intermediaries = vec![pin("gateway.example")];
    });
    let secured = secured.await;
    let stolen = bound_token(&secured.app, "alpha", &secured.clients.client("alpha.example"));
    let mail = SanType::Rfc822Name("mallory@client.example".try_into().unwrap());
    for names in [vec![], vec![mail]] {
        let mallory = secured.clients.certify(|params| {
            params.distinguished_name.push(DnType::CommonName, "gateway.example");
            params.subject_alt_names = names;
        });
        let ask = naming(&secured.showing(&mallory), &stolen, "alpha");
        ask.header("user-agent", "test").send().await.problem(401, "INVALID_TOKEN");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_plain_http_the_header_agrees_and_a_bound_token_is_no_good() {
    let app = TestApp::start().await;
    let [alpha, beta] = ["alpha", "beta"].map(|client| app.client(client));
    for (client, named, status) in [
        (&alpha, "", 200),
        (&alpha, "alpha", 200),
        (&alpha, "beta", 401),
        (&alpha, " ", 401),
        (&beta, "beta", 200),
        (&beta, "alpha", 401),
    ] {
        let answer = naming(client, &client.token, named).send().await;
        assert_eq!(answer.status, status, "{named:?}: {answer:?}");
    }
    let own = crate::support::certificates::Authority::new("x").client("alpha.example");
    let bound = bound_token(&app, "alpha", &own);
    for named in ["", "alpha"] {
        naming(&alpha, &bound, named).send().await.problem(401, "INVALID_TOKEN");
    }
}
