//! Consents by an operator's hand: on the admin port, and on the command line.

use dossier::consents::{self, Act, ActError};
use events::id::ConsentId;
use serde_json::{Value, json};

use super::sees;
use crate::support::{
    app::TestApp,
    bank::*,
    binary::{complaint, run, stdout},
    client::http,
};

/// What an operator does to a consent on the admin port, and what that is answered.
pub(super) async fn act(app: &TestApp, path: &str, words: &Value) -> (u16, String) {
    let url = format!("{}/consents/{path}", app.admin());
    let answer = http().post(url).body(words.to_string()).send().await;
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

pub(super) fn terms(client: &str, customers: &[&str], scopes: &[&str]) -> Value {
    json!({ "clientIdentification": client, "customerIdentifications": customers, "scopes": scopes })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_grants_amends_and_revokes() {
    let app = TestApp::start().await;
    let gamma = app.client("gamma");
    let steps: [(&str, Value, u16, &[&str]); 12] = [
        ("amend", json!({ "scopes": ["kyc:read"] }), 404, &[]),
        ("revoke", json!({}), 404, &[]),
        ("grant", terms("gamma", &["C-1"], &ALL), 200, &["C-1"]),
        ("grant", terms("gamma", &["C-1"], &ALL), 200, &["C-1"]),
        ("grant", terms("gamma", &["C-5"], &ALL), 409, &["C-1"]),
        ("grant", terms("alpha", &["C-1"], &ALL), 409, &["C-1"]),
        ("amend", json!({ "customerIdentifications": ["C-1", "C-5"] }), 200, &["C-1", "C-5"]),
        ("amend", json!({ "validTo": "2020-01-01T00:00:00Z" }), 200, &[]),
        ("amend", json!({ "validTo": null, "reason": "T-1" }), 200, &["C-1", "C-5"]),
        ("revoke", json!({ "reason": "T-2" }), 200, &[]),
        ("amend", json!({ "scopes": ["customer:read"] }), 409, &[]),
        ("grant", terms("gamma", &["C-5"], &ALL), 200, &["C-5"]),
    ];
    for (what, words, status, expected) in steps {
        let (answered, text) = act(&app, &format!("N-7/{what}"), &words).await;
        assert_eq!(answered, status, "{what} {words}: {text}");
        assert_eq!(sees(&gamma).await, expected, "{what} {words}");
    }
    let history = app.admin_lines("/replay?stream=consent/N-7").await;
    let told: Vec<_> = history
        .iter()
        .map(|line| (line["tag"].as_str().unwrap(), line["actor"].as_str().unwrap()))
        .collect();
    let events = ["granted", "amended", "amended", "amended", "revoked", "granted"];
    let expected = events.map(|event| (format!("consent.{event}.v1"), "operator"));
    assert!(told.iter().copied().eq(expected.iter().map(|(tag, actor)| (&**tag, *actor))));
    assert_eq!(history[3]["reason"], "T-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_says_wrongly_changes_nothing() {
    let app = TestApp::start().await;
    let before = app.watermark();
    let full = terms("gamma", &["C-1"], &ALL);
    let cases = [
        ("N-7/grant", json!({}), "/clientIdentification is required"),
        ("N-7/grant", with(full.clone(), "/scopes", json!(["all"])), "/scopes/0"),
        ("N-7/grant", with(full.clone(), "/validUntil", "2030-01-01T00:00:00Z"), "/validUntil"),
        ("N-7/grant", with(full.clone(), "/reason", "for Tony Stark"), "/reason"),
        ("N-1/amend", json!({ "scopes": [] }), "/scopes is empty"),
        ("N-1/revoke", json!("now"), "not an object"),
    ];
    for (path, words, expected) in cases {
        let (status, text) = act(&app, path, &words).await;
        assert_eq!(status, 400, "{path} {words}: {text}");
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains("Stark"), "{text}");
    }
    let backwards =
        json!({ "validFrom": "2030-01-01T00:00:00Z", "validTo": "2029-01-01T00:00:00Z" });
    assert_eq!(act(&app, "N-1/amend", &backwards).await.0, 409);
    // Tools of the web take these for steps in a path, and do not send them.
    for step in [".", ".."] {
        let (commands, id) = (&app.service().app.commands, ConsentId::parse(step).unwrap());
        let granted = consents::act(commands, id, Act::Grant, full.to_string().as_bytes()).await;
        assert!(matches!(granted, Err(ActError::Id(_))), "{granted:?}");
    }
    assert_eq!(app.watermark(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_undoes_an_operators_word_only_with_news() {
    let app = TestApp::start().await;
    let gamma = app.client("gamma");
    let line = consent("N-7", "gamma", &["C-1"], &ALL);
    app.state([line.clone()]).await;
    act(&app, "N-7/revoke", &json!({})).await;
    assert_eq!(app.state([line.clone()]).await.summary.appended, 0);
    assert_eq!(sees(&gamma).await, Vec::<String>::new());
    let revoked = with(line.clone(), "/consent/status", "revoked");
    assert_eq!(app.state([revoked.clone()]).await.summary.appended, 1);
    assert_eq!(app.state([revoked]).await.summary.appended, 0);
    app.state([line]).await;
    assert_eq!(sees(&gamma).await, ["C-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_says_the_same_to_a_service_and_to_a_folder() {
    let mut app = TestApp::start().await;
    let url = app.admin();
    let told = consent_command(&["grant", "N-7", "--client", "gamma"], &["--url", &url], 1).await;
    assert!(told.contains("/customerIdentifications is required"), "{told}");
    let grant =
        ["grant", "N-7", "--client", "gamma", "--customer", "C-1", "--scope", "customer:read"];
    consent_command(&grant, &["--url", &url], 0).await;
    assert_eq!(sees(&app.client("gamma")).await, ["C-1"]);
    let list = ["list", "--client", "gamma"];
    let served = consent_command(&list, &["--url", &url], 0).await;
    app.stop().await;
    let data = app.config.data.dir.to_str().unwrap().to_owned();
    let folder = ["--dev", "--data", &data];
    assert_eq!(consent_command(&list, &folder, 0).await, served);
    let listed: Value = serde_json::from_str(&served).unwrap();
    assert_eq!(listed["inForce"], true);
    consent_command(&["amend", "N-7", "--customer", "C-5", "--to", "tomorrow"], &folder, 2).await;
    consent_command(&["amend", "N-7", "--customer", "C-5"], &folder, 0).await;
    app.restart().await;
    assert_eq!(sees(&app.client("gamma")).await, ["C-5"]);
    app.stop().await;
    consent_command(&["revoke", "N-7", "--reason", "T-3"], &folder, 0).await;
    app.restart().await;
    assert_eq!(sees(&app.client("gamma")).await, Vec::<String>::new());
}

/// What `dossier consent` printed, or complained of.
async fn consent_command(words: &[&str], at: &[&str], exit: i32) -> String {
    let words: Vec<String> =
        ["consent"].iter().chain(words).chain(at).map(|word| (*word).to_owned()).collect();
    let run = move || {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = run(&words, exit);
        if exit == 0 { stdout(&output).to_owned() } else { complaint(&output) }
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}
