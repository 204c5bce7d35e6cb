//! What all writes share: they are repeated safely, and only on what the client has seen.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use dossier::opaque::Place;
use futures::future::join_all;
use reqwest::Method;
use serde_json::Value;

use crate::support::{
    answer::Answer,
    app::TestApp,
    bank::*,
    client::{Ask, Client},
};

/// One write of each kind.
fn writes() -> [(Method, &'static str, Value); 5] {
    [
        (Method::POST, "/customers/C-1/addresses", new_address("Bern")),
        (Method::PUT, "/customers/C-1/addresses", change(1, "Bern")),
        (Method::PUT, "/customers/C-1/addresses/2", change(2, "Bern")),
        (Method::POST, "/persons/P-1/contactdetails", email_of("a@example.com")),
        (Method::PUT, "/persons/P-1/contactdetails/K-1", email_of("b@example.com")),
    ]
}

fn ask(client: &Client, (method, path, body): &(Method, &str, Value)) -> Ask {
    client.ask(method.clone(), path).json(body)
}

fn same(first: &Answer, again: &Answer) {
    assert_eq!((first.status, first.body.clone()), (again.status, again.body.clone()));
    for name in ["location", "etag", "content-type"] {
        assert_eq!(first.header(name), again.header(name), "{again:?}");
    }
}

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

/// Where the ETag is read that guards a write.
fn guarded_by((method, path, _): &(Method, &'static str, Value)) -> &'static str {
    match (method.as_str(), *path) {
        ("POST", "/customers/C-1/addresses") => "/customers/C-1",
        ("PUT", "/customers/C-1/addresses") => "/customers/C-1/addresses/1",
        ("POST", "/persons/P-1/contactdetails") => "/persons/P-1",
        (_, path) => path,
    }
}

fn vary(body: &mut Value, round: usize) {
    if body.get("contactContent").is_some() {
        body["contactContent"] = format!("round-{round}@example.com").into();
    } else {
        body["addressName"] = format!("round {round}").into();
    }
}

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
async fn a_refused_body_names_what_may_be_misspelt() {
    let app = TestApp::start().await;
    let body = without(new_address("Bern"), "/postalAddress/physicalAddress/postCode");
    let body = with(body, "/postalAddress/physicalAddress/postcode", "3000");
    let refused = app.client("alpha").post("/customers/C-1/addresses", &body).await;
    let refused = refused.problem(400, "INVALID_PAYLOAD");
    assert_eq!(refused.violations(), ["/postalAddress/physicalAddress/postCode"]);
    let named = refused.header("x-ignored-members");
    assert_eq!(named, Some("/postalAddress/physicalAddress/postcode"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_a_body_that_was_judged_what_nobody_knows_in_it_is_named() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let keyed = |path| alpha.ask(Method::POST, path).header("idempotency-key", "used");
    keyed("/customers/C-2/addresses").json(&new_address("Bern")).send().await.is(201);

    let address = with(new_address("Bern"), "/x", 1);
    let moved = |number| with(change(number, "Bern"), "/x", 1);
    let contact = with(email_of("a@example.com"), "/x", 1);
    let put = |path, body| alpha.ask(Method::PUT, path).json(body);
    let cases = [
        (put("/customers/C-1/addresses", &moved(9)), 404),
        (put("/customers/C-1/addresses/9", &moved(9)), 404),
        (put("/customers/C-1/addresses/x", &without(moved(9), "/addressIdentification")), 404),
        (put("/persons/P-1/contactdetails/K-9", &contact), 404),
        (put("/persons/P-1/contactdetails/%20", &contact), 404),
        (alpha.ask(Method::POST, "/customers/C-3/addresses").json(&address), 409),
        (alpha.ask(Method::POST, "/persons/P-3/contactdetails").json(&contact), 409),
        (put("/customers/C-1/addresses/1", &moved(1)).header("if-match", "\"1-999\""), 412),
        (put("/persons/P-1/contactdetails/K-1", &contact).header("if-match", "\"1-999\""), 412),
        (keyed("/customers/C-2/addresses").json(&address), 422),
        (keyed("/persons/P-1/contactdetails").json(&contact), 422),
    ];
    for (ask, status) in cases {
        let refused = ask.send().await.is(status);
        assert_eq!(refused.header("x-ignored-members"), Some("/x"), "{refused:?}");
    }
}
