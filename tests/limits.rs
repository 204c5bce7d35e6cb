//! Limits: of one client's share, and of what is served at once.

use bytes::Bytes;
use dossier::commands::WAITING_MAX;
use events::id::{ClientId, CustomerId, StreamId};
use futures::{StreamExt, stream::FuturesUnordered};
use reqwest::Method;

use crate::support::{app::TestApp, bank::*};

async fn bank_with(change: impl FnOnce(&mut dossier::config::Http)) -> TestApp {
    let app = TestApp::configured(|config| change(&mut config.http)).await;
    app.state(lines()).await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_beyond_its_share_is_told_when_to_come_again() {
    let app = bank_with(|http| (http.rate_per_s, http.rate_burst) = (1, 5)).await;
    let (alpha, beta) = (app.client("alpha"), app.client("beta"));
    let mut served = 0;
    let refused = loop {
        let answer = alpha.get("/customers/C-1").await;
        if answer.status != 200 {
            break answer;
        }
        served += 1;
    };
    assert!((5..20).contains(&served), "{served} were served");
    let refused = refused.problem(429, "TOO_MANY_REQUESTS");
    assert_eq!(refused.header("retry-after"), Some("1"));
    // Writes count, and a token that is not good counts for nobody.
    let write = alpha.post("/customers/C-1/addresses", &new_address("Bern")).await;
    assert!([201, 429].contains(&write.status), "{}", write.status);
    for _stranger in 0..20 {
        let ask = alpha.ask(Method::GET, "/customers").header("authorization", "Bearer x.y.z");
        ask.send().await.problem(401, "INVALID_TOKEN");
    }
    beta.get("/customers/C-1").await.is(200);
    alpha.get("/healthcheck").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_looked_at_in_vain_counts_too() {
    let app = bank_with(|http| (http.rate_per_s, http.rate_burst) = (1, 5)).await;
    let customers: Vec<_> = (0..1000).map(|nth| format!("X-{nth}")).collect();
    let customers: Vec<_> = customers.iter().map(String::as_str).collect();
    let mut ended = consent("N-7", "gamma", &customers, &ALL);
    ended["consent"]["validTo"] = "2001-01-01T00:00:00Z".into();
    app.state([ended]).await;
    let gamma = app.client("gamma");
    assert_eq!(gamma.get("/customers").await.is(200).json(), serde_json::json!([]));
    let refused = gamma.get("/customers").await.problem(429, "TOO_MANY_REQUESTS");
    // Ten are owed, five were given at once, and the next one counts too.
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((5..=8).contains(&wait), "{wait}");
    app.client("alpha").get("/customers").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_far_back_in_the_history_counts_for_what_is_read() {
    let app = bank_with(|http| (http.rate_per_s, http.rate_burst) = (1, 5)).await;
    let stated = |nth: usize| {
        let other = format!("p{nth}@example.com");
        person("P-1", &[("K-1", "p1@example.com"), ("K-2", &other)])
    };
    app.state((0..1000).map(stated)).await;
    let alpha = app.client("alpha");
    let mail = email_of("p1@example.com");
    let unchanged = || {
        let ask = alpha.ask(Method::PUT, "/persons/P-1/contactdetails/K-1").json(&mail);
        ask.header("idempotency-key", "far-back").send()
    };
    let first = unchanged().await.is(200);
    let again = unchanged().await.is(200);
    assert!(again.was_replayed());
    assert_eq!((again.etag(), &again.body), (first.etag(), &first.body));
    unchanged().await.problem(429, "TOO_MANY_REQUESTS");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_is_refused_at_once_while_health_is_answered() {
    let app = bank_with(|http| (http.at_once_max, http.waiting_max) = (1, 0)).await;
    let alpha = app.client("alpha");
    // Each has the only place until its events are on the disk.
    let crowd = (0..50).map(|_| {
        let alpha = alpha.clone();
        tokio::spawn(async move {
            alpha.get("/healthcheck").await.is(200);
            alpha.post("/customers/C-1/addresses", &new_address("Bern")).await
        })
    });
    let answers = futures::future::join_all(crowd).await;
    let (served, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().map(Result::unwrap).partition(|answer| answer.status == 201);
    assert!(!served.is_empty() && !refused.is_empty(), "{} were served", served.len());
    for refused in refused {
        let refused = refused.problem(503, "SERVICE_UNAVAILABLE");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    alpha.get("/customers/C-1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_slowly_takes_no_place_from_others() {
    let app = bank_with(|http| (http.at_once_max, http.waiting_max) = (1, 1)).await;
    let (alpha, beta) = (app.client("alpha"), app.client("beta"));
    let (mut more, rest) = futures::channel::mpsc::channel::<Bytes>(1);
    let body = rest.map(Ok::<_, std::io::Error>);
    let slow = alpha.ask(Method::POST, "/customers/C-1/addresses");
    let slow = slow.json(&new_address("Bern")).body(reqwest::Body::wrap_stream(body));
    let slow = tokio::spawn(slow.send());
    for _while_it_sends in 0..50 {
        beta.get("/customers/C-1").await.is(200);
    }
    more.try_send(new_address("Bern").to_string().into()).unwrap();
    drop(more);
    slow.await.unwrap().is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_crowd_waits_and_is_served() {
    let app = bank_with(|http| (http.at_once_max, http.waiting_max) = (2, 100)).await;
    let crowd = (0..50).map(|_| {
        let alpha = app.client("alpha");
        tokio::spawn(async move { alpha.get("/customers").await.status })
    });
    for served in futures::future::join_all(crowd).await {
        assert_eq!(served.unwrap(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_crowds_a_customer_is_refused_and_others_wait_for_their_turn() {
    let app = TestApp::start().await;
    let (alpha, address) = (app.client("alpha"), new_address("Bern"));
    let customer = StreamId::Customer(CustomerId::parse("C-1").unwrap());
    let commands = &app.service().app.commands;
    let first = commands.turn(&customer, None).await.unwrap();
    // So many that they would take what 256 places there were for all.
    let mut crowd: FuturesUnordered<_> =
        (0..400).map(|_| alpha.post("/customers/C-1/addresses", &address)).collect();
    for _ in WAITING_MAX..400 {
        crowd.next().await.unwrap().problem(503, "SERVICE_UNAVAILABLE");
    }
    let beta = ClientId::parse("beta").unwrap();
    let mut of_beta = Box::pin(commands.turn(&customer, Some(&beta)));
    let mut of_bank = Box::pin(commands.turn(&customer, None));
    assert!(futures::poll!(&mut of_beta).is_pending());
    assert!(futures::poll!(&mut of_bank).is_pending());
    drop(first);
    let served = async {
        while let Some(served) = crowd.next().await {
            served.is(201);
        }
    };
    let of_beta = async { drop(of_beta.await.unwrap()) };
    let of_bank = async { drop(of_bank.await.unwrap()) };
    tokio::join!(served, of_beta, of_bank);
}
