//! Nothing personal leaves but in the answers it belongs in: not in log lines at their finest, not
//! in errors, metrics, file names or NATS subjects.

mod files;
mod issuers;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use aho_corasick::AhoCorasick;
use async_nats::jetstream::stream;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    binary::{Serving, serve, token},
    client::{Client, http},
    nats::NatsServer,
};

/// Stands in every value that a client sends; it may leave in an answer of success only.
const MARK: &str = "Xanthippe";
/// The same for short values, of letters that nothing else puts side by side.
const SHORT: &str = "~q|";
/// Everything, and of NATS whatever a directive of its own could ask for.
const FINEST: &str = "trace,async_nats=trace,async_nats::connection=trace";

/// What was seen of the process, by where it was seen.
#[derive(Default)]
struct Seen(Vec<(String, String)>);

impl Seen {
    fn note(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.0.push((place.into(), text.into()));
    }

    fn check(&self, secrets: &BTreeSet<String>) {
        let count = |place: &str| self.0.iter().filter(|(seen, _)| seen == place).count();
        let finest = |(_, text): &&(String, String)| text.contains("\"level\":\"TRACE\"");
        assert!(self.0.iter().any(|seen| finest(&seen)), "nothing was said at the finest level");
        assert!(count("a log line") > 100 && count("a subject") > 100, "hardly anything was seen");
        let secrets: Vec<_> = secrets.iter().collect();
        let search = AhoCorasick::new(&secrets).unwrap();
        for (place, text) in &self.0 {
            let found = search.find(text).map(|found| secrets[found.pattern().as_usize()]);
            assert_eq!(found, None, "in {place}: {text}");
        }
    }
}

/// What the sample bank says of people: its texts but for ids, and for words of the document, which
/// are those of enumerations.
fn personal_texts(sample: &str) -> BTreeSet<String> {
    fn walk(value: &Value, texts: &mut BTreeSet<String>) {
        match value {
            Value::String(text) => drop(texts.insert(text.clone())),
            Value::Array(items) => items.iter().for_each(|item| walk(item, texts)),
            Value::Object(members) => {
                let named = members.iter().filter(|(name, _)| !name.contains("Identification"));
                named.for_each(|(_, member)| walk(member, texts));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut texts = BTreeSet::new();
    for line in sample.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line.get("consent").is_none() {
            walk(&line, &mut texts);
        }
    }
    let document = std::fs::read_to_string("openapi.json").unwrap();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    texts.retain(|text| {
        // What is shorter would be found by chance.
        let telling = text.chars().count() >= if digits(text) { 9 } else { 6 };
        telling && !document.contains(text.as_str())
    });
    texts
}

fn sample() -> String {
    let mut sample = Vec::new();
    dossier::sample::write(40, 7, &mut sample).unwrap();
    String::from_utf8(sample).unwrap()
}

fn address() -> Value {
    json!({
        "addressName": MARK, "dispatchType": "postal", "language": MARK,
        "postalAddress": {
            "salutation": { "salutation": MARK, "title": SHORT },
            "name": { "givenName": MARK, "middleName": MARK, "lastName": MARK },
            "physicalAddress": {
                "streetName": MARK, "buildingNumber": "9", "postBox": MARK, "postCode": "8001",
                "townName": MARK, "countrySubDivision": MARK, "country": "CH",
            },
        },
    })
}

fn email() -> Value {
    let content = format!("{MARK}@example.com");
    json!({ "medium": "email", "contactMediumType": "private", "contactContent": content })
}

/// Every operation, and as many ways to fail as come to mind.
fn calls() -> Vec<(Method, String, Option<String>)> {
    let (customer, person) = ("/customers/C-000001", "/persons/P-000001");
    let mut calls = Vec::new();
    let reads = ["", "/kyc", "/addresses", "/addresses/1", "/addresses/77", "/nowhere"];
    let persons = ["", "/contactdetails", "/contactdetails/K-000001-1"];
    let lists = ["/customers", "/persons", "/healthcheck", "/openapi.json"].map(str::to_owned);
    let strange = [
        format!("/customers?cursor={MARK}&limit=5"),
        format!("/customers?limit={MARK}"),
        format!("/customers/{MARK}"),
        format!("/persons/{MARK}"),
        format!("{customer}/addresses?addressIdentification={MARK}"),
        format!("/{MARK}"),
    ];
    let reads = reads.iter().map(|path| format!("{customer}{path}"));
    let persons = persons.iter().map(|path| format!("{person}{path}"));
    for path in reads.chain(persons).chain(lists).chain(strange) {
        calls.push((Method::GET, path, None));
    }
    let (good, mut wrong) = (address(), address());
    wrong["postalAddress"]["physicalAddress"]["country"] = MARK.into();
    wrong["dispatchType"] = MARK.into();
    wrong["addressIdentification"] = MARK.into();
    let mut change = good.clone();
    change["addressIdentification"] = 1.into();
    let double = good.to_string().replacen('{', &format!("{{\"language\":\"{MARK}\","), 1);
    let bodies = [
        good.to_string(),
        change.to_string(),
        wrong.to_string(),
        double,
        format!("{{\"addressName\": \"{MARK}"),
        format!("\"{MARK}\""),
        MARK.repeat(10_000),
        email().to_string(),
        json!({ "medium": "email", "contactMediumType": MARK, "contactContent": MARK }).to_string(),
        json!({ "medium": "phone", "contactMediumType": "private", "contactContent": MARK })
            .to_string(),
    ];
    let places = [
        (Method::POST, format!("{customer}/addresses")),
        (Method::PUT, format!("{customer}/addresses")),
        (Method::PUT, format!("{customer}/addresses/1")),
        (Method::POST, format!("{person}/contactdetails")),
        (Method::PUT, format!("{person}/contactdetails/K-000001-1")),
        (Method::DELETE, customer.to_owned()),
    ];
    for (method, path) in places {
        for body in &bodies {
            calls.push((method.clone(), path.clone(), Some(body.clone())));
        }
    }
    calls
}

async fn drive(client: &Client, seen: &mut Seen) {
    for (method, path, body) in calls() {
        let asked = format!("{method} {path}");
        let ask = client.ask(method, &path);
        let ask = ask.header("x-psu-user-agent", MARK).header("x-psu-ip-address", MARK);
        let ask = match body {
            Some(body) => {
                let ask = ask.header("idempotency-key", &format!("{MARK}-{}", seen.0.len()));
                ask.header("content-type", "application/json").body(body)
            }
            None => ask,
        };
        let answer = ask.send().await;
        for (name, value) in &answer.headers {
            seen.note(format!("a header of {asked}"), format!("{name}: {value:?}"));
        }
        if answer.status >= 400 {
            seen.note(asked, String::from_utf8_lossy(&answer.body));
        }
    }
}

fn names(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(names(&path));
        }
        all.push(path);
    }
    all
}

async fn make_stream(nats: &NatsServer) {
    let config = stream::Config {
        name: "BANK".to_owned(),
        subjects: vec!["bank".to_owned()],
        ..stream::Config::default()
    };
    nats.jetstream().await.create_stream(config).await.unwrap();
}

/// What is taken, and then what is rejected, which is waited for.
async fn state_over_nats(nats: &NatsServer, service: &Serving) {
    let reading = || async {
        let ready = http().get(format!("{}/readyz", service.admin)).send().await.unwrap();
        ready.json::<Value>().await.unwrap()["nats"]["feed"]["state"] == "reading"
    };
    while !reading().await {
        tokio::task::yield_now().await;
    }
    let taken = json!({ "person": {
        "personIdentification": "P-NATS",
        "personDetails": { "personType": "naturalPerson", "lastName": MARK },
    }});
    let jetstream = nats.jetstream().await;
    for statement in [taken.to_string(), MARK.to_owned()] {
        jetstream.publish("bank", statement.into()).await.unwrap().await.unwrap();
    }
    nats.until_longer("DOSSIER-PARKED", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_leaves_but_in_the_answers_it_belongs_in() {
    let dir = tempfile::tempdir().unwrap();
    let nats = NatsServer::start();
    let mut command = serve(dir.path(), &nats.url());
    command.env("DOSSIER__TELEMETRY__FILTER", FINEST).env("DOSSIER__NATS__FEED__STREAM", "BANK");
    make_stream(&nats).await;
    let (mut service, lines) = Serving::run(command).unwrap();
    let (sample, mut seen) = (sample(), Seen::default());
    let mut secrets = personal_texts(&sample);
    assert!(secrets.len() > 200, "the sample says hardly anything");
    secrets.extend([MARK, SHORT].map(str::to_owned));

    let rejected =
        format!("{{\"person\":{{\"fullName\":\"{MARK}\",\"x\":1}}}}\n\"{MARK}\"\n{MARK}\n");
    let fed = http().post(format!("{}/feed", service.admin)).body(sample + &rejected).send().await;
    let fed = fed.unwrap().text().await.unwrap();
    assert!(fed.contains("\"rejected\":3"), "{fed}");
    seen.note("the answer to a feed", fed);

    state_over_nats(&nats, &service).await;

    let token = token(dir.path(), "wealthtech-alpha");
    for bearer in [token.clone(), format!("{token}{MARK}")] {
        let client = service.client(bearer.clone());
        drive(&client, &mut seen).await;
        secrets.insert(bearer);
    }
    for path in ["livez", "readyz", "metrics", "consents"] {
        let answer = http().get(format!("{}/{path}", service.admin)).send().await.unwrap();
        seen.note(path, answer.text().await.unwrap());
    }
    service.interrupt();
    service.ended();
    for line in lines.all() {
        seen.note("a log line", line);
    }
    for key in ["master.key", "issuer.key"] {
        let key = std::fs::read_to_string(dir.path().join("dev").join(key)).unwrap();
        secrets.insert(key.trim().to_owned());
    }
    for name in names(dir.path()) {
        seen.note("a file's name", name.to_string_lossy());
    }
    let parked = nats.read("DOSSIER-PARKED").await;
    for message in nats.read("DOSSIER").await.into_iter().chain(parked) {
        seen.note("a subject", message.subject);
        seen.note("headers of a message", format!("{:?}", message.headers));
    }
    seen.check(&secrets);
}

#[test]
fn the_process_leaves_no_core_dump() {
    let dir = tempfile::tempdir().unwrap();
    let service = Serving::start(dir.path());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", service.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<_> = core.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
}
