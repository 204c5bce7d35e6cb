//! The access journal: who read or changed which customer, through which operation and consent.

use std::time::Duration;

use events::consent::Scope;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::support::{
    app::TestApp,
    bank::*,
    binary::{complaint, run, stdout},
};

/// Method, path, body, status, and whose data the journal then names.
type Called = (Method, &'static str, Option<Value>, u16, &'static [&'static str]);

/// What the journal tells of the calls, the newest last: method, route, person, customers, status.
async fn told(app: &TestApp, query: &str) -> Vec<Value> {
    app.admin_lines(&format!("/access?{query}")).await
}

fn short(entry: &Value) -> String {
    let customers = entry["customers"].as_array().unwrap().iter();
    let customers: Vec<_> = customers
        .map(|one| {
            let [customer, consent] = ["customer", "consent"].map(|name| one[name].as_str());
            format!("{}/{}", customer.unwrap(), consent.unwrap())
        })
        .collect();
    let part = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    let (method, route, person) = (part("method"), part("route"), part("person"));
    format!("{method} {route} {person} {} {}", customers.join(","), entry["status"])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_that_shows_or_changes_data_leaves_an_entry() {
    let app = TestApp::start().await;
    app.state([consent("N-0", "alpha", &["C-1"], &["kyc:read"])]).await;
    let alpha = app.client("alpha");
    let own = email_of("a@example.com");
    let calls: [Called; 14] = [
        (Method::GET, "/customers/C-1", None, 200, &["- C-1/N-1"]),
        (Method::GET, "/customers/C-1/kyc", None, 200, &["- C-1/N-1"]),
        (Method::GET, "/customers/C-1/addresses", None, 200, &["- C-1/N-1"]),
        (Method::GET, "/customers/C-1/addresses/1", None, 200, &["- C-1/N-1"]),
        (Method::GET, "/customer/C-1/addresses", None, 200, &["- C-1/N-1"]),
        (Method::POST, "/customers/C-1/addresses", Some(new_address("Bern")), 201, &["- C-1/N-1"]),
        (Method::PUT, "/customers/C-1/addresses", Some(change(1, "Bern")), 204, &["- C-1/N-1"]),
        (Method::PUT, "/customers/C-1/addresses/2", Some(change(2, "Bern")), 204, &["- C-1/N-1"]),
        (Method::GET, "/persons/P-1", None, 200, &["P-1 C-1/N-1,C-2/N-1"]),
        (Method::GET, "/persons/P-1/contactdetails", None, 200, &["P-1 C-1/N-1,C-2/N-1"]),
        (Method::GET, "/persons/P-1/contactdetails/K-1", None, 200, &["P-1 C-1/N-1,C-2/N-1"]),
        (Method::POST, "/persons/P-1/contactdetails", Some(own.clone()), 201, &["P-1 C-1/N-1"]),
        (Method::PUT, "/persons/P-1/contactdetails/K-1", Some(own), 200, &["P-1 C-1/N-1"]),
        (Method::GET, "/customers?limit=3", None, 200, &["- C-1/N-1", "- C-2/N-1", "- C-3/N-1"]),
    ];
    for (method, path, body, status, expected) in calls {
        let before = told(&app, "").await.len();
        let call = format!("{method} {path}");
        let ask = alpha.ask(method.clone(), path).header("x-correlation-id", &call);
        let ask = if let Some(body) = &body { ask.json(body) } else { ask };
        ask.send().await.is(status);
        let new = told(&app, "client=alpha").await.split_off(before);
        let seen: Vec<_> = new.iter().map(short).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|whose| format!("{method} {} {whose} {status}", new[0]["route"].as_str().unwrap()))
            .collect();
        assert_eq!(seen, expected, "{call}");
        assert!(new.iter().all(|entry| entry["correlation"] == call), "{new:?}");
    }
    alpha.get("/persons?limit=2").await.is(200);
    let of_person = told(&app, "person=P-2").await;
    assert_eq!(short(&of_person[0]), "GET /persons P-2 C-1/N-1 200");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_nothing_leaves_nothing() {
    let app = TestApp::start().await;
    app.client("alpha").get("/customers/C-5").await.is(404);
    app.client("beta").get("/customers/C-1/kyc").await.is(403);
    app.client("gamma").get("/customers").await.is(200);
    app.client("alpha").get("/customers/C-1/addresses/77").await.is(404);
    app.client("alpha").post("/customers/C-1/addresses", &json!({})).await.is(400);
    assert_eq!(told(&app, "").await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_loses_no_entry_and_the_command_line_finds_them() {
    let mut app = TestApp::start().await;
    let alpha = app.client("alpha");
    for nth in 0..50 {
        let ask = alpha.ask(Method::GET, "/customers/C-2");
        ask.header("x-correlation-id", &format!("nth {nth}")).send().await.is(200);
    }
    app.stop().await;
    let data = app.config.data.dir.to_str().unwrap().to_owned();
    let ask = move |words: &[&str], exit| {
        let words = [&["access", "--data", &data][..], words].concat();
        let output = run(&words, exit);
        if exit == 0 { stdout(&output).to_owned() } else { complaint(&output) }
    };
    let ask = std::sync::Arc::new(ask);
    let asked = ask.clone();
    let found = tokio::task::spawn_blocking(move || asked(&["--customer", "C-2"], 0)).await;
    let found = found.unwrap();
    let calls: Vec<Value> =
        found.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect();
    let expected = (0..50).map(|nth| json!(format!("nth {nth}")));
    assert!(calls.iter().map(|call| call["correlation"].clone()).eq(expected));
    let times: Vec<_> = calls.iter().map(|call| call["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    let asked = ask.clone();
    let none = tokio::task::spawn_blocking(move || asked(&["--customer", "C-1"], 0)).await;
    assert_eq!(none.unwrap(), "");
    let wrong = tokio::task::spawn_blocking(move || ask(&["--from", "yesterday"], 2)).await;
    assert!(wrong.unwrap().contains("--from"));
    app.restart().await;
    assert_eq!(told(&app, "customer=C-2").await.len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_for_a_client_that_hangs_up_is_noted_all_the_same() {
    const HANG_UPS: usize = 40;
    let mut app = TestApp::start().await;
    let (token, before) = (app.token("alpha", &Scope::ALL), app.watermark());
    let body = new_address("Bern").to_string();
    let length = body.len();
    let asked = format!(
        "POST /customers/C-2/addresses HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         x-correlation-id: gone\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    for nth in 0..HANG_UPS {
        let mut stream = TcpStream::connect(app.service().public).await.unwrap();
        stream.write_all(asked.as_bytes()).await.unwrap();
        // Somewhere on the way to the disk: there is nothing else that would tell how far it is.
        tokio::time::sleep(Duration::from_micros(200 * u64::try_from(nth).unwrap())).await;
    }
    app.stop().await;
    app.restart().await;
    let changed = app.watermark().0 - before.0;
    assert!(changed > 0, "nothing was changed");
    let noted = told(&app, "customer=C-2").await.len();
    assert_eq!(u64::try_from(noted).unwrap(), changed);
}
