//! The health check of the module, and what operators ask on their own port.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{app::TestApp, client::http};

#[tokio::test(flavor = "multi_thread")]
async fn anybody_may_ask_whether_the_module_lives() {
    let app = TestApp::empty().await;
    let client = app.client("alpha");
    for method in [Method::GET, Method::POST] {
        let ask = client.ask(method, "/healthcheck").without("authorization");
        let health = ask.without("x-correlation-id").send().await.is(200);
        assert_eq!(health.at("/receivedHeaders"), json!([]));
        assert_eq!(health.at("/receivedPayload"), "");
        assert_eq!(health.header("cache-control"), Some("no-store"));
        let time = health.text("/requestDateTime");
        chrono::DateTime::parse_from_rfc3339(&time).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_intermediarys_headers_are_told_back_and_no_token() {
    let app = TestApp::empty().await;
    let ask = app.client("alpha").ask(Method::GET, "/healthcheck");
    let ask = ask.header("x-correlation-id", "ä 1").header("x-corapi-client-id", "alpha");
    let health = ask.header("x-unheard-of", "1").send().await.is(200);
    let echo = |name: &str, value: &str| json!({ "headerName": name, "headerValue": value });
    assert_eq!(
        health.at("/receivedHeaders"),
        json!([
            echo("X-Correlation-ID", "ä 1"),
            echo("Authorization", "***"),
            echo("X-CorAPI-Client-ID", "alpha"),
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_check_too_refuses_a_correlation_id_that_is_too_long() {
    let app = TestApp::empty().await;
    let ask = app.client("alpha").ask(Method::GET, "/healthcheck");
    let ask = ask.header("x-correlation-id", &"x".repeat(65));
    ask.send().await.problem(400, "INVALID_PAYLOAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_the_state_of_every_part() {
    let app = TestApp::start().await;
    let ask = async |path: &str| {
        let answer = http().get(format!("{}{path}", app.admin())).send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    };
    assert_eq!(ask("/livez").await, "live\n");
    let ready: Value = serde_json::from_str(&ask("/readyz").await).unwrap();
    let position = app.watermark().0;
    assert_eq!(ready["ready"], true);
    assert_eq!(ready["log"], json!({ "position": position, "stopped": null }));
    assert_eq!(ready["projections"]["position"], position);
    assert_eq!(ready["projections"]["parked"], json!([]));
    assert_eq!(ready["nats"]["state"], "off");
    let metrics = ask("/metrics").await;
    assert!(metrics.contains("dossier_log_position"), "{metrics}");
}
