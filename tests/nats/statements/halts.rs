//! Where reading on would leave out statements or do them twice, it is said what a human must decide.

use std::fs;

use dossier::intake::{Intake, IntakeError};

use super::*;
use crate::support::{app::configuration, binary, copy::copy};

async fn halted(app: &TestApp) -> String {
    let state = until(app, |state| matches!(state, IntakeState::Halted(_))).await;
    let IntakeState::Halted(reason) = state else { unreachable!() };
    let ready = reqwest::get(format!("{}/readyz", app.admin())).await.unwrap();
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["nats"]["feed"]["state"], "halted");
    let metrics = reqwest::get(format!("{}/metrics", app.admin())).await.unwrap();
    assert!(metrics.text().await.unwrap().contains("dossier_intake_halted 1"));
    reason.to_string()
}

async fn forget_consumer(server: &NatsServer) {
    let stream = server.stream(BANK).await;
    // The server may fail, since it still writes down what the consumer knows.
    while stream.delete_consumer(CONSUMER).await.is_err() {
        if stream.consumer_info(CONSUMER).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_service_on_the_same_consumer_takes_nothing() {
    let server = broker().await;
    send(&server, (0..10).map(named)).await;
    let mut one = app(&server).await;
    all_taken(&server).await;
    let other = TestApp::configured(|config| {
        config.nats.urls = vec![server.url()];
        config.nats.stream = "OTHER".into();
        config.nats.prefix = "other".into();
        config.nats.feed.stream = BANK.into();
    })
    .await;
    let reason = halted(&other).await;
    assert!(reason.contains("another dossier"), "{reason}");
    send(&server, (10..20).map(named)).await;
    all_taken(&server).await;
    assert_eq!((names(&one), names(&other)), (expected(20), expected(0)));

    one.stop().await;
    forget_consumer(&server).await;
    until(&other, |state| *state == IntakeState::Reading).await;
    all_taken(&server).await;
    assert_eq!(names(&other), expected(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_restored_to_an_earlier_state_is_told_from_what_was_acknowledged() {
    let server = broker().await;
    let mut app = app(&server).await;
    send(&server, (0..10).map(named)).await;
    all_taken(&server).await;
    app.stop().await;
    let earlier = tempfile::tempdir().unwrap();
    copy(&app.config.data.dir, earlier.path());
    app.restart().await;
    send(&server, (10..20).map(named)).await;
    // The last is set aside, so the log knows nothing of it.
    send(&server, ["nonsense"]).await;
    all_taken(&server).await;
    app.restart().await;
    until(&app, |state| *state == IntakeState::Reading).await;
    app.stop().await;

    fs::remove_dir_all(&app.config.data.dir).unwrap();
    copy(earlier.path(), &app.config.data.dir);
    app.restart().await;
    let reason = halted(&app).await;
    assert!(reason.contains("sequence 20") && reason.contains("restored"), "{reason}");
    assert_eq!(names(&app), expected(10));
    // As the message says.
    forget_consumer(&server).await;
    until(&app, |state| *state == IntakeState::Reading).await;
    all_taken(&server).await;
    assert_eq!(names(&app), expected(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_lost_its_end_beneath_its_consumer_leaves_nothing_out_unsaid() {
    let mut server = broker().await;
    send(&server, (0..10).map(named)).await;
    let mut app = app(&server).await;
    all_taken(&server).await;
    app.stop().await;
    server.kill();
    let earlier = server.save();
    server.restart();
    app.restart().await;
    send(&server, (10..20).map(named)).await;
    all_taken(&server).await;
    app.stop().await;
    server.kill();
    // What the consumer knows is of today.
    server.put_back(&earlier, BANK, "msgs");
    server.restart();
    send(&server, (20..25).map(named)).await;
    app.restart().await;
    let state = until(&app, |state| !matches!(state, IntakeState::Waiting(_))).await;
    // Newer servers set the consumer back by themselves.
    if let IntakeState::Halted(reason) = state {
        assert!(reason.contains("lost its end"), "{reason}");
        forget_consumer(&server).await;
    }
    all_taken(&server).await;
    assert_eq!(names(&app), expected(25));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_stream_of_what_was_rejected_holds_up_the_feed_until_there_is_room() {
    let server = broker().await;
    let app = TestApp::configured(|config| {
        config.nats.urls = vec![server.url()];
        config.nats.feed.stream = BANK.into();
        config.nats.feed.parked_bytes_max = 600;
        config.nats.feed.parked_age_max_h = 24;
    })
    .await;
    let lines = ["bad", "worse", "worst"].map(str::to_owned);
    send(&server, lines.into_iter().chain([named(0).to_string()])).await;
    let is_full = |state: &IntakeState| matches!(state, IntakeState::Waiting(why) if why.contains("maximum bytes"));
    until(&app, is_full).await;
    let parked = server.stream("DOSSIER-PARKED").await;
    assert_eq!(parked.cached_info().config.max_age, Duration::from_hours(24));
    let kept = parked.cached_info().state.messages;
    assert!((1..3).contains(&kept), "{kept} are kept");
    parked.purge().await.unwrap();
    all_taken(&server).await;
    assert_eq!(names(&app), expected(1));
    assert_eq!(kept + server.length("DOSSIER-PARKED").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_stream_dropped_before_it_was_taken_is_told() {
    let server = NatsServer::start();
    let subjects = vec!["bank.>".to_owned()];
    let newest = StreamConfig {
        name: BANK.to_owned(),
        subjects,
        max_messages_per_subject: 1,
        ..StreamConfig::default()
    };
    server.jetstream().await.create_stream(newest).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let is_told = |line: &String| line.contains("gone unread") && line.contains("\"gone\":4");
    for (round, told) in [(0, false), (1, true)] {
        send(&server, (round * 5..(round + 1) * 5).map(named)).await;
        let (mut serving, lines) = binary::Serving::fed(dir.path(), &server.url(), BANK);
        all_taken(&server).await;
        serving.kill();
        assert_eq!(lines.all().iter().any(is_told), told);
    }
}

#[test]
fn a_stream_without_a_server_is_refused_unless_nats_is_off() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = configuration(dir.path());
    config.nats.feed.stream = BANK.into();
    let refused = Intake::idle(config.intake().unwrap()).unwrap_err();
    assert_eq!(refused, IntakeError::NoServer);

    let data = dir.path().to_str().unwrap();
    let mut command = binary::dossier(&["serve", "--dev", "--data", data]);
    let said = command.env("DOSSIER__NATS__FEED__STREAM", BANK).output().unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert!(binary::complaint(&said).contains("nats.feed.stream is given, and no server"));
    let mut command = binary::serve(dir.path(), "off");
    command.env("DOSSIER__NATS__FEED__STREAM", BANK);
    assert!(binary::Serving::run(command).is_ok());
}
