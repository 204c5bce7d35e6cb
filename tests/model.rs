//! The service is a map of documents: whatever clients and the bank ask, in whatever order, with
//! restarts and kills in between, it answers what a map would.

mod shown;
mod step;

use std::{collections::BTreeMap, time::Duration};

use proptest::{collection, prelude::*};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use self::{
    shown::{LINKS, shown_address, shown_customer, shown_kyc},
    step::{Step, step},
};
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

fn addresses_of(customer: usize) -> String {
    format!("/customers/{}/addresses", CUSTOMERS[customer])
}

fn town_of(body: &Value) -> &str {
    body.pointer("/postalAddress/physicalAddress/townName").unwrap().as_str().unwrap()
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
    /// What each path shows, without the lists that follow from the others.
    documents: BTreeMap<String, Value>,
    /// What the bank stated last, which it does not say again.
    stated: BTreeMap<String, usize>,
    asked: Vec<Asked>,
}

impl Both {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let serving = Serving::start(dir.path());
        let token = token(dir.path(), "alpha");
        let documents = [
            ("/customers/C-1", shown_customer(0, "Stark & Söhne")),
            ("/customers/C-2", shown_customer(1, "Stark & Söhne")),
            ("/customers/C-1/kyc", shown_kyc("CEO")),
            // With flags that no step states, so that whatever a step states is new.
            ("/customers/C-1/addresses/1", shown_address(1, "Zürich", true, false)),
            ("/customers/C-1/addresses/2", shown_address(2, "Zürich", false, true)),
        ];
        let documents = documents.map(|(path, document)| (path.to_owned(), document)).into();
        let (stated, asked) = (BTreeMap::new(), Vec::new());
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
                self.add(addresses_of(customer), new_address(TOWNS[town])).await;
            }
            Step::AddContact { person, town } => {
                let path = format!("/persons/{}/contactdetails", PERSONS[person]);
                self.add(path, email_of(&email(town))).await;
            }
            Step::Change { nth, town, stale } => self.change(nth, town, stale).await,
            Step::Repeat { nth } => self.repeat(nth).await,
            Step::State { customer, number, town } => self.state(customer, number, town).await,
            Step::Name { customer, town } => self.name(customer, town).await,
            Step::Profession { customer, town } => self.profession(customer, town).await,
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
            Step::KillInTheMiddle { customer, town, after_ms } => {
                let (path, body) = (addresses_of(customer), new_address(TOWNS[town]));
                self.kill_while_adding(&path, &body, Duration::from_millis(after_ms)).await;
                self.add(path, body).await;
                self.check().await;
            }
        }
    }

    /// Whether it was done, the one who asked may never know.
    async fn kill_while_adding(&mut self, path: &str, body: &Value, after: Duration) {
        let ask = self.alpha().ask(Method::POST, path).json(body);
        let ask = ask.header("idempotency-key", &self.asked.len().to_string());
        let asking = tokio::spawn(ask.try_send());
        tokio::time::sleep(after).await;
        self.serving.kill();
        let answer = asking.await.unwrap();
        self.serving = Serving::start(self.dir.path());
        if let Some(answer) = answer.ok().filter(|answer| answer.status == 201) {
            self.alpha().get(&answer.location()).await.is(200);
        }
    }

    async fn add(&mut self, path: String, body: Value) {
        let key = self.asked.len().to_string();
        let ask = self.alpha().ask(Method::POST, &path).json(&body);
        let answer = ask.header("idempotency-key", &key).send().await;
        if !self.given {
            answer.problem(404, "INSUFFICIENT_PRIVILEGES");
            return;
        }
        let location = answer.is(201).location();
        let (_, id) = location.rsplit_once('/').unwrap();
        let document = if path.starts_with("/customers") {
            shown_address(id.parse().unwrap(), town_of(&body), false, false)
        } else {
            with(body.clone(), "/contactIdentification", id)
        };
        let before = self.documents.insert(location.clone(), document);
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
        let items = self.documents.keys().filter(|path| path.split('/').count() == 5);
        let path = items.clone().nth(nth % items.count()).unwrap().clone();
        let (_, id) = path.rsplit_once('/').unwrap();
        let (body, document, changed) = if path.starts_with("/customers") {
            let (number, known) = (id.parse().unwrap(), &self.documents[&path]);
            let flags = ["isDomicile", "isMailingAddress"].map(|flag| known[flag] == true);
            let shown = shown_address(number, TOWNS[town], flags[0], flags[1]);
            (change(number, TOWNS[town]), shown, 204)
        } else {
            let body = email_of(&email(town));
            (body.clone(), with(body, "/contactIdentification", id), 200)
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
                self.documents.insert(path, document);
            }
        }
    }

    async fn state(&mut self, customer: usize, number: u64, town: usize) {
        self.feed(vec![address(CUSTOMERS[customer], number, TOWNS[town])]).await;
        let path = format!("{}/{number}", addresses_of(customer));
        // What the bank said already it does not say again.
        if self.stated.insert(path.clone(), town) != Some(town) {
            self.documents.insert(path, shown_address(number, TOWNS[town], false, false));
        }
    }

    async fn name(&mut self, nth: usize, town: usize) {
        let line = customer(CUSTOMERS[nth], LINKS[nth]);
        self.feed(vec![with(line, "/customer/name", TOWNS[town])]).await;
        let path = format!("/customers/{}", CUSTOMERS[nth]);
        self.documents.insert(path, shown_customer(nth, TOWNS[town]));
    }

    async fn profession(&mut self, nth: usize, town: usize) {
        self.feed(vec![kyc(CUSTOMERS[nth], TOWNS[town])]).await;
        let path = format!("/customers/{}/kyc", CUSTOMERS[nth]);
        self.documents.insert(path, shown_kyc(TOWNS[town]));
    }

    async fn serve_again(&mut self) {
        self.serving = Serving::start(self.dir.path());
        self.check().await;
    }

    /// A document, with what others put into it.
    fn shown(&self, path: &str) -> Value {
        let own = self.documents[path].clone();
        if let Some(customer) = path.strip_suffix("/kyc") {
            return json!({ "customer": self.shown(customer), "kyc": own });
        }
        if path.split('/').count() > 3 {
            return own;
        }
        let below = format!("{path}/addresses/");
        let addresses = self.documents.keys().filter_map(|path| path.strip_prefix(&below));
        let mut ids: Vec<u64> = addresses.map(|id| id.parse().unwrap()).collect();
        ids.sort_unstable();
        let ids = ids.into_iter().map(|id| json!({ "addressIdentification": id }));
        with(own, "/addressList", ids.collect::<Vec<_>>())
    }

    async fn check(&self) {
        let alpha = self.alpha();
        for path in self.documents.keys() {
            let answer = alpha.get(path).await;
            if self.given {
                assert_eq!(answer.is(200).json(), self.shown(path), "{path}");
            } else {
                answer.problem(404, "INSUFFICIENT_PRIVILEGES");
            }
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
