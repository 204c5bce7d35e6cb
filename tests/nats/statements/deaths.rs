//! Whoever dies between a statement and its acknowledgment: nothing is lost, and nothing done twice.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use events::{
    customer::CustomerEvent,
    envelope::{Actor, Cause},
    event::Event,
    id::{CustomerId, Position, StreamId},
    log::{Append, EventLog},
};
use serde_json::Value;
use tokio::{runtime::Handle, task::spawn_blocking};

use super::{super::address_added, *};
use crate::support::{
    app::configuration,
    binary::Serving,
    client::http,
    proxy::{Gate, Proxy},
};

/// Waits until the log is that long, as operators see it.
async fn appended(serving: &Serving, events: u64) {
    let started = Instant::now();
    loop {
        let ready = http().get(format!("{}/readyz", serving.admin)).send().await.unwrap();
        let ready: Value = ready.json().await.unwrap();
        if ready["log"]["position"].as_u64().unwrap() >= events {
            return;
        }
        assert!(started.elapsed() < WAIT_MAX, "{ready}");
    }
}

/// The same, in this process.
async fn reached(app: &TestApp, events: u64) {
    let mut watermark = app.service().app.log.watch();
    let reached = watermark.wait_for(|watermark| *watermark >= Position(events));
    timeout(WAIT_MAX, reached).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_killed_before_it_acknowledges_does_nothing_twice() {
    let server = broker().await;
    send(&server, (0..40).map(named)).await;
    let proxy = Proxy::to(server.port()).await;
    proxy.set(Gate::Unacknowledged);
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (mut serving, lines) = Serving::fed(&data, &proxy.url, BANK);
    appended(&serving, 40).await;
    serving.kill();
    proxy.cut();
    assert!(consumer(&server).await.info().await.unwrap().num_ack_pending > 0);
    let is_told = |line: &String| line.contains("read from its beginning");
    assert!(lines.all().iter().any(is_told), "a consumer that begins anew is not told");

    let (mut serving, lines) = Serving::fed(&data, &server.url(), BANK);
    send(&server, (40..60).map(named)).await;
    all_taken(&server).await;
    serving.kill();
    assert!(!lines.all().iter().any(is_told));
    let config = configuration(&data);
    folder::audit(&config).await;
    let log = folder::open(&config);
    assert_eq!(folder::names(&log, "C-1"), expected(60));
    folder::close(&config, log);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_acknowledgments_do_nothing_twice() {
    let server = broker().await;
    let proxy = Proxy::to(server.port()).await;
    let app = app_at(proxy.url.clone()).await;
    for round in 0..3 {
        let before = app.watermark().0;
        proxy.set(Gate::Unacknowledged);
        send(&server, (round * 20..(round + 1) * 20).map(named)).await;
        // It has carried out some, and nobody hears of it.
        reached(&app, before + 1).await;
        proxy.cut();
        proxy.set(Gate::Open);
        all_taken(&server).await;
    }
    assert_eq!(names(&app), expected(60));
    let mut status = app.service().app.publisher.watch();
    status.wait_for(|status| status.published == app.watermark()).await.unwrap();
    assert_eq!(server.length("DOSSIER").await, app.watermark().0);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_statements_are_taken_a_few_at_a_time() {
    let server = broker().await;
    let large = |nth| with(named(nth), "/customer/x", "x".repeat(1000 * 1000));
    send(&server, (0..40).map(large)).await;
    let proxy = Proxy::to(server.port()).await;
    proxy.set(Gate::Unacknowledged);
    let app = app_at(proxy.url.clone()).await;
    reached(&app, 1).await;
    let in_hand = consumer(&server).await.info().await.unwrap().num_ack_pending;
    assert!((2..=18).contains(&in_hand), "{in_hand} messages of a megabyte each in hand");
    proxy.set(Gate::Open);
    all_taken(&server).await;
    assert_eq!(names(&app), expected(40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_loses_every_race_is_tried_until_it_wins() {
    let server = broker().await;
    let app = app(&server).await;
    send(&server, [named(0)]).await;
    all_taken(&server).await;
    let done = Arc::new(AtomicBool::new(false));
    // Many who write to the same customer without waiting for their turn.
    let others: Vec<_> = (0..4)
        .map(|other| {
            let (log, done) = (app.service().app.log.clone(), Arc::clone(&done));
            spawn_blocking(move || Handle::current().block_on(interfere(log, other, &done)))
        })
        .collect();
    send(&server, (1..10).map(named)).await;
    all_taken(&server).await;
    done.store(true, Ordering::Relaxed);
    for other in others {
        let lost = other.await.unwrap();
        assert!(lost > 0, "it raced with nobody");
    }
    assert_eq!(names(&app), expected(10));
    let parked = server.length("DOSSIER-PARKED").await;
    assert_eq!(parked, 0, "sound statements were set aside");
}

/// Writes to the customer until `done`; tells how many races it lost.
async fn interfere(log: EventLog, other: u64, done: &AtomicBool) -> usize {
    let stream = StreamId::Customer(CustomerId::parse("C-1").unwrap());
    let CustomerEvent::AddressAdded { address, details } = address_added(1 + other) else {
        unreachable!()
    };
    let (mut is_there, mut lost) = (false, 0);
    while !done.load(Ordering::Relaxed) {
        let details = details.clone();
        let event = if is_there {
            CustomerEvent::AddressChanged { address, details }
        } else {
            CustomerEvent::AddressAdded { address, details }
        };
        let append = Append {
            stream: stream.clone(),
            expected: log.version(&stream).unwrap(),
            also: Vec::new(),
            until: None,
            events: vec![Event::Customer(event)],
            cause: Cause::by(Actor::Bank),
            receipt: None,
        };
        match log.append(append).await {
            Ok(_) => is_there = true,
            Err(_) => lost += 1,
        }
    }
    lost
}
