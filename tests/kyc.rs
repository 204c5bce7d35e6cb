//! What the bank must know about a customer.

use reqwest::Method;
use serde_json::json;

use crate::support::{app::TestApp, bank::*};

#[tokio::test(flavor = "multi_thread")]
async fn a_kyc_record_stands_beside_its_customer() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let customer = alpha.get("/customers/C-1").await.is(200);
    let record = alpha.get("/customers/C-1/kyc").await.is(200);
    assert_eq!(
        record.json(),
        json!({
            "customer": customer.json(),
            "kyc": {
                "nonFinancialSituation": { "profession": "CEO" },
                "financialSituation": {
                    "monetaryWealth": { "currency": "CHF", "amount": "12.50" },
                },
            },
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kyc_record_changes_with_itself_and_with_its_customer() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let mut known = alpha.get("/customers/C-1/kyc").await.is(200).etag();
    let changes = [
        kyc("C-1", "Founder"),
        with(customer("C-1", &[]), "/customer/name", "Rogers"),
        address("C-1", 7, "Bern"),
    ];
    for change in changes {
        let read = || alpha.ask(Method::GET, "/customers/C-1/kyc").header("if-none-match", &known);
        read().send().await.is(304);
        app.state([change]).await;
        known = read().send().await.is(200).etag();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_without_a_kyc_record_has_none() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    alpha.get("/customers/C-2/kyc").await.problem(404, "RESOURCE_DOES_NOT_EXIST");
    alpha.get("/customers/C-5/kyc").await.problem(404, "INSUFFICIENT_PRIVILEGES");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_does_not_cover_kyc_does_not_show_it() {
    let app = TestApp::start().await;
    let beta = app.client("beta");
    beta.get("/customers/C-1/kyc").await.problem(403, "INSUFFICIENT_PRIVILEGES");
    // One more consent, and the two together cover it.
    app.state([consent("N-9", "beta", &["C-1"], &["kyc:read"])]).await;
    beta.get("/customers/C-1/kyc").await.is(200);
}
