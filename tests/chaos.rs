//! Service and NATS server killed at random under writes of clients and statements of the bank over
//! NATS; then stream, log and API must agree.
//!
//! `DOSSIER_CHAOS_SECONDS` says for how long, `DOSSIER_CHAOS_SEED` which run is to be repeated: the
//! same blows in the same order, though not at the same instants.
#![expect(clippy::print_stdout, reason = "the seed is for whoever repeats a run")]

mod core;

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_nats::jetstream;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle, time::sleep};

use crate::support::{
    app::configuration,
    bank::*,
    binary::{Serving, dossier, stderr, stdout, token},
    client::{Client, http},
    folder,
    nats::{NatsServer, agree},
};

const SECONDS: u64 = 20;
const WRITERS: usize = 8;
const CUSTOMERS: usize = 40;
/// Customers of whom the bank's core system speaks.
const CORE_CUSTOMERS: usize = 4;
/// Between two blows, in milliseconds.
const PAUSE: std::ops::Range<u64> = 50..700;
/// How long the bank's core system waits for the server.
const ACK_MAX: Duration = Duration::from_millis(500);
/// Before a writer tries again.
const RETRY: Duration = Duration::from_millis(20);

/// Idempotency keys, each with what was answered under it.
type Acknowledged = BTreeMap<String, String>;

#[tokio::test(flavor = "multi_thread")]
async fn stream_log_and_api_agree_after_whatever_was_killed() {
    let seed = number("DOSSIER_CHAOS_SEED").unwrap_or_else(rand::random);
    let seconds = number("DOSSIER_CHAOS_SECONDS").unwrap_or(SECONDS);
    println!("DOSSIER_CHAOS_SEED={seed} DOSSIER_CHAOS_SECONDS={seconds}");
    let mut stage = Stage::new().await;
    let (client, stop) = (stage.client.subscribe(), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| write(writer, client.clone(), Arc::clone(&stop))).collect();
    let server = stage.core().await;
    let cores = (0..CORE_CUSTOMERS).map(core::customer_of);
    let cores: Vec<_> = cores
        .map(|customer| core::state(customer, server.clone(), client.clone(), Arc::clone(&stop)))
        .collect();
    let (mut dice, started) = (StdRng::seed_from_u64(seed), Instant::now());
    let mut blows = BTreeMap::<&str, u32>::new();
    while started.elapsed() < Duration::from_secs(seconds) {
        sleep(Duration::from_millis(dice.random_range(PAUSE))).await;
        *blows.entry(stage.blow(&mut dice).await).or_default() += 1;
    }
    stop.store(true, Ordering::Relaxed);
    let mut all = Acknowledged::new();
    for writer in writers {
        all.extend(writer.await.unwrap());
    }
    let mut statements = Vec::new();
    for core in cores {
        statements.push(core.await.unwrap());
    }
    println!("{blows:?}, {} writes, {statements:?} statements", all.len());
    stage.agrees(&all, &statements).await;
}

fn number(variable: &str) -> Option<u64> {
    env::var_os(variable).map(|text| text.to_str().unwrap().parse().unwrap())
}

/// The service, its NATS server, and where clients find the service.
struct Stage {
    data: PathBuf,
    server: NatsServer,
    /// What the server held at some earlier time.
    earlier: Option<TempDir>,
    serving: Serving,
    token: String,
    client: watch::Sender<Client>,
    _dir: TempDir,
}

impl Stage {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let server = NatsServer::start();
        let serving = serve(&data, &server);
        let ids: Vec<_> = (0..CUSTOMERS).map(customer_id).collect();
        let ids: Vec<_> =
            ids.into_iter().chain((0..CORE_CUSTOMERS).map(core::customer_of)).collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let mut lines: Vec<_> = ids.iter().map(|id| customer(id, &[])).collect();
        lines.push(consent("N-1", "alpha", &ids, &ALL));
        let feed = http().post(format!("{}/feed", serving.admin)).body(ndjson(lines));
        feed.send().await.unwrap().error_for_status().unwrap();
        let token = token(&data, "alpha");
        let client = watch::Sender::new(serving.client(token.clone()));
        Self { data, server, earlier: None, serving, token, client, _dir: dir }
    }

    /// As the bank's core system reaches the server, however often that is another one.
    async fn core(&self) -> jetstream::Context {
        let options = async_nats::ConnectOptions::new();
        let options = options.reconnect_delay_callback(|_| RETRY);
        let client = options.connect(self.server.url()).await.unwrap();
        jetstream::context::ContextBuilder::new()
            .timeout(ACK_MAX)
            .ack_timeout(ACK_MAX)
            .build(client)
    }

    /// One blow, and what it was.
    async fn blow(&mut self, dice: &mut StdRng) -> &'static str {
        let down = Duration::from_millis(dice.random_range(0..300));
        match dice.random_range(0..8) {
            0..3 => {
                self.serving.kill();
                self.serve();
                "service killed"
            }
            3 => {
                self.serving.interrupt();
                self.serving.ended();
                self.serve();
                "service stopped"
            }
            4 | 5 => {
                self.server.kill();
                sleep(down).await;
                self.server.restart();
                "server killed"
            }
            6 => self.turn_back(down).await,
            _ => {
                self.server.kill();
                self.serving.kill();
                self.server.restart();
                self.serve();
                "both killed"
            }
        }
    }

    /// The server loses what came after some earlier time, or all.
    async fn turn_back(&mut self, down: Duration) -> &'static str {
        self.server.kill();
        let now = self.server.save();
        let blow = if let Some(earlier) = self.earlier.replace(now) {
            self.server.roll_back(&earlier);
            "server rolled back"
        } else {
            self.server.wipe();
            "server wiped"
        };
        sleep(down).await;
        self.server.restart();
        blow
    }

    fn serve(&mut self) {
        self.serving = serve(&self.data, &self.server);
        self.client.send_replace(self.serving.client(self.token.clone()));
    }

    /// Nothing is missing, doubled or different, wherever one looks.
    async fn agrees(mut self, all: &Acknowledged, statements: &[usize]) {
        let reconciled = reconcile(&self.serving);
        assert!(reconciled.status.success(), "{}{}", stdout(&reconciled), stderr(&reconciled));
        let client = self.client.borrow().clone();
        for (key, location) in all {
            assert_eq!(client.get(location).await.is(200).text("/addressName"), *key);
        }
        self.serving.kill();
        folder::audit(&configuration(&self.data)).await;
        // Every key has made one address, and every address belongs to a key.
        assert_eq!(folder::added(&configuration(&self.data)), all.len());
        let config = configuration(&self.data);
        let log = folder::open(&config);
        agree(&log, &self.server.read("DOSSIER").await);
        for (nth, count) in statements.iter().enumerate() {
            let names = folder::names(&log, &core::customer_of(nth));
            assert_eq!(names, core::names(*count), "statements are missing or came twice");
        }
        assert_eq!(self.server.length("DOSSIER-PARKED").await, 0, "statements were set aside");
        folder::close(&config, log);
    }
}

fn serve(data: &Path, server: &NatsServer) -> Serving {
    Serving::fed(data, &server.url(), core::STREAM).0
}

fn customer_id(nth: usize) -> String {
    format!("C-{nth}")
}

fn reconcile(serving: &Serving) -> Output {
    dossier(&["reconcile", "--url", &serving.admin]).output().unwrap()
}

/// Adds addresses, each until it is acknowledged, however often the service is another one.
fn write(
    writer: usize,
    client: watch::Receiver<Client>,
    stop: Arc<AtomicBool>,
) -> JoinHandle<Acknowledged> {
    tokio::spawn(async move {
        let mut all = Acknowledged::new();
        while !stop.load(Ordering::Relaxed) {
            let nth = all.len();
            let key = format!("{writer}-{nth}");
            let customer = customer_id((writer + nth) % CUSTOMERS);
            let location = loop {
                let now = client.borrow().clone();
                match add(&now, &customer, &key).await {
                    Some(location) => break location,
                    None => sleep(RETRY).await,
                }
            };
            all.insert(key, location);
        }
        all
    })
}

/// Adds an address under a key; none if that is not known to be done.
async fn add(client: &Client, customer: &str, key: &str) -> Option<String> {
    let path = format!("/customers/{customer}/addresses");
    let body = with(new_address("Bern"), "/addressName", key);
    let ask = client.ask(reqwest::Method::POST, &path).json(&body).header("idempotency-key", key);
    let answer = ask.try_send().await.ok()?;
    (answer.status == 201).then(|| answer.location())
}
