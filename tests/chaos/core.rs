//! The bank's core system: it states over NATS what it wants, until the API shows it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_nats::jetstream::{Context, message::PublishMessage, stream::Config};
use tokio::{sync::watch, task::JoinHandle, time::sleep};

use super::RETRY;
use crate::support::{bank::*, client::Client};

pub(super) const STREAM: &str = "CORE";
/// Before it states the same again, since the server may have lost it.
const AGAIN: Duration = Duration::from_secs(4);

pub(super) fn customer_of(nth: usize) -> String {
    format!("B-{nth}")
}

fn name(nth: usize) -> String {
    format!("n{nth}")
}

/// What a customer of that many statements was called, one name after the other.
pub(super) fn names(count: usize) -> Vec<String> {
    // As in its first line.
    let first = customer("B", &[])["customer"]["name"].as_str().unwrap().to_owned();
    std::iter::once(first).chain((0..count).map(name)).collect()
}

/// Gives a customer one name after the other, and counts them.
pub(super) fn state(
    customer: String,
    server: Context,
    client: watch::Receiver<Client>,
    stop: Arc<AtomicBool>,
) -> JoinHandle<usize> {
    tokio::spawn(async move {
        let mut count = 0;
        while !stop.load(Ordering::Relaxed) {
            let name = name(count);
            let line = with(super::customer(&customer, &[]), "/customer/name", name.as_str());
            let mut stated: Option<Instant> = None;
            while !shows(&client, &customer, &name).await {
                if stated.is_none_or(|stated| stated.elapsed() > AGAIN) {
                    publish(&server, &format!("{customer} {name}"), &line.to_string()).await;
                    stated = Some(Instant::now());
                }
                sleep(RETRY).await;
            }
            count += 1;
        }
        count
    })
}

async fn shows(client: &watch::Receiver<Client>, customer: &str, name: &str) -> bool {
    let client = client.borrow().clone();
    let ask = client.ask(reqwest::Method::GET, &format!("/customers/{customer}"));
    ask.try_send().await.is_ok_and(|answer| answer.status == 200 && answer.text("/name") == name)
}

/// Until the server says that it has it. The server may bring back what it had lost, after other
/// things were stated; the id tells that it is the same.
async fn publish(server: &Context, id: &str, line: &str) {
    loop {
        let message = PublishMessage::build().payload(line.to_owned().into()).message_id(id);
        if let Ok(sent) = server.send_publish("core.statements", message).await
            && sent.await.is_ok()
        {
            return;
        }
        // It may have lost the stream.
        let subjects = vec!["core.>".to_owned()];
        let config = Config { name: STREAM.to_owned(), subjects, ..Config::default() };
        let _ = server.get_or_create_stream(config).await;
        sleep(RETRY).await;
    }
}
