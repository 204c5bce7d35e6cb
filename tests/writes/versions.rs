//! Conditional writes, and reads that wait for a write.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use dossier::opaque::Place;
use futures::future::join_all;
use reqwest::Method;

use super::{ask, guarded_by, writes};
use crate::support::{app::TestApp, bank::*, client::Ask};

#[tokio::test(flavor = "multi_thread")]
async fn a_write_goes_through_only_on_the_version_that_was_seen() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    for write in writes() {
        let etag = alpha.get(guarded_by(&write)).await.is(200).etag();
        let position = app.watermark();
        for wrong in ["\"x\"", "\"1-99\"", "x", &format!("W/{etag}")] {
            let refused = ask(&alpha, &write).header("if-match", wrong).send().await;
            refused.problem(412, "PRECONDITION_FAILED");
        }
        assert_eq!(app.watermark(), position);
        let listed = format!("\"x\", {etag}");
        let written = ask(&alpha, &write).header("if-match", &listed).send().await;
        assert!(written.status < 300, "{written:?}");
        assert_ne!(alpha.get(guarded_by(&write)).await.is(200).etag(), etag);
        let refused = ask(&alpha, &write).header("if-match", &etag).send().await;
        refused.problem(412, "PRECONDITION_FAILED");
        let any = ask(&alpha, &write).header("if-match", "*").send().await;
        assert!(any.status < 300, "{any:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_saw_the_same_version_one_wins() {
    const WRITERS: usize = 8;
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    for round in 0..10 {
        let etag = alpha.get("/customers/C-1/addresses/1").await.is(200).etag();
        let won = Arc::new(AtomicUsize::new(0));
        let write = |writer: usize| {
            let body = change(1, &format!("Town {round} {writer}"));
            let ask = alpha.ask(Method::PUT, "/customers/C-1/addresses").json(&body);
            let (ask, won) = (ask.header("if-match", &etag), Arc::clone(&won));
            async move {
                match ask.send().await {
                    answer if answer.status == 204 => _ = won.fetch_add(1, Ordering::Relaxed),
                    answer => _ = answer.problem(412, "PRECONDITION_FAILED"),
                }
            }
        };
        join_all((0..WRITERS).map(write)).await;
        assert_eq!(won.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_etags_may_be_sent_in_parts() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let path = "/customers/C-1/addresses/1";
    let etag = alpha.get(path).await.is(200).etag();
    let in_parts = |ask: Ask, name: &'static str| {
        let mut ask = ask.header(name, "\"other\"");
        ask.headers.append(name, etag.parse().unwrap());
        ask
    };
    in_parts(alpha.ask(Method::GET, path), "if-none-match").send().await.is(304);
    let put = alpha.ask(Method::PUT, path).json(&change(1, "Bern"));
    in_parts(put, "if-match").send().await.is(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_waits_for_the_position_of_a_write_and_tells_its_own() {
    let app = TestApp::configured(|config| config.projections.wait_ms_max = 1000).await;
    app.state(lines()).await;
    let alpha = app.client("alpha");
    let posted = alpha.post("/customers/C-1/addresses", &new_address("Bern")).await.is(201);
    let written = posted.header("x-log-position").unwrap().to_owned();
    let reads = [
        "/customers",
        "/customers/C-1",
        "/customers/C-1/kyc",
        "/customers/C-1/addresses",
        "/customers/C-1/addresses/1",
        "/persons",
        "/persons/P-1",
        "/persons/P-1/contactdetails",
        "/persons/P-1/contactdetails/K-1",
    ];
    for path in reads {
        let after = |token: &str| alpha.ask(Method::GET, path).header("x-min-log-position", token);
        let seen = after(&written).send().await.is(200);
        let seen = seen.header("x-log-position").unwrap();
        after(seen).send().await.is(200);
        assert_eq!(alpha.get(path).await.is(200).header("x-log-position"), None, "unasked");
        for wrong in ["", "1", &written[1..], "ä"] {
            after(wrong).send().await.problem(400, "INVALID_PAYLOAD");
        }
        // It was issued to somebody else.
        let beta = app.client("beta").ask(Method::GET, path).header("x-min-log-position", &written);
        beta.send().await.problem(400, "INVALID_PAYLOAD");
    }
    // What is not there yet is waited for, and not for long; a write in the meantime ends it.
    let inner = &app.service().app;
    let client = events::id::ClientId::parse("alpha").unwrap();
    let next = Place { position: inner.log.watermark().next(), leaf: [0; 8] };
    let next = inner.secrets.position(&client, next);
    let ask = || alpha.ask(Method::GET, "/customers/C-1").header("x-min-log-position", &next);
    let refused = ask().send().await.problem(503, "SERVICE_UNAVAILABLE");
    assert!(refused.header("retry-after").is_some());
    let address = new_address("Thun");
    let (read, write) =
        tokio::join!(ask().send(), alpha.post("/customers/C-1/addresses", &address));
    // By then it is known that somebody else was told of that place, in a life that was lost.
    read.problem(400, "INVALID_PAYLOAD");
    write.is(201);
    ask().send().await.problem(400, "INVALID_PAYLOAD");
}
