//! Whoever asks the service over HTTP; every answer is checked for what holds for all.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;

use super::{
    answer::Answer,
    document::{Call, DOCUMENT},
};

static ASKED: AtomicU64 = AtomicU64::new(0);

/// A client with a token, at one service.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) token: String,
    /// What the service says of itself.
    pub(crate) document: &'static Value,
}

/// One request, before it is sent.
pub(crate) struct Ask {
    http: reqwest::Client,
    document: &'static Value,
    method: Method,
    url: String,
    pub(crate) headers: HeaderMap,
    body: Option<reqwest::Body>,
}

/// An HTTP client that talks to this machine and nobody else.
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

impl Client {
    /// At a service that nobody has told to spell types of problems otherwise.
    pub(crate) fn new(http: reqwest::Client, base: String, token: String) -> Self {
        Self { http, base, token, document: &DOCUMENT }
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask {
        let call = ASKED.fetch_add(1, Ordering::Relaxed);
        let ask = Ask {
            http: self.http.clone(),
            document: self.document,
            method,
            url: format!("{}{path}", self.base),
            headers: HeaderMap::new(),
            body: None,
        };
        ask.header("authorization", &format!("Bearer {}", self.token))
            .header("x-correlation-id", &format!("call {call}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path).json(body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::PUT, path).json(body).send().await
    }

    /// The id of an address that was added.
    pub(crate) async fn add_address(&self, customer: &str, body: &Value) -> String {
        let path = format!("/customers/{}/addresses", segment(customer));
        self.post(&path, body).await.is(201).text("/addressIdentification")
    }

    /// Every item of a list, page by page, as long as there is a next one.
    pub(crate) async fn walk(&self, list: &str, limit: usize) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{list}?limit={limit}&cursor={cursor}")).await.is(200);
            let Value::Array(page_items) = page.json() else { panic!("a list is an array") };
            assert!(page_items.len() <= limit, "{} items on a page", page_items.len());
            items.extend(page_items);
            page.header("nextcursor").unwrap().clone_into(&mut cursor);
            if cursor.is_empty() {
                return items;
            }
        }
    }
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) async fn send(self) -> Answer {
        self.try_send().await.unwrap()
    }

    /// As `send`, where the service may go away.
    pub(crate) async fn try_send(self) -> reqwest::Result<Answer> {
        // Of two nobody could say which names the call.
        let mut correlations = self.headers.get_all("x-correlation-id").iter();
        let correlation = correlations.next().cloned().filter(|_| correlations.next().is_none());
        let asked = format!("{} {}", self.method, self.url);
        let mut request = self.http.request(self.method.clone(), &self.url).headers(self.headers);
        let sent = self.body.as_ref().and_then(reqwest::Body::as_bytes).map(Bytes::copy_from_slice);
        if let Some(body) = self.body {
            request = request.body(body);
        }
        let answer = request.send().await?;
        let path = answer.url().path().to_owned();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let answer = Answer { asked, status, headers, body: answer.bytes().await? };
        answer.check(correlation.as_ref());
        let (document, method) = (self.document, &self.method);
        Call { document, method, path: &path, body: sent.as_deref() }.judge(&answer);
        Ok(answer)
    }
}

/// An id as it stands in a path.
pub(crate) fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}
