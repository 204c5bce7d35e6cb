//! What operators see of the publisher, and `dossier reconcile`.

use std::{path::Path, process::Output, time::Instant};

use serde_json::Value;

use super::{STREAM, WAIT_MAX};
use crate::support::{
    app::configuration,
    bank::*,
    binary::{Serving, dossier, stderr, stdout},
    client::http,
    folder,
    nats::{NatsServer, agree},
};

/// A data folder with a small bank, which nobody serves.
async fn bank(dir: &Path) -> u64 {
    let mut serving = Serving::start(dir);
    feed(&serving, lines()).await;
    serving.kill();
    let config = configuration(dir);
    let log = folder::open(&config);
    let length = log.watermark().0;
    folder::close(&config, log);
    length
}

async fn feed(serving: &Serving, lines: Vec<Value>) {
    let feed = http().post(format!("{}/feed", serving.admin)).body(ndjson(lines));
    feed.send().await.unwrap().error_for_status().unwrap();
}

/// `dossier reconcile` with these arguments, for a server.
#[track_caller]
fn reconcile(server: Option<&NatsServer>, arguments: &[&str], exit: i32) -> Output {
    let mut command = dossier(&[&["reconcile"], arguments].concat());
    if let Some(server) = server {
        command.env("DOSSIER__NATS__URLS", server.url());
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(exit), "{}{}", stdout(&output), stderr(&output));
    output
}

async fn ready(serving: &Serving) -> Value {
    let answer = http().get(format!("{}/readyz", serving.admin)).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["nats"].take()
}

/// Waits until the publisher is in a state.
async fn until(serving: &Serving, state: &str) -> Value {
    let started = Instant::now();
    loop {
        let nats = ready(serving).await;
        if nats["state"] == state {
            return nats;
        }
        assert!(started.elapsed() < WAIT_MAX, "it stays {nats}");
        tokio::task::yield_now().await;
    }
}

async fn metric(serving: &Serving, line: &str) -> String {
    let answer = http().get(format!("{}/metrics", serving.admin)).send().await.unwrap();
    let text = answer.text().await.unwrap();
    let found = text.lines().find_map(|one| one.strip_prefix(line));
    found.unwrap_or_else(|| panic!("{line} is not in {text}")).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_reconciled_without_a_service() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let length = bank(&data).await;
    let server = NatsServer::start();
    let folder = ["--dev", "--data", data.to_str().unwrap()];

    let dry = reconcile(Some(&server), &[&folder[..], &["--dry-run"]].concat(), 4);
    let missing = format!("{length} events are missing at its end; 0 were published now");
    assert!(stdout(&dry).contains(&missing), "{}", stdout(&dry));
    assert!(server.jetstream().await.get_stream(STREAM).await.is_err());

    let done = reconcile(Some(&server), &folder, 0);
    assert!(stdout(&done).ends_with("stream and log agree\n"), "{}", stdout(&done));
    reconcile(Some(&server), &[&folder[..], &["--dry-run"]].concat(), 0);
    let config = configuration(&data);
    let log = folder::open(&config);
    agree(&log, &server.read(STREAM).await);
    folder::close(&config, log);
    reconcile(None, &folder, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_is_reconciled_through_its_admin_port() {
    let dir = tempfile::tempdir().unwrap();
    let server = NatsServer::start();
    let mut serving = Serving::publishing(&dir.path().join("data"), &server.url());
    feed(&serving, lines()).await;
    feed(&serving, vec![customer("C-77", &[])]).await;
    until(&serving, "caught up").await;
    let url = ["--url", &serving.admin.clone()];
    reconcile(None, &url, 0);

    let stored = server.length(STREAM).await;
    let stream = server.stream(STREAM).await;
    stream.purge().filter("dossier.customer.C-1.address-added").await.unwrap();
    let gone = stored - server.length(STREAM).await;
    let told = reconcile(None, &[&url[..], &["--dry-run"]].concat(), 4);
    let text = stdout(&told);
    assert!(text.contains(&format!("{gone} positions are missing in between")), "{text}");
    assert!(text.contains("purge the stream"), "{text}");
    let nats = ready(&serving).await;
    assert_eq!(nats["damage"]["kind"], "missing", "{nats}");
    assert_eq!(metric(&serving, "dossier_publisher_damaged{kind=\"missing\"}").await, "1");

    stream.purge().await.unwrap();
    let mended = reconcile(None, &url, 0);
    let all = format!("{stored} events are missing at its end; {stored} were published now");
    assert!(stdout(&mended).contains(&all), "{}", stdout(&mended));
    assert_eq!(ready(&serving).await["damage"], Value::Null);
    let repaired = metric(&serving, "dossier_publisher_repaired_total").await;
    assert_eq!(repaired, stored.to_string());
    assert_eq!(metric(&serving, "dossier_publisher_damaged{kind=\"missing\"}").await, "0");
    serving.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn why_publishing_halts_is_told_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let server = NatsServer::start();
    let mut serving = Serving::publishing(&dir.path().join("data"), &server.url());
    feed(&serving, lines()).await;
    until(&serving, "caught up").await;
    let jetstream = server.jetstream().await;
    jetstream.publish("dossier.noise", "hello".into()).await.unwrap().await.unwrap();
    feed(&serving, vec![customer("C-77", &[])]).await;
    let nats = until(&serving, "halted").await;
    assert_eq!(nats["halted"]["kind"], "foreign");
    assert!(nats["halted"]["what"].as_str().unwrap().contains("dossier.noise"));
    assert!(nats["halted"]["remedy"].as_str().unwrap().contains("purge that subject"));
    assert!(nats["lagEvents"].as_u64().unwrap() > 0 && nats["lagSeconds"].as_f64().unwrap() > 0.0);
    assert_eq!(metric(&serving, "dossier_publisher_halted{reason=\"foreign\"}").await, "1");
    assert_eq!(metric(&serving, "dossier_publisher_halted{reason=\"ahead\"}").await, "0");

    server.stream(STREAM).await.purge().filter("dossier.noise").await.unwrap();
    // Whoever has mended it need not wait until it is looked at by itself.
    reconcile(None, &["--url", &serving.admin], 0);
    let nats = until(&serving, "caught up").await;
    assert_eq!((&nats["halted"], &nats["lagSeconds"]), (&Value::Null, &0.0.into()));
    assert_eq!(metric(&serving, "dossier_publisher_halted{reason=\"foreign\"}").await, "0");
    assert_ne!(metric(&serving, "dossier_publisher_refused_total").await, "0");
    serving.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_nats_has_nothing_to_compare() {
    let dir = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(&dir.path().join("data"));
    let refused = reconcile(None, &["--url", &serving.admin], 1);
    assert!(stderr(&refused).contains("no NATS server is configured"), "{}", stderr(&refused));
    serving.kill();
}
