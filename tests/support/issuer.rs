//! An authorization server on a port of its own: it publishes keys, signs tokens, tells about them,
//! and can be slow, wrong or away.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::Utc;
use dossier::config::{
    self,
    Algorithm::{ES256, ES384, EdDSA, PS256, RS256},
    Config,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{
    signing::SigningKey,
    tls::{self, TlsListener},
};

pub(crate) const NAME: &str = "https://as.example.com";
pub(crate) const AUDIENCE: &str = "https://bank.example.com/customers";

/// As whom the service asks, with characters that a form must encode.
pub(crate) const CLIENT: &str = "dossier:1";
pub(crate) const SECRET: &str = "s3cret%&+";

pub(crate) struct Issuer {
    address: SocketAddr,
    desk: Arc<Desk>,
    tls: Option<TlsAcceptor>,
    serving: Option<(CancellationToken, JoinHandle<()>)>,
}

/// What it answers from.
struct Desk {
    keys: Mutex<Vec<Value>>,
    tokens: Mutex<HashMap<String, Value>>,
    instead: Mutex<Option<Instead>>,
    /// Whether answers may leave.
    gate: watch::Sender<bool>,
    fetched: AtomicUsize,
    asked: AtomicUsize,
}

/// What is answered instead of what is right.
#[derive(Debug, Clone)]
pub(crate) struct Instead {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

impl Issuer {
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        Self::over(None, keys).await
    }

    /// On HTTPS, with the authority that vouches for it.
    pub(crate) async fn start_on_https(keys: &[&SigningKey]) -> (Self, String) {
        let (acceptor, authority) = tls::acceptor();
        (Self::over(Some(acceptor), keys).await, authority)
    }

    async fn over(tls: Option<TlsAcceptor>, keys: &[&SigningKey]) -> Self {
        let desk = Desk {
            keys: Mutex::default(),
            tokens: Mutex::default(),
            instead: Mutex::default(),
            gate: watch::channel(true).0,
            fetched: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
        };
        let address = "127.0.0.1:0".parse().unwrap();
        let mut issuer = Self { address, desk: Arc::new(desk), tls, serving: None };
        issuer.publish(keys);
        issuer.up().await;
        issuer
    }

    /// Answers again, at the address that it had.
    pub(crate) async fn up(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/jwks", get(jwks))
            .route("/elsewhere", get(jwks))
            .route("/introspect", post(introspect))
            .with_state(Arc::clone(&self.desk));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let acceptor = self.tls.clone();
        let serving = async move {
            match acceptor {
                None => axum::serve(listener, router).with_graceful_shutdown(stopped).await,
                Some(acceptor) => {
                    let listener = TlsListener { listener, acceptor };
                    axum::serve(listener, router).with_graceful_shutdown(stopped).await
                }
            }
        };
        let serving = tokio::spawn(async { serving.await.unwrap() });
        self.serving = Some((stop, serving));
    }

    /// Refuses connections, and ends those that it has.
    pub(crate) async fn down(&mut self) {
        let (stop, served) = self.serving.take().unwrap();
        stop.cancel();
        served.await.unwrap();
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        *self.desk.keys.lock().unwrap() = keys.iter().map(|key| key.jwk()).collect();
    }

    pub(crate) fn answer_instead(&self, instead: Option<Instead>) {
        *self.desk.instead.lock().unwrap() = instead;
    }

    /// Lets no answer leave until `release`.
    pub(crate) fn hold(&self) {
        self.desk.gate.send_replace(false);
    }

    pub(crate) fn release(&self) {
        self.desk.gate.send_replace(true);
    }

    /// How often the keys were fetched.
    pub(crate) fn fetched(&self) -> usize {
        self.desk.fetched.load(Ordering::SeqCst)
    }

    /// How often it was asked about a token.
    pub(crate) fn asked(&self) -> usize {
        self.desk.asked.load(Ordering::SeqCst)
    }

    /// What it says of a token from now on; of all others, that they are not active.
    pub(crate) fn says(&self, token: &str, claims: Value) {
        self.desk.tokens.lock().unwrap().insert(token.to_owned(), claims);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    /// A service that believes its signatures.
    pub(crate) fn signs_for(&self, config: &mut Config) {
        let access = trusted(config);
        access.jwks_url = self.url("/jwks");
        access.algorithms = vec![RS256, PS256, ES256, ES384, EdDSA];
    }

    /// A service that asks it about tokens.
    pub(crate) fn tells(&self, config: &mut Config) {
        let access = trusted(config);
        access.introspection_url = self.url("/introspect");
        CLIENT.clone_into(&mut access.introspection_client);
        access.introspection_secret = config::Secret::new(SECRET.to_owned());
    }
}

/// The settings of a service that believes this issuer, however it does.
pub(crate) fn trusted(config: &mut Config) -> &mut config::Access {
    config.keys.master = config::Secret::new("ab".repeat(32));
    NAME.clone_into(&mut config.access.issuer);
    config.access.audiences = vec![AUDIENCE.to_owned()];
    &mut config.access
}

/// What a good token says.
pub(crate) fn claims(client: &str) -> Value {
    let now = Utc::now().timestamp();
    json!({
        "iss": NAME, "aud": AUDIENCE, "client_id": client, "jti": now,
        "scope": "customer:read kyc:read address:write contact:write openid",
        "nbf": now - 60, "iat": now - 60, "exp": now + 3600,
    })
}

/// The same of an opaque one.
pub(crate) fn active(client: &str) -> Value {
    let mut claims = claims(client);
    claims["active"] = true.into();
    claims
}

impl Desk {
    async fn answer(&self, right: impl FnOnce(&Self) -> Value) -> Response {
        drop(self.gate.subscribe().wait_for(|is_open| *is_open).await.unwrap());
        let instead = self.instead.lock().unwrap().clone();
        match instead {
            None => Json(right(self)).into_response(),
            Some(Instead { status, location, body }) => {
                let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
                if let Some(location) = location {
                    response.headers_mut().insert(header::LOCATION, location.parse().unwrap());
                }
                response
            }
        }
    }
}

async fn jwks(State(desk): State<Arc<Desk>>) -> Response {
    desk.fetched.fetch_add(1, Ordering::SeqCst);
    desk.answer(|desk| json!({ "keys": *desk.keys.lock().unwrap() })).await
}

async fn introspect(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: String) -> Response {
    desk.asked.fetch_add(1, Ordering::SeqCst);
    let basic = headers[header::AUTHORIZATION].to_str().unwrap();
    // base64 of `dossier%3A1:s3cret%25%26%2B`
    if basic != "Basic ZG9zc2llciUzQTE6czNjcmV0JTI1JTI2JTJC" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let form: HashMap<_, _> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    desk.answer(|desk| {
        let known = desk.tokens.lock().unwrap().get(&form["token"]).cloned();
        known.unwrap_or_else(|| json!({ "active": false }))
    })
    .await
}
