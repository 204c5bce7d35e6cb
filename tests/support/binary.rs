//! The real binary: run to its end, or served and then interrupted or killed.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::client::{Client, http};

/// Names the file of the master key.
const MASTER_FILE: &str = "DOSSIER__KEYS__MASTER_FILE";
/// How long the binary may take to serve, and to end.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// The binary that nobody has configured, with these arguments.
pub(crate) fn bare_dossier(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dossier"));
    command.args(arguments);
    command
}

/// The binary with these arguments, its log lines in JSON.
pub(crate) fn dossier(arguments: &[&str]) -> Command {
    let mut command = bare_dossier(arguments);
    command.env("DOSSIER__TELEMETRY__FORMAT", "json");
    command.env("DOSSIER__LOG__FREE_BYTES_MIN", "0").env("DOSSIER__HTTP__RATE_PER_S", "0");
    command.env("DOSSIER__RULES__ADDRESSES_MAX", "10000").stdin(Stdio::null());
    command
}

/// What the binary said and how it ended.
#[track_caller]
pub(crate) fn run(arguments: &[&str], exit: i32) -> Output {
    ended(dossier(arguments).output().unwrap(), exit)
}

/// The same, with a master key that lies in a file.
#[track_caller]
pub(crate) fn run_under(key: &Path, arguments: &[&str], exit: i32) -> Output {
    ended(dossier(arguments).env(MASTER_FILE, key).output().unwrap(), exit)
}

/// The same, with something to read on its standard input.
#[track_caller]
pub(crate) fn run_with(arguments: &[&str], input: &[u8], exit: i32) -> Output {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    ended(dossier(arguments).stdin(file).output().unwrap(), exit)
}

#[track_caller]
fn ended(output: Output, exit: i32) -> Output {
    assert_eq!(output.status.code(), Some(exit), "{}", stderr(&output));
    output
}

pub(crate) fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub(crate) fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The last line on standard error that is meant for people.
pub(crate) fn complaint(output: &Output) -> String {
    let lines: Vec<_> = stderr(output).lines().filter(|line| !line.starts_with('{')).collect();
    assert_eq!(lines.len(), 1, "not one line: {lines:?}");
    lines.concat()
}

/// The binary, serving.
pub(crate) struct Serving {
    child: Child,
    pub(crate) public: String,
    pub(crate) admin: String,
}

impl Serving {
    /// Serves a folder in development mode.
    pub(crate) fn start(dir: &Path) -> Self {
        Self::publishing(dir, "off")
    }

    /// The same, with a NATS server to publish to.
    pub(crate) fn publishing(dir: &Path, nats: &str) -> Self {
        Self::keeping(dir, nats, "info").0
    }

    /// The same, with a filter of log lines, and all the lines when it has ended.
    pub(crate) fn keeping(dir: &Path, nats: &str, filter: &str) -> (Self, Lines) {
        let mut command = serve(dir, nats);
        command.env("DOSSIER__TELEMETRY__FILTER", filter);
        Self::run(command).unwrap_or_else(|said| panic!("the service did not get ready:\n{said}"))
    }

    /// The same, with a stream there from which it takes statements, and its log lines.
    pub(crate) fn fed(dir: &Path, nats: &str, stream: &str) -> (Self, Lines) {
        let mut command = serve(dir, nats);
        command.env("DOSSIER__NATS__FEED__STREAM", stream);
        Self::run(command).unwrap_or_else(|said| panic!("the service did not get ready:\n{said}"))
    }

    /// The same, with a master key that lies in a file.
    pub(crate) fn under(key: &Path, dir: &Path, nats: &str) -> Self {
        let mut command = serve(dir, nats);
        command.env(MASTER_FILE, key);
        Self::run(command).unwrap_or_else(|said| panic!("the service did not get ready:\n{said}")).0
    }

    /// Runs a command that serves; what it said where it ended before it did.
    pub(crate) fn run(mut command: Command) -> Result<(Self, Lines), String> {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        match serving(child.stderr.take().unwrap()) {
            Ok((fields, lines)) => {
                let url = |name: &str| format!("http://{}", fields[name].as_str().unwrap());
                Ok((Self { child, public: url("public"), admin: url("admin") }, lines))
            }
            Err(said) => {
                // It may have ended already.
                let _ = child.kill();
                child.wait().unwrap();
                Err(said)
            }
        }
    }

    pub(crate) fn client(&self, token: String) -> Client {
        Client::new(http(), self.public.clone(), token)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// As Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        let signal = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &signal]).status().unwrap().success());
    }

    /// As a power cut does, as far as a process can feel one.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < WAIT_MAX, "the service does not end");
            thread::yield_now();
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The log lines of a process, once it has ended.
pub(crate) struct Lines(thread::JoinHandle<Vec<String>>);

impl Lines {
    pub(crate) fn all(self) -> Vec<String> {
        self.0.join().unwrap()
    }
}

/// The binary that is to serve a folder in development mode, on ports that the system chooses.
pub(crate) fn serve(dir: &Path, nats: &str) -> Command {
    let mut command = dossier(&["serve", "--dev", "--nats", nats, "--data"]);
    command.arg(dir).args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    command
}

/// Reads log lines to their end, and answers the fields of the one that says `Serving.`; all that
/// was said where none does.
fn serving(stderr: ChildStderr) -> Result<(Value, Lines), String> {
    let (said, lines) = mpsc::channel();
    let all = Lines(thread::spawn(move || {
        let mut all = Vec::new();
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            all.push(line.clone());
            // Once it serves nobody listens, but it must be let to speak.
            let _ = said.send(line);
        }
        all
    }));
    let mut log = String::new();
    while let Ok(line) = lines.recv_timeout(WAIT_MAX) {
        let told: Value = serde_json::from_str(&line).unwrap_or_default();
        if told["fields"]["message"] == "Serving." {
            return Ok((told["fields"].clone(), all));
        }
        log = log + &line + "\n";
    }
    Err(log)
}

/// A bearer token of a folder's development issuer.
pub(crate) fn token(dir: &Path, client: &str) -> String {
    let dir = dir.to_str().unwrap();
    let printed = run(&["token", "--dev", "--data", dir, "--client", client], 0);
    stdout(&printed).trim().to_owned()
}

/// A file to write to.
pub(crate) fn file_with(path: &Path, content: &[u8]) {
    File::create(path).unwrap().write_all(content).unwrap();
}
