//! A bad wire: acknowledgments that are lost, messages that come late, connections that are cut.

use std::time::Duration;

use dossier::publisher::{PublisherSettings, PublisherState};

use super::{Log, STREAM, settings};
use crate::support::{
    nats::{NatsServer, agree},
    proxy::{Gate, Proxy},
};

fn through(proxy: &Proxy, server: &NatsServer) -> PublisherSettings {
    PublisherSettings { urls: vec![proxy.url.clone()], ..settings(server) }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_acknowledgments_double_nothing() {
    let server = NatsServer::start();
    let proxy = Proxy::to(server.port()).await;
    let log = Log::new();
    let running = log.publish(through(&proxy, &server));
    for _ in 0..5 {
        running.caught_up().await;
        proxy.set(Gate::Deaf);
        let before = server.length(STREAM).await;
        log.fill(600).await;
        // As many as may be in flight are stored, and nobody hears of it.
        server.until_longer(STREAM, before + 255).await;
        proxy.set(Gate::Open);
        proxy.cut();
    }
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_late_double_nothing() {
    let server = NatsServer::start();
    let log = Log::new();
    let proxy = Proxy::to(server.port()).await;
    log.fill(100).await;
    let running = log.publish(through(&proxy, &server));
    running.caught_up().await;
    // Said, and held back until others have said the same.
    proxy.set(Gate::Mute);
    log.fill(600).await;
    proxy.held(10_000).await;
    proxy.cut();
    running.until(|status| status.state == PublisherState::Connecting).await;
    running.stop().await;
    let other = log.publish_to(&server);
    other.caught_up().await;
    proxy.set(Gate::Open);
    proxy.released().await;
    log.fill(300).await;
    other.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_messages_among_the_first_ones_of_the_next_connection_double_nothing() {
    let server = NatsServer::start();
    let log = Log::new();
    let proxy = Proxy::to(server.port()).await;
    let running = log.publish(through(&proxy, &server));
    for _ in 0..10 {
        running.caught_up().await;
        proxy.set(Gate::Mute);
        log.fill(400).await;
        proxy.held(10_000).await;
        proxy.cut();
        proxy.set(Gate::Open);
    }
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wire_cut_again_and_again_loses_nothing() {
    let server = NatsServer::start();
    let log = Log::new();
    let proxy = Proxy::to(server.port()).await;
    log.fill(20_000).await;
    let settings =
        PublisherSettings { look_every: Duration::from_millis(50), ..through(&proxy, &server) };
    let running = log.publish(settings);
    for round in 1..10 {
        running.reached(round * 1_500).await;
        proxy.cut();
    }
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}
