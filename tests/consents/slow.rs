//! Who sends slowly: what it may do is judged by how things are when it has sent everything.

use chrono::Utc;
use events::consent::Scope;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::by_hand::act;
use crate::support::{
    answer::Answer,
    app::TestApp,
    bank::*,
    issuer::{Issuer, claims},
    raw::Sent,
    signing::SigningKey,
};

/// A write whose head was judged, and whose body the service is waiting for.
struct Held {
    stream: TcpStream,
    asked: String,
    body: String,
}

async fn hold(app: &TestApp, asked: &str, body: &Value, key: Option<&str>) -> Held {
    hold_with(app, &app.token("gamma", &Scope::ALL), asked, body, key).await
}

async fn hold_with(
    app: &TestApp,
    token: &str,
    asked: &str,
    body: &Value,
    key: Option<&str>,
) -> Held {
    let body = body.to_string();
    let key = key.map_or(String::new(), |key| format!("idempotency-key: {key}\r\n"));
    let head = format!(
        "{asked} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nx-correlation-id: slow\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n{key}expect: 100-continue\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(app.service().public).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    Held { stream, asked: asked.to_owned(), body }
}

impl Held {
    /// Sends the body.
    async fn send(mut self) -> Answer {
        self.stream.write_all(self.body.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).await.unwrap();
        let (asked, body) = (self.asked.as_str(), Some(self.body.as_bytes()));
        Sent { asked, correlation: Some("slow"), body }.answered(&answer)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_ends_before_the_body_is_gone() {
    let app = TestApp::start().await;
    let gamma = app.client("gamma");
    let active = consent("N-7", "gamma", &["C-1"], &ALL);
    let grant = json!({
        "clientIdentification": "gamma", "customerIdentifications": ["C-1"], "scopes": ALL,
    });
    app.state([active]).await;
    let mail = |name: &str| email_of(&format!("{name}@example.com"));
    let contacts = "/persons/P-1/contactdetails";
    let known = gamma.ask(reqwest::Method::POST, contacts).json(&mail("known"));
    let known = known.header("idempotency-key", "k-1").send().await.is(201);
    let own = format!("PUT {}", known.location());
    let writes = [
        ("POST /customers/C-1/addresses", new_address("Bern"), None),
        ("PUT /customers/C-1/addresses", change(1, "Bern"), None),
        ("PUT /customers/C-1/addresses/2", change(2, "Bern"), None),
        ("POST /persons/P-1/contactdetails", mail("new"), None),
        // What is answered without an append: a replay, and a change of nothing.
        ("POST /persons/P-1/contactdetails", mail("known"), Some("k-1")),
        (&own, mail("known"), None),
    ];
    for (asked, body, key) in &writes {
        let held = hold(&app, asked, body, *key).await;
        let before = app.watermark();
        assert_eq!(act(&app, "N-7/revoke", &json!({})).await.0, 200);
        let answer = held.send().await.problem(404, "INSUFFICIENT_PRIVILEGES");
        assert!(!answer.seen().2.contains("@example.com"), "{answer:?}");
        assert_eq!(app.watermark().0, before.0 + 1, "{asked}");
        assert_eq!(act(&app, "N-7/grant", &grant).await.0, 200);
    }
    // In force, the same is done.
    let (asked, body, key) = &writes[0];
    hold(&app, asked, body, *key).await.send().await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_that_is_closed_before_the_body_is_closed() {
    let app = TestApp::start().await;
    app.state([consent("N-7", "gamma", &["C-1"], &ALL)]).await;
    let held = [
        hold(&app, "POST /customers/C-1/addresses", &new_address("Bern"), None).await,
        hold(&app, "POST /persons/P-2/contactdetails", &email_of("a@example.com"), None).await,
    ];
    let persons = [("P-1", "accountOwner"), ("P-2", "authorisedRepresentative")];
    let closed = with(customer("C-1", &persons), "/customer/status", "closed");
    app.state([closed]).await;
    for held in held {
        held.send().await.problem(409, "OPERATION_NOT_ALLOWED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_before_the_body_is_no_longer_good() {
    let key = SigningKey::ed25519("k");
    let issuer = Issuer::start(&[&key]).await;
    let app = TestApp::configured(|config| {
        issuer.signs_for(config);
        config.access.leeway_s = 0;
    });
    let app = app.await;
    app.state(lines()).await;
    app.state([consent("N-7", "gamma", &["C-1"], &ALL)]).await;
    let mut claims = claims("gamma");
    let ends = Utc::now().timestamp() + 3;
    claims["exp"] = ends.into();
    let token = key.token(&claims);
    let asked = "POST /customers/C-1/addresses";
    let held = hold_with(&app, &token, asked, &new_address("Bern"), None).await;
    let before = app.watermark();
    while Utc::now().timestamp() < ends {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    held.send().await.problem(401, "EXPIRED_TOKEN");
    assert_eq!(app.watermark(), before);
}
