//! Clients that write until the service ends, and what must be true of it afterwards.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use tokio::sync::mpsc;

use super::{answer::Answer, bank::*, client::Client};

pub(crate) const WRITERS: usize = 16;
/// Customers of the small bank that the client `alpha` may write to.
const CUSTOMERS: [&str; 3] = ["C-1", "C-2", "C-4"];
/// What a 503 says where nothing came of the request.
const REFUSED: [&str; 3] = [
    "Changes are not possible now.",
    "There is no room for changes now.",
    "Too many requests for the same are waiting.",
];

/// What clients asked for, and what they were told.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Idempotency keys, each with the address that was answered under it.
    pub(crate) acknowledged: BTreeMap<String, String>,
    /// Keys under which it was said that nothing was written.
    pub(crate) refused: BTreeSet<String>,
    /// All keys; of the others nobody was told what became of them.
    pub(crate) asked: BTreeSet<String>,
}

enum Told {
    Acknowledged(String, String),
    Refused(String),
}

/// Many clients add addresses, each under a key that is its name as well, and each until it is
/// told something else than 201, or nothing, or has added `each`. `count` hears of each that was
/// acknowledged.
pub(crate) async fn write(
    alpha: &Client,
    round: &str,
    each: usize,
    mut count: impl FnMut(usize),
) -> Written {
    let (told, mut tellings) = mpsc::channel(WRITERS);
    let writers = (0..WRITERS).map(|writer| {
        let (alpha, told, keys) = (alpha.clone(), told.clone(), format!("{round}-{writer}"));
        tokio::spawn(async move {
            let mut asked = BTreeSet::new();
            for nth in 0..each {
                let key = format!("{keys}-{nth}");
                asked.insert(key.clone());
                let Ok(answer) = add(&alpha, &key).await else { break };
                if answer.status != 201 {
                    if is_refusal(&answer) {
                        told.send(Told::Refused(key)).await.unwrap();
                    }
                    break;
                }
                told.send(Told::Acknowledged(key, answer.location())).await.unwrap();
            }
            asked
        })
    });
    let writers: Vec<_> = writers.collect();
    drop(told);
    let mut written = Written::default();
    while let Some(told) = tellings.recv().await {
        match told {
            Told::Refused(key) => drop(written.refused.insert(key)),
            Told::Acknowledged(key, location) => {
                written.acknowledged.insert(key, location);
                count(written.acknowledged.len());
            }
        }
    }
    for writer in writers {
        written.asked.extend(writer.await.unwrap());
    }
    written
}

/// Asks for an address under a key.
pub(crate) async fn add(alpha: &Client, key: &str) -> reqwest::Result<Answer> {
    let path = format!("/customers/{}/addresses", customer_of(key));
    let body = with(new_address("Bern"), "/addressName", key);
    let ask = alpha.ask(Method::POST, &path).json(&body);
    ask.header("idempotency-key", key).try_send().await
}

fn customer_of(key: &str) -> &'static str {
    CUSTOMERS[key.len() % CUSTOMERS.len()]
}

fn is_refusal(answer: &Answer) -> bool {
    answer.status == 503 && REFUSED.contains(&&*answer.text("/detail"))
}

impl Written {
    pub(crate) fn extend(&mut self, more: Self) {
        self.acknowledged.extend(more.acknowledged);
        self.refused.extend(more.refused);
        self.asked.extend(more.asked);
    }

    /// What does not agree with what clients were told. Afterwards every request was asked again
    /// under its key, and is acknowledged.
    pub(crate) async fn check(&mut self, alpha: &Client) -> Result<(), String> {
        let before = names(alpha).await?;
        for (key, location) in &self.acknowledged {
            let found = alpha.get(location).await;
            if found.status != 200 || found.text("/addressName") != *key {
                return Err(format!("acknowledged, and not there: {key}, {found:?}"));
            }
        }
        if let Some(key) = self.refused.iter().find(|key| before.contains_key(*key)) {
            return Err(format!("refused, and there: {key}"));
        }
        for key in &self.asked {
            let again = add(alpha, key).await.map_err(|error| error.to_string())?;
            if again.status != 201 {
                return Err(format!("asked again: {again:?}"));
            }
            let location = again.location();
            let known = self.acknowledged.insert(key.clone(), location.clone());
            if known.is_some_and(|known| known != location) {
                return Err(format!("another answer to the same request: {key}"));
            }
        }
        self.refused.clear();
        let after = names(alpha).await?;
        match self.asked.iter().find(|key| after.get(*key) != Some(&1)) {
            Some(key) => Err(format!("not once: {key}")),
            None if after.len() != self.asked.len() => Err("more than was asked".to_owned()),
            None => Ok(()),
        }
    }
}

/// The names of all addresses that clients added, and how often each is there.
async fn names(alpha: &Client) -> Result<BTreeMap<String, usize>, String> {
    let mut names = BTreeMap::new();
    for customer in CUSTOMERS {
        let found = readable(alpha, &format!("/customers/{customer}")).await?;
        for address in found.at("/addressList").as_array().unwrap() {
            let id = &address["addressIdentification"];
            let found = readable(alpha, &format!("/customers/{customer}/addresses/{id}")).await?;
            if let Some(name) = found.json()["addressName"].as_str() {
                *names.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    Ok(names)
}

async fn readable(alpha: &Client, path: &str) -> Result<Answer, String> {
    let answer = alpha.get(path).await;
    if answer.status == 200 { Ok(answer) } else { Err(format!("not readable: {answer:?}")) }
}
