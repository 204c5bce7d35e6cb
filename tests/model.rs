//! The service is a map of documents: whatever clients and the bank ask, in whatever order, with
//! restarts and kills in between, it answers what a map would.

use std::collections::BTreeMap;

use proptest::{collection, prelude::*};
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    app::configuration,
    bank::*,
    binary::{Serving, token},
    client::{Client, http},
    folder,
};

const CUSTOMERS: [&str; 2] = ["C-1", "C-2"];
const PERSONS: [&str; 2] = ["P-1", "P-2"];
const TOWNS: [&str; 3] = ["Bern", "Zürich", "Lugano"];

#[derive(Debug, Clone)]
enum Step {
    AddAddress {
        customer: usize,
        town: usize,
    },
    AddContact {
        person: usize,
        town: usize,
    },
    /// One of what there is, seen as it is or as it was before.
    Change {
        nth: usize,
        town: usize,
        stale: bool,
    },
    /// An earlier request once more, under its key.
    Repeat {
        nth: usize,
    },
    /// The bank states an address.
    State {
        customer: usize,
        number: u64,
        town: usize,
    },
    /// The bank says whether the client may see anything.
    Consent {
        given: bool,
    },
    Restart,
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    let (customer, person, town) = (0..CUSTOMERS.len(), 0..PERSONS.len(), 0..TOWNS.len());
    prop_oneof![
        4 => (customer.clone(), town.clone())
            .prop_map(|(customer, town)| Step::AddAddress { customer, town }),
        3 => (person, town.clone()).prop_map(|(person, town)| Step::AddContact { person, town }),
        5 => (any::<usize>(), town.clone(), prop::bool::weighted(0.25))
            .prop_map(|(nth, town, stale)| Step::Change { nth, town, stale }),
        3 => any::<usize>().prop_map(|nth| Step::Repeat { nth }),
        3 => (customer, 1..4_u64, town)
            .prop_map(|(customer, number, town)| Step::State { customer, number, town }),
        2 => prop::bool::weighted(0.7).prop_map(|given| Step::Consent { given }),
        1 => Just(Step::Restart),
        2 => Just(Step::Kill),
    ]
}

fn email(town: usize) -> String {
    format!("town-{town}@example.com")
}

/// A request that was answered with 201.
struct Asked {
    path: String,
    body: Value,
    location: String,
}

/// The service, and what it must answer.
struct Both {
    dir: TempDir,
    serving: Serving,
    token: String,
    given: bool,
    /// The towns of addresses, and what contact details are, by their paths.
    documents: BTreeMap<String, String>,
    /// What the bank stated of an address last.
    stated: BTreeMap<String, String>,
    asked: Vec<Asked>,
}

impl Both {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let serving = Serving::start(dir.path());
        let token = token(dir.path(), "alpha");
        let documents = [("C-1", 1), ("C-1", 2)].map(|(customer, number)| {
            (format!("/customers/{customer}/addresses/{number}"), "Zürich".to_owned())
        });
        // With flags that no step states, so that whatever a step states is new.
        let (documents, stated, asked) = (documents.into(), BTreeMap::new(), Vec::new());
        let both = Self { dir, serving, token, given: true, documents, stated, asked };
        both.feed(lines()).await;
        both
    }

    fn alpha(&self) -> Client {
        self.serving.client(self.token.clone())
    }

    async fn feed(&self, lines: Vec<Value>) {
        let feed = http().post(format!("{}/feed", self.serving.admin)).body(ndjson(lines));
        feed.send().await.unwrap().error_for_status().unwrap();
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::AddAddress { customer, town } => {
                let path = format!("/customers/{}/addresses", CUSTOMERS[customer]);
                self.add(path, new_address(TOWNS[town]), TOWNS[town].to_owned()).await;
            }
            Step::AddContact { person, town } => {
                let path = format!("/persons/{}/contactdetails", PERSONS[person]);
                self.add(path, email_of(&email(town)), email(town)).await;
            }
            Step::Change { nth, town, stale } => self.change(nth, town, stale).await,
            Step::Repeat { nth } => self.repeat(nth).await,
            Step::State { customer, number, town } => self.state(customer, number, town).await,
            Step::Consent { given } => {
                let status = if given { "active" } else { "revoked" };
                let line = consent("N-1", "alpha", &["C-1", "C-2", "C-3", "C-4"], &ALL);
                self.feed(vec![with(line, "/consent/status", status)]).await;
                self.given = given;
            }
            Step::Restart => {
                self.serving.interrupt();
                assert_eq!(self.serving.ended().code(), Some(0));
                self.serve_again().await;
            }
            Step::Kill => {
                self.serving.kill();
                self.serve_again().await;
            }
        }
    }

    async fn add(&mut self, path: String, body: Value, content: String) {
        let key = self.asked.len().to_string();
        let ask = self.alpha().ask(Method::POST, &path).json(&body);
        let answer = ask.header("idempotency-key", &key).send().await;
        if !self.given {
            answer.problem(404, "INSUFFICIENT_PRIVILEGES");
            return;
        }
        let location = answer.is(201).location();
        let before = self.documents.insert(location.clone(), content);
        assert_eq!(before, None, "{location} was given twice");
        self.asked.push(Asked { path, body, location });
    }

    async fn repeat(&self, nth: usize) {
        let Some(nth) = nth.checked_rem(self.asked.len()) else { return };
        let Asked { path, body, location } = &self.asked[nth];
        let ask = self.alpha().ask(Method::POST, path).json(body);
        let answer = ask.header("idempotency-key", &nth.to_string()).send().await;
        if self.given {
            assert_eq!(answer.is(201).location(), *location);
        } else {
            answer.problem(404, "INSUFFICIENT_PRIVILEGES");
        }
    }

    async fn change(&mut self, nth: usize, town: usize, stale: bool) {
        let nth = nth % self.documents.len();
        let path = self.documents.keys().nth(nth).unwrap().clone();
        let (_, id) = path.rsplit_once('/').unwrap();
        let (body, content, changed) = match id.parse() {
            Ok(number) if path.starts_with("/customers") => {
                (change(number, TOWNS[town]), TOWNS[town].to_owned(), 204)
            }
            _ => (email_of(&email(town)), email(town), 200),
        };
        let seen = match (self.given, stale) {
            (true, false) => self.alpha().get(&path).await.is(200).etag(),
            _ => "\"0-stale\"".to_owned(),
        };
        let ask = self.alpha().ask(Method::PUT, &path).json(&body).header("if-match", &seen);
        let answer = ask.send().await;
        match (self.given, stale) {
            (false, _) => drop(answer.problem(404, "INSUFFICIENT_PRIVILEGES")),
            (true, true) => drop(answer.problem(412, "PRECONDITION_FAILED")),
            (true, false) => {
                answer.is(changed);
                self.documents.insert(path, content);
            }
        }
    }

    /// What the bank said already it does not say again.
    async fn state(&mut self, customer: usize, number: u64, town: usize) {
        let (customer, town) = (CUSTOMERS[customer], TOWNS[town].to_owned());
        self.feed(vec![address(customer, number, &town)]).await;
        let path = format!("/customers/{customer}/addresses/{number}");
        let before = self.stated.insert(path.clone(), town.clone());
        if before.as_ref() != Some(&town) {
            self.documents.insert(path, town);
        }
    }

    async fn serve_again(&mut self) {
        self.serving = Serving::start(self.dir.path());
        self.check().await;
    }

    async fn check(&self) {
        let alpha = self.alpha();
        for (path, town) in &self.documents {
            let answer = alpha.get(path).await;
            if !self.given {
                answer.problem(404, "INSUFFICIENT_PRIVILEGES");
                continue;
            }
            let pointer = if path.starts_with("/customers") {
                "/postalAddress/physicalAddress/townName"
            } else {
                "/contactContent"
            };
            assert_eq!(answer.is(200).text(pointer), *town, "{path}");
        }
        for customer in CUSTOMERS.iter().filter(|_| self.given) {
            let own = format!("/customers/{customer}/");
            let known = self.documents.keys().filter(|path| path.starts_with(&own)).count();
            let listed = alpha.get(&format!("/customers/{customer}")).await.is(200);
            assert_eq!(listed.at("/addressList").as_array().unwrap().len(), known);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8, max_shrink_iters: 64, ..ProptestConfig::default()
    })]

    #[test]
    fn the_service_is_a_map_of_documents_whatever_happens(
        steps in collection::vec(step(), 10..60),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut both = Both::new().await;
            for step in steps {
                both.take(step).await;
            }
            both.check().await;
            both.serving.kill();
            folder::audit(&configuration(both.dir.path())).await;
        });
    }
}
