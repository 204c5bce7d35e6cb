//! Bounds on connections: who is slow, large or one too many is let go, and health is answered.

use std::time::{Duration, Instant};

use dossier::config::Config;
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{interval, timeout},
};

use super::Secured;
use crate::support::{
    app::TestApp,
    client::http,
    raw::{Sent, bare},
};

/// How long a bound under test may take to show.
pub(super) const SHOWN_MAX: Duration = Duration::from_secs(20);
/// Too short for who is slow on purpose, and long enough for everybody else on a busy machine.
const SHORT_MS: u64 = 1000;
const HEALTH: &[u8] = b"GET /healthcheck HTTP/1.1\r\nhost: x\r\n\r\n";
const TO_HEALTH: Sent<'_> = Sent { asked: "GET /healthcheck", correlation: None, body: None };

async fn bounded(change: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::configured(change).await
}

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.service().public).await.unwrap()
}

/// All that still comes, until the service hangs up.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let ended = timeout(SHOWN_MAX, stream.read_to_end(&mut bytes)).await;
    // Hung up on in the middle of a sentence, a client may see no proper end.
    let _ = ended.expect("the service does not hang up");
    bytes
}

/// One answer to a health check, on a connection that stays.
async fn ask_health(stream: &mut TcpStream) {
    stream.write_all(HEALTH).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let read = timeout(SHOWN_MAX, stream.read_buf(&mut answer)).await.unwrap().unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
    }
    TO_HEALTH.answered(&answer).is(200);
}

async fn operators_are_answered(app: &TestApp) {
    for path in ["/livez", "/readyz", "/metrics"] {
        let answer = http().get(format!("{}{path}", app.admin())).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_comes_too_slowly_is_not_waited_for() {
    let app = bounded(|config| config.http.header_ms_max = SHORT_MS).await;
    let started = Instant::now();
    let mut silent = connect(&app).await;
    let mut slow = connect(&app).await;
    // Each byte is progress, but the whole is not.
    let mut ticks = interval(Duration::from_millis(SHORT_MS / 10));
    let dripping = async {
        loop {
            ticks.tick().await;
            if slow.write_all(b"x").await.is_err() {
                return;
            }
        }
    };
    timeout(SHOWN_MAX, dripping).await.expect("the service does not hang up");
    assert_eq!(rest(&mut silent).await, b"");
    assert!(started.elapsed() >= Duration::from_millis(SHORT_MS));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_a_later_request_has_the_same_bound() {
    let app = bounded(|config| config.http.header_ms_max = SHORT_MS).await;
    let mut stream = connect(&app).await;
    for _ in 0..2 {
        ask_health(&mut stream).await;
    }
    stream.write_all(b"GET /health").await.unwrap();
    let started = Instant::now();
    assert_eq!(rest(&mut stream).await, b"");
    // Not the bound of a connection that does nothing.
    assert!(started.elapsed() < Duration::from_millis(app.config.http.idle_ms_max));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_is_not_finished_is_not_waited_for() {
    let secured = Secured::configured(|config, _| config.http.header_ms_max = SHORT_MS).await;
    let mut stream = connect(&secured.app).await;
    // The beginning of a handshake record, and no more.
    stream.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00]).await.unwrap();
    assert_eq!(rest(&mut stream).await, b"");
    let good = secured.showing(&secured.clients.client("alpha.example"));
    good.get("/customers/C-1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_does_nothing_is_closed() {
    let app = bounded(|config| config.http.idle_ms_max = SHORT_MS).await;
    let mut stream = connect(&app).await;
    ask_health(&mut stream).await;
    let started = Instant::now();
    assert_eq!(rest(&mut stream).await, b"");
    assert!(started.elapsed() >= Duration::from_millis(SHORT_MS / 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_hung_up_on() {
    let app = bounded(|config| {
        config.http.idle_ms_max = SHORT_MS;
        config.http.connections_max = 1;
    });
    let app = app.await;
    let mut deaf = connect(&app).await;
    // Far more than fits between the two of them.
    let mut asked = 0;
    let asking = async {
        while deaf.write_all(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n").await.is_ok() {
            asked += 1;
        }
    };
    timeout(SHOWN_MAX, asking).await.expect("the service does not hang up");
    assert!(asked > 0);
    // Its place is free again.
    let started = Instant::now();
    while !is_answered(&app).await {
        assert!(started.elapsed() < SHOWN_MAX, "its place is not given back");
    }
}

async fn is_answered(app: &TestApp) -> bool {
    let mut stream = connect(app).await;
    let closing = b"GET /healthcheck HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let _ = stream.write_all(closing).await;
    let answer = rest(&mut stream).await;
    let is_served = answer.starts_with(b"HTTP/1.1 200 ");
    if is_served {
        TO_HEALTH.answered(&answer);
    }
    is_served
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_one_host() {
    let app = TestApp::empty().await;
    for (version, hosts, status) in [
        ("1.1", "", 400),
        ("1.1", "host: x\r\nhost: x\r\n", 400),
        ("1.1", "host: x\r\n", 200),
        ("1.0", "", 200),
        ("1.0", "host: x\r\nhost: y\r\n", 400),
        ("1.1", "host: a b\r\n", 400),
        ("1.1", "host: me@x\r\n", 400),
        ("1.1", "host: [::1]:80\r\n", 200),
        ("1.1", "host:\r\n", 200),
    ] {
        let mut stream = connect(&app).await;
        let head = format!(
            "GET /healthcheck HTTP/{version}\r\n{hosts}x-correlation-id: demo\r\n\
             connection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let sent = Sent { correlation: Some("demo"), ..TO_HEALTH };
        let answer = sent.answered(&rest(&mut stream).await).is(status);
        if status == 400 {
            let answer = answer.problem(status, "INVALID_PAYLOAD");
            assert_eq!(answer.text("/detail"), "The header Host must name one host.");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused() {
    let app = bounded(|config| config.http.header_bytes_max = 2048).await;
    for (size, status) in [(1500, 200), (3000, 431), (500_000, 431)] {
        let mut stream = connect(&app).await;
        let filler = "x".repeat(size);
        let head = format!(
            "GET /healthcheck HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-filler: {filler}\r\n\r\n"
        );
        // A service that refuses may hang up before all of it was sent.
        let sent = stream.write_all(head.as_bytes()).await;
        let answer = rest(&mut stream).await;
        if answer.is_empty() || sent.is_err() {
            assert!(size > 100_000, "no answer");
        } else if status == 431 {
            bare(&answer).is(status);
        } else {
            TO_HEALTH.answered(&answer).is(status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_too_slowly_is_not_waited_for() {
    let app = bounded(|config| config.http.body_ms_max = SHORT_MS).await;
    app.state(crate::support::bank::lines()).await;
    let mut stream = connect(&app).await;
    let head = format!(
        "POST /customers/C-1/addresses HTTP/1.1\r\nhost: x\r\nx-correlation-id: slow\r\n\
         authorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{{",
        app.client("alpha").token
    );
    let position = app.watermark();
    stream.write_all(head.as_bytes()).await.unwrap();
    let asked = "POST /customers/C-1/addresses";
    let sent = Sent { asked, correlation: Some("slow"), body: None };
    let answer = sent.answered(&rest(&mut stream).await).problem(400, "MALFORMED_PAYLOAD");
    assert_eq!(answer.faults(), ["the body did not come in time"]);
    assert_eq!(app.watermark(), position);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_number_of_connections_there_is_no_room_until_one_ends() {
    for (all, each) in [(2, 100), (100, 2)] {
        let app = bounded(|config| {
            config.http.connections_max = all;
            config.http.connections_per_address_max = each;
        });
        let app = app.await;
        let mut held = vec![connect(&app).await, connect(&app).await];
        for stream in &mut held {
            ask_health(stream).await;
        }
        for _ in 0..3 {
            let mut refused = connect(&app).await;
            let _ = refused.write_all(HEALTH).await;
            let answer = bare(&rest(&mut refused).await).is(503);
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        // Those that are in stay so, and operators have room of their own.
        ask_health(&mut held[0]).await;
        if each > 2 {
            operators_are_answered(&app).await;
        }
        held.pop();
        let started = Instant::now();
        while !is_answered(&app).await {
            assert!(started.elapsed() < SHOWN_MAX, "the place is not given back");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_number_of_connections_a_handshake_leads_nowhere() {
    let secured = Secured::configured(|config, _| config.http.connections_max = 1).await;
    let certificate = secured.clients.client("alpha.example");
    let first = secured.showing(&certificate);
    first.get("/customers/C-1").await.is(200);
    let second = secured.showing(&certificate);
    assert!(second.ask(Method::GET, "/healthcheck").try_send().await.is_err());
    first.get("/customers/C-1").await.is(200);
    operators_are_answered(&secured.app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_no_certificate_takes_no_place_from_those_who_do() {
    let secured = Secured::configured(|config, _| {
        config.http.connections_max = 2;
        config.http.connections_per_address_max = 2;
        config.http.handshakes_max = 4;
    });
    let secured = secured.await;
    // Far more than there are places of any kind; those that are sent away come again.
    let silent = || async {
        loop {
            let mut stream = connect(&secured.app).await;
            let _ = stream.read(&mut [0]).await;
        }
    };
    let strangers = futures::future::join_all((0..40).map(|_| silent()));
    let certificate = secured.clients.client("alpha.example");
    let asking = async {
        for _anew in 0..10 {
            // Its handshake may be the oldest one, for once.
            let ask =
                || secured.showing(&certificate).ask(Method::GET, "/customers/C-1").try_send();
            while ask().await.is_err() {}
        }
    };
    tokio::select! {
        _ = strangers => unreachable!(),
        answered = timeout(SHOWN_MAX, asking) => answered.expect("clients are locked out"),
    }
}
