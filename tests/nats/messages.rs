//! What is published: each event as one message that says all about it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use dossier::publisher::{BodyClass, Publisher, PublisherError, PublisherSettings};
use events::{
    customer::CustomerEvent,
    envelope::{Actor, Cause},
    event::{Event, Payload, Personal},
    id::{PersonId, Position, StreamId},
    text::Trace,
};
use percent_encoding::percent_decode_str;
use reqwest::Method;
use serde_json::Value;
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Log, STREAM, WAIT_MAX, address_added, kyc, opened, settings};
use crate::support::{
    app::TestApp,
    asyncapi::assert_fits,
    bank,
    nats::{NatsServer, Stored, agree},
};

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_published_once_and_in_order() {
    let server = NatsServer::start();
    let log = Log::new();
    log.fill(700).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    log.fill(50).await;
    running.caught_up().await;
    agree(&log.log, &server.read(STREAM).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_a_cloud_event() {
    let server = NatsServer::start();
    let log = Log::new();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let cause = Cause { trace: Some(Trace::parse(trace).unwrap()), ..Cause::by(Actor::Client) };
    log.append_because("C-1", vec![opened("Anna"), address_added(7)], cause).await;
    let running = log.publish_to(&server);
    running.caught_up().await;

    let stored = server.read(STREAM).await;
    let [opened, added] = &stored[..] else { panic!("{} messages", stored.len()) };
    assert_eq!(opened.subject, "dossier.customer.C-1.opened");
    assert_eq!(added.subject, "dossier.customer.C-1.address-added");
    assert_eq!(
        headers(
            added,
            &[
                "ce-specversion",
                "ce-source",
                "ce-type",
                "ce-subject",
                "ce-dataschema",
                "content-type",
                "ce-position",
                "ce-previousposition",
                "ce-streamversion",
                "ce-object",
                "traceparent",
            ]
        ),
        [
            "1.0",
            "/dossier",
            "customer.address-added.v1",
            "C-1",
            "http://127.0.0.1:8080/schemas/customer.address-added.v1.json",
            "application/json",
            "2",
            "1",
            "2",
            "7",
            trace,
        ]
    );
    assert_eq!(opened.header("ce-previousposition"), "0");
    assert_eq!(added.header("Nats-Msg-Id"), added.header("ce-id"));
    let record = log.log.record(Position(2)).unwrap().unwrap();
    let time = added.header("ce-time");
    assert!(time.ends_with('Z') && time.len() == "2026-01-02T03:04:05.123456Z".len(), "{time}");
    assert_eq!(
        time.parse::<chrono::DateTime<chrono::Utc>>().unwrap(),
        record.envelope().recorded_at
    );
    let body: Value = serde_json::from_slice(&opened.body).unwrap();
    assert_eq!(body["name"], "Anna");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_leads_back_to_the_request_that_caused_it() {
    let server = NatsServer::start();
    let app = TestApp::configured(|config| config.nats.urls = vec![server.url()]).await;
    app.state(bank::lines()).await;
    let traces = ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "no trace at all"];
    for trace in traces {
        let ask = app.client("alpha").ask(Method::POST, "/customers/C-1/addresses");
        let ask = ask.json(&bank::new_address("Bern")).header("traceparent", trace);
        ask.send().await.is(201);
    }
    let mut status = app.service().app.publisher.watch();
    let end = app.watermark();
    timeout(WAIT_MAX, status.wait_for(|status| status.published == end)).await.unwrap().unwrap();
    let stored = server.read(STREAM).await;
    let last: Vec<_> =
        stored[stored.len() - 2..].iter().map(|message| message.header("traceparent")).collect();
    assert_eq!(last, [traces[0], ""]);
    agree(&app.service().app.log, &stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn kyc_goes_out_as_headers_only_unless_asked_for() {
    let server = NatsServer::start();
    let log = Log::new();
    log.append("C-1", vec![opened("Anna"), kyc()]).await;
    let running = log.publish_to(&server);
    running.caught_up().await;
    let with_kyc = PublisherSettings {
        stream: "WITH-KYC".to_owned(),
        prefix: "all".to_owned(),
        bodies: [BodyClass::Kyc].into(),
        ..settings(&server)
    };
    let asked_for = log.publish(with_kyc);
    asked_for.caught_up().await;

    let bodies = |stored: &[Stored]| {
        stored.iter().map(|message| !message.body.is_empty()).collect::<Vec<_>>()
    };
    let stored = server.read(STREAM).await;
    assert_eq!(bodies(&stored), [true, false]);
    assert_eq!(stored[1].header("content-type"), "");
    assert_eq!(stored[1].header("ce-forgotten"), "");
    agree(&log.log, &stored);
    assert_eq!(bodies(&server.read("WITH-KYC").await), [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_id_is_one_token_of_the_subject_and_a_safe_header() {
    let server = NatsServer::start();
    let log = Log::new();
    for id in ["Zürich.*", "a b", ">", "C%\"1"] {
        log.append(id, vec![opened("Anna")]).await;
    }
    let running = log.publish_to(&server);
    running.caught_up().await;

    let stored = server.read(STREAM).await;
    let names: Vec<_> =
        stored.iter().map(|message| (&*message.subject, message.header("ce-subject"))).collect();
    assert_eq!(
        names,
        [
            ("dossier.customer.Z=C3=BCrich=2E=2A.opened", "Z%C3%BCrich.*"),
            ("dossier.customer.a=20b.opened", "a%20b"),
            ("dossier.customer.=3E.opened", ">"),
            ("dossier.customer.C=25=221.opened", "C%25%221"),
        ]
    );
    agree(&log.log, &stored);
}

/// Ids and objects of golden events hold spaces, stars, dots, umlauts and letters of four bytes.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_event_is_published_as_the_document_says() {
    let server = NatsServer::start();
    let log = Log::new();
    let golden = golden_events();
    for (stream, event) in &golden {
        log.append_to(stream.clone(), vec![event.clone()], Cause::by(Actor::Bank)).await;
    }
    let running = log.publish_to(&server);
    running.caught_up().await;

    let stored = server.read(STREAM).await;
    agree(&log.log, &stored);
    assert_eq!(stored.len(), golden.len());
    for (message, (stream, event)) in stored.iter().zip(&golden) {
        assert_fits(&message.subject, &message.for_subscribers(), message.json().as_ref());
        let subject = percent_decode_str(message.header("ce-subject")).decode_utf8().unwrap();
        assert_eq!(subject, stream.id());
        let object = percent_decode_str(message.header("ce-object")).decode_utf8().unwrap();
        assert_eq!(object, event.object().unwrap_or_default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_forgotten_before_it_happened_says_so_too() {
    let server = NatsServer::start();
    let log = Log::new();
    let person = PersonId::parse("P-1").unwrap();
    let unlinked = CustomerEvent::PersonUnlinked { person, link: Personal::Forgotten };
    log.append("C-1", vec![unlinked, CustomerEvent::Closed]).await;
    let running = log.publish_to(&server);
    running.caught_up().await;

    let stored = server.read(STREAM).await;
    let forgotten: Vec<_> = stored.iter().map(|message| message.header("ce-forgotten")).collect();
    assert_eq!(forgotten, ["true", ""]);
    for message in stored {
        assert_fits(&message.subject, &message.for_subscribers(), message.json().as_ref());
    }
}

/// Each in a stream of its own.
fn golden_events() -> Vec<(StreamId, Event)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/fixtures");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    let ids = ["Zürich 1.*", ">", "a.b c", "100%", "=20", "\"'\\", "𝕏"];
    let read = |(nth, path): (usize, PathBuf)| {
        let golden: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let (aggregate, _) = golden["stream"].as_str().unwrap().split_once('/').unwrap();
        let id = format!("{aggregate}/{nth} {}", ids[nth % ids.len()]);
        let payload = Some(&golden["payload"]).filter(|payload| !payload.is_null());
        let payload =
            payload.map_or(Payload::Empty, |payload| Payload::Json(payload.to_string().into()));
        let tag = golden["tag"].as_str().unwrap();
        let event = Event::assemble(tag, golden["object"].as_str(), &payload).unwrap();
        (StreamId::parse(&id).unwrap(), event)
    };
    paths.into_iter().enumerate().map(read).collect()
}

#[tokio::test]
async fn clear_text_leaves_the_machine_only_under_tls() {
    let log = Log::new();
    let start = |url: &str| {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        stop.cancel();
        Publisher::start(PublisherSettings::new([url]), log.log.clone(), stop, &tasks).err()
    };
    let host = "nats.bank.example".to_owned();
    assert_eq!(start("nats://u:p@nats.bank.example"), Some(PublisherError::Plaintext { host }));
    assert_eq!(start("tls://nats.bank.example:4222"), None);
    assert_eq!(start("nats://127.0.0.1:4222"), None);
    assert_eq!(start("localhost"), None);
    assert_eq!(start("nats://[::1]:4222"), None);
    assert_eq!(start("not a url"), Some(PublisherError::Url { nth: 1 }));
}

fn headers<'a>(message: &'a Stored, names: &[&str]) -> Vec<&'a str> {
    names.iter().map(|name| message.header(name)).collect()
}
