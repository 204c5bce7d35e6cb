//! What the service answered.

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) asked: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The same, if its status is this.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The same, if it is this problem.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, kind: &str) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.text("/type"), format!("/problems/{kind}"), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn at(&self, pointer: &str) -> Value {
        let found = self.json().pointer(pointer).cloned();
        found.unwrap_or_else(|| panic!("no {pointer}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("no ETag: {self:?}")).to_owned()
    }

    /// The path that it sends to.
    #[track_caller]
    pub(crate) fn location(&self) -> String {
        self.header("location").unwrap_or_else(|| panic!("no Location: {self:?}")).to_owned()
    }

    /// All that a client can see of it, but for when it was given.
    pub(crate) fn seen(&self) -> (u16, Vec<String>, String) {
        let shown = |(name, value)| format!("{name}: {value:?}");
        let mut headers: Vec<_> = self.headers.iter().map(shown).collect();
        headers.retain(|header| !header.starts_with("date: "));
        headers.sort();
        (self.status, headers, String::from_utf8(self.body.to_vec()).unwrap())
    }

    pub(crate) fn was_replayed(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }

    /// Pointers of the violations, in the order in which they are told.
    pub(crate) fn violations(&self) -> Vec<String> {
        let list = self.json().get("violations").and_then(Value::as_array).cloned();
        let pointer = |violation: Value| {
            assert!(violation["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
            violation["pointer"].as_str().unwrap().to_owned()
        };
        list.unwrap_or_default().into_iter().map(pointer).collect()
    }

    /// What is told of parameters and headers, in the order in which it is told.
    pub(crate) fn faults(&self) -> Vec<String> {
        let violations = self.at("/violations").as_array().cloned().unwrap_or_default();
        let faults = violations.into_iter().filter(|violation| violation["pointer"] == "");
        faults.map(|fault| fault["detail"].as_str().unwrap().to_owned()).collect()
    }

    /// What holds for every answer, besides what the document says.
    pub(super) fn check(&self, correlation: Option<&HeaderValue>) {
        for name in self.headers.keys() {
            assert_eq!(self.headers.get_all(name).iter().count(), 1, "{name}: {self:?}");
        }
        let fits = |value: &&HeaderValue| {
            std::str::from_utf8(value.as_bytes())
                .is_ok_and(|text| (1..=64).contains(&text.chars().count()) && !text.contains('\t'))
        };
        assert_eq!(self.headers.get("x-correlation-id"), correlation.filter(fits), "{self:?}");
        match self.status {
            204 | 304 => assert!(self.body.is_empty(), "{self:?}"),
            200..300 => {}
            400..600 => self.check_problem(),
            _ => panic!("an odd status: {self:?}"),
        }
    }

    fn check_problem(&self) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.header("content-language"), Some("en"), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        if self.asked.starts_with("HEAD") {
            return;
        }
        assert_eq!(self.at("/status"), self.status, "{self:?}");
        for member in ["/type", "/title", "/detail"] {
            assert!(!self.text(member).is_empty(), "{self:?}");
        }
        let known = ["type", "title", "status", "detail", "instance", "violations"];
        let Value::Object(members) = self.json() else { panic!("{self:?}") };
        assert!(members.keys().all(|name| known.contains(&name.as_str())), "{self:?}");
        let named = self.headers.contains_key("x-correlation-id");
        assert_eq!(members.contains_key("instance"), named, "{self:?}");
    }
}
