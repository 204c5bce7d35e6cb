//! Streams that somebody takes messages from while the publisher is at work.

use std::time::Duration;

use dossier::publisher::{Discard, PublisherSettings};
use events::tag::Class;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Log, Running, STREAM, address_added, fill, opened, settings};
use crate::support::nats::{NatsServer, agree};

/// Somebody who appends one event after another until stopped.
struct Writer {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Writer {
    fn start(log: &Log) -> Self {
        let (log, stop) = (log.log.clone(), CancellationToken::new());
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            while !stopped.is_cancelled() {
                fill(&log, 1).await;
            }
        });
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

fn looking_every(server: &NatsServer, every: Duration) -> PublisherSettings {
    PublisherSettings { look_every: every, ..settings(server) }
}

async fn purge(server: &NatsServer) {
    server.stream(STREAM).await.purge().await.unwrap();
}

/// A stream purged while somebody writes, so that an event came before a look; as it does almost
/// always.
async fn purged_under_load(server: &NatsServer) -> (Log, Running, Writer) {
    let log = Log::new();
    log.fill(200).await;
    let running = log.publish(looking_every(server, Duration::from_millis(300)));
    running.caught_up().await;
    let writer = Writer::start(&log);
    while running.publisher.status().damage.is_none() {
        let looks = running.publisher.status().looks;
        purge(server).await;
        running.until(|status| status.damage.is_some() || status.looks > looks).await;
    }
    (log, running, writer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_purged_under_load_is_told_and_can_be_made_whole() {
    let server = NatsServer::start();
    let (log, running, writer) = purged_under_load(&server).await;
    let damage = running.damaged().await;
    assert_eq!(&*damage.kind, "beginning");
    assert!(damage.what.contains("which no limit of it explains"), "{damage:?}");
    running.reached(log.log.watermark().0 + 10).await;
    let comparison = running.publisher.compare().await.unwrap();
    assert!(comparison.cut_off.is_some() && !comparison.agrees(), "{comparison}");
    assert_eq!(&*comparison.troubles[0].kind, "beginning");

    // As the message says, and nobody stops to write.
    running.stop().await;
    purge(&server).await;
    let running = log.publish(looking_every(&server, Duration::from_millis(300)));
    running.reached(log.log.watermark().0 + 10).await;
    writer.stop().await;
    running.caught_up().await;
    assert_eq!(running.publisher.status().damage, None);
    assert!(running.publisher.compare().await.unwrap().agrees());
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_deleted_under_load_is_whole_again() {
    let server = NatsServer::start();
    let (log, running, writer) = purged_under_load(&server).await;
    server.jetstream().await.delete_stream(STREAM).await.unwrap();
    running.until(|status| status.damage.is_none()).await;
    writer.stop().await;
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_made_under_load_is_told() {
    let server = NatsServer::start();
    let log = Log::new();
    log.append("C-1", vec![opened("Anna"), address_added(1)]).await;
    log.append("C-2", vec![opened("Beat"), address_added(1)]).await;
    log.fill(200).await;
    let running = log.publish(looking_every(&server, Duration::from_millis(20)));
    running.caught_up().await;
    let writer = Writer::start(&log);
    server.stream(STREAM).await.purge().filter("dossier.customer.C-2.*").await.unwrap();
    let damage = running.damaged().await;
    assert_eq!(&*damage.kind, "missing");
    assert!(damage.what.contains("2 events") && damage.what.contains("position 3"), "{damage:?}");
    writer.stop().await;
    running.caught_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_event_purged_while_nothing_happens_is_published_again() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(20).await;
    log.append("C-1", vec![opened("Anna")]).await;
    let running = log.publish(looking_every(&server, Duration::from_millis(20)));
    running.caught_up().await;
    let looks = running.publisher.status().looks;
    server.stream(STREAM).await.purge().filter("dossier.customer.C-1.*").await.unwrap();
    running.until(|status| status.looks > looks).await;
    running.caught_up().await;
    assert_eq!(running.publisher.status().damage, None);
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_begins_with_what_was_forgotten_is_whole() {
    let server = NatsServer::start();
    let log = Log::new();
    log.append("K-1", vec![opened("Anna")]).await;
    log.fill(20).await;
    let running = log.publish(looking_every(&server, Duration::from_millis(20)));
    running.caught_up().await;
    let looks = running.publisher.status().looks;
    log.forget("K-1", Class::Identity);
    server.stream(STREAM).await.purge().filter("dossier.customer.K-1.*").await.unwrap();
    running.until(|status| status.looks > looks).await;
    running.caught_up().await;
    assert_eq!(running.publisher.status().damage, None);
    let comparison = running.publisher.compare().await.unwrap();
    assert!(comparison.agrees() && comparison.cut_off.is_none(), "{comparison}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_explains_where_a_stream_begins_until_it_is_lifted() {
    let server = NatsServer::start();
    let log = Log::new();
    let often = looking_every(&server, Duration::from_millis(5));
    let limited = PublisherSettings { bytes_max: 100_000, discard: Discard::Old, ..often };
    let running = log.publish(limited);
    log.fill(3_000).await;
    running.caught_up().await;
    let status = running.publisher.status();
    assert_eq!((status.looks, status.damage), (1, None), "{:?}", status.last_error);

    let stream = server.stream(STREAM).await;
    assert!(stream.cached_info().state.first_sequence > 1);
    let mut config = stream.cached_info().config.clone();
    config.max_bytes = -1;
    server.jetstream().await.update_stream(config).await.unwrap();
    running.ask_again().await;
    assert_eq!(&*running.damaged().await.kind, "beginning");
    log.fill(10).await;
    running.caught_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_under_load_find_nothing_where_nothing_was_taken() {
    let server = NatsServer::start();
    let log = Log::new();
    let running = log.publish(looking_every(&server, Duration::from_millis(1)));
    log.fill(10_000).await;
    running.caught_up().await;
    let status = running.publisher.status();
    assert_eq!((status.looks, status.damage), (1, None), "{:?}", status.last_error);
    agree(&log.log, &server.read(STREAM).await);
}
