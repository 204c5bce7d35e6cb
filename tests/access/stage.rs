//! What the cells are asked of: three customers, those who may see them, and tokens good and bad.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use dossier::config::Config;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    app::TestApp,
    bank::{self, ALL, with},
    issuer::{Issuer, claims},
    signing::SigningKey,
};

/// What stands in a cell.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell {
    Done(u16),
    /// A list of what belongs to one customer, or of nothing.
    Listed(Option<&'static str>),
    Refused(u16, &'static str),
}

pub(super) struct Operation {
    method: Method,
    /// With `{customer}` or `{person}` where an id stands.
    path: &'static str,
}

pub(super) struct Situation {
    pub(super) name: &'static str,
    /// Each is good or bad in the same way; none is no token at all.
    pub(super) tokens: Vec<Option<String>>,
    /// The number of the customer, and of its person, that is asked for.
    pub(super) of: &'static str,
}

pub(super) struct Stage {
    pub(super) app: TestApp,
    key: SigningKey,
    stranger: SigningKey,
    _issuer: Issuer,
}

pub(super) fn operation(asked: &'static str) -> Operation {
    let (method, path) = asked.split_once(' ').unwrap();
    Operation { method: method.parse().unwrap(), path }
}

impl Cell {
    #[track_caller]
    pub(super) fn check(self, answer: &Answer, what: &str) {
        match self {
            Self::Done(status) => assert_eq!(answer.status, status, "{what}: {answer:?}"),
            Self::Listed(of) => {
                assert_eq!(answer.status, 200, "{what}: {answer:?}");
                let items = answer.json().as_array().map(Vec::len);
                assert_eq!(items, Some(usize::from(of.is_some())), "{what}: {answer:?}");
                let text = answer.json().to_string();
                for number in ["1", "2", "3"] {
                    let is_theirs = of == Some(number);
                    let is_told = text.contains(&format!("-{number}"));
                    assert_eq!(is_told, is_theirs, "{what}: {answer:?}");
                }
            }
            Self::Refused(status, kind) => {
                assert_eq!(answer.status, status, "{what}: {answer:?}");
                assert_eq!(answer.text("/type"), format!("/problems/{kind}"), "{what}");
            }
        }
    }
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Operation {
    fn scope(&self) -> &'static str {
        match (self.method == Method::GET, self.path) {
            (true, path) if path.ends_with("/kyc") => "kyc:read",
            (true, _) => "customer:read",
            (false, path) if path.contains("addresses") => "address:write",
            (false, _) => "contact:write",
        }
    }

    fn body(&self) -> Option<Value> {
        match (self.method.as_str(), self.path.contains("addresses")) {
            ("POST", true) => Some(bank::new_address("Bern")),
            ("PUT", true) => Some(bank::change(1, "Bern")),
            ("POST" | "PUT", false) => Some(bank::email_of("new@example.com")),
            _ => None,
        }
    }

    /// As the document calls it.
    pub(super) fn in_document(&self) -> String {
        let path = self.path.split('?').next().unwrap();
        let path = path.replace("{customer}", "{customerId}").replace("{person}", "{personId}");
        let path = path.replace("addresses/1", "addresses/{addressId}");
        let path = path.replace("contactdetails/K", "contactdetails/{contactId}");
        format!("{} {path}", self.method)
    }
}

impl Stage {
    pub(super) async fn set() -> Self {
        let (key, stranger) = (SigningKey::p256("key"), SigningKey::p256("stranger"));
        let issuer = Issuer::start(&[&key]).await;
        let app = TestApp::configured(|config: &mut Config| issuer.signs_for(config)).await;
        app.state(lines()).await;
        Self { app, key, stranger, _issuer: issuer }
    }

    pub(super) async fn ask(&self, operation: &Operation, of: &str, token: Option<&str>) -> Answer {
        let path = operation.path.replace("{customer}", &format!("C-{of}"));
        let path = path.replace("{person}", &format!("P-{of}"));
        let client = self.app.client_of(token.unwrap_or_default().to_owned());
        let mut ask = client.ask(operation.method.clone(), &path);
        ask = ask.header("x-correlation-id", "the same call");
        if token.is_none() {
            ask = ask.without("authorization");
        }
        if let Some(body) = operation.body() {
            ask = ask.json(&body);
        }
        ask.send().await
    }

    /// In the order of the columns.
    pub(super) fn situations(&self, operation: &Operation) -> [Situation; 16] {
        let situation = |name, token: String, of| Situation { name, tokens: vec![Some(token)], of };
        let now = Utc::now().timestamp();
        let good = claims("alpha");
        let but = |name: &str, value: Value| {
            self.key.token(&with(good.clone(), &format!("/{name}"), value))
        };
        let others: Vec<&str> = ALL.into_iter().filter(|it| *it != operation.scope()).collect();
        let of_client = |client: &str| self.key.token(&claims(client));
        let token = self.key.token(&good);
        let broken = format!("{}.{}", token.rsplit_once('.').unwrap().0, "x".repeat(86));
        let forged = self.key.signed_with_public_key(&good).into_iter().map(Some).collect();
        [
            situation("all is well", token, "1"),
            Situation { name: "no token", tokens: vec![None], of: "1" },
            situation("broken", broken, "1"),
            situation("expired", but("exp", json!(now - 60)), "1"),
            situation("not yet valid", but("nbf", json!(now + 60)), "1"),
            situation("wrong issuer", but("iss", json!("https://other.example.com")), "1"),
            situation("wrong audience", but("aud", json!(["https://other.example.com"])), "1"),
            situation("alg: none", self.key.unsigned(&good), "1"),
            Situation { name: "HS256 with the public key", tokens: forged, of: "1" },
            situation("unknown key", self.stranger.token(&good), "1"),
            situation("a scope lacks", but("scope", json!(others.join(" "))), "1"),
            situation("other client's", of_client("delta"), "1"),
            situation("no consent", of_client("nobody"), "1"),
            situation("expired consent", of_client("late"), "1"),
            situation("revoked consent", of_client("gone"), "1"),
            situation("closed customer", of_client("closing"), "3"),
        ]
    }
}

/// Three customers with a person each, the third closed; clients with and without consent to them.
fn lines() -> Vec<Value> {
    let mut lines = Vec::new();
    for number in ["1", "2", "3"] {
        let (customer, person) = (format!("C-{number}"), format!("P-{number}"));
        let line = bank::customer(&customer, &[(&person, "accountOwner")]);
        let status = if number == "3" { "closed" } else { "active" };
        lines.push(with(line, "/customer/status", status));
        lines.push(bank::person(&person, &[("K", &format!("p-{number}@example.com"))]));
        lines.push(bank::kyc(&customer, "CEO"));
        lines.push(bank::address(&customer, 1, "Bern"));
    }
    let consent =
        |id: &str, client: &str, customer: &str| bank::consent(id, client, &[customer], &ALL);
    let an_hour_ago =
        (Utc::now() - TimeDelta::from_std(Duration::from_hours(1)).unwrap()).to_rfc3339();
    lines.extend([
        consent("N-1", "alpha", "C-1"),
        consent("N-2", "delta", "C-2"),
        with(consent("N-3", "late", "C-1"), "/consent/validTo", an_hour_ago),
        consent("N-4", "gone", "C-1"),
        with(consent("N-4", "gone", "C-1"), "/consent/status", "revoked"),
        consent("N-5", "closing", "C-3"),
    ]);
    lines
}
