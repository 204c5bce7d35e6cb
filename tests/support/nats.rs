//! A real nats-server with a store of its own, to be killed, restarted and robbed of its memory.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use async_nats::{
    HeaderMap,
    jetstream::{self, Context, consumer::pull::OrderedConfig, stream::Stream},
};
use events::{id::Position, log::EventLog};
use futures::StreamExt;
use tempfile::TempDir;

use super::folder::copy;

/// What a server may take to be ready.
const READY_MAX: Duration = Duration::from_secs(20);

pub(crate) struct NatsServer {
    dir: TempDir,
    port: u16,
    child: Option<Child>,
}

/// A message as it lies in a stream.
#[derive(Debug)]
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

    pub(crate) fn position(&self) -> u64 {
        self.header("ce-position").parse().unwrap()
    }
}

impl NatsServer {
    /// Starts a server on a port that it chooses.
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (child, port) = spawn(&dir.path().join("store"), None);
        Self { dir, port, child: Some(child) }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
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
        let (child, port) = spawn(&self.store(), Some(self.port));
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

fn spawn(store: &Path, port: Option<u16>) -> (Child, u16) {
    let port = port.map_or_else(|| "-1".to_owned(), |port| port.to_string());
    let program = program();
    let mut child = Command::new(&program)
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
