//! Who writes all the time: the bank, line by line, and clients, one address after another.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle, time::sleep};

use crate::support::{
    bank::*,
    client::{Client, http},
};

const CUSTOMERS: u64 = 100;
/// Of each customer: the bank's and the clients', so that both change something each time.
const ADDRESSES: u64 = 4;
const CLIENTS: u64 = 4;
/// Of a client, between two requests.
const PAUSE: Duration = Duration::from_millis(20);
/// Lines that the bank states together, and how often.
const LINES: u64 = 100;
const EVERY: Duration = Duration::from_millis(200);

/// Where the service is now: for clients, and for the bank.
type Place = (Client, String);

pub(super) struct Load {
    place: watch::Sender<Place>,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    pub(super) fn start(client: Client, admin: &str) -> Self {
        let place = watch::Sender::new((client, admin.to_owned()));
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let writing = |number| {
            let (place, stop, answered) =
                (place.subscribe(), Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                for nth in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let now = place.borrow().0.clone();
                    if write_and_read(&now, number, nth).await.is_ok() {
                        answered.fetch_add(2, Ordering::Relaxed);
                    }
                    sleep(PAUSE).await;
                }
            })
        };
        let mut tasks: Vec<_> = (0..CLIENTS).map(writing).collect();
        let (where_now, until) = (place.subscribe(), Arc::clone(&stop));
        tasks.push(tokio::spawn(async move {
            for nth in 0.. {
                if until.load(Ordering::Relaxed) {
                    break;
                }
                let admin = where_now.borrow().1.clone();
                state_some(&admin, nth).await;
                sleep(EVERY).await;
            }
        }));
        Self { place, stop, answered, tasks }
    }

    pub(super) fn go_on(&mut self, client: Client, admin: &str) {
        self.place.send_replace((client, admin.to_owned()));
    }

    /// Requests of clients that were answered as they should be.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Panics where nobody asks any more.
    pub(super) fn is_well(&self) {
        assert!(!self.tasks.iter().any(JoinHandle::is_finished), "nobody writes any more");
    }

    pub(super) async fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks.drain(..) {
            task.await.unwrap();
        }
    }
}

fn id(nth: u64) -> String {
    format!("C-{}", nth % CUSTOMERS)
}

fn stated(nth: u64, number: u64, round: u64) -> Value {
    let line = address(&id(nth), number, "Bern");
    with(line, "/address/addressName", format!("round {round}"))
}

/// The whole bank, once.
pub(super) async fn state_all(admin: &str) {
    let ids: Vec<_> = (0..CUSTOMERS).map(id).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let mut lines: Vec<_> = ids.iter().map(|id| customer(id, &[])).collect();
    let all = (0..CUSTOMERS).flat_map(|nth| (1..=ADDRESSES).map(move |number| (nth, number)));
    lines.extend(all.map(|(nth, number)| stated(nth, number, 0)));
    lines.push(consent("N-1", "alpha", &ids, &ALL));
    feed(admin, lines).await.unwrap().error_for_status().unwrap();
}

/// Something new about some customers, the next ones each time; a service that is just away is
/// asked the next thing later.
async fn state_some(admin: &str, nth: u64) {
    let first = nth * LINES;
    let lines = (first..first + LINES).map(|line| stated(line, 1 + line / CUSTOMERS % 2, nth + 1));
    // It may be down, or go down in the middle of it.
    let _ = feed(admin, lines.collect()).await;
}

async fn feed(admin: &str, lines: Vec<Value>) -> reqwest::Result<reqwest::Response> {
    http().post(format!("{admin}/feed")).body(ndjson(lines)).send().await
}

async fn write_and_read(alpha: &Client, client: u64, nth: u64) -> reqwest::Result<()> {
    let (customer, number) = (id(nth * CLIENTS + client), 3 + nth % 2);
    let path = format!("/customers/{customer}/addresses/{number}");
    let body = with(change(number, "Chur"), "/addressName", format!("client {client}, {nth}"));
    let write = alpha.ask(Method::PUT, &path).json(&body);
    let write = write.header("idempotency-key", &format!("{client}-{nth}")).header("if-match", "*");
    write.try_send().await?.is(204);
    alpha.ask(Method::GET, &format!("/customers/{customer}")).try_send().await?.is(200);
    Ok(())
}
