//! Publishing a backlog, against `async-nats` sending the same messages from memory with the same
//! fence; and how long an event takes from its acknowledgment to a subscriber.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use async_nats::{
    HeaderMap, header,
    jetstream::{
        self, Context,
        message::PublishMessage,
        stream::{Config, StorageType},
    },
};
use dossier::publisher::{Publisher, PublisherSettings, PublisherState};
use events::{
    envelope::{Actor, Cause},
    id::{Position, Version},
    log::{Append, EventLog, LogSettings},
    seal::SecretKey,
};
use futures::StreamExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    ROUNDS, Row, append,
    floor::bench_dir,
    nats::{NatsServer, Stored},
};

const EVENTS: usize = 30_000;
const IN_FLIGHT: usize = 256;
/// Events whose way to a subscriber is timed.
const TIMED: usize = 500;

pub(crate) async fn rows() -> Vec<Row> {
    let dir = tempfile::tempdir_in(bench_dir()).unwrap();
    let log = EventLog::open(&LogSettings::new(dir.path().join("data")), SecretKey::random());
    let log = log.unwrap();
    for stream in 0..EVENTS / 200 {
        append_some(&log, stream, 200).await;
    }
    let mut rows = vec![row(&log, "publish a backlog, 256 in flight", "", false).await];
    latency(&log).await;
    if NatsServer::knows_batches() {
        let always = "jetstream { sync_interval: always }";
        let name = "publish a backlog in atomic batches, every write synced";
        rows.push(row(&log, name, always, true).await);
    }
    log.close();
    rows
}

async fn append_some(log: &EventLog, stream: usize, events: usize) {
    let events = (0..events).map(|nth| append::event(nth.try_into().unwrap())).collect();
    let append = Append {
        stream: append::stream(usize::MAX, stream),
        expected: Version::ZERO,
        also: Vec::new(),
        until: None,
        events,
        cause: Cause::by(Actor::Client),
        receipt: None,
    };
    log.append(append).await.unwrap();
}

async fn row(log: &EventLog, name: &'static str, configuration: &str, atomic: bool) -> Row {
    let server = NatsServer::configured(configuration);
    let jetstream = server.jetstream().await;
    drain(log, &server, "FIRST", atomic).await;
    let messages = server.read("FIRST").await;
    let (mut baseline, mut dossier) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let stream = format!("B{round}");
        let started = Instant::now();
        alone(&jetstream, &stream, &messages, atomic).await;
        baseline.push(messages.len() as f64 / started.elapsed().as_secs_f64());
        jetstream.delete_stream(&stream).await.unwrap();
        let stream = format!("D{round}");
        let took = drain(log, &server, &stream, atomic).await;
        dossier.push(messages.len() as f64 / took.as_secs_f64());
        jetstream.delete_stream(&stream).await.unwrap();
    }
    Row { name, reach: 0.8, baseline, dossier }
}

fn settings(server: &NatsServer, stream: &str, atomic: bool) -> PublisherSettings {
    PublisherSettings {
        stream: stream.to_owned(),
        prefix: stream.to_lowercase(),
        atomic_batches: atomic,
        in_flight_max: IN_FLIGHT,
        ..PublisherSettings::new([server.url()])
    }
}

/// Publishes the whole log, connecting included.
async fn drain(log: &EventLog, server: &NatsServer, stream: &str, atomic: bool) -> Duration {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let started = Instant::now();
    let settings = settings(server, stream, atomic);
    let publisher = Publisher::start(settings, log.clone(), stop.clone(), &tasks).unwrap();
    let end = log.watermark();
    publisher.watch().wait_for(|status| status.published == end).await.unwrap();
    let took = started.elapsed();
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    took
}

/// The same messages, as fast as the client library sends them.
async fn alone(jetstream: &Context, name: &str, messages: &[Stored], atomic: bool) {
    let config = Config {
        name: name.to_owned(),
        subjects: vec![format!("{}.>", name.to_lowercase())],
        storage: StorageType::File,
        allow_direct: true,
        allow_atomic_publish: atomic,
        ..Config::default()
    };
    jetstream.create_stream(config).await.unwrap();
    let prepared: Vec<_> = messages.iter().map(|message| prepared(message, name)).collect();
    if atomic { batches(jetstream, prepared).await } else { singles(jetstream, prepared).await }
}

type Prepared = (String, HeaderMap, bytes::Bytes);

fn prepared(message: &Stored, stream: &str) -> Prepared {
    let mut headers = HeaderMap::new();
    for (name, values) in message.headers.iter() {
        if name.to_string().starts_with("ce-") || name.to_string() == "Nats-Msg-Id" {
            for value in values {
                headers.append(name.clone(), value.clone());
            }
        }
    }
    let (_, rest) = message.subject.split_once('.').unwrap();
    (format!("{}.{rest}", stream.to_lowercase()), headers, message.body.clone().into())
}

async fn singles(jetstream: &Context, prepared: Vec<Prepared>) {
    let mut in_flight = VecDeque::new();
    for ((subject, mut headers, body), last) in prepared.into_iter().zip(0_u64..) {
        if in_flight.len() == IN_FLIGHT {
            let ack: jetstream::context::PublishAckFuture = in_flight.pop_front().unwrap();
            ack.await.unwrap();
        }
        headers.insert(header::NATS_EXPECTED_LAST_SEQUENCE, last.to_string());
        let message = PublishMessage::build().payload(body).headers(headers);
        in_flight.push_back(jetstream.send_publish(subject, message).await.unwrap());
    }
    for ack in in_flight {
        ack.await.unwrap();
    }
}

async fn batches(jetstream: &Context, mut prepared: Vec<Prepared>) {
    let client = jetstream.client();
    let mut last = 0;
    while !prepared.is_empty() {
        let rest = prepared.split_off(prepared.len().min(IN_FLIGHT));
        let (batch, length) = (client.new_inbox(), prepared.len());
        for ((subject, mut headers, body), nth) in prepared.into_iter().zip(1..) {
            headers.insert(header::NATS_BATCH_ID, batch.as_str());
            headers.insert(header::NATS_BATCH_SEQUENCE, nth.to_string());
            if nth == 1 {
                headers.insert(header::NATS_EXPECTED_LAST_SEQUENCE, last.to_string());
            }
            if nth < length {
                client.publish_with_headers(subject, headers, body).await.unwrap();
            } else {
                headers.insert(header::NATS_BATCH_COMMIT, header::NATS_BATCH_COMMIT_FINAL);
                let message = PublishMessage::build().payload(body).headers(headers);
                let ack = jetstream.send_publish(subject, message).await.unwrap();
                ack.await.unwrap();
            }
        }
        last += length;
        prepared = rest;
    }
}

/// From the acknowledgment of an append to a subscriber, when nothing waits; beside it the same
/// way from the call of the client library.
async fn latency(log: &EventLog) {
    let server = NatsServer::start();
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let settings = settings(&server, "L", false);
    let publisher = Publisher::start(settings, log.clone(), stop.clone(), &tasks).unwrap();
    let mut status = publisher.watch();
    status.wait_for(|status| status.state == PublisherState::CaughtUp).await.unwrap();
    let jetstream = server.jetstream().await;
    let mut arriving = jetstream.client().subscribe("l.>").await.unwrap();
    jetstream.client().flush().await.unwrap();
    let mut ours = Vec::new();
    for nth in 0..TIMED {
        append_some(log, EVENTS + nth, 1).await;
        let started = Instant::now();
        arriving.next().await.unwrap();
        ours.push(started.elapsed().as_secs_f64() * 1000.0);
        let end = log.watermark();
        status.wait_for(|status| status.published == end).await.unwrap();
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    assert!(log.watermark() > Position(0));
    let mut alone = Vec::new();
    for _ in 0..TIMED {
        let started = Instant::now();
        let ack = jetstream.publish("l.alone", vec![7; 600].into()).await.unwrap();
        arriving.next().await.unwrap();
        alone.push(started.elapsed().as_secs_f64() * 1000.0);
        ack.await.unwrap();
    }
    let [ours, alone] = [ours, alone].map(|mut times| {
        times.sort_by(f64::total_cmp);
        (times[times.len() / 2], times[times.len() * 99 / 100])
    });
    println!(
        "acknowledged to delivered: {:.2} ms, 99 % in {:.2} ms; published to delivered by \
         async-nats alone: {:.2} ms, {:.2} ms",
        ours.0, ours.1, alone.0, alone.1
    );
}
