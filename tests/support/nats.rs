//! A real nats-server with a store of its own, to be killed, restarted and robbed of its memory.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use async_nats::{
    HeaderMap,
    jetstream::{self, Context, consumer::pull::OrderedConfig, stream::Stream},
};
use events::{id::Position, log::EventLog};
use futures::StreamExt;
use serde_json::Value;
use tempfile::TempDir;

use super::copy::copy;

/// What a server may take to be ready.
const READY_MAX: Duration = Duration::from_secs(20);

pub(crate) struct NatsServer {
    dir: TempDir,
    port: u16,
    child: Option<Child>,
}

/// A message as it lies in a stream.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) sequence: u64,
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Stored {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.as_str())
    }

    /// The headers that are there for subscribers, not for the server.
    pub(crate) fn for_subscribers(&self) -> Value {
        let ours = self.headers.iter().filter(|(name, _)| !name.to_string().starts_with("Nats-"));
        ours.map(|(name, values)| (name.to_string(), Value::from(values[0].as_str()))).collect()
    }

    pub(crate) fn json(&self) -> Option<Value> {
        (!self.body.is_empty()).then(|| serde_json::from_slice(&self.body).unwrap())
    }

    pub(crate) fn position(&self) -> u64 {
        self.header("ce-position").parse().unwrap()
    }
}

impl NatsServer {
    /// Starts a server on a port that it chooses.
    pub(crate) fn start() -> Self {
        Self::configured("")
    }

    /// The same, with more in its configuration.
    pub(crate) fn configured(configuration: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("nats.conf");
        fs::write(&file, configuration).unwrap();
        let (child, port) = spawn(&file, &dir.path().join("store"), None);
        Self { dir, port, child: Some(child) }
    }

    /// Whether the server is one that takes atomic batches, and syncs as it is told.
    pub(crate) fn knows_batches() -> bool {
        let said = Command::new(program()).arg("--version").output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let numbers = said.trim().rsplit('v').next().unwrap_or_default().split('.');
        let mut numbers = numbers.map(|number| number.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (2, 12)
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// As a crash would: nothing is said, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again, where it was.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let file = self.dir.path().join("nats.conf");
        let (child, port) = spawn(&file, &self.store(), Some(self.port));
        assert_eq!(port, self.port);
        self.child = Some(child);
    }

    /// Takes away all that it had stored; it must have been killed.
    pub(crate) fn wipe(&self) {
        assert!(self.child.is_none(), "the server is running");
        fs::remove_dir_all(self.store()).unwrap();
    }

    /// A copy of all that it has stored; it must have been killed.
    pub(crate) fn save(&self) -> TempDir {
        assert!(self.child.is_none(), "the server is running");
        let saved = tempfile::tempdir().unwrap();
        copy(&self.store(), saved.path());
        saved
    }

    /// Puts an earlier copy in the place of what it has stored.
    pub(crate) fn roll_back(&self, saved: &TempDir) {
        self.wipe();
        copy(saved.path(), &self.store());
    }

    /// The same with one part of one stream only.
    pub(crate) fn put_back(&self, saved: &TempDir, stream: &str, part: &str) {
        assert!(self.child.is_none(), "the server is running");
        let part = format!("jetstream/$G/streams/{stream}/{part}");
        let now = self.store().join(&part);
        fs::remove_dir_all(&now).unwrap();
        fs::create_dir(&now).unwrap();
        copy(&saved.path().join(part), &now);
    }

    pub(crate) async fn jetstream(&self) -> Context {
        jetstream::new(async_nats::connect(self.url()).await.unwrap())
    }

    pub(crate) async fn stream(&self, name: &str) -> Stream {
        self.jetstream().await.get_stream(name).await.unwrap()
    }

    /// Every message of a stream, in its order.
    pub(crate) async fn read(&self, name: &str) -> Vec<Stored> {
        let stream = self.stream(name).await;
        let expected = usize::try_from(stream.cached_info().state.messages).unwrap();
        let consumer = stream.create_consumer(OrderedConfig::default()).await.unwrap();
        let messages = consumer.messages().await.unwrap().take(expected);
        let stored = messages.map(|message| {
            let message = message.unwrap();
            Stored {
                sequence: message.info().unwrap().stream_sequence,
                subject: message.subject.to_string(),
                headers: message.headers.clone().unwrap_or_default(),
                body: message.payload.to_vec(),
            }
        });
        stored.collect().await
    }

    /// Stores a message again, with other headers.
    pub(crate) async fn send(&self, message: &Stored, change: impl FnOnce(&mut HeaderMap)) {
        let mut headers = HeaderMap::new();
        for (name, values) in message.headers.iter() {
            let expects = name.to_string().starts_with("Nats-Expected");
            values
                .iter()
                .filter(|_| !expects)
                .for_each(|value| headers.append(name.clone(), value.clone()));
        }
        change(&mut headers);
        let body = message.body.clone().into();
        let subject = message.subject.clone();
        let jetstream = self.jetstream().await;
        let sent = jetstream.publish_with_headers(subject, headers, body).await;
        sent.unwrap().await.unwrap();
    }

    /// Publishes a head and a body as they are, right or wrong, and waits until they are there.
    pub(crate) async fn send_raw(&self, stream: &str, subject: &[u8], head: &[u8], body: &[u8]) {
        let before = self.length(stream).await;
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut said = b"CONNECT {\"verbose\":false,\"headers\":true}\r\nHPUB ".to_vec();
        said.extend_from_slice(subject);
        let lengths = format!(" {} {}\r\n", head.len(), head.len() + body.len());
        said.extend([lengths.as_bytes(), head, body, b"\r\n"].concat());
        socket.write_all(&said).unwrap();
        self.until_longer(stream, before).await;
    }

    /// How many messages a stream holds.
    pub(crate) async fn length(&self, name: &str) -> u64 {
        self.stream(name).await.cached_info().state.messages
    }

    /// Waits until a stream holds more than that many messages.
    pub(crate) async fn until_longer(&self, name: &str, messages: u64) {
        let (mut stream, started) = (self.stream(name).await, Instant::now());
        while stream.info().await.unwrap().state.messages <= messages {
            assert!(started.elapsed() < READY_MAX, "the stream stays short");
            tokio::task::yield_now().await;
        }
    }

    fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The stream holds every event of the log once, in order, each with the hash of its record.
#[track_caller]
pub(crate) fn agree(log: &EventLog, stored: &[Stored]) {
    let positions: Vec<u64> = stored.iter().map(Stored::position).collect();
    let expected: Vec<u64> = (1..=log.watermark().0).collect();
    assert!(positions == expected, "{} positions, not those of the log", positions.len());
    for message in stored {
        let record = log.record(Position(message.position())).unwrap().unwrap();
        assert_eq!(message.header("ce-recordhash"), hex::encode(record.leaf_hash()));
        assert_eq!(message.header("ce-id"), record.envelope().head.event_id.to_string());
    }
}

fn spawn(configuration: &Path, store: &Path, port: Option<u16>) -> (Child, u16) {
    let port = port.map_or_else(|| "-1".to_owned(), |port| port.to_string());
    let program = program();
    let mut child = Command::new(&program)
        .arg("--config")
        .arg(configuration)
        .args(["--addr", "127.0.0.1", "--port", &port, "--jetstream", "--store_dir"])
        .arg(store)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
    let port = wait_until_ready(child.stderr.take().unwrap());
    (child, port)
}

/// Reads what the server says to its end, and answers the port once it is ready.
fn wait_until_ready(stderr: ChildStderr) -> u16 {
    let (said, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // Once it is ready nobody listens, but it must be let to speak.
            let _ = said.send(line);
        }
    });
    let (mut port, mut log) = (None, String::new());
    while let Ok(line) = lines.recv_timeout(READY_MAX) {
        if line.contains("Listening for client connections") {
            port = line.rsplit(':').next().and_then(|port| port.trim().parse().ok());
        }
        if line.contains("Server is ready") {
            return port.expect("the server says where it listens");
        }
        log = log + &line + "\n";
    }
    panic!("nats-server did not get ready:\n{log}");
}

fn program() -> PathBuf {
    if let Some(named) = env::var_os("NATS_SERVER").filter(|named| !named.is_empty()) {
        return named.into();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|dir| dir.join("nats-server"))
        .find(|program| program.is_file())
        .expect("no nats-server: run deploy/nats-server.sh and name what it prints in NATS_SERVER")
}
