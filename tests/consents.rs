//! Consents: who may see and write what, and from when to when.

mod by_hand;
mod crowds;
mod slow;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use self::by_hand::{act, terms};
use crate::support::{app::TestApp, bank::*, client::Client};

async fn sees(client: &Client) -> Vec<String> {
    let list = client.walk("/customers", 100).await;
    for (customer, known) in [("C-1", "P-2"), ("C-5", "P-5")] {
        let visible = list.iter().any(|found| found["customerIdentification"] == customer);
        let status = if visible { 200 } else { 404 };
        client.get(&format!("/customers/{customer}")).await.is(status);
        client.get(&format!("/persons/{known}")).await.is(status);
    }
    let id = |customer: Value| customer["customerIdentification"].as_str().unwrap().to_owned();
    list.into_iter().map(id).collect()
}

fn valid(from_hours: Option<i64>, to_hours: Option<i64>) -> Value {
    let instant = |hours| (Utc::now() + TimeDelta::hours(hours)).to_rfc3339();
    let mut line = consent("N-7", "gamma", &["C-1", "C-5"], &ALL);
    for (name, hours) in [("validFrom", from_hours), ("validTo", to_hours)] {
        if let Some(hours) = hours {
            line["consent"][name] = instant(hours).into();
        }
    }
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_in_force_from_its_first_instant_until_before_its_last() {
    let app = TestApp::start().await;
    let gamma = app.client("gamma");
    let cases = [
        (valid(None, None), true),
        (valid(Some(-1), Some(1)), true),
        (valid(Some(-1), None), true),
        (valid(None, Some(1)), true),
        (valid(Some(1), None), false),
        (valid(None, Some(-1)), false),
        (valid(Some(-2), Some(-1)), false),
        (valid(Some(1), Some(2)), false),
    ];
    for (line, in_force) in cases {
        app.state([line]).await;
        let expected: &[&str] = if in_force { &["C-1", "C-5"] } else { &[] };
        assert_eq!(sees(&gamma).await, expected);
        let status = if in_force { 201 } else { 404 };
        gamma.post("/customers/C-1/addresses", &new_address("Bern")).await.is(status);
        gamma.post("/persons/P-2/contactdetails", &email_of("a@example.com")).await.is(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_revoked_amended_and_granted_again_at_once() {
    let app = TestApp::start().await;
    let gamma = app.client("gamma");
    let active = |customers: &[&str]| consent("N-7", "gamma", customers, &ALL);
    let revoked = |customers: &[&str]| with(active(customers), "/consent/status", "revoked");
    let steps: [(Value, &[&str]); 7] = [
        (revoked(&["C-1"]), &[]),
        (active(&["C-1"]), &["C-1"]),
        (active(&["C-5"]), &["C-5"]),
        (active(&["C-1", "C-5"]), &["C-1", "C-5"]),
        (revoked(&["C-1", "C-5"]), &[]),
        (active(&["C-1"]), &["C-1"]),
        (with(active(&["C-1"]), "/consent/scopes", json!(["kyc:read"])), &[]),
    ];
    for (line, expected) in steps {
        app.state([line]).await;
        assert_eq!(sees(&gamma).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn consents_add_up() {
    let app = TestApp::start().await;
    let gamma = app.client("gamma");
    let post = async || gamma.post("/customers/C-1/addresses", &new_address("Bern")).await.status;
    let steps = [
        (consent("N-7", "gamma", &["C-1"], &["address:write"]), 404),
        (consent("N-8", "gamma", &["C-1"], &["customer:read"]), 201),
        (consent("N-9", "gamma", &["C-1"], &ALL), 201),
        (with(consent("N-7", "gamma", &["C-1"], &ALL), "/consent/status", "revoked"), 201),
        (with(consent("N-9", "gamma", &["C-1"], &ALL), "/consent/status", "revoked"), 403),
        (with(consent("N-8", "gamma", &["C-1"], &ALL), "/consent/status", "revoked"), 404),
    ];
    for (line, expected) in steps {
        app.state([line.clone()]).await;
        assert_eq!(post().await, expected, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_may_name_a_customer_that_comes_later() {
    let app = TestApp::start().await;
    let gamma = app.client("gamma");
    app.state([consent("N-7", "gamma", &["C-8"], &ALL)]).await;
    assert_eq!(sees(&gamma).await, Vec::<String>::new());
    gamma.get("/customers/C-8").await.problem(404, "INSUFFICIENT_PRIVILEGES");
    app.state([customer("C-8", &[])]).await;
    assert_eq!(sees(&gamma).await, ["C-8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_stays_with_its_client() {
    let app = TestApp::start().await;
    let answer = app.feed(ndjson([consent("N-1", "gamma", &["C-1"], &ALL)])).await;
    assert_eq!(answer.rejects.len(), 1);
    assert_eq!(sees(&app.client("gamma")).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_client_writes_every_client_of_that_customer_reads_and_no_other() {
    let app = TestApp::start().await;
    let (alpha, beta, gamma) = (app.client("alpha"), app.client("beta"), app.client("gamma"));
    let shared = alpha.post("/customers/C-1/addresses", &new_address("Bern")).await.is(201);
    let own = alpha.post("/customers/C-2/addresses", &new_address("Bern")).await.is(201);
    let read = alpha.get(&shared.location()).await.is(200);
    assert_eq!(beta.get(&shared.location()).await.is(200).body, read.body);
    for (client, location) in [(&beta, own.location()), (&gamma, shared.location())] {
        client.get(&location).await.problem(404, "INSUFFICIENT_PRIVILEGES");
    }
    let detail = alpha.post("/persons/P-1/contactdetails", &email_of("a@example.com")).await;
    let detail = detail.is(201);
    assert_eq!(beta.get(&detail.location()).await.is(200).body, detail.body);
    gamma.get(&detail.location()).await.problem(404, "INSUFFICIENT_PRIVILEGES");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_passes_a_revocation_that_was_acknowledged() {
    const WRITERS: usize = 8;
    let app = Arc::new(TestApp::start().await);
    for _round in 0..3 {
        app.state([consent("N-7", "gamma", &["C-1", "C-5"], &ALL)]).await;
        let revoked = Arc::new(AtomicBool::new(false));
        let writers = (0..WRITERS).map(|writer| {
            let (gamma, revoked) = (app.client("gamma"), Arc::clone(&revoked));
            tokio::spawn(write_until_refused(gamma, writer, revoked))
        });
        let writers: Vec<_> = writers.collect();
        let line = consent("N-7", "gamma", &["C-1", "C-5"], &ALL);
        app.state([with(line, "/consent/status", "revoked")]).await;
        revoked.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.await.unwrap();
        }
    }
    let mut in_force = true;
    for line in app.admin_lines("/replay").await {
        match line["tag"].as_str().unwrap() {
            "consent.revoked.v1" if line["stream"] == "consent/N-7" => in_force = false,
            "consent.granted.v1" if line["stream"] == "consent/N-7" => in_force = true,
            _ => assert!(in_force || line["consent"] != "N-7", "{line}"),
        }
    }
}

async fn write_until_refused(gamma: Client, writer: usize, revoked: Arc<AtomicBool>) {
    let customer = if writer.is_multiple_of(2) { "C-1" } else { "C-5" };
    let path = format!("/customers/{customer}/addresses");
    for nth in 0.. {
        let was_revoked = revoked.load(Ordering::SeqCst);
        let body = with(new_address("Bern"), "/addressName", format!("{writer} {nth}"));
        let answer = gamma.post(&path, &body).await;
        match answer.status {
            201 => assert!(!was_revoked, "written after the revocation"),
            // It lost against the revocation, or against the limit of addresses.
            409 => {}
            _ => return drop(answer.problem(404, "INSUFFICIENT_PRIVILEGES")),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_read_passes_a_revocation_that_was_acknowledged() {
    const READERS: usize = 8;
    let app = TestApp::start().await;
    for _round in 0..5 {
        let (status, _) = act(&app, "N-7/grant", &terms("gamma", &["C-1"], &ALL)).await;
        assert_eq!(status, 200);
        let (seen, revoked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let readers = (0..READERS).map(|nth| {
            let (gamma, seen, revoked) = (app.client("gamma"), seen.clone(), revoked.clone());
            tokio::spawn(read_until_refused(gamma, nth, seen, revoked))
        });
        let readers: Vec<_> = readers.collect();
        while !seen.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        assert_eq!(act(&app, "N-7/revoke", &json!({})).await.0, 200);
        revoked.store(true, Ordering::SeqCst);
        for reader in readers {
            reader.await.unwrap();
        }
    }
}

async fn read_until_refused(
    gamma: Client,
    nth: usize,
    seen: Arc<AtomicBool>,
    revoked: Arc<AtomicBool>,
) {
    let paths = ["/customers/C-1", "/persons/P-2", "/customers/C-1/kyc", "/customers"];
    let path = paths[nth % paths.len()];
    loop {
        let was_revoked = revoked.load(Ordering::SeqCst);
        let answer = gamma.get(path).await;
        let shown = answer.status == 200 && answer.json() != json!([]);
        assert!(!(shown && was_revoked), "{path} was read after the revocation");
        if !shown {
            assert!(answer.status == 200 || answer.status == 404, "{}", answer.status);
            return;
        }
        seen.store(true, Ordering::SeqCst);
    }
}
