//! The service stopped and started: nothing is lost, and nothing keeps it from ending.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    time::Instant,
};

use dossier::folder::projections_in;
use events::consent::Scope;
use futures::future::join_all;

use crate::support::{
    app::TestApp,
    bank::*,
    binary::{Serving, token},
    client::http,
};

/// What "within seconds" means when the disk is busy.
const STOP_SECONDS_MAX: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_again_after_a_restart() {
    let mut app = TestApp::start().await;
    let alpha = app.client("alpha");
    let address = alpha.post("/customers/C-1/addresses", &new_address("Bern")).await.is(201);
    let mail = email_of("a@example.com");
    let contact = alpha.post("/persons/P-1/contactdetails", &mail).await.is(201);
    let paths = [
        "/customers".to_owned(),
        "/customers/C-1".to_owned(),
        "/customers/C-1/kyc".to_owned(),
        "/persons".to_owned(),
        "/persons/P-1".to_owned(),
        "/persons/P-1/contactdetails".to_owned(),
        address.location(),
        contact.location(),
    ];
    let read = async |app: &TestApp| {
        let alpha = app.client("alpha");
        let answers = join_all(paths.iter().map(|path| alpha.get(path))).await;
        let seen = |answer: crate::support::answer::Answer| {
            (answer.status, answer.header("etag").map(str::to_owned), answer.body)
        };
        answers.into_iter().map(seen).collect::<Vec<_>>()
    };
    let before = read(&app).await;
    app.restart().await;
    assert_eq!(read(&app).await, before);
    // A token outlives the restart too.
    let token = app.token("alpha", &[Scope::CustomerRead]);
    app.restart().await;
    let mut client = app.client("alpha");
    client.token = token;
    client.get("/customers/C-1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_answers_are_being_built_clients_are_told_to_come_again() {
    let mut app = TestApp::empty().await;
    let mut sample = Vec::new();
    dossier::sample::write(200, 1, &mut sample).unwrap();
    app.feed(sample).await;
    app.stop().await;
    // So that the service does not wait for them.
    app.config.projections.wait_ms_max = 0;
    fs::remove_dir_all(projections_in(&app.config.data.dir)).unwrap();
    app.restart().await;
    let client = app.client("wealthtech-alpha");
    loop {
        let list = client.get("/customers?limit=1000").await;
        if list.status == 200 {
            assert_eq!(list.json().as_array().unwrap().len(), 200);
            break;
        }
        let refused = list.problem(503, "SERVICE_UNAVAILABLE");
        assert!(refused.header("retry-after").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_clients_wrote_at_once_is_there_once() {
    const CLIENTS: usize = 32;
    const EACH: usize = 10;
    let mut app = TestApp::configured(|config| config.rules.addresses_max = 1000).await;
    app.state(lines()).await;
    let writer = |nth: usize| {
        let alpha = app.client("alpha");
        let customer = ["C-1", "C-2", "C-4"][nth % 3];
        tokio::spawn(async move {
            let mut locations = Vec::new();
            for _ in 0..EACH {
                let path = format!("/customers/{customer}/addresses");
                let added = alpha.post(&path, &new_address("Bern")).await.is(201);
                locations.push(added.location());
            }
            locations
        })
    };
    let writers: Vec<_> = (0..CLIENTS).map(writer).collect();
    let mut locations = BTreeSet::new();
    for written in join_all(writers).await {
        locations.extend(written.unwrap());
    }
    assert_eq!(locations.len(), CLIENTS * EACH);
    app.restart().await;
    let alpha = app.client("alpha");
    for location in &locations {
        alpha.get(location).await.is(200);
    }
    let listed = ["C-1", "C-2", "C-4"].map(|customer| format!("/customers/{customer}"));
    let listed = join_all(listed.iter().map(|path| alpha.get(path))).await;
    let listed = listed.iter().map(|one| one.at("/addressList").as_array().unwrap().len());
    assert_eq!(listed.sum::<usize>(), CLIENTS * EACH + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_service_finishes_what_is_under_way_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(dir.path());
    http().post(format!("{}/feed", serving.admin)).body(ndjson(lines())).send().await.unwrap();
    let alpha = serving.client(token(dir.path(), "alpha"));
    let writers = (0..16).map(|_| {
        let alpha = alpha.clone();
        tokio::spawn(async move {
            let mut added = Vec::new();
            loop {
                let ask = alpha.ask(reqwest::Method::POST, "/customers/C-2/addresses");
                match ask.json(&new_address("Bern")).try_send().await {
                    Ok(answer) if answer.status == 201 => added.push(answer.location()),
                    Ok(answer) => assert_eq!(answer.status, 409, "{answer:?}"),
                    Err(_) => return added,
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    alpha.get("/customers/C-1").await.is(200);
    let interrupted = Instant::now();
    serving.interrupt();
    let status = serving.ended();
    assert!(interrupted.elapsed().as_secs() < STOP_SECONDS_MAX, "{:?}", interrupted.elapsed());
    assert_eq!(status.code(), Some(0));
    let added = join_all(writers).await.into_iter().flat_map(Result::unwrap).collect::<Vec<_>>();
    let serving = Serving::start(dir.path());
    let alpha = serving.client(token(dir.path(), "alpha"));
    for location in added {
        alpha.get(&location).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_does_not_keep_the_service_from_ending() {
    let dir = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(dir.path());
    let half = b"POST /healthcheck HTTP/1.1\r\nhost: x\r\n";
    let address = |url: &str| url.strip_prefix("http://").unwrap().to_owned();
    let mut callers = [&serving.public, &serving.admin].map(|url| {
        let mut stream = TcpStream::connect(address(url)).unwrap();
        stream.write_all(half).unwrap();
        stream
    });
    serving.client(String::new()).get("/healthcheck").await.is(200);
    let interrupted = Instant::now();
    serving.interrupt();
    assert_eq!(serving.ended().code(), Some(0));
    assert!(interrupted.elapsed().as_secs() < STOP_SECONDS_MAX, "{:?}", interrupted.elapsed());
    for caller in &mut callers {
        let mut rest = Vec::new();
        // The service has said something, or hung up.
        let _ = caller.read_to_end(&mut rest);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn projections_that_are_damaged_are_built_anew() {
    let mut app = TestApp::start().await;
    let before = app.client("alpha").get("/customers").await.is(200).body;
    for damage in [b"".as_slice(), b"nonsense", &[0; 10_000]] {
        app.stop().await;
        let files = files(&projections_in(&app.config.data.dir));
        assert!(!files.is_empty());
        for file in files {
            fs::write(file, damage).unwrap();
        }
        app.restart().await;
        assert_eq!(app.client("alpha").get("/customers").await.is(200).body, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_built_anew_beside_those_that_are_served() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let before = alpha.get("/customers").await.is(200).body;
    let rebuild = http().post(format!("{}/projections/rebuild", app.admin()));
    assert_eq!(rebuild.send().await.unwrap().status(), 202);
    let builds = || fs::read_dir(projections_in(&app.config.data.dir)).unwrap().count();
    let is_new = |name: &str| projections_in(&app.config.data.dir).join(name).exists();
    let started = Instant::now();
    // The lock and the new build.
    while builds() != 2 || !is_new("build-2") || is_new("build-2/unfinished") {
        assert_eq!(alpha.get("/customers").await.is(200).body, before);
        assert!(started.elapsed().as_secs() < STOP_SECONDS_MAX, "{} builds", builds());
    }
    assert_eq!(alpha.get("/customers").await.is(200).body, before);
    alpha.post("/customers/C-1/addresses", &new_address("Bern")).await.is(201);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, mut found): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    found.extend(folders.iter().flat_map(|folder| files(folder)));
    found
}
