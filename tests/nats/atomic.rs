//! Atomic batches, where server and stream know them; elsewhere single messages, as ever.

use dossier::publisher::PublisherSettings;

use super::{Log, STREAM, repair::killed_under_appends, settings};
use crate::support::nats::{NatsServer, Stored, agree};

fn batched(server: &NatsServer) -> PublisherSettings {
    PublisherSettings { atomic_batches: true, in_flight_max: 700, ..settings(server) }
}

fn was_batched(stored: &[Stored]) -> bool {
    stored.iter().any(|message| !message.header("Nats-Batch-Id").is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_hold_every_event_once_and_in_order() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(5_000).await;
    let running = log.publish(batched(&server));
    running.caught_up().await;
    for _ in 0..20 {
        log.fill(1).await;
        log.fill(30).await;
    }
    running.caught_up().await;
    let stored = server.read(STREAM).await;
    agree(&log.log, &stored);
    let comparison = running.publisher.compare().await.unwrap();
    assert!(comparison.agrees(), "{comparison}");
    assert_eq!(was_batched(&stored), NatsServer::knows_batches());
    let differs = comparison.differences.iter().any(|one| one.setting == "allow_atomic");
    assert_eq!(differs, !NatsServer::knows_batches());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_under_batches_ends_up_with_the_whole_log() {
    killed_under_appends(6_000, batched).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_emptied_a_moment_ago_takes_the_same_batches_again() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(1_500).await;
    let running = log.publish(batched(&server));
    running.caught_up().await;
    running.stop().await;
    server.stream(STREAM).await.purge().await.unwrap();
    let running = log.publish(batched(&server));
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_publishers_of_batches_double_nothing() {
    let server = NatsServer::start();
    let log = Log::new();
    let (one, other) = (log.publish(batched(&server)), log.publish(batched(&server)));
    log.fill_beside(10_000).await.unwrap();
    one.caught_up().await;
    other.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}
