//! Contact details of a person: read, added and changed, on the word of a customer's consent.

use serde_json::json;

use crate::support::{app::TestApp, bank::*, client::Client};

const MAIL: &str = "pepper@stark.example.com";

async fn first_id(client: &Client, person: &str) -> String {
    let list = client.get(&format!("/persons/{person}/contactdetails")).await.is(200);
    list.text("/0/contactIdentification")
}

#[tokio::test(flavor = "multi_thread")]
async fn contact_details_are_listed_in_the_order_of_their_ids_and_read_one_by_one() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let list = alpha.get("/persons/P-1/contactdetails").await.is(200);
    assert!(list.etag().starts_with('"'));
    assert_eq!(alpha.get("/persons/P-1").await.at("/contactInformation"), list.json());
    for (nth, id) in ["K-1", "K-2"].into_iter().enumerate() {
        let one = alpha.get(&format!("/persons/P-1/contactdetails/{id}")).await.is(200);
        assert_eq!(one.json(), list.at(&format!("/{nth}")));
        assert_eq!(one.text("/contactIdentification"), id);
    }
    let none = alpha.get("/persons/P-2/contactdetails").await.is(200);
    assert_eq!(none.json(), json!([]));
    let unknown = alpha.get("/persons/P-1/contactdetails/K-9").await;
    unknown.problem(404, "RESOURCE_DOES_NOT_EXIST");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_added_contact_detail_is_answered_whole_and_is_there_at_once() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let body = with(email_of(MAIL), "/additionalContactInformation", "nur abends");
    let added = alpha.post("/persons/P-2/contactdetails", &body).await.is(201);
    let id = added.text("/contactIdentification");
    assert!((1..=35).contains(&id.len()));
    assert_eq!(added.json(), with(body, "/contactIdentification", id.as_str()));
    assert!(added.header("x-log-position").is_some());
    let read = alpha.get(&added.location()).await.is(200);
    assert_eq!((read.json(), read.etag()), (added.json(), added.etag()));
    let list = alpha.get("/persons/P-2/contactdetails").await.is(200);
    assert_eq!(list.json(), json!([added.json()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_a_contact_detail_is_ours_to_give() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let body = with(email_of(MAIL), "/contactIdentification", "K-1");
    let added = alpha.post("/persons/P-2/contactdetails", &body).await.is(201);
    assert_ne!(added.text("/contactIdentification"), "K-1");
    assert_eq!(added.header("x-ignored-members"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_contact_detail_is_replaced_and_answered() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let path = "/persons/P-1/contactdetails/K-1";
    let before = alpha.get(path).await.is(200).etag();
    let body = without(email_of(MAIL), "/contactMediumType");
    let changed = alpha.put(path, &body).await.is(200);
    assert_eq!(changed.json(), with(body.clone(), "/contactIdentification", "K-1"));
    let read = alpha.get(path).await.is(200);
    assert_eq!((read.json(), read.etag()), (changed.json(), changed.etag()));
    assert_ne!(changed.etag(), before);

    let position = app.watermark();
    let again = alpha.put(path, &body).await.is(200);
    assert_eq!((again.json(), again.etag()), (changed.json(), changed.etag()));
    assert_eq!(app.watermark(), position);
    alpha
        .put("/persons/P-1/contactdetails/K-9", &body)
        .await
        .problem(404, "RESOURCE_DOES_NOT_EXIST");
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_must_fit_their_medium() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let cases = [
        ("email", "tony@stark.example.com", "tony"),
        ("phone", "+41 44 123 45 67", "call me"),
        ("fax", "044 123 45 67", "+"),
        ("website", "https://stark.example.com/tony", "stark"),
        ("socialMediaProfile", "@tony", " "),
    ];
    for (medium, good, bad) in cases {
        let body = |content: &str| json!({ "medium": medium, "contactContent": content });
        alpha.post("/persons/P-2/contactdetails", &body(good)).await.is(201);
        let refused = alpha.post("/persons/P-2/contactdetails", &body(bad)).await;
        let refused = refused.problem(400, "INVALID_PAYLOAD");
        assert_eq!(refused.violations(), ["/contactContent"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_no_more_contact_details_than_the_rules_allow() {
    let app = TestApp::configured(|config| config.rules.contacts_max = 3).await;
    app.state(lines()).await;
    let alpha = app.client("alpha");
    alpha.post("/persons/P-1/contactdetails", &email_of(MAIL)).await.is(201);
    let refused = alpha.post("/persons/P-1/contactdetails", &email_of(MAIL)).await;
    refused.problem(409, "OPERATION_NOT_ALLOWED");
    app.state([person("P-1", &[])]).await;
    alpha.post("/persons/P-1/contactdetails", &email_of(MAIL)).await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_merely_manages_assets_does_not_have_its_contact_details_changed() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let refused = alpha.post("/persons/P-4/contactdetails", &email_of(MAIL)).await;
    refused.problem(403, "INSUFFICIENT_PRIVILEGES");
    // The manager also owns something.
    app.state([customer("C-2", &[("P-4", "accountOwner"), ("P-1", "accountOwner")])]).await;
    alpha.post("/persons/P-4/contactdetails", &email_of(MAIL)).await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whose_customers_are_all_closed_is_not_written_to() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let path = "/persons/P-3/contactdetails";
    alpha.get(path).await.is(200);
    alpha.post(path, &email_of(MAIL)).await.problem(409, "OPERATION_NOT_ALLOWED");
    let id = first_id(&alpha, "P-3").await;
    let change = alpha.put(&format!("{path}/{id}"), &email_of(MAIL)).await;
    change.problem(409, "OPERATION_NOT_ALLOWED");
    app.state([customer("C-3", &[("P-3", "accountOwner")])]).await;
    alpha.post(path, &email_of(MAIL)).await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_stands_on_the_oldest_consent_that_covers_it() {
    let app = TestApp::start().await;
    app.state([consent("N-0", "alpha", &["C-1"], &ALL)]).await;
    let alpha = app.client("alpha");
    alpha.post("/persons/P-1/contactdetails", &email_of(MAIL)).await.is(201);
    alpha.add_address("C-1", &new_address("Bern")).await;
    for whose in ["persons/P-1", "customers/C-1"] {
        let last = app.history(whose).await.pop().unwrap();
        let cause = ["actor", "client", "consent"].map(|name| last[name].clone());
        assert_eq!(cause, ["client", "alpha", "N-1"]);
    }
    app.state([with(consent("N-1", "alpha", &["C-1"], &ALL), "/consent/status", "revoked")]).await;
    alpha.post("/persons/P-1/contactdetails", &email_of(MAIL)).await.is(201);
    assert_eq!(app.history("persons/P-1").await.pop().unwrap()["consent"], "N-0");
}
