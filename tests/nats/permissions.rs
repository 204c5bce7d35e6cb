//! `deploy/nats-access.conf`: each of its users can do its part, and no more.

use std::fs;

use async_nats::{
    Client, ConnectOptions,
    jetstream::{self, stream::Config},
};
use dossier::{config::Secret, intake::IntakeState};

use super::STREAM;
use crate::support::{app::TestApp, bank::*, nats::NatsServer};

/// What the file says of users, with their names as their passwords.
fn accounts() -> String {
    let file = fs::read_to_string("deploy/nats-access.conf").unwrap();
    let accounts = &file[file.find("accounts {").unwrap()..];
    let users = ["DOSSIER", "READER", "CORE"];
    users.into_iter().fold(accounts.to_owned(), |accounts, user| {
        accounts.replace(&format!("${user}_PASSWORD"), &user.to_lowercase())
    })
}

async fn connected(server: &NatsServer, user: &str) -> Client {
    let options = ConnectOptions::with_user_and_password(user.to_owned(), user.to_owned());
    let inbox = if user == "dossier" { "_INBOX_dossier" } else { "_INBOX" };
    options.custom_inbox_prefix(inbox).connect(server.url()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_core_system_states_and_does_nothing_else() {
    let server = NatsServer::configured(&accounts());
    let operator = jetstream::new(connected(&server, "dossier").await);
    let subjects = vec!["core.>".to_owned()];
    let config = Config { name: "CORE".to_owned(), subjects, ..Config::default() };
    operator.create_stream(config).await.unwrap();
    let app = TestApp::configured(|config| {
        config.nats.urls = vec![server.url()];
        config.nats.user = "dossier".to_owned();
        config.nats.password = Secret::new("dossier".to_owned());
        config.nats.feed.stream = "CORE".to_owned();
    })
    .await;
    let client = connected(&server, "core").await;
    let core = jetstream::new(client.clone());
    let lines = [customer("C-1", &[]).to_string(), "nonsense".to_owned()];
    for line in lines {
        core.publish("core.statements", line.into()).await.unwrap().await.unwrap();
    }
    let mut watermark = app.service().app.log.watch();
    watermark.wait_for(|watermark| watermark.0 == 1).await.unwrap();
    let mut status = app.service().app.publisher.watch();
    status.wait_for(|status| status.published.0 == 1).await.unwrap();

    for (subject, body) in [
        ("dossier.customer.C-1.closed", "{}"),
        ("dossier-parked", "{}"),
        ("$JS.API.STREAM.PURGE.DOSSIER", "{}"),
        ("$JS.API.STREAM.DELETE.CORE", "{}"),
        ("$JS.API.CONSUMER.DELETE.CORE.dossier", "{}"),
    ] {
        client.publish(subject, body.into()).await.unwrap();
    }
    client.flush().await.unwrap();
    let stream = operator.get_stream(STREAM).await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 1);
    let core = operator.get_stream("CORE").await.unwrap();
    assert_eq!(core.cached_info().state.messages, 2);
    core.consumer_info("dossier").await.unwrap();
    let mut state = app.service().app.intake.watch();
    state.wait_for(|state| *state == IntakeState::Reading).await.unwrap();
    let mut parked = operator.get_stream("DOSSIER-PARKED").await.unwrap();
    while parked.info().await.unwrap().state.messages != 1 {
        tokio::task::yield_now().await;
    }
}
