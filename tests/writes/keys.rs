//! Idempotency keys: the same answer to the same request, however often and at once it comes.

use std::sync::Arc;

use futures::future::join_all;
use reqwest::Method;
use serde_json::Value;

use super::{ask, guarded_by, same, vary, writes};
use crate::support::{app::TestApp, bank::*, client::Client};

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_write_answers_as_before_and_appends_nothing() {
    let mut app = TestApp::start().await;
    for write in writes() {
        let key = format!("key-{}{}", write.0, write.1);
        let send = async |app: &TestApp| {
            ask(&app.client("alpha"), &write).header("idempotency-key", &key).send().await
        };
        let first = send(&app).await;
        assert!(first.status < 300 && !first.was_replayed(), "{first:?}");
        let position = app.watermark();
        let again = send(&app).await;
        assert!(again.was_replayed());
        same(&first, &again);
        app.restart().await;
        let later = send(&app).await;
        assert!(later.was_replayed());
        same(&first, &later);
        assert_eq!(app.watermark(), position);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_answers_as_before_whatever_has_happened_since() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let keyed = |write| ask(&alpha, write).header("idempotency-key", "k");
    let write = (Method::PUT, "/persons/P-1/contactdetails/K-1", email_of("b@example.com"));
    let first = keyed(&write).send().await.is(200);
    app.state([person("P-1", &[("K-2", "other@example.com")])]).await;
    let again = keyed(&write).send().await.is(200);
    assert!(again.was_replayed());
    same(&first, &again);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_changed_nothing_is_repeated_as_it_was() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    for write in writes().into_iter().filter(|(method, ..)| *method == Method::PUT) {
        let send = async || {
            let ask = ask(&alpha, &write).header("idempotency-key", &format!("key-{}", write.1));
            ask.send().await
        };
        let changed = ask(&alpha, &write).send().await;
        let position = app.watermark();
        let first = send().await;
        same(&changed, &first);
        let again = send().await;
        assert!(!first.was_replayed() && again.was_replayed());
        same(&first, &again);
        assert_eq!(app.watermark(), position);
        // Somebody else changes it meanwhile.
        let mut other = write.clone();
        vary(&mut other.2, 9);
        ask(&alpha, &other).send().await;
        same(&first, &send().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_request_of_one_client() {
    let app = TestApp::start().await;
    app.state([consent("N-9", "gamma", &["C-1"], &ALL)]).await;
    let (alpha, gamma) = (app.client("alpha"), app.client("gamma"));
    let send = async |client: &Client, path: &str, body: Value| {
        let ask = client.ask(Method::POST, path).json(&body).header("idempotency-key", "k");
        ask.send().await
    };
    let path = "/customers/C-1/addresses";
    let first = send(&alpha, path, new_address("Bern")).await.is(201);
    send(&alpha, path, new_address("Zug")).await.problem(422, "IDEMPOTENCY_KEY_REUSED");
    let elsewhere = send(&alpha, "/customers/C-2/addresses", new_address("Bern")).await;
    elsewhere.problem(422, "IDEMPOTENCY_KEY_REUSED");
    // The alias is the same request, the other client another.
    let alias = send(&alpha, "/customer/C-1/addresses", new_address("Bern")).await.is(201);
    assert!(alias.was_replayed());
    same(&first, &alias);
    assert!(!send(&gamma, path, new_address("Bern")).await.is(201).was_replayed());
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_look_like_parts_of_a_path_make_no_two_requests_the_same() {
    let app = TestApp::start().await;
    let persons = [("a", "b/contactdetails/c"), ("a/contactdetails/b", "c")];
    let lines = persons.map(|(id, contact)| person(id, &[(contact, "a@example.com")]));
    app.state(lines).await;
    app.state([customer("C-1", &persons.map(|(id, _)| (id, "accountOwner")))]).await;
    let alpha = app.client("alpha");
    let send = async |path: &str| {
        let ask = alpha.ask(Method::PUT, path).json(&email_of("b@example.com"));
        ask.header("idempotency-key", "k").send().await
    };
    send("/persons/a/contactdetails/b%2Fcontactdetails%2Fc").await.is(200);
    let second = send("/persons/a%2Fcontactdetails%2Fb/contactdetails/c").await;
    second.problem(422, "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_write_does_not_use_its_key_up() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let send = async |path: &str| {
        let ask = alpha.ask(Method::POST, path).json(&new_address("Bern"));
        ask.header("idempotency-key", "k").send().await
    };
    send("/customers/C-3/addresses").await.problem(409, "OPERATION_NOT_ALLOWED");
    app.state([customer("C-3", &[])]).await;
    assert!(!send("/customers/C-3/addresses").await.is(201).was_replayed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_authorized_anew() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let [write, ..] = writes();
    ask(&alpha, &write).header("idempotency-key", "k").send().await.is(201);
    let revoked = with(consent("N-1", "alpha", &["C-1"], &ALL), "/consent/status", "revoked");
    app.state([revoked]).await;
    let again = ask(&alpha, &write).header("idempotency-key", "k").send().await;
    again.problem(404, "INSUFFICIENT_PRIVILEGES");
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_write_that_race_are_carried_out_once() {
    const COPIES: usize = 8;
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    for (round, write) in writes().iter().cycle().take(20).enumerate() {
        let (before, key) = (app.watermark(), format!("round-{round}"));
        let mut write = write.clone();
        vary(&mut write.2, round);
        let copy = || ask(&alpha, &write).header("idempotency-key", &key).send();
        let answers = join_all((0..COPIES).map(|_| copy())).await;
        for answer in &answers {
            same(&answers[0], answer);
        }
        let fresh = answers.iter().filter(|answer| !answer.was_replayed()).count();
        assert_eq!((fresh, app.watermark().0), (1, before.0 + 1), "{write:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_races_for_several_requests_belongs_to_one() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    for round in 0..10 {
        let (before, key) = (app.watermark(), format!("round-{round}"));
        let paths = ["/customers/C-1/addresses", "/customers/C-2/addresses"].repeat(4);
        let send = |path| {
            let ask = alpha.ask(Method::POST, path).json(&new_address("Bern"));
            ask.header("idempotency-key", &key).send()
        };
        let answers = join_all(paths.into_iter().map(send)).await;
        let (added, refused): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!((added.len(), app.watermark().0), (4, before.0 + 1));
        for answer in refused {
            answer.problem(422, "IDEMPOTENCY_KEY_REUSED");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_conditional_write_that_race_are_all_answered_alike() {
    const COPIES: usize = 8;
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    for (round, write) in writes().iter().cycle().take(20).enumerate() {
        let mut write = write.clone();
        vary(&mut write.2, round);
        let etag = alpha.get(guarded_by(&write)).await.is(200).etag();
        let key = format!("round-{round}");
        let copy =
            || ask(&alpha, &write).header("if-match", &etag).header("idempotency-key", &key).send();
        let answers = join_all((0..COPIES).map(|_| copy())).await;
        for answer in &answers {
            same(&answers[0], answer);
            assert!(answer.status < 300, "{answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_visible_characters_and_a_bound() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let [write, ..] = writes();
    let long = "x".repeat(256);
    for wrong in ["", "a b", "ä", long.as_str()] {
        let refused = ask(&alpha, &write).header("idempotency-key", wrong).send().await;
        refused.problem(400, "INVALID_PAYLOAD");
    }
    ask(&alpha, &write).header("idempotency-key", &long[1..]).send().await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_idempotency_keys_are_forgotten_and_young_ones_are_not() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let write = &writes()[0];
    let send = async || ask(&alpha, write).header("idempotency-key", "k").send().await.is(201);
    let first = send().await;
    let forget = async |hours| {
        let inner = Arc::clone(&app.service().app);
        let now = chrono::Utc::now() + chrono::TimeDelta::hours(hours);
        tokio::task::spawn_blocking(move || inner.forget_old_keys(now)).await.unwrap().unwrap()
    };
    assert_eq!(forget(23).await, 0);
    assert!(send().await.was_replayed());
    assert_eq!(forget(25).await, 1);
    let again = send().await;
    assert!(!again.was_replayed());
    assert_ne!(first.body, again.body, "it is done once more");
}
