//! Killed in the middle of writes: what was acknowledged is there, and nothing twice, neither in
//! the log nor in the stream.

use std::time::{Duration, Instant};

use crate::support::{
    app::configuration,
    bank::*,
    binary::{Serving, token},
    client::http,
    folder,
    nats::{NatsServer, agree},
    writers::{Written, write},
};

/// How long the stream may take to be as long as the log.
const PUBLISHED_MAX: Duration = Duration::from_secs(30);
/// Acknowledged writes after which the service is killed, in the rounds in turn.
const KILLED_AFTER: [usize; 4] = [1, 40, 10, 80];

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_service_comes_back_with_every_acknowledged_write_once() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let nats = NatsServer::start();
    let mut serving = Serving::publishing(&data, &nats.url());
    let feed = http().post(format!("{}/feed", serving.admin)).body(ndjson(lines()));
    feed.send().await.unwrap().error_for_status().unwrap();
    let token = token(&data, "alpha");
    let mut all = Written::default();
    for (round, killed_after) in KILLED_AFTER.into_iter().enumerate() {
        let alpha = serving.client(token.clone());
        let kill = |count| {
            if count == killed_after {
                serving.kill();
            }
        };
        let written = write(&alpha, &round.to_string(), usize::MAX, kill).await;
        assert!(written.acknowledged.len() >= killed_after);
        all.extend(written);
        folder::audit(&configuration(&data)).await;
        serving = Serving::publishing(&data, &nats.url());
        all.check(&serving.client(token.clone())).await.unwrap();
    }
    serving.kill();
    folder::audit(&configuration(&data)).await;
    // Every key has made one address, and every address belongs to a key.
    assert_eq!(folder::added(&configuration(&data)), all.asked.len());
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
