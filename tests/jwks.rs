//! Signed tokens, believed by the keys that the issuer publishes, whatever becomes of the issuer.

use std::time::{Duration, Instant};

use dossier::config::Config;
use events::consent::Scope;
use futures::future::join_all;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    app::TestApp,
    bank,
    client::http,
    issuer::{Instead, Issuer, claims, trusted},
    signing::SigningKey,
};

/// How long the service may take to notice what an issuer has changed.
const NOTICED_MAX: Duration = Duration::from_secs(20);

async fn app(issuer: &Issuer, change: impl FnOnce(&mut Config)) -> TestApp {
    let app = TestApp::configured(|config| {
        issuer.signs_for(config);
        config.access.jwks_pause_s = 1;
        change(config);
    });
    let app = app.await;
    app.state(bank::lines()).await;
    app
}

async fn get(app: &TestApp, token: String) -> Answer {
    app.client_of(token).get("/customers/C-1").await
}

/// Asks until the answer is this one.
async fn get_until(app: &TestApp, status: u16, token: impl Fn() -> String) {
    let started = Instant::now();
    loop {
        let answer = get(app, token()).await;
        if answer.status == status {
            return;
        }
        assert!(started.elapsed() < NOTICED_MAX, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_signed_in_each_configured_way_are_believed() {
    let keys = [
        SigningKey::ed25519("ed"),
        SigningKey::p256("p256"),
        SigningKey::p384("p384"),
        SigningKey::rsa("rs", Algorithm::RS256),
        SigningKey::rsa("ps", Algorithm::PS256),
    ];
    let issuer = Issuer::start(&keys.iter().collect::<Vec<_>>()).await;
    let app = app(&issuer, |_| ()).await;
    for key in &keys {
        for _first_checked_then_known in 0..2 {
            get(&app, key.token(&claims("alpha"))).await.is(200);
        }
    }
    assert_eq!(issuer.fetched(), 1);
    // Made in a way that the issuer's key knows and the settings do not.
    let unlisted = SigningKey::rsa("rs", Algorithm::RS512);
    issuer.publish(&[&unlisted]);
    get(&app, unlisted.token(&claims("alpha"))).await.problem(401, "INVALID_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_one_key_does_not_pass_under_the_name_of_another() {
    let (one, other) = (SigningKey::ed25519("one"), SigningKey::ed25519("other"));
    let issuer = Issuer::start(&[&one, &other]).await;
    let app = app(&issuer, |_| ()).await;
    let mut header = one.header();
    header.kid = Some("other".to_owned());
    let token = one.token_under(header, &claims("alpha"));
    get(&app, token).await.problem(401, "INVALID_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_header_demands_is_refused_and_what_it_offers_is_not_used() {
    let (key, stranger) = (SigningKey::p256("key"), SigningKey::p256("stranger"));
    let issuer = Issuer::start(&[&key]).await;
    let app = app(&issuer, |config| config.access.jwt_type = "at+jwt".to_owned()).await;
    let token = |kind: Option<&str>, critical: bool| {
        let mut header = key.header();
        header.typ = kind.map(str::to_owned);
        header.crit = critical.then(|| vec!["exp".to_owned()]);
        key.token_under(header, &claims("alpha"))
    };
    get(&app, token(Some("at+jwt"), false)).await.is(200);
    get(&app, token(Some("application/AT+JWT"), false)).await.is(200);
    for wrong in [token(Some("JWT"), false), token(None, false), token(Some("at+jwt"), true)] {
        get(&app, wrong).await.problem(401, "INVALID_TOKEN");
    }
    // A key that the token brings along proves nothing.
    let mut header = stranger.header();
    header.kid = Some("key".to_owned());
    header.typ = Some("at+jwt".to_owned());
    header.jwk = Some(serde_json::from_value(stranger.jwk()).unwrap());
    header.jku = Some(issuer.url("/elsewhere"));
    let token = stranger.token_under(header, &claims("alpha"));
    get(&app, token).await.problem(401, "INVALID_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_are_named_as_configured() {
    let key = SigningKey::ed25519("key");
    let issuer = Issuer::start(&[&key]).await;
    let app = app(&issuer, |config| {
        config.access.client_claim = "azp".to_owned();
        config.access.scopes_claim = "roles".to_owned();
        config.access.scopes.customer_read = "cm.read".to_owned();
        config.access.audiences.push("second".to_owned());
    });
    let app = app.await;
    let mut told = claims("nobody");
    told["azp"] = "alpha".into();
    told["roles"] = json!(["cm.read", "address:write"]);
    told["aud"] = json!(["elsewhere", "second"]);
    let alpha = app.client_of(key.token(&told));
    alpha.get("/customers/C-1").await.is(200);
    alpha.post("/customers/C-1/addresses", &bank::new_address("Bern")).await.is(201);
    alpha.get("/customers/C-1/kyc").await.problem(403, "INSUFFICIENT_PRIVILEGES");
    told["roles"] = json!("customer:read");
    get(&app, key.token(&told)).await.problem(403, "INSUFFICIENT_PRIVILEGES");
    // The document tells the names that this issuer has for them.
    let document = alpha.get("/openapi.json").await.json();
    let security = &document["paths"]["/customers"]["get"]["security"];
    assert_eq!(security, &json!([{ "bearer": ["cm.read"] }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_is_refused_where_nobody_sees_the_certificate() {
    let key = SigningKey::ed25519("key");
    let issuer = Issuer::start(&[&key]).await;
    let app = app(&issuer, |_| ()).await;
    let mut bound = claims("alpha");
    bound["cnf"] = json!({ "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" });
    for _first_checked_then_known in 0..2 {
        get(&app, key.token(&bound)).await.problem(401, "INVALID_TOKEN");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_believed_at_once_and_a_withdrawn_one_no_longer() {
    let (old, new) = (SigningKey::rsa("old", Algorithm::PS256), SigningKey::p256("new"));
    let issuer = Issuer::start(&[&old]).await;
    let app = app(&issuer, |_| ()).await;
    let known = old.token(&claims("alpha"));
    get(&app, known.clone()).await.is(200);
    issuer.publish(&[&new]);
    get_until(&app, 200, || new.token(&claims("alpha"))).await;
    get(&app, known).await.problem(401, "INVALID_TOKEN");
    get(&app, old.token(&claims("beta"))).await.problem(401, "INVALID_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_fetched_again_when_they_get_old() {
    let key = SigningKey::ed25519("key");
    let issuer = Issuer::start(&[&key]).await;
    let app = app(&issuer, |config| config.access.jwks_refresh_s = 1).await;
    issuer.publish(&[]);
    // Nobody has asked for another key, and yet this one goes.
    get_until(&app, 401, || key.token(&claims("alpha"))).await;
    assert!(issuer.fetched() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_ask_for_unknown_keys_one_fetch_is_made_and_then_a_pause() {
    const MANY: usize = 200;
    let (key, unknown) = (SigningKey::ed25519("key"), SigningKey::ed25519("unknown"));
    let issuer = Issuer::start(&[&key]).await;
    issuer.hold();
    let app = app(&issuer, |config| config.access.jwks_pause_s = 3600).await;
    let flood = || {
        let token = |nth: usize| {
            let mut header = unknown.header();
            header.kid = Some(format!("unknown {nth}"));
            unknown.token_under(header, &claims("alpha"))
        };
        join_all((0..MANY).map(|nth| get(&app, token(nth))))
    };
    // The first come before there is any key, and wait for it.
    let good = get(&app, key.token(&claims("alpha")));
    let release = async {
        while issuer.fetched() == 0 {
            tokio::task::yield_now().await;
        }
        issuer.release();
    };
    let (refused, good, ()) = tokio::join!(flood(), good, release);
    good.is(200);
    for answer in refused.into_iter().chain(flood().await) {
        answer.problem(401, "INVALID_TOKEN");
    }
    assert_eq!(issuer.fetched(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn known_keys_are_believed_while_the_issuer_is_away() {
    let (key, new) = (SigningKey::p256("key"), SigningKey::p256("new"));
    let mut issuer = Issuer::start(&[&key]).await;
    let app = app(&issuer, |config| config.access.jwks_refresh_s = 1).await;
    get(&app, key.token(&claims("alpha"))).await.is(200);
    issuer.down().await;
    // Whether a key that is not known is one of the issuer's, nobody can tell now.
    let seen = |nth: u64| key.token(&with(claims("alpha"), "jti", nth.into()));
    get_until(&app, 503, || new.token(&claims("alpha"))).await;
    for nth in 0..3 {
        get(&app, seen(nth)).await.is(200);
    }
    issuer.publish(&[&key, &new]);
    issuer.up().await;
    get_until(&app, 200, || new.token(&claims("alpha"))).await;
    get(&app, seen(9)).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_key_tokens_cannot_be_checked() {
    let key = SigningKey::p256("key");
    let mut issuer = Issuer::start(&[&key]).await;
    issuer.down().await;
    let app = app(&issuer, |_| ()).await;
    for token in [key.token(&claims("alpha")), key.token(&claims("beta"))] {
        let refused = get(&app, token).await.problem(503, "SERVICE_UNAVAILABLE");
        assert!(refused.header("retry-after").is_some());
        assert!(refused.header("www-authenticate").is_none());
    }
    // What could not be good in any case is told as ever.
    let none = app.client_of(String::new());
    none.ask(reqwest::Method::GET, "/customers").without("authorization").send().await.is(401);
    get(&app, key.unsigned(&claims("alpha"))).await.problem(401, "INVALID_TOKEN");
    issuer.up().await;
    get_until(&app, 200, || key.token(&claims("alpha"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_set_of_keys_is_not_taken_for_one() {
    let key = SigningKey::p256("key");
    let issuer = Issuer::start(&[&key]).await;
    let keys = json!({ "keys": [key.jwk()] }).to_string();
    let elsewhere = Some(issuer.url("/elsewhere"));
    let padded = format!("{keys}{}", " ".repeat(300_000));
    for (status, location, body) in [
        (200, None, "<html>"),
        (200, None, "{}"),
        (200, None, &padded),
        (302, elsewhere, ""),
        (404, None, &keys),
        (500, None, &keys),
    ] {
        issuer.answer_instead(Some(Instead { status, location, body: body.to_owned() }));
        let app = app(&issuer, |_| ()).await;
        get(&app, key.token(&claims("alpha"))).await.problem(503, "SERVICE_UNAVAILABLE");
        issuer.answer_instead(None);
        get_until(&app, 200, || key.token(&claims("alpha"))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_does_not_answer_is_not_waited_for_long() {
    let key = SigningKey::p256("key");
    let issuer = Issuer::start(&[&key]).await;
    issuer.hold();
    let app = app(&issuer, |config| config.access.fetch_ms_max = 100).await;
    get(&app, key.token(&claims("alpha"))).await.problem(503, "SERVICE_UNAVAILABLE");
    issuer.release();
    get_until(&app, 200, || key.token(&claims("alpha"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_on_https_must_be_vouched_for() {
    let key = SigningKey::p256("key");
    let (issuer, authority) = Issuer::start_on_https(&[&key]).await;
    let (_, another) = Issuer::start_on_https(&[&key]).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("authorities.pem");
    for (authorities, status) in [(Some(&authority), 200), (Some(&another), 503), (None, 503)] {
        let app = app(&issuer, |config| {
            if let Some(authorities) = authorities {
                std::fs::write(&file, authorities).unwrap();
                config.access.root_certificates.clone_from(&file);
            }
        });
        get(&app.await, key.token(&claims("alpha"))).await.is(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_may_lie_in_a_file_that_is_read_again() {
    let (old, new) = (SigningKey::p256("old"), SigningKey::ed25519("new"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("jwks.json");
    let publish = |key: &SigningKey| {
        // Whole or not at all, as an operator's tool should.
        let half = file.with_extension("half");
        std::fs::write(&half, json!({ "keys": [key.jwk()] }).to_string()).unwrap();
        std::fs::rename(half, &file).unwrap();
    };
    publish(&old);
    let app = TestApp::configured(|config| {
        let access = trusted(config);
        access.jwks_file.clone_from(&file);
        access.jwks_pause_s = 1;
    });
    let app = app.await;
    app.state(bank::lines()).await;
    get(&app, old.token(&claims("alpha"))).await.is(200);
    publish(&new);
    get_until(&app, 200, || new.token(&claims("alpha"))).await;
    get(&app, old.token(&claims("alpha"))).await.problem(401, "INVALID_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_development_issuer_opens_nothing_elsewhere() {
    let key = SigningKey::ed25519("key");
    let issuer = Issuer::start(&[&key]).await;
    let app = app(&issuer, |_| ()).await;
    let forged = app.token("alpha", &Scope::ALL);
    get(&app, forged).await.problem(401, "INVALID_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn fetches_and_refusals_are_counted() {
    let key = SigningKey::ed25519("key");
    let issuer = Issuer::start(&[&key]).await;
    let app = app(&issuer, |_| ()).await;
    get(&app, key.token(&claims("alpha"))).await.is(200);
    get(&app, key.token(&with(claims("alpha"), "iss", "other".into()))).await.is(401);
    let metrics = http().get(format!("{}/metrics", app.admin())).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for line in [
        "dossier_issuer_fetches_total{what=\"jwks\",outcome=\"ok\"}",
        "dossier_issuer_keys ",
        "dossier_tokens_refused_total{reason=\"issuer\"}",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}
