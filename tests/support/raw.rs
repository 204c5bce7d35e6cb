//! Answers that a test reads from the socket itself, judged as all others are.

use bytes::Bytes;
use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use super::{
    answer::Answer,
    document::{Call, DOCUMENT},
};

/// What was sent by hand.
pub(crate) struct Sent<'a> {
    /// Method and path.
    pub(crate) asked: &'a str,
    pub(crate) correlation: Option<&'static str>,
    pub(crate) body: Option<&'a [u8]>,
}

impl Sent<'_> {
    /// What these bytes say to it.
    pub(crate) fn answered(&self, bytes: &[u8]) -> Answer {
        let answer = read(self.asked, bytes);
        answer.check(self.correlation.map(HeaderValue::from_static).as_ref());
        let (method, path) = self.asked.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        Call { document: &DOCUMENT, method: &method, path, body: self.body }.judge(&answer);
        answer
    }
}

/// What is said to who does not come as far as to ask: the document names these statuses.
pub(crate) fn bare(bytes: &[u8]) -> Answer {
    let answer = read("nothing", bytes);
    let described = DOCUMENT["info"]["description"].as_str().unwrap();
    assert!(described.contains(&answer.status.to_string()), "{answer:?}");
    let known = ["connection", "content-length", "date", "retry-after"];
    assert!(answer.headers.keys().all(|name| known.contains(&name.as_str())), "{answer:?}");
    assert!(answer.body.is_empty(), "{answer:?}");
    answer
}

fn read(asked: &str, bytes: &[u8]) -> Answer {
    let told = String::from_utf8_lossy(bytes);
    let (head, _) = told.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {told}"));
    let mut lines = head.split("\r\n");
    let (version, status) = lines.next().and_then(|line| line.split_once(' ')).unwrap();
    assert!(version == "HTTP/1.1" || version == "HTTP/1.0", "{told}");
    let headers: HeaderMap = lines.map(header).collect();
    let body = Bytes::copy_from_slice(&bytes[head.len() + 4..]);
    let length = headers.get("content-length").map_or("0", |length| length.to_str().unwrap());
    assert_eq!(length, body.len().to_string(), "{told}");
    let status = status[..3].parse().unwrap();
    Answer { asked: asked.to_owned(), status, headers, body }
}

fn header(line: &str) -> (HeaderName, HeaderValue) {
    let (name, value) = line.split_once(": ").unwrap();
    (name.parse().unwrap(), value.parse().unwrap())
}
