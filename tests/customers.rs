//! Customers: listed, read one by one, and shown again only when they have changed.

use reqwest::Method;
use serde_json::json;

use crate::support::{app::TestApp, bank::*};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_lists_the_customers_that_consented() {
    let app = TestApp::start().await;
    let list = app.client("alpha").get("/customers").await.is(200);
    assert_eq!((list.header("nextcursor"), list.header("x-next-cursor")), (Some(""), Some("")));
    assert_eq!(
        list.json(),
        json!([
            {
                "customerIdentification": "C-1",
                "name": "Stark & Söhne",
                "status": "active",
                "referenceCurrency": "CHF",
                "personList": [
                    { "personIdentification": "P-1", "personRelation": "accountOwner" },
                    { "personIdentification": "P-2", "personRelation": "authorisedRepresentative" },
                ],
                "addressList": [{ "addressIdentification": 1 }, { "addressIdentification": 2 }],
            },
            {
                "customerIdentification": "C-2",
                "name": "Stark & Söhne",
                "status": "active",
                "referenceCurrency": "CHF",
                "personList": [
                    { "personIdentification": "P-1", "personRelation": "accountOwner" },
                ],
                "addressList": [],
            },
            {
                "customerIdentification": "C-3",
                "name": "Stark & Söhne",
                "status": "closed",
                "referenceCurrency": "CHF",
                "personList": [
                    { "personIdentification": "P-3", "personRelation": "accountOwner" },
                ],
                "addressList": [{ "addressIdentification": 1 }],
            },
            {
                "customerIdentification": "C-4",
                "name": "Stark & Söhne",
                "status": "active",
                "referenceCurrency": "CHF",
                "personList": [
                    { "personIdentification": "P-4", "personRelation": "assetManager" },
                ],
                "addressList": [{ "addressIdentification": 1 }],
            },
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_customer_reads_as_in_the_list() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let list = alpha.get("/customers").await.is(200);
    for nth in 0..4 {
        let id = list.text(&format!("/{nth}/customerIdentification"));
        let one = alpha.get(&format!("/customers/{id}?limit=1&cursor=x")).await.is(200);
        assert_eq!(one.json(), list.at(&format!("/{nth}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_customer_already_gets_it_again_only_when_it_changed() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let etag = alpha.get("/customers/C-1").await.is(200).etag();
    let again = async |known: &str| {
        let ask = alpha.ask(Method::GET, "/customers/C-1").header("if-none-match", known);
        ask.send().await
    };
    for known in [etag.as_str(), "*", &format!("\"x\", {etag}"), &format!("W/{etag}")] {
        assert_eq!(again(known).await.is(304).etag(), etag);
        let head = alpha.ask(Method::HEAD, "/customers/C-1").header("if-none-match", known);
        let head = head.send().await.is(304);
        // It would be the length of the 200 (RFC 9110, 8.6).
        assert_eq!((head.etag(), head.header("content-length")), (etag.clone(), None));
    }
    again("\"x\"").await.is(200);
    alpha.add_address("C-1", &new_address("Bern")).await;
    assert_ne!(again(&etag).await.is(200).etag(), etag);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_any_consent_lists_nothing() {
    let app = TestApp::start().await;
    let nobody = app.client("nobody");
    for list in ["/customers", "/persons"] {
        let found = nobody.get(list).await.is(200);
        assert_eq!((found.json(), found.header("nextcursor")), (json!([]), Some("")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_of_answers_are_those_of_the_answers() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    for path in ["/customers", "/customers/C-1", "/customers/C-9", "/nowhere"] {
        let (full, head) = (alpha.get(path).await, alpha.ask(Method::HEAD, path).send().await);
        assert_eq!((full.status, full.header("etag")), (head.status, head.header("etag")));
        assert!(head.body.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_base_path_stands_before_everything() {
    let app = TestApp::configured(|config| config.http.base_path = "/blink/v1".to_owned()).await;
    app.state(lines()).await;
    let alpha = app.client("alpha");
    alpha.get("/customers/C-1").await.problem(404, "TECHNICAL_ERROR");
    alpha.get("/blink/v1/customers/C-1").await.is(200);
    alpha.get("/blink/v1/nowhere").await.problem(404, "TECHNICAL_ERROR");
    let wrong = alpha.ask(Method::DELETE, "/blink/v1/customers").send().await;
    assert!(wrong.problem(405, "WRONG_METHOD").header("allow").unwrap().contains("GET"));
    let added = alpha.post("/blink/v1/customer/C-1/addresses", &new_address("Bern")).await.is(201);
    assert!(added.location().starts_with("/blink/v1/customers/C-1/addresses/"));
    alpha.get(&added.location()).await.is(200);
}
