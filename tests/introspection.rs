//! Opaque tokens, about which the issuer is asked.

use std::time::{Duration, Instant};

use dossier::config::Config;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    app::TestApp,
    bank,
    issuer::{Instead, Issuer, SECRET, active},
};

async fn app(issuer: &Issuer, change: impl FnOnce(&mut Config)) -> TestApp {
    let app = TestApp::configured(|config| {
        issuer.tells(config);
        change(config);
    });
    let app = app.await;
    app.state(bank::lines()).await;
    app
}

async fn get(app: &TestApp, token: &str) -> Answer {
    app.client_of(token.to_owned()).get("/customers/C-1").await
}

fn but(name: &str, value: Value) -> Value {
    let mut told = active("alpha");
    told[name] = value;
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_issuer_says_of_a_token_counts() {
    let issuer = Issuer::start(&[]).await;
    let app = app(&issuer, |_| ()).await;
    let now = chrono::Utc::now().timestamp();
    let cases = [
        ("good", active("alpha"), 200, ""),
        (
            "bare",
            json!({ "active": true, "client_id": "alpha", "scope": "customer:read" }),
            200,
            "",
        ),
        ("inactive", but("active", json!(false)), 401, "INVALID_TOKEN"),
        ("odd", but("active", json!("true")), 401, "INVALID_TOKEN"),
        ("expired", but("exp", json!(now - 60)), 401, "EXPIRED_TOKEN"),
        ("early", but("nbf", json!(now + 60)), 401, "INVALID_TOKEN"),
        ("issuer", but("iss", json!("https://other")), 401, "INVALID_TOKEN"),
        ("audience", but("aud", json!(["other"])), 401, "INVALID_TOKEN"),
        ("nobody", but("client_id", json!(null)), 401, "INVALID_TOKEN"),
        ("bound", but("cnf", json!({ "jkt": "x" })), 401, "INVALID_TOKEN"),
        ("scopeless", but("scope", json!("")), 403, "INSUFFICIENT_PRIVILEGES"),
        ("others", active("gamma"), 404, "INSUFFICIENT_PRIVILEGES"),
    ];
    for (token, told, status, kind) in cases {
        issuer.says(token, told);
        for _first_asked_then_known in 0..2 {
            let answer = get(&app, token).await.is(status);
            if status != 200 {
                answer.problem(status, kind);
            }
        }
    }
    get(&app, "never-issued").await.problem(401, "INVALID_TOKEN");
    assert_eq!(issuer.asked(), 13, "once for each token");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_issuer_is_asked_once_by_many_with_the_same_token() {
    const MANY: usize = 100;
    let issuer = Issuer::start(&[]).await;
    let app = app(&issuer, |_| ()).await;
    issuer.says("t", active("alpha"));
    for (token, status) in [("t", 200), ("unknown", 401)] {
        let before = issuer.asked();
        for answer in join_all((0..MANY).map(|_| get(&app, token))).await {
            answer.is(status);
        }
        assert_eq!(issuer.asked(), before + 1, "{token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_remembered_where_that_is_configured() {
    let issuer = Issuer::start(&[]).await;
    let app = app(&issuer, |config| config.access.introspection_cache_s = 0).await;
    for (told, status) in [(true, 200), (false, 401), (true, 200), (false, 401)] {
        issuer.says("t", but("active", told.into()));
        get(&app, "t").await.is(status);
    }
    assert_eq!(issuer.asked(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_not_remembered_beyond_its_time_or_the_tokens() {
    let issuer = Issuer::start(&[]).await;
    let short = app(&issuer, |config| config.access.introspection_cache_s = 1).await;
    issuer.says("t", active("alpha"));
    get(&short, "t").await.is(200);
    issuer.says("t", json!({ "active": false }));
    until(401, || get(&short, "t")).await;
    issuer.says("t", active("alpha"));
    until(200, || get(&short, "t")).await;

    let long = app(&issuer, |config| {
        config.access.introspection_cache_s = 300;
        config.access.leeway_s = 0;
    });
    let long = long.await;
    issuer.says("brief", but("exp", json!(chrono::Utc::now().timestamp() + 3)));
    get(&long, "brief").await.is(200);
    until(401, || get(&long, "brief")).await;
    get(&long, "brief").await.problem(401, "EXPIRED_TOKEN");
}

async fn until<F: Future<Output = Answer>>(status: u16, get: impl Fn() -> F) {
    let started = Instant::now();
    while get().await.status != status {
        assert!(started.elapsed() < Duration::from_secs(20), "it stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_issuer_is_away_only_what_is_known_is_good() {
    let mut issuer = Issuer::start(&[]).await;
    let app = app(&issuer, |config| config.access.introspection_cache_s = 300).await;
    issuer.says("known", active("alpha"));
    issuer.says("new", active("alpha"));
    get(&app, "known").await.is(200);
    get(&app, "refused").await.is(401);
    issuer.down().await;
    get(&app, "known").await.is(200);
    get(&app, "refused").await.is(401);
    let refused = get(&app, "new").await.problem(503, "SERVICE_UNAVAILABLE");
    assert!(refused.header("retry-after").is_some());
    issuer.up().await;
    until(200, || get(&app, "new")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_nobody_knows_do_not_keep_those_out_that_are_known() {
    const WAITING: usize = 4;
    let issuer = Issuer::start(&[]).await;
    let app = app(&issuer, |config| config.access.waiting_max = WAITING).await;
    issuer.says("known", active("alpha"));
    get(&app, "known").await.is(200);
    issuer.hold();
    let made_up: Vec<_> = (0..WAITING).map(|nth| format!("made-up-{nth}")).collect();
    let waiting = join_all(made_up.iter().map(|token| get(&app, token)));
    let meanwhile = async {
        while issuer.asked() < 1 + WAITING {
            tokio::task::yield_now().await;
        }
        get(&app, "another").await.problem(503, "SERVICE_UNAVAILABLE");
        get(&app, "known").await.is(200);
        issuer.release();
    };
    let (refused, ()) = tokio::join!(waiting, meanwhile);
    for answer in refused {
        answer.problem(401, "INVALID_TOKEN");
    }
    assert_eq!(issuer.asked(), 1 + WAITING);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_says_nothing_of_the_token_is_none() {
    let issuer = Issuer::start(&[]).await;
    let app = app(&issuer, |config| config.access.fetch_ms_max = 500).await;
    let good = active("alpha").to_string();
    let long = format!("{good}{}", " ".repeat(300_000));
    let elsewhere = Some(issuer.url("/elsewhere"));
    for (nth, (status, location, body)) in [
        (200, None, "<html>"),
        (200, None, "[]"),
        (200, None, &long),
        (307, elsewhere, &good),
        (401, None, &good),
        (500, None, &good),
    ]
    .into_iter()
    .enumerate()
    {
        issuer.answer_instead(Some(Instead { status, location, body: body.to_owned() }));
        get(&app, &format!("t{nth}")).await.problem(503, "SERVICE_UNAVAILABLE");
    }
    issuer.answer_instead(None);
    issuer.hold();
    get(&app, "slow").await.problem(503, "SERVICE_UNAVAILABLE");
    issuer.release();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_may_lie_in_a_file() {
    let issuer = Issuer::start(&[]).await;
    issuer.says("t", active("alpha"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    for (content, status) in [(format!("{SECRET}\n"), 200), ("wrong".to_owned(), 503)] {
        std::fs::write(&file, content).unwrap();
        let app = app(&issuer, |config| {
            config.access.introspection_secret = dossier::config::Secret::default();
            config.access.introspection_secret_file.clone_from(&file);
        });
        get(&app.await, "t").await.is(status);
    }
}
