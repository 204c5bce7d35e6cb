//! What was forgotten is gone everywhere, and holds up nothing.

use std::fs;

use dossier::{config::Config, folder::projections_in};
use events::{envelope::PayloadKind, id::StreamId, tag::Class};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{app::TestApp, bank::*, folder};

/// Destroys the key of a class, as forgetting does; nobody serves the folder meanwhile.
fn destroy(config: &Config, stream: &str, class: Class) {
    let log = folder::open(config);
    let stream = StreamId::parse(stream).unwrap();
    let slot = folder::records(&log).into_iter().find_map(|record| {
        let head = &record.envelope().head;
        match head.payload {
            PayloadKind::Sealed { slot, .. } if head.stream == stream => Some(slot),
            PayloadKind::Sealed { .. } | PayloadKind::Clear | PayloadKind::Empty => None,
        }
    });
    log.keys().destroy(slot.unwrap(), &stream, class).unwrap();
    folder::close(config, log);
    fs::remove_dir_all(projections_in(&config.data.dir)).unwrap();
}

async fn without_key(stream: &str, class: Class) -> TestApp {
    let mut app = TestApp::start().await;
    app.stop().await;
    destroy(&app.config, stream, class);
    app.restart().await;
    assert_eq!(app.service().app.projections.parked(), []);
    app
}

/// The lines of a history whose payload is gone.
async fn forgotten(app: &TestApp, whose: &str) -> Vec<Value> {
    let mut lines = app.history(whose).await;
    lines.retain(|line| line["forgotten"] == true);
    assert!(lines.iter().all(|line| line.get("payload").is_none()));
    lines.into_iter().map(|line| line["tag"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_customer_keeps_its_id_and_status() {
    let app = without_key("customer/C-1", Class::Identity).await;
    let alpha = app.client("alpha");
    let customer = alpha.get("/customers/C-1").await.is(200);
    let person = |id: &str| json!({ "personIdentification": id });
    let address = |id: u64| json!({ "addressIdentification": id });
    let expected = json!({
        "customerIdentification": "C-1",
        "status": "active",
        "personList": [person("P-1"), person("P-2")],
        "addressList": [address(1), address(2)],
    });
    assert_eq!(customer.json(), expected);
    assert_eq!(alpha.walk("/customers", 1).await.len(), 4);
    alpha.get("/customers/C-1/addresses").await.is(200);
    alpha.get("/customers/C-1/kyc").await.is(200);
    alpha.get("/persons/P-2").await.is(200);
    let tags = ["customer.opened.v1", "customer.person-linked.v1", "customer.person-linked.v1"];
    assert_eq!(forgotten(&app, "customers/C-1").await, tags);
    // Addresses are of another class.
    alpha.add_address("C-1", &new_address("Bern")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_addresses_are_gone_and_no_more_are_taken() {
    let app = without_key("customer/C-1", Class::Contact).await;
    let alpha = app.client("alpha");
    for path in ["/customers/C-1/addresses", "/customers/C-1/addresses/1"] {
        alpha.get(path).await.problem(404, "RESOURCE_DOES_NOT_EXIST");
        let put = alpha.put(path, &change(1, "Bern")).await;
        put.problem(404, "RESOURCE_DOES_NOT_EXIST");
    }
    assert_eq!(alpha.get("/customers/C-1").await.at("/addressList"), json!([]));
    let position = app.watermark();
    let ask = alpha.ask(Method::POST, "/customers/C-1/addresses").json(&new_address("Bern"));
    ask.header("idempotency-key", "k").send().await.problem(409, "OPERATION_NOT_ALLOWED");
    let fed = app.feed(ndjson([address("C-1", 1, "Bern"), address("C-2", 1, "Bern")])).await;
    assert_eq!(fed.rejects.iter().map(|reject| reject.line).collect::<Vec<_>>(), [1]);
    assert_eq!(app.watermark().0, position.0 + 1);
    let added = "customer.address-added.v1";
    assert_eq!(forgotten(&app, "customers/C-1").await, [added, added]);
    // What needs no key goes on.
    let removed =
        json!({ "customerIdentification": "C-1", "addressIdentification": 1, "removed": true });
    app.state([json!({ "address": removed })]).await;
    alpha.get("/customers/C-1/kyc").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_kyc_record_is_no_longer_there() {
    let app = without_key("customer/C-1", Class::Kyc).await;
    let alpha = app.client("alpha");
    alpha.get("/customers/C-1/kyc").await.problem(404, "RESOURCE_DOES_NOT_EXIST");
    alpha.get("/customers/C-1").await.is(200);
    assert_eq!(forgotten(&app, "customers/C-1").await, ["customer.kyc-recorded.v1"]);
    let fed = app.feed(ndjson([kyc("C-1", "CEO")])).await;
    assert_eq!(fed.summary.rejected, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_person_is_not_served() {
    let app = without_key("person/P-1", Class::Identity).await;
    let alpha = app.client("alpha");
    for path in ["/persons/P-1", "/persons/P-1/contactdetails", "/persons/P-1/contactdetails/K-1"] {
        alpha.get(path).await.problem(404, "INSUFFICIENT_PRIVILEGES");
    }
    let path = "/persons/P-1/contactdetails";
    alpha.post(path, &email_of("a@example.com")).await.problem(404, "INSUFFICIENT_PRIVILEGES");
    assert_eq!(alpha.walk("/persons", 1).await.len(), 3);
    assert_eq!(forgotten(&app, "persons/P-1").await, ["person.registered.v1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_contact_details_are_gone_and_no_more_are_taken() {
    let app = without_key("person/P-1", Class::Contact).await;
    let alpha = app.client("alpha");
    let path = "/persons/P-1/contactdetails";
    assert_eq!(alpha.get(path).await.is(200).json(), json!([]));
    assert_eq!(alpha.get("/persons/P-1").await.is(200).at("/contactInformation"), json!([]));
    alpha.post(path, &email_of("a@example.com")).await.problem(409, "OPERATION_NOT_ALLOWED");
    let put = alpha.put(&format!("{path}/K-1"), &email_of("a@example.com")).await;
    put.problem(404, "RESOURCE_DOES_NOT_EXIST");
    let added = "person.contact-added.v1";
    assert_eq!(forgotten(&app, "persons/P-1").await, [added, added]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_write_whose_answer_was_forgotten_says_so() {
    let mut app = TestApp::start().await;
    let writes = [
        (Method::POST, "/persons/P-1/contactdetails", "k-1"),
        (Method::PUT, "/persons/P-1/contactdetails/K-1", "k-2"),
    ];
    let send = async |app: &TestApp, (method, path, key): &(Method, &str, &str)| {
        let alpha = app.client("alpha");
        let ask = alpha.ask(method.clone(), path).header("idempotency-key", key);
        ask.json(&email_of("a@example.com")).send().await
    };
    for write in &writes {
        assert!(send(&app, write).await.status < 300);
    }
    app.stop().await;
    destroy(&app.config, "person/P-1", Class::Contact);
    app.restart().await;
    let position = app.watermark();
    for write in &writes {
        send(&app, write).await.problem(404, "RESOURCE_DOES_NOT_EXIST");
    }
    assert_eq!(app.watermark(), position);
}
