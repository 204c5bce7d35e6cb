//! The bank's statements over NATS: each once, in order, whoever dies, and what is wrong set aside.

mod deaths;
mod halts;
mod undeliverable;

use std::time::{Duration, Instant};

use async_nats::jetstream::{
    consumer::{AckPolicy, Info, PullConsumer, pull},
    message::PublishMessage,
    stream::Config as StreamConfig,
};
use dossier::intake::IntakeState;
use futures::StreamExt;
use serde_json::Value;
use tokio::time::timeout;

use super::WAIT_MAX;
use crate::support::{app::TestApp, bank::*, folder, nats::NatsServer};

const BANK: &str = "BANK";
const CONSUMER: &str = "dossier";

/// The bank's broker, with its stream.
async fn broker() -> NatsServer {
    let server = NatsServer::start();
    make_stream(&server).await;
    server
}

async fn make_stream(server: &NatsServer) {
    let subjects = vec!["bank.>".to_owned()];
    let config = StreamConfig { name: BANK.to_owned(), subjects, ..StreamConfig::default() };
    server.jetstream().await.create_stream(config).await.unwrap();
}

async fn send(server: &NatsServer, lines: impl IntoIterator<Item = impl ToString>) {
    let jetstream = server.jetstream().await;
    for line in lines {
        let sent = jetstream.publish("bank.statements", line.to_string().into()).await;
        sent.unwrap().await.unwrap();
    }
}

async fn app(server: &NatsServer) -> TestApp {
    app_at(server.url()).await
}

async fn app_at(url: String) -> TestApp {
    TestApp::configured(|config| {
        config.nats.urls = vec![url];
        config.nats.feed.stream = BANK.into();
    })
    .await
}

/// Waits until the intake is in a state.
async fn until(app: &TestApp, is_reached: impl Fn(&IntakeState) -> bool) -> IntakeState {
    let mut state = app.service().app.intake.watch();
    let reached = timeout(WAIT_MAX, state.wait_for(|state| is_reached(state))).await;
    let reached = reached.map(|state| state.unwrap().clone());
    reached.unwrap_or_else(|_| panic!("it stays {:?}", app.service().app.intake.state()))
}

async fn consumer(server: &NatsServer) -> PullConsumer {
    let stream = server.stream(BANK).await;
    let config = pull::Config {
        durable_name: Some(CONSUMER.to_owned()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: Duration::from_secs(2),
        max_ack_pending: 256,
        ..pull::Config::default()
    };
    stream.get_or_create_consumer(CONSUMER, config).await.unwrap()
}

/// Waits until everything was acknowledged.
async fn all_taken(server: &NatsServer) {
    let is_taken = |info: &Info| info.num_pending == 0 && info.num_ack_pending == 0;
    let mut consumer = consumer(server).await;
    let taken = async {
        // An answer may be late where everything is busy; the next one will do.
        while !consumer.info().await.is_ok_and(is_taken) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let taken = timeout(WAIT_MAX, taken).await;
    assert!(taken.is_ok(), "{:?}", consumer.cached_info());
}

fn named(nth: usize) -> Value {
    with(customer("C-1", &[("P-1", "accountOwner")]), "/customer/name", format!("n{nth}"))
}

fn names(app: &TestApp) -> Vec<String> {
    folder::names(&app.service().app.log, "C-1")
}

fn expected(count: usize) -> Vec<String> {
    (0..count).map(|nth| format!("n{nth}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_carried_out_once_and_in_order_through_restarts() {
    const STATED: usize = 400;
    let mut server = broker().await;
    let mut app = app(&server).await;
    let sender = async {
        for part in 0..8 {
            send(&server, (part * 50..(part + 1) * 50).map(named)).await;
        }
    };
    sender.await;
    app.restart().await;
    send(&server, [person("P-1", &[]), consent("N-1", "alpha", &["C-1"], &ALL)]).await;
    all_taken(&server).await;
    assert_eq!(names(&app), expected(STATED));
    let seen = app.client("alpha").get("/customers/C-1").await.is(200);
    assert_eq!(seen.at("/name"), "n399");

    // All of it once more, as after a consumer that was lost: nothing is new.
    let before = app.watermark();
    app.stop().await;
    server.stream(BANK).await.delete_consumer(CONSUMER).await.unwrap();
    server.restart();
    app.restart().await;
    all_taken(&server).await;
    assert_eq!(app.watermark(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_lags_behind_once_all_is_taken() {
    let server = broker().await;
    send(&server, (0..10).map(named)).await;
    let app = app(&server).await;
    until(&app, |state| *state == IntakeState::Reading).await;
    assert_eq!(names(&app), expected(10));
    assert_eq!(app.service().app.intake.lag(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_session_was_given_comes_before_what_is_newer() {
    let server = broker().await;
    send(&server, (0..30).map(named)).await;
    // It takes ten, and is heard of no more.
    let dead = consumer(&server).await;
    let given = dead.fetch().max_messages(10).messages().await.unwrap();
    assert_eq!(given.count().await, 10);
    let app = app(&server).await;
    send(&server, (30..40).map(named)).await;
    all_taken(&server).await;
    assert_eq!(names(&app), expected(40));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_set_aside_with_its_reasons_and_the_rest_goes_in() {
    let server = broker().await;
    let wrong = ["nonsense".to_owned(), address("C-9", 1, "Bern").to_string()];
    let lines = [named(0).to_string(), wrong[0].clone(), wrong[1].clone(), named(1).to_string()];
    send(&server, &lines).await;
    let mut app = app(&server).await;
    all_taken(&server).await;
    app.restart().await;
    assert_eq!(names(&app), expected(2));
    let parked = server.read("DOSSIER-PARKED").await;
    assert_eq!(
        parked.iter().map(|it| it.body.as_slice()).collect::<Vec<_>>(),
        wrong.each_ref().map(String::as_bytes)
    );
    let told: Vec<_> = parked.iter().map(|it| it.header("Dossier-Reasons")).collect();
    assert!(told[0].contains("is not JSON at line 1"), "{told:?}");
    assert!(told[1].contains("the customer is not known"), "{told:?}");
    assert!(told.iter().all(|told| !told.contains("nonsense") && !told.contains("Bern")));
    let from: Vec<_> = parked
        .iter()
        .map(|it| (it.header("Dossier-Stream"), it.header("Dossier-Sequence")))
        .collect();
    assert_eq!(from, [(BANK, "2"), (BANK, "3")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rejected_once_stays_so_when_it_comes_again() {
    let server = broker().await;
    let stated = |town| address("C-9", 1, town).to_string();
    let customer = customer("C-9", &[]).to_string();
    send(&server, [stated("Alt"), customer, stated("Neu")]).await;
    let mut app = app(&server).await;
    all_taken(&server).await;
    let before = app.watermark();
    app.stop().await;
    server.stream(BANK).await.delete_consumer(CONSUMER).await.unwrap();
    app.restart().await;
    all_taken(&server).await;
    assert_eq!(app.watermark(), before);
    let parked = server.read("DOSSIER-PARKED").await;
    assert_eq!(parked.len(), 1, "the same message is parked once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_sender_publishes_again_under_its_id_is_the_same() {
    let server = broker().await;
    let app = app(&server).await;
    let jetstream = server.jetstream().await;
    let states = async |id: &str, nth| {
        let message = PublishMessage::build().payload(named(nth).to_string().into());
        let sent = jetstream.send_publish("bank.statements", message.message_id(id)).await;
        sent.unwrap().await.unwrap();
    };
    states("a", 0).await;
    states("b", 1).await;
    all_taken(&server).await;
    // NATS forgets both, ids included.
    server.stream(BANK).await.delete_consumer(CONSUMER).await.unwrap();
    jetstream.delete_stream(BANK).await.unwrap();
    make_stream(&server).await;
    states("a", 0).await;
    states("b", 7).await;
    states("c", 2).await;
    all_taken(&server).await;
    assert_eq!(names(&app), expected(3));
    let parked = server.read("DOSSIER-PARKED").await;
    let [only] = parked.as_slice() else { panic!("{}", parked.len()) };
    assert!(only.header("Dossier-Reasons").contains("its id is that of another statement"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_parked_as_it_came_is_parked_by_name_and_holds_nothing_up() {
    let server = broker().await;
    let largest = format!("{{\"x\":\"{}\"}}", "x".repeat(1024 * 1024 - 64));
    send(&server, [largest, named(0).to_string()]).await;
    let app = app(&server).await;
    all_taken(&server).await;
    assert_eq!(names(&app), expected(1));
    let parked = server.read("DOSSIER-PARKED").await;
    let [only] = parked.as_slice() else { panic!("{}", parked.len()) };
    assert_eq!((only.header("Dossier-Body"), only.header("Dossier-Sequence")), ("omitted", "1"));
    assert!(only.body.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_or_a_server_that_is_not_there_is_waited_for() {
    let mut server = NatsServer::start();
    let app = app(&server).await;
    let is_missing = |state: &IntakeState| matches!(state, IntakeState::Waiting(why) if why.contains("stream not found"));
    until(&app, is_missing).await;
    let ready: Value =
        reqwest::get(format!("{}/readyz", app.admin())).await.unwrap().json().await.unwrap();
    assert_eq!(ready["nats"]["feed"]["state"], "waiting");
    make_stream(&server).await;
    send(&server, [named(0)]).await;
    all_taken(&server).await;
    server.kill();
    until(&app, |state| matches!(state, IntakeState::Waiting(_))).await;
    assert_eq!(app.service().app.intake.lag(), None);
    server.restart();
    send(&server, [named(1)]).await;
    all_taken(&server).await;
    assert_eq!(names(&app), expected(2));
}
