//! A case: a request, what is changed about it, and what is answered.

use serde_json::Value;

use super::stage::{Stage, When};
use crate::support::{answer::Answer, bank::*};

#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) when: When,
    /// Method and path.
    asked: String,
    /// Without a value: left out.
    headers: Vec<(&'static str, Option<String>)>,
    /// Sent besides those that are there.
    again: Vec<(&'static str, String)>,
    body: Option<Value>,
    raw: Option<Vec<u8>>,
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pointers: Option<Vec<String>>,
    details: Option<Vec<String>>,
}

pub(super) fn call(asked: &str) -> Case {
    Case {
        when: When::AllIsWell,
        asked: asked.to_owned(),
        headers: Vec::new(),
        again: Vec::new(),
        body: None,
        raw: None,
        status: 0,
        kind: "",
        pointers: None,
        details: None,
    }
}

/// An address that could be added.
pub(super) fn post() -> Case {
    Case { body: Some(new_address("Bern")), ..call("POST /customers/C-1/addresses") }
}

/// An address that could take the place of another.
pub(super) fn put() -> Case {
    Case { body: Some(change(1, "Bern")), ..call("PUT /customers/C-1/addresses") }
}

/// A contact detail that could be added.
pub(super) fn contact() -> Case {
    Case { body: Some(email_of("a@example.com")), ..call("POST /persons/P-1/contactdetails") }
}

impl Case {
    pub(super) fn on(mut self, asked: &str) -> Self {
        asked.clone_into(&mut self.asked);
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, Some(value.to_owned())));
        self
    }

    pub(super) fn without(mut self, name: &'static str) -> Self {
        self.headers.push((name, None));
        self
    }

    pub(super) fn again(mut self, name: &'static str, value: &str) -> Self {
        self.again.push((name, value.to_owned()));
        self
    }

    pub(super) fn set(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        self.body = self.body.map(|body| with(body, pointer, value));
        self
    }

    pub(super) fn unset(mut self, pointer: &str) -> Self {
        self.body = self.body.map(|body| without(body, pointer));
        self
    }

    pub(super) fn raw(mut self, body: impl AsRef<[u8]>) -> Self {
        self.raw = Some(body.as_ref().to_vec());
        self
    }

    /// How things are with the service; well, unless it is said.
    pub(super) fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    pub(super) fn is(mut self, status: u16, kind: &'static str) -> Self {
        self.status = status;
        self.kind = kind;
        self
    }

    /// The members that are at fault, all of them.
    pub(super) fn at(mut self, pointers: &[&str]) -> Self {
        self.pointers = Some(pointers.iter().map(|pointer| (*pointer).to_owned()).collect());
        self
    }

    /// What is wrong with parameters and headers, all of it, in words.
    pub(super) fn told(mut self, details: &[&str]) -> Self {
        self.details = Some(details.iter().map(|detail| (*detail).to_owned()).collect());
        self
    }

    pub(super) async fn check(&self, stage: &Stage) -> Answer {
        let mut answer = self.send(stage).await;
        // A share lasts for some requests.
        while self.when == When::TheShareIsUsedUp && answer.status < 400 {
            answer = self.send(stage).await;
        }
        assert_eq!(answer.status, self.status, "{self:?}: {answer:?}");
        let answer = answer.problem(self.status, self.kind);
        if let Some(expected) = &self.pointers {
            let (mut expected, mut found) = (expected.clone(), answer.violations());
            expected.sort_unstable();
            found.sort_unstable();
            found.dedup();
            assert_eq!(found, expected, "{self:?}: {answer:?}");
        }
        if let Some(expected) = &self.details {
            assert_eq!(&answer.faults(), expected, "{self:?}: {answer:?}");
        }
        answer
    }

    pub(super) async fn check_accepted(&self, stage: &Stage) {
        let answer = self.send(stage).await;
        assert!((200..300).contains(&answer.status), "{self:?}: {answer:?}");
    }

    async fn send(&self, stage: &Stage) -> Answer {
        let (method, path) = self.asked.split_once(' ').unwrap();
        let mut ask = stage.alpha.ask(method.parse().unwrap(), &stage.filled(path));
        if let Some(body) = &self.body {
            ask = ask.json(body);
        }
        if let Some(raw) = &self.raw {
            ask = ask.body(raw.clone());
        }
        for (name, value) in &self.headers {
            ask = match value {
                Some(value) => ask.header(name, &stage.filled(value)),
                None => ask.without(name),
            };
        }
        for (name, value) in &self.again {
            ask.headers.append(*name, stage.filled(value).parse().unwrap());
        }
        ask.send().await
    }
}
