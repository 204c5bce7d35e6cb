//! Connections that are held by one for the sake of holding them: they give way to others.

use std::{net::Ipv4Addr, time::Instant};

use dossier::listener::Pin;
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{Secured, bounds::SHOWN_MAX};
use crate::support::{app::TestApp, certificates::Certified, client::Client};

const TOKEN: &str = "an-operators-token-of-some-length";
/// The bound on idle connections of strangers, where it is under test.
const SHORT_MS: u64 = 1000;

impl Secured {
    /// Connecting from an address of this machine, the first of which is everybody's.
    fn showing_from(&self, certificate: &Certified, address: u8) -> Client {
        let http = self.servers.trusting_as(certificate);
        let http = http.local_address(Some(Ipv4Addr::new(127, 0, 0, address).into()));
        self.over(http.build().unwrap())
    }
}

async fn is_answered(client: &Client) -> bool {
    let answer = client.ask(Method::GET, "/healthcheck").try_send().await;
    answer.map(|answer| answer.is(200)).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_most_connections_gives_way_to_who_has_fewer() {
    let secured = Secured::configured(|config, _| {
        config.http.connections_max = 4;
        config.http.connections_per_address_max = 2;
    });
    let secured = secured.await;
    let [crowd, honest] =
        ["crowd.example", "honest.example"].map(|name| secured.clients.client(name));
    let held: Vec<_> = (0..4).map(|nth| secured.showing_from(&crowd, 2 + nth / 2)).collect();
    for client in &held {
        assert!(is_answered(client).await);
    }
    let honest = secured.showing_from(&honest, 9);
    let started = Instant::now();
    // An answer may have arrived before its connection counts as idle.
    while !is_answered(&honest).await {
        assert!(started.elapsed() < SHOWN_MAX, "one certificate has all connections");
    }
    // The three that are left of the crowd let nobody in of their own.
    assert!(!is_answered(&secured.showing_from(&crowd, 8)).await);
    assert!(is_answered(&honest).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_certificate_has_so_many_connections_unless_it_speaks_for_many() {
    let secured = Secured::configured(|config, _| {
        config.http.connections_per_certificate_max = 2;
        config.http.intermediaries = vec![Pin::try_from("gateway.example".to_owned()).unwrap()];
    });
    let secured = secured.await;
    for (name, expected) in [("alpha.example", 2), ("gateway.example", 4), ("beta.example", 2)] {
        let certificate = secured.clients.client(name);
        let clients: Vec<_> =
            (0..4).map(|nth| secured.showing_from(&certificate, 2 + nth)).collect();
        let mut answered = 0;
        for client in &clients {
            answered += usize::from(is_answered(client).await);
        }
        assert_eq!(answered, expected, "{name}");
    }
}

/// One request on the admin port, on a connection that stays; tells the status.
async fn ask(stream: &mut TcpStream, path: &str, token: &str) -> u16 {
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{token}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") && !answer.ends_with(b"live\n") {
        let read = timeout(SHOWN_MAX, stream.read_buf(&mut answer)).await.unwrap().unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
    }
    std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap()
}

async fn admin_port(strangers_ms_max: u64) -> (TestApp, String) {
    let app = TestApp::configured(|config| {
        config.http.admin_connections_max = 4;
        config.http.header_ms_max = strangers_ms_max;
        config.http.admin_token = dossier::config::Secret::new(TOKEN.to_owned());
    });
    (app.await, format!("authorization: Bearer {TOKEN}\r\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_brings_no_token_does_not_shut_the_admin_port() {
    let (app, token) = admin_port(60_000).await;
    let connect = || async { TcpStream::connect(app.service().admin).await.unwrap() };
    let mut operator = connect().await;
    assert_eq!(ask(&mut operator, "/readyz", &token).await, 200);
    // Some say nothing, and some ask what nobody needs a token for.
    let mut strangers = Vec::new();
    for nth in 0..12 {
        let mut stranger = connect().await;
        if nth % 2 == 0 {
            assert_eq!(ask(&mut stranger, "/livez", "").await, 200);
        }
        strangers.push(stranger);
    }
    assert_eq!(ask(&mut connect().await, "/livez", "").await, 200);
    assert_eq!(ask(&mut connect().await, "/readyz", &token).await, 200);
    assert_eq!(ask(&mut operator, "/readyz", &token).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_brings_no_token_stays_on_the_admin_port_for_a_short_time() {
    let (app, token) = admin_port(SHORT_MS).await;
    let connect = || async { TcpStream::connect(app.service().admin).await.unwrap() };
    let (mut operator, mut stranger) = (connect().await, connect().await);
    assert_eq!(ask(&mut operator, "/readyz", &token).await, 200);
    assert_eq!(ask(&mut stranger, "/livez", "").await, 200);
    let ended = timeout(SHOWN_MAX, stranger.read(&mut [0])).await;
    assert!(matches!(ended, Ok(Ok(0) | Err(_))), "a stranger stays");
    assert_eq!(ask(&mut operator, "/readyz", &token).await, 200);
}
