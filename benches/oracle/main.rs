//! Whether time tells what exists from what does not, to a client that may see neither.
//!
//! Requests for ids that nobody has and for ids that others have come in random order over one
//! connection; of each kind the slowest tenth is left out, as noise, and the means are compared.
//! Beside it stands the same between two ranges of ids that nobody has: what the method itself sees
//! where there is nothing to be seen.
//! Whoever asks on the same machine, over loopback, hears more than anybody over a network.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a measurement may stop where it stands, and shows figures"
)]

use std::time::Instant;

use dossier::{
    access::Issuer,
    config::Config,
    feed, folder,
    service::{Service, Start},
};
use events::{
    consent::Scope,
    envelope::{Actor, Cause},
    id::ClientId,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const CUSTOMERS: u32 = 2000;
/// Requests of each kind, about.
const ASKED: usize = 30_000;
const CLIENT: &str = "curious";

/// A way to ask, `{}` standing for the id.
struct Question {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    letter: char,
    body: &'static str,
}

const QUESTIONS: [Question; 4] = [
    Question { name: "customer", method: "GET", path: "/customers/{}", letter: 'C', body: "" },
    Question { name: "KYC", method: "GET", path: "/customers/{}/kyc", letter: 'C', body: "" },
    Question { name: "person", method: "GET", path: "/persons/{}", letter: 'P', body: "" },
    Question {
        name: "POST address",
        method: "POST",
        path: "/customers/{}/addresses",
        letter: 'C',
        body: r#"{"postalAddress":{"salutation":{},"physicalAddress":{"postCode":"8001","townName":"Bern","country":"CH"}}}"#,
    },
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::load(None).unwrap();
        config.data.dir = dir.path().join("data");
        config.http.listen = "127.0.0.1:0".parse().unwrap();
        config.http.admin_listen = "127.0.0.1:0".parse().unwrap();
        config.http.rate_per_s = 0;
        let start = Start { dev: true, accept_loss: false };
        let service = Service::start(config.clone(), start).await.unwrap();
        fill(&service).await;
        let issuer = Issuer::new(&folder::issuer_key(&config.data.dir).unwrap()).unwrap();
        let client = ClientId::parse(CLIENT).unwrap();
        let token = issuer.token(&client, &Scope::ALL, chrono::Utc::now()).unwrap();
        println!("| asked for | nobody's, µs | others', more, ns | nobody's too, more, ns |");
        println!("|---|---|---|---|");
        for question in &QUESTIONS {
            let [nobodys, others, too] = measure(&service, &token, question).await;
            let more = |other: &[f64]| {
                let difference = (mean(other) - mean(&nobodys)) * 1e9;
                let chance = 1.96e9 * error(&nobodys).hypot(error(other));
                format!("{difference:+.0} ± {chance:.0}")
            };
            let took = mean(&nobodys) * 1e6;
            println!("| {} | {took:.2} | {} | {} |", question.name, more(&others), more(&too));
        }
        service.stop().await.unwrap();
    });
}

/// The sample bank, and one consent of its smallest kind for who asks.
async fn fill(service: &Service) {
    let mut sample = Vec::new();
    dossier::sample::write(CUSTOMERS.into(), 1, &mut sample).unwrap();
    let consent = serde_json::json!({ "consent": {
        "consentIdentification": "N-curious", "clientIdentification": CLIENT,
        "customerIdentifications": [id('C', 1)], "scopes": ["customer:read"], "status": "active",
    }});
    sample.extend(format!("{consent}\n").into_bytes());
    let app = &service.app;
    let cause = Cause::by(Actor::Bank);
    let summary = feed::run(&app.commands, &cause, &sample[..], |_| Ok(())).await.unwrap();
    assert!(app.shown(summary.position).await);
}

fn id(letter: char, number: u32) -> String {
    format!("{letter}-{number:06}")
}

/// Where the ids of each kind begin: nobody's, others', and nobody's again.
const BEGIN: [u32; 3] = [500_000, 0, 700_000];

/// Seconds that each answer took, for each kind of ids.
async fn measure(service: &Service, token: &str, question: &Question) -> [Vec<f64>; 3] {
    let mut connection = TcpStream::connect(service.public).await.unwrap();
    connection.set_nodelay(true).unwrap();
    let requests = BEGIN.map(|begin| requests(token, question, begin));
    let mut took = [0; 3].map(|_: u8| Vec::with_capacity(2 * ASKED));
    let mut buffer = Vec::with_capacity(4096);
    for round in 0..3 * ASKED + 2000 {
        let kind = rand::random_range(0..requests.len());
        let request = &requests[kind][rand::random_range(0..requests[kind].len())];
        let started = Instant::now();
        connection.write_all(request).await.unwrap();
        buffer.clear();
        while !buffer.ends_with(b"}") {
            assert!(connection.read_buf(&mut buffer).await.unwrap() > 0);
        }
        let seconds = started.elapsed().as_secs_f64();
        assert!(buffer.starts_with(b"HTTP/1.1 404"), "{}", String::from_utf8_lossy(&buffer));
        // The first ones warm up.
        if round >= 2000 {
            took[kind].push(seconds);
        }
    }
    took.map(|mut all| {
        all.sort_by(f64::total_cmp);
        all.truncate(all.len() * 9 / 10);
        all
    })
}

/// Made before anything is measured: writing a number with zeros in front takes its time.
fn requests(token: &str, question: &Question, begin: u32) -> Vec<Vec<u8>> {
    let request = |number| {
        let path = question.path.replace("{}", &id(question.letter, begin + number));
        format!(
            "{} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             x-correlation-id: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
            question.method,
            question.body.len(),
            question.body
        )
        .into_bytes()
    };
    (2..=CUSTOMERS).map(request).collect()
}

fn mean(all: &[f64]) -> f64 {
    all.iter().sum::<f64>() / all.len() as f64
}

/// The standard error of the mean.
fn error(all: &[f64]) -> f64 {
    let mean = mean(all);
    let variance = all.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / all.len() as f64;
    (variance / all.len() as f64).sqrt()
}
