//! New certificates without a restart: in force for new connections, and only if they are right.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Method;

use super::Secured;
use crate::support::{
    binary::dossier,
    certificates::{Authority, Certified, put},
    client::Client,
};

/// How long new files may take to be in force.
const RELOAD_MAX: Duration = Duration::from_secs(20);

/// A client that connects anew for each request, and would resume a session if it were let.
fn restless(secured: &Secured, servers: &Authority, certificate: &Certified) -> Client {
    let http = servers.trusting_as(certificate).pool_max_idle_per_host(0);
    secured.over(http.build().unwrap())
}

async fn is_let_in(client: &Client) -> bool {
    client.ask(Method::GET, "/customers/C-1").try_send().await.is_ok()
}

/// Waits until a client is let in that was not.
async fn let_in(client: &Client) {
    let started = Instant::now();
    while !is_let_in(client).await {
        assert!(started.elapsed() < RELOAD_MAX, "the new files are not in force");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_change_are_in_force_for_new_connections_only() {
    let secured = Secured::start().await;
    let old = secured.clients.client("alpha.example");
    let before = restless(&secured, &secured.servers, &old);
    assert!(is_let_in(&before).await);
    let established = secured.showing(&old);
    established.get("/customers/C-1").await.is(200);

    let (servers, clients) = (Authority::new("new servers"), Authority::new("new clients"));
    put(secured.files.path(), &servers.server(), &clients.pem());
    let after = restless(&secured, &servers, &clients.client("alpha.example"));
    let_in(&after).await;
    // The old authority is gone, and no session outlives it; what is connected stays so.
    assert!(!is_let_in(&before).await);
    assert!(!is_let_in(&restless(&secured, &servers, &old)).await);
    established.get("/customers/C-1").await.is(200);

    put(secured.files.path(), &secured.servers.server(), &secured.clients.pem());
    let_in(&before).await;
    assert!(!is_let_in(&after).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_wrong_change_nothing() {
    let secured = Secured::start().await;
    let client = restless(&secured, &secured.servers, &secured.clients.client("alpha.example"));
    let dir = secured.files.path();
    let (right, other) = (secured.servers.server(), secured.servers.server());
    let mixed = Certified { key: other.key, ..secured.servers.server() };
    let empty = Certified { certificate: String::new(), ..secured.servers.server() };
    for (own, authorities) in [
        (&mixed, secured.clients.pem()),
        (&empty, secured.clients.pem()),
        (&right, String::new()),
        (&right, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned()),
    ] {
        put(dir, own, &authorities);
        secured.app.service().reload().await;
        assert!(is_let_in(&client).await);
    }
    fs::remove_file(dir.join("key.pem")).unwrap();
    secured.app.service().reload().await;
    assert!(is_let_in(&client).await);
    // Once they are right again they are taken.
    let clients = Authority::new("new clients");
    put(dir, &right, &clients.pem());
    let_in(&restless(&secured, &secured.servers, &clients.client("alpha.example"))).await;
    assert!(!is_let_in(&client).await);
}

#[test]
fn the_signal_for_it_reads_the_files_and_ends_nothing() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let authority = Authority::new("both");
    put(files.path(), &authority.server(), &authority.pem());
    let mut command = dossier(&["serve", "--dev", "--nats", "off", "--listen", "127.0.0.1:0"]);
    command.args(["--admin-listen", "127.0.0.1:0", "--data"]).arg(data.path());
    for (name, file) in
        [("CERTIFICATE", "certificate"), ("KEY", "key"), ("CLIENT_AUTHORITIES", "clients")]
    {
        let file = files.path().join(file).with_extension("pem");
        command.env(format!("DOSSIER__HTTP__TLS__{name}"), file);
    }
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut says = |what: &str| {
        let mut log = String::new();
        while !log.contains(what) {
            let line = lines.next().unwrap_or_else(|| panic!("no {what:?} in {log}"));
            log = log + &line.unwrap() + "\n";
        }
    };
    let signal = |name: &str| {
        let kill = format!("kill -{name} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    };
    says("Serving.");
    signal("HUP");
    // No file looks changed, so nothing else would have them read.
    says("New TLS files are in force");
    signal("TERM");
    says("Stopped; everything is on the disk.");
    assert!(child.wait().unwrap().success());
}
