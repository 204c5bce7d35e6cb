//! Errors: each one clean, and the first thing that is wrong is told first.

use chrono::{TimeDelta, Utc};
use dossier::{access::Issuer, config::ProblemTypeStyle};
use events::{consent::Scope, id::ClientId};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    answer::Answer,
    app::TestApp,
    bank::*,
    client::{Ask, Client},
};

const ADDRESSES: &str = "/customers/C-1/addresses";

/// A body too large, and too long to be sent whole before the answer comes.
pub(crate) const LARGE: usize = 500_000;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_and_what_is_not_done_there_are_two_things() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    for path in
        ["/", "/nowhere", "/customers/", "/customers/C-1/", "/customer/C-1", "/customers/C-1/kyc/x"]
    {
        alpha.get(path).await.problem(404, "TECHNICAL_ERROR");
    }
    let cases = [
        ("/customers", "GET,HEAD"),
        ("/customers/C-1", "GET,HEAD"),
        ("/customers/C-1/kyc", "GET,HEAD"),
        ("/customers/C-1/addresses", "GET,HEAD,POST,PUT"),
        ("/customer/C-1/addresses/1", "GET,HEAD,PUT"),
        ("/persons/P-1/contactdetails", "GET,HEAD,POST"),
        ("/persons/P-1/contactdetails/K-1", "GET,HEAD,PUT"),
        ("/healthcheck", "GET,HEAD,POST"),
    ];
    for (path, allowed) in cases {
        for method in [Method::DELETE, Method::PATCH, Method::OPTIONS] {
            let refused = alpha.ask(method, path).without("authorization").send().await;
            let refused = refused.problem(405, "WRONG_METHOD");
            let mut allow: Vec<_> = refused.header("allow").unwrap().split(',').collect();
            allow.sort_unstable();
            assert_eq!(allow, allowed.split(',').collect::<Vec<_>>(), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_named_by_1_to_64_characters() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let ask = || alpha.ask(Method::GET, "/customers");
    ask().without("x-correlation-id").send().await.problem(400, "INVALID_PAYLOAD");
    for wrong in ["", &"x".repeat(65), &"ä".repeat(65)] {
        let refused = ask().header("x-correlation-id", wrong).send().await;
        refused.problem(400, "INVALID_PAYLOAD");
    }
    for good in ["x", &"ä".repeat(64), "a\"b\\c <é>"] {
        ask().header("x-correlation-id", good).send().await.is(200);
        let refused = alpha.ask(Method::GET, "/customers/C-9").header("x-correlation-id", good);
        let instance = refused.send().await.is(404).text("/instance");
        let id = instance.strip_prefix("urn:dossier:call:").unwrap();
        let decoded = percent_encoding::percent_decode_str(id).decode_utf8().unwrap();
        assert_eq!(decoded, good);
        assert!(id.bytes().all(|byte| byte.is_ascii_graphic()), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_opens_nothing_is_told_so_with_a_challenge() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
    let stranger = Issuer::new(pair.to_pkcs8v1().unwrap().as_ref()).unwrap();
    let key = dossier::folder::issuer_key(&app.config.data.dir).unwrap();
    let issuer = Issuer::new(&key).unwrap();
    let id = ClientId::parse("alpha").unwrap();
    let token = |issuer: &Issuer, hours: i64| {
        issuer.token(&id, &Scope::ALL, Utc::now() + TimeDelta::hours(hours)).unwrap()
    };
    let unsigned = "eyJhbGciOiJub25lIn0.eyJjbGllbnRfaWQiOiJhbHBoYSJ9.";
    let cases = [
        ("Basic YTpi".to_owned(), "INVALID_TOKEN", false),
        ("Bearer".to_owned(), "INVALID_TOKEN", false),
        ("Bearer x".to_owned(), "INVALID_TOKEN", true),
        (format!("Bearer {unsigned}"), "INVALID_TOKEN", true),
        (format!("Bearer {}x", alpha.token), "INVALID_TOKEN", true),
        (format!("Bearer {}", "x".repeat(9000)), "INVALID_TOKEN", true),
        (format!("Bearer {}", token(&stranger, 0)), "INVALID_TOKEN", true),
        (format!("Bearer {}", token(&issuer, 1)), "INVALID_TOKEN", true),
        (format!("Bearer {}", token(&issuer, -25)), "EXPIRED_TOKEN", true),
    ];
    for (authorization, kind, says_error) in cases {
        for path in ["/customers", "/customers/C-9", ADDRESSES] {
            let ask = alpha.ask(Method::GET, path).header("authorization", &authorization);
            let challenge = ask.send().await.problem(401, kind);
            let challenge = challenge.header("www-authenticate").unwrap().to_owned();
            assert!(challenge.starts_with("Bearer realm="), "{challenge}");
            assert_eq!(challenge.contains("error=\"invalid_token\""), says_error, "{challenge}");
        }
    }
    let none = alpha.ask(Method::GET, "/customers").without("authorization").send().await;
    none.problem(401, "INVALID_TOKEN");
    let ask = alpha.ask(Method::GET, "/customers");
    ask.header("authorization", &format!("bearer {}", alpha.token)).send().await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_asks_the_token_for_its_scope() {
    let app = TestApp::start().await;
    let cases = [
        (Method::GET, "/customers", Scope::CustomerRead),
        (Method::GET, "/customers/C-1", Scope::CustomerRead),
        (Method::GET, "/customers/C-1/kyc", Scope::KycRead),
        (Method::GET, ADDRESSES, Scope::CustomerRead),
        (Method::GET, "/customers/C-1/addresses/1", Scope::CustomerRead),
        (Method::POST, ADDRESSES, Scope::AddressWrite),
        (Method::PUT, ADDRESSES, Scope::AddressWrite),
        (Method::PUT, "/customers/C-1/addresses/1", Scope::AddressWrite),
        (Method::GET, "/persons", Scope::CustomerRead),
        (Method::GET, "/persons/P-1", Scope::CustomerRead),
        (Method::GET, "/persons/P-1/contactdetails", Scope::CustomerRead),
        (Method::GET, "/persons/P-1/contactdetails/K-1", Scope::CustomerRead),
        (Method::POST, "/persons/P-1/contactdetails", Scope::ContactWrite),
        (Method::PUT, "/persons/P-1/contactdetails/K-1", Scope::ContactWrite),
    ];
    for (method, path, scope) in cases {
        let others: Vec<_> = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        let without = app.client_with("alpha", &others).ask(method.clone(), path).send().await;
        without.problem(403, "INSUFFICIENT_PRIVILEGES");
        let with = app.client_with("alpha", &[scope]).ask(method, path).send().await;
        assert_ne!(with.status, 403, "{with:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_may_not_see_looks_like_what_does_not_exist() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let nobodys = "X".repeat(36);
    let cases = [
        ("/customers/_", "C-5"),
        ("/customers/_/kyc", "C-5"),
        ("/customers/_/addresses", "C-5"),
        ("/customers/_/addresses/1", "C-5"),
        ("/customer/_/addresses?addressIdentification=x", "C-5"),
        ("/persons/_", "P-5"),
        ("/persons/_/contactdetails", "P-5"),
        ("/persons/_/contactdetails/K-1", "P-5"),
    ];
    for (path, hidden) in cases {
        for method in [Method::GET, Method::POST, Method::PUT] {
            for body in [new_address("Bern").to_string(), "{".to_owned(), "x".repeat(LARGE)] {
                let ask = async |id: &str| {
                    let ask = alpha.ask(method.clone(), &path.replace('_', id)).body(body.clone());
                    same_call(ask).await
                };
                let unconsented = ask(hidden).await;
                for unknown in ["C-9", &nobodys, "%FF", "%00", "%20"] {
                    assert_eq!(ask(unknown).await, unconsented);
                }
            }
        }
    }
}

/// All that a client can see of an answer, for calls of the same name.
async fn same_call(ask: Ask) -> (u16, Vec<String>, String) {
    let answer = ask.header("x-correlation-id", "same").send().await;
    assert!([404, 405].contains(&answer.status), "{answer:?}");
    answer.seen()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_customer_is_read_but_not_written() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let path = "/customers/C-3/addresses";
    alpha.get(path).await.is(200);
    alpha.post(path, &new_address("Bern")).await.problem(409, "OPERATION_NOT_ALLOWED");
    alpha.put(path, &change(1, "Bern")).await.problem(409, "OPERATION_NOT_ALLOWED");
    alpha
        .put("/customers/C-3/addresses/1", &change(1, "Bern"))
        .await
        .problem(409, "OPERATION_NOT_ALLOWED");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_thing_that_is_wrong_is_told() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let used = alpha.ask(Method::POST, ADDRESSES).json(&new_address("Bern"));
    used.header("idempotency-key", "used").send().await.is(201);
    let reader = app.client_with("alpha", &[Scope::CustomerRead]);
    let beta = app.client("beta");
    let etag = alpha.get("/customers/C-3/addresses/1").await.is(200).etag();
    let large = "x".repeat(LARGE);

    let check = async |ask: Ask, status: u16, kind: &str| -> Answer {
        ask.send().await.problem(status, kind)
    };
    let bare = |method, path: &str| {
        let ask = alpha.ask(method, path).without("authorization").without("x-correlation-id");
        ask.body(large.clone()).header("idempotency-key", "used").header("if-match", "\"x\"")
    };
    check(bare(Method::DELETE, "/nowhere"), 404, "TECHNICAL_ERROR").await;
    check(bare(Method::DELETE, "/customers/C-5/addresses"), 405, "WRONG_METHOD").await;
    check(bare(Method::PUT, "/customers/C-5/addresses"), 400, "INVALID_PAYLOAD").await;
    let put = |client: &Client, customer: &str| {
        let ask = client.ask(Method::PUT, &format!("/customers/{customer}/addresses"));
        ask.body(large.clone()).header("idempotency-key", "used").header("if-match", "\"x\"")
    };
    check(put(&alpha, "C-5").without("authorization"), 401, "INVALID_TOKEN").await;
    check(put(&reader, "C-5"), 403, "INSUFFICIENT_PRIVILEGES").await;
    check(put(&alpha, "C-5"), 404, "INSUFFICIENT_PRIVILEGES").await;
    check(put(&beta, "C-1"), 403, "INSUFFICIENT_PRIVILEGES").await;
    check(put(&alpha, "C-3"), 413, "RESOURCE_TOO_LARGE").await;
    check(put(&alpha, "C-3").body("{"), 415, "MALFORMED_PAYLOAD").await;
    check(put(&alpha, "C-3").json(&json!({})), 400, "INVALID_PAYLOAD").await;
    let unknown = put(&alpha, "C-3").json(&change(9, "Bern"));
    check(unknown, 422, "IDEMPOTENCY_KEY_REUSED").await;
    let put =
        |number| put(&alpha, "C-3").json(&change(number, "Bern")).header("idempotency-key", "new");
    check(put(9), 404, "RESOURCE_DOES_NOT_EXIST").await;
    check(put(1), 412, "PRECONDITION_FAILED").await;
    check(put(1).header("if-match", &etag), 409, "OPERATION_NOT_ALLOWED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_a_problem_is_spelt_as_configured() {
    let app = TestApp::configured(|config| {
        config.http.problem_type_style = ProblemTypeStyle::OpenWealth1;
    });
    let app = app.await;
    app.state(lines()).await;
    let alpha = app.client("alpha");
    let cases = [
        (Method::GET, "/customers/C-9", 404, "insufficientPrivileges"),
        (Method::GET, "/customers?limit=0", 400, "invalidPayload"),
        (Method::DELETE, "/customers", 405, "wrongMethod"),
        // OpenWealth 1.2.1 has no word for it; the status tells.
        (Method::POST, ADDRESSES, 412, "operationNotAllowed"),
    ];
    for (method, path, status, kind) in cases {
        let ask = alpha.ask(method, path).header("if-match", "\"1-99\"");
        let answer = ask.json(&new_address("Bern")).send().await.is(status);
        assert_eq!(answer.text("/type"), kind, "{path}");
    }
}
