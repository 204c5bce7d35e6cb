//! Many who write at once, while what they stand on ends.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    consent::Scope,
    id::{ClientId, CustomerId, PersonId, Position, StreamId},
};
use serde_json::{Value, json};

use super::by_hand::act;
use crate::support::{app::TestApp, bank::*, client::Client};

const EMAIL: &str = "/persons/P-1/contactdetails/K-1";
const ADDRESS: &str = "/customers/C-1/addresses";

/// A change that no other writer makes.
fn another(path: &str, nth: usize, again: usize) -> Value {
    match path {
        ADDRESS => with(change(1, "Bern"), "/addressName", format!("{nth} {again}")),
        _ => email_of(&format!("m{nth}-{again}@example.com")),
    }
}

/// Writes by many at once, each until it is refused; what they are told then.
async fn crowd(gamma: Client, path: &str, end: impl Future<Output = ()>) -> BTreeSet<u16> {
    let writers = (0..60).map(|nth| {
        let (gamma, path) = (gamma.clone(), path.to_owned());
        tokio::spawn(async move {
            for again in 0.. {
                let answer = gamma.put(&path, &another(&path, nth, again)).await;
                if answer.status >= 300 {
                    return answer.status;
                }
            }
            unreachable!("there is always a next number")
        })
    });
    let (told, ()) = tokio::join!(futures::future::join_all(writers), end);
    told.into_iter().map(Result::unwrap).collect()
}

fn person_stream(id: &str) -> StreamId {
    StreamId::Person(PersonId::parse(id).unwrap())
}

fn customer_stream(id: &str) -> StreamId {
    StreamId::Customer(CustomerId::parse(id).unwrap())
}

fn written_by(path: &str) -> StreamId {
    if path == ADDRESS { customer_stream("C-1") } else { person_stream("P-1") }
}

/// What is in the log of a stream, with when it was recorded.
fn recorded(app: &TestApp, stream: &StreamId) -> Vec<(Position, DateTime<Utc>)> {
    let history = app.service().app.log.history(stream).unwrap();
    let envelopes = history.events.iter().map(|recorded| &recorded.envelope);
    envelopes.map(|envelope| (envelope.position, envelope.recorded_at)).collect()
}

/// Consents that let gamma write together, and what it is told once the first of them has ended.
fn ways_to_write() -> [(Vec<Value>, u16); 3] {
    const WRITE: [&str; 2] = ["address:write", "contact:write"];
    let of_gamma = |id, scopes| consent(id, "gamma", &["C-1"], scopes);
    [
        (vec![of_gamma("N-7", &ALL)], 404),
        // One shows what another lets it write to.
        (vec![of_gamma("N-7", &READ), of_gamma("N-8", &WRITE)], 404),
        (vec![of_gamma("N-7", &WRITE), of_gamma("N-8", &READ)], 403),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_once_a_consent_has_ended_by_the_clock() {
    for path in [EMAIL, ADDRESS] {
        for (mut consents, refusal) in ways_to_write() {
            let app = TestApp::start().await;
            let ends = Utc::now() + TimeDelta::seconds(1);
            consents[0]["consent"]["validTo"] = ends.to_rfc3339().into();
            app.state(consents).await;
            let told = crowd(app.client("gamma"), path, async {}).await;
            assert_eq!(told, [refusal].into());
            let mut late = recorded(&app, &written_by(path));
            late.retain(|(_, at)| *at >= ends);
            assert!(late.is_empty(), "{path}: {late:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_once_a_consent_is_revoked() {
    for path in [EMAIL, ADDRESS] {
        for (consents, refusal) in ways_to_write() {
            let app = TestApp::start().await;
            app.state(consents).await;
            let revoking = async {
                // In the middle of it.
                while recorded(&app, &written_by(path)).len() < 20 {
                    app.client("alpha").get("/customers/C-1").await.is(200);
                }
                assert_eq!(act(&app, "N-7/revoke", &json!({})).await.0, 200);
            };
            let told = crowd(app.client("gamma"), path, revoking).await;
            assert_eq!(told, [refusal].into());
            let stream = StreamId::Consent(events::id::ConsentId::parse("N-7").unwrap());
            let (revoked, _) = *recorded(&app, &stream).last().unwrap();
            let mut late = recorded(&app, &written_by(path));
            late.retain(|(at, _)| *at > revoked);
            assert!(late.is_empty(), "{path}, revoked at {revoked}: {late:?}");
        }
    }
}

/// A client whose token expires soon, and when.
async fn soon_a_stranger(app: &TestApp) -> (Client, DateTime<Utc>) {
    let (gamma, issuer) = (ClientId::parse("gamma").unwrap(), app.issuer());
    let token = |issued| issuer.token(&gamma, &Scope::ALL, issued).unwrap();
    let expires = async |token: &str| {
        let identified = app.service().app.tokens.identify(token, || None).await;
        identified.unwrap().expires
    };
    let now = Utc::now();
    let life = expires(&token(now)).await - now;
    let token = token(now - life + TimeDelta::seconds(2));
    let ends = expires(&token).await;
    (app.client_of(token), ends)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_once_the_token_has_expired() {
    for path in [EMAIL, ADDRESS] {
        let app = TestApp::start().await;
        app.state([consent("N-7", "gamma", &["C-1"], &ALL)]).await;
        let (gamma, ends) = soon_a_stranger(&app).await;
        let told = crowd(gamma, path, async {}).await;
        assert_eq!(told, [401].into());
        let mut late = recorded(&app, &written_by(path));
        late.retain(|(_, at)| *at >= ends);
        assert!(late.is_empty(), "{path}: {late:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_through_a_customer_once_it_is_closed() {
    let app = TestApp::start().await;
    app.state([consent("N-7", "gamma", &["C-5"], &ALL)]).await;
    app.state([person("P-5", &[("K-1", "p5@example.com")])]).await;
    let closing = async {
        let persons = [("P-1", "accountOwner"), ("P-5", "accountOwner")];
        app.state([with(customer("C-5", &persons), "/customer/status", "closed")]).await;
    };
    let told = crowd(app.client("gamma"), "/persons/P-5/contactdetails/K-1", closing).await;
    assert_eq!(told, [409].into());
    let (closed, _) = *recorded(&app, &customer_stream("C-5")).last().unwrap();
    let late: Vec<_> =
        recorded(&app, &person_stream("P-5")).into_iter().filter(|(at, _)| *at > closed).collect();
    assert!(late.is_empty(), "closed at {closed}: {late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_to_a_customer_all_the_time_keeps_nobody_from_its_persons() {
    let app = TestApp::start().await;
    let (alpha, gamma) = (app.client("alpha"), app.client("gamma"));
    app.state([consent("N-7", "gamma", &["C-1"], &ALL)]).await;
    let flooding = futures::future::join_all((0..8).map(|nth| {
        let alpha = alpha.clone();
        async move {
            for again in 0.. {
                let town = if again % 2 == 0 { "Bern" } else { "Chur" };
                let address = with(change(1, town), "/addressName", format!("{nth}"));
                alpha.put("/customers/C-1/addresses", &address).await;
            }
        }
    }));
    let writing = async {
        for nth in 0..20 {
            let mail = email_of(&format!("m{nth}@example.com"));
            gamma.put("/persons/P-1/contactdetails/K-1", &mail).await.is(200);
        }
    };
    tokio::select! {
        _ = flooding => unreachable!("it has no end"),
        () = writing => {}
    }
}
