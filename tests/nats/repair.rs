//! Whatever dies or forgets, the stream becomes the log again.

use dossier::publisher::{PublisherSettings, PublisherState};
use events::tag::Class;

use super::{Log, STREAM, address_added, kyc, opened, settings};
use crate::support::nats::{NatsServer, agree};

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_starts_again_goes_on_where_it_was() {
    let server = NatsServer::start();
    let log = Log::new();
    for _ in 0..3 {
        let running = log.publish_to(&server);
        log.fill(300).await;
        running.caught_up().await;
        running.stop().await;
    }
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_stopped_in_full_flight_leaves_nothing_out() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(20_000).await;
    for reached in [1, 3_000, 9_000] {
        let running = log.publish_to(&server);
        running.reached(reached).await;
        running.stop().await;
    }
    let running = log.publish_to(&server);
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_under_appends_ends_up_with_the_whole_log() {
    killed_under_appends(3_000, settings).await;
}

/// Kills a server again and again while this many events are appended.
pub(super) async fn killed_under_appends(
    events: u64,
    settings: impl Fn(&NatsServer) -> PublisherSettings,
) {
    let mut server = NatsServer::start();
    let log = Log::new();
    let running = log.publish(settings(&server));
    for round in 1..=4 {
        let appending = log.fill_beside(events);
        running.reached(round * events * 2 / 3).await;
        server.kill();
        running.until(|status| status.state == PublisherState::Connecting).await;
        server.restart();
        appending.await.unwrap();
    }
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_everything_gets_everything_again() {
    let mut server = NatsServer::start();
    let log = Log::new();
    log.fill(1_000).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    server.kill();
    server.wipe();
    log.fill(100).await;
    server.restart();
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_rolled_back_gets_the_rest_again() {
    let mut server = NatsServer::start();
    let log = Log::new();
    log.fill(1_000).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    server.kill();
    let earlier = server.save();
    server.restart();
    log.fill(1_000).await;
    running.caught_up().await;

    server.kill();
    server.roll_back(&earlier);
    log.fill(10).await;
    server.restart();
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_publishers_at_once_double_nothing() {
    let server = NatsServer::start();
    let log = Log::new();
    let (one, other) = (log.publish_to(&server), log.publish_to(&server));
    let appending = log.fill_beside(10_000);
    appending.await.unwrap();
    one.caught_up().await;
    other.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_was_emptied_is_filled_again() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(400).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    running.stop().await;
    server.stream(STREAM).await.purge().await.unwrap();

    let running = log.publish_to(&server);
    running.caught_up().await;
    let stored = server.read(STREAM).await;
    assert_eq!(stored[0].sequence, 401);
    agree(&log.log, &stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_forgotten_is_published_again_without_its_body() {
    let server = NatsServer::start();
    let log = Log::new();
    log.append("C-1", vec![opened("Anna")]).await;
    log.append("C-2", vec![opened("Beat"), kyc(), address_added(1)]).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    running.stop().await;
    log.forget("C-2", Class::Identity);
    log.forget("C-2", Class::Kyc);
    let stream = server.stream(STREAM).await;
    stream.purge().filter("dossier.customer.C-2.*").await.unwrap();

    let running = log.publish_to(&server);
    running.caught_up().await;
    let stored = server.read(STREAM).await;
    let forgotten: Vec<_> = stored
        .iter()
        .map(|message| (message.header("ce-forgotten"), message.body.is_empty()))
        .collect();
    assert_eq!(forgotten, [("", false), ("true", true), ("true", true), ("", false)]);
    agree(&log.log, &stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_late_is_waited_for() {
    let mut server = NatsServer::start();
    server.kill();
    let log = Log::new();
    let running = log.publish_to(&server);
    log.fill(500).await;
    let status = running.until(|status| status.last_error.is_some()).await;
    assert_eq!(status.state, PublisherState::Connecting);
    assert_eq!(running.publisher.status().lag_events, 500);
    server.restart();
    running.caught_up().await;
    assert_eq!(running.publisher.status().lag_events, 0);
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_stream_is_made_again() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(100).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    server.jetstream().await.delete_stream(STREAM).await.unwrap();
    log.fill(1).await;
    running.caught_up().await;
    running.until(|status| status.last_error.is_some()).await;
    agree(&log.log, &server.read(STREAM).await);
}
