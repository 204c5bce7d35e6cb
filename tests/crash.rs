//! Killed in the middle of writes: what was acknowledged is there, and nothing twice, neither in
//! the log nor in the stream.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::support::{
    app::configuration,
    bank::*,
    binary::{Serving, token},
    client::{Client, http},
    folder,
    nats::{NatsServer, agree},
};

/// How long the stream may take to be as long as the log.
const PUBLISHED_MAX: Duration = Duration::from_secs(30);
const ROUNDS: usize = 4;
const WRITERS: usize = 16;
/// Acknowledged writes after which the service is killed, in the rounds in turn.
const KILLED_AFTER: [usize; ROUNDS] = [1, 40, 10, 80];
const CUSTOMERS: [&str; 3] = ["C-1", "C-2", "C-4"];

/// Idempotency keys, each with what was answered under it.
type Acknowledged = BTreeMap<String, String>;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_service_comes_back_with_every_acknowledged_write_once() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let nats = NatsServer::start();
    let mut serving = Serving::publishing(&data, &nats.url());
    let feed = http().post(format!("{}/feed", serving.admin)).body(ndjson(lines()));
    feed.send().await.unwrap().error_for_status().unwrap();
    let token = token(&data, "alpha");
    let mut all = Acknowledged::new();
    let mut asked = Vec::new();
    for (round, killed_after) in KILLED_AFTER.into_iter().enumerate() {
        let alpha = serving.client(token.clone());
        let (acknowledged, keys) =
            write_until_killed(&mut serving, &alpha, round, killed_after).await;
        all.extend(acknowledged);
        asked.extend(keys);
        folder::audit(&configuration(&data)).await;
        serving = Serving::publishing(&data, &nats.url());
        check(&serving.client(token.clone()), &mut all, &asked).await;
    }
    serving.kill();
    folder::audit(&configuration(&data)).await;
    // Every key has made one address, and every address belongs to a key.
    assert_eq!(folder::added(&configuration(&data)), all.len());
    published_once(&data, &nats).await;
}

/// Started once more, it publishes what is missing, and nothing else.
async fn published_once(data: &std::path::Path, nats: &NatsServer) {
    let config = configuration(data);
    let log = folder::open(&config);
    let head = log.watermark().0;
    folder::close(&config, log);
    let mut serving = Serving::publishing(data, &nats.url());
    let started = Instant::now();
    while nats.stream("DOSSIER").await.cached_info().state.messages < head {
        assert!(started.elapsed() < PUBLISHED_MAX, "the stream stays behind");
        tokio::task::yield_now().await;
    }
    serving.kill();
    let log = folder::open(&config);
    agree(&log, &nats.read("DOSSIER").await);
    folder::close(&config, log);
}

async fn write_until_killed(
    serving: &mut Serving,
    alpha: &Client,
    round: usize,
    killed_after: usize,
) -> (Acknowledged, Vec<String>) {
    let (told, mut acknowledged) = tokio::sync::mpsc::channel(WRITERS);
    let writers = (0..WRITERS).map(|writer| {
        let (alpha, told) = (alpha.clone(), told.clone());
        tokio::spawn(async move {
            let mut keys = Vec::new();
            for nth in 0.. {
                let key = format!("{round}-{writer}-{nth}");
                keys.push(key.clone());
                let Ok(location) = add(&alpha, &key).await else { break };
                // After the kill nobody listens, but what was answered still counts.
                told.send((key, location)).await.unwrap();
            }
            keys
        })
    });
    let writers: Vec<_> = writers.collect();
    drop(told);
    let mut all = Acknowledged::new();
    while let Some((key, location)) = acknowledged.recv().await {
        all.insert(key, location);
        if all.len() == killed_after {
            serving.kill();
        }
    }
    assert!(all.len() >= killed_after, "{} writes were acknowledged", all.len());
    let mut keys = Vec::new();
    for writer in writers {
        keys.extend(writer.await.unwrap());
    }
    (all, keys)
}

/// Adds an address under a key: the location that was answered.
async fn add(alpha: &Client, key: &str) -> reqwest::Result<String> {
    let customer = CUSTOMERS[key.len() % CUSTOMERS.len()];
    let path = format!("/customers/{customer}/addresses");
    let body = with(new_address("Bern"), "/addressName", key);
    let ask = alpha.ask(reqwest::Method::POST, &path).json(&body).header("idempotency-key", key);
    Ok(ask.try_send().await?.is(201).location())
}

/// Asks again under every key: what was acknowledged is answered as before.
async fn check(alpha: &Client, all: &mut Acknowledged, asked: &[String]) {
    for key in asked {
        let again = add(alpha, key).await.unwrap();
        let before = all.insert(key.clone(), again.clone());
        assert!(before.is_none_or(|before| before == again), "{key} moved to {again}");
        let read = alpha.get(&again).await.is(200);
        assert_eq!(read.text("/addressName"), *key);
    }
}
