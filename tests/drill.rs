//! The drill: backed up while it runs, given another master key, lost, restored, and as it was.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use reqwest::Method;

use crate::support::{
    app::configuration,
    bank::*,
    binary::{Serving, run_under, stderr, stdout, token},
    client::{Client, http},
    folder,
    nats::{NatsServer, agree},
};

/// How long the stream may take to be as long as the log.
const PUBLISHED_MAX: Duration = Duration::from_secs(30);
const PATHS: [&str; 9] = [
    "/customers",
    "/customers/C-1",
    "/customers/C-2",
    "/customers/C-3",
    "/customers/C-1/kyc",
    "/customers/C-1/addresses/1",
    "/persons",
    "/persons/P-1",
    "/persons/P-1/contactdetails",
];

/// What the drill has at hand: the folder, its backup, and two master keys kept elsewhere.
struct Stage {
    dir: tempfile::TempDir,
    nats: NatsServer,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("first.key"), "ab".repeat(32)).unwrap();
        Self { dir, nats: NatsServer::start() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn serve(&self, key: &str) -> Serving {
        Serving::under(&self.path(key), &self.path("data"), &self.nats.url())
    }

    fn stop(&self, mut serving: Serving) {
        serving.interrupt();
        assert_eq!(serving.ended().code(), Some(0));
        folder::wait_until_closed(&self.path("data"));
    }

    /// The binary, over the folder.
    fn tool(&self, key: &str, arguments: &[&str], exit: i32) -> String {
        let data = self.text("data");
        let output = run_under(&self.path(key), &[arguments, &["--data", &data]].concat(), exit);
        format!("{}{}", stdout(&output), stderr(&output))
    }

    fn back_up(&self, serving: &Serving) {
        let backup = self.text("backup");
        run_under(&self.path("first.key"), &["backup", &backup, "--url", &serving.admin], 0);
        run_under(&self.path("first.key"), &["verify", "--backup", &backup], 0);
    }

    async fn published(&self, position: u64) {
        let started = Instant::now();
        while self.nats.stream("DOSSIER").await.cached_info().state.messages < position {
            assert!(started.elapsed() < PUBLISHED_MAX, "the stream stays behind");
            tokio::task::yield_now().await;
        }
    }
}

/// Adds an address under an idempotency key: where it lies, and whether it was there before.
async fn add(client: &Client, key: &str) -> (String, bool) {
    let ask = client.ask(Method::POST, "/customers/C-1/addresses").json(&new_address("Bern"));
    let answer = ask.header("idempotency-key", key).send().await.is(201);
    (answer.location(), answer.was_replayed())
}

async fn write(client: &Client, part: &str) -> BTreeMap<String, String> {
    let mut written = BTreeMap::new();
    for nth in 0..10 {
        let key = format!("{part}-{nth}");
        written.insert(key.clone(), add(client, &key).await.0);
    }
    written
}

async fn answers(client: &Client, written: &BTreeMap<String, String>) -> Vec<String> {
    let mut answers = Vec::new();
    for path in PATHS.into_iter().chain(written.values().map(String::as_str)) {
        let (status, mut headers, body) = client.get(path).await.is(200).seen();
        headers.retain(|header| !header.starts_with("x-correlation-id"));
        answers.push(format!("{path}: {status} {headers:?} {body}"));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_lost_comes_back_as_it_was() {
    let stage = Stage::new();
    let serving = stage.serve("first.key");
    let feed = http().post(format!("{}/feed", serving.admin)).body(ndjson(lines()));
    feed.send().await.unwrap().error_for_status().unwrap();
    let token = token(&stage.path("data"), "alpha");
    let alpha = serving.client(token.clone());

    // The first backup is made in the middle of writes.
    let writing = tokio::spawn({
        let alpha = alpha.clone();
        async move { write(&alpha, "first").await }
    });
    tokio::task::block_in_place(|| stage.back_up(&serving));
    let mut written = writing.await.unwrap();
    written.extend(write(&alpha, "second").await);
    tokio::task::block_in_place(|| stage.back_up(&serving));

    stage.stop(serving);
    let second = stage.text("second.key");
    stage.tool("first.key", &["keys", "rotate", "--to", &second], 0);
    stage.tool("first.key", &["verify"], 2);
    let serving = stage.serve("second.key");
    let alpha = serving.client(token.clone());
    written.extend(write(&alpha, "third").await);
    tokio::task::block_in_place(|| stage.back_up(&serving));
    let before = answers(&alpha, &written).await;
    drop(serving);

    // Lost, but for who issues the tokens, who would be elsewhere.
    let issuer = fs::read(stage.path("data").join("dev/issuer.key")).unwrap();
    fs::remove_dir_all(stage.path("data")).unwrap();
    fs::create_dir_all(stage.path("data").join("dev")).unwrap();
    fs::write(stage.path("data").join("dev/issuer.key"), issuer).unwrap();

    let backup = stage.text("backup");
    let told = stage.tool("first.key", &["restore", &backup], 2);
    assert!(told.contains("the master key is not the one"), "{told}");
    stage.tool("second.key", &["restore", &backup], 0);
    let told = stage.tool("second.key", &["verify"], 0);
    assert!(told.contains(": nothing found."), "{told}");

    let serving = stage.serve("second.key");
    let alpha = serving.client(token);
    assert_eq!(answers(&alpha, &written).await, before);
    for (key, location) in &written {
        assert_eq!(add(&alpha, key).await, (location.clone(), true), "{key}");
    }
    let (_, replayed) = add(&alpha, "fourth").await;
    assert!(!replayed);
    stage.stop(serving);
    on_the_stream_once(&stage).await;
}

/// The stream goes on behind what it held before the folder was lost.
async fn on_the_stream_once(stage: &Stage) {
    let data = stage.path("data");
    let mut config = configuration(&data);
    config.keys.master_file = stage.path("second.key");
    let log = folder::open(&config);
    let head = log.watermark().0;
    folder::close(&config, log);
    let serving = stage.serve("second.key");
    stage.published(head).await;
    stage.stop(serving);
    let log = folder::open(&config);
    agree(&log, &stage.nats.read("DOSSIER").await);
    folder::close(&config, log);
}
