//! What readers and the core system may try against the streams; the operator shows that each trick
//! works for whoever shares the account of the streams.

use std::fmt::Debug;

use async_nats::{Client, jetstream::Context};
use futures::{StreamExt, TryStreamExt};
use serde_json::json;

use super::{API, CORE, PARKED, STREAM, Shipped, make_consumer, make_stream};

const ALL: [&str; 3] = [STREAM, CORE, PARKED];
const CORE_SUBJECT: &str = "core.statements";

/// The API as it is within the account of the streams.
const WITHIN: &str = "$JS.API";

/// Where answers are to go, and to do harm. The first is what the core system may do.
const TARGETS: [&str; 8] = [
    "core.statements",
    "dossier.customer.C-1.closed",
    "dossier-parked",
    "$JS.API.STREAM.PURGE.DOSSIER",
    "$JS.API.STREAM.PURGE.CORE",
    "$JS.API.STREAM.DELETE.CORE",
    "$JS.API.STREAM.MSG.DELETE.CORE",
    "$JS.API.CONSUMER.DELETE.DOSSIER.other",
];

/// Streams with messages in them, and a consumer for each reader.
struct Scene {
    shipped: Shipped,
    operator: Context,
}

impl Scene {
    async fn set() -> Self {
        let shipped = Shipped::start();
        let operator = shipped.operator().await;
        let scene = Self { shipped, operator };
        scene.reset().await;
        scene
    }

    async fn reset(&self) {
        for (name, subject) in ALL.into_iter().zip(["dossier.>", "core.>", "dossier-parked"]) {
            // What is not there need not be deleted.
            let _ = self.operator.delete_stream(name).await;
            make_stream(&self.operator, name, subject).await;
        }
        // Bodies that a request to delete, to purge or to acknowledge may have, too.
        for (subject, body) in [
            ("dossier.customer.C-1.opened", r#"{"seq":1}"#),
            ("dossier.customer.C-1.closed", ""),
            ("core.statements", "{}"),
            ("core.statements", "{}"),
            ("dossier-parked", "{}"),
        ] {
            self.operator.publish(subject, body.into()).await.unwrap().await.unwrap();
        }
        make_consumer(&self.operator, "reader").await;
        make_consumer(&self.operator, "other").await;
    }

    /// All that must stay as it was. What becomes of the reader's own consumer is the reader's affair.
    async fn of(&self, streams: &[&str]) -> String {
        let mut state = String::new();
        for name in streams {
            let Ok(stream) = self.operator.get_stream(name).await else {
                state += "gone ";
                continue;
            };
            let found = &stream.cached_info().state;
            state += &shown(&(found.first_sequence, found.last_sequence, found.messages));
            let mut consumers: Vec<_> = stream.consumers().try_collect().await.unwrap();
            consumers.retain(|consumer| consumer.name != "reader");
            for one in consumers {
                let (given, floor) = (one.delivered, one.ack_floor);
                state += &shown(&(one.name, given.stream_sequence, floor.stream_sequence));
            }
        }
        state
    }

    /// Whether anything is another than before, once the server has done all that this client asked.
    async fn changes(&self, client: &Client, tricks: &[Trick]) -> bool {
        let before = self.of(&ALL).await;
        for Trick { subject, reply, body } in tricks {
            let (subject, body) = (subject.clone(), body.clone().into());
            match reply.clone() {
                Some(reply) => client.publish_with_reply(subject, reply, body).await.unwrap(),
                None => client.publish(subject, body).await.unwrap(),
            }
        }
        client.flush().await.unwrap();
        self.settled(&ALL, &before).await
    }

    /// The answers to what was asked come by ways of their own: many questions later they are there.
    async fn settled(&self, streams: &[&str], before: &str) -> bool {
        for _ in 0..QUESTIONS {
            if self.of(streams).await != before {
                return true;
            }
        }
        false
    }
}

/// What comes of an answer comes within far fewer.
const QUESTIONS: usize = 20;

struct Trick {
    subject: String,
    reply: Option<String>,
    body: String,
}

impl Trick {
    fn new(subject: impl Into<String>, reply: Option<&str>, body: impl Into<String>) -> Self {
        Self { subject: subject.into(), reply: reply.map(Into::into), body: body.into() }
    }
}

/// What is said to the target itself.
fn at_once(target: &str) -> Vec<Trick> {
    vec![Trick::new(target, None, r#"{"seq":1}"#), Trick::new(target, None, "")]
}

/// What a reader can say, under this prefix of the API, to have an answer arrive at the target.
fn of_a_reader(api: &str, target: &str) -> Vec<Trick> {
    let mut tricks = Vec::new();
    for subject in [
        format!("{api}.STREAM.INFO.DOSSIER"),
        format!("{api}.CONSUMER.INFO.DOSSIER.reader"),
        format!("{api}.DIRECT.GET.DOSSIER.dossier.customer.C-1.closed"),
    ] {
        tricks.push(Trick::new(subject, Some(target), ""));
    }
    let config =
        json!({ "durable_name": "pushed", "deliver_subject": target, "ack_policy": "none" });
    let push = json!({ "stream_name": STREAM, "config": config }).to_string();
    for form in ["CONSUMER.CREATE.DOSSIER", "CONSUMER.DURABLE.CREATE.DOSSIER.pushed"] {
        tricks.push(Trick::new(format!("{api}.{form}"), Some("_INBOX.x"), push.as_str()));
    }
    let next = format!("{api}.CONSUMER.MSG.NEXT.DOSSIER.reader");
    for _ in 0..2 {
        tricks.push(Trick::new(next.as_str(), Some(target), r#"{"batch":2,"no_wait":true}"#));
        // Acknowledges, and asks for the next one.
        tricks.push(Trick::new("$JS.ACK.DOSSIER.reader.1.1.1.1.0", Some(target), "+NXT"));
    }
    tricks
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_a_reader_reaches_no_stream() {
    let scene = Scene::set().await;
    let reader = scene.shipped.connect("reader").await;
    // Nobody is answered where nobody listens.
    let _ear = reader.subscribe(">").await.unwrap();
    let operator = scene.shipped.connect("operator").await;
    for target in TARGETS {
        assert!(!scene.changes(&reader, &at_once(target)).await, "a reader reaches {target}");
        for api in [WITHIN, API] {
            let changed = scene.changes(&reader, &of_a_reader(api, target)).await;
            assert!(!changed, "by {api} a reader reaches {target}");
        }
        let own = scene.shipped.consumer("reader").await;
        assert!(own.cached_info().delivered.consumer_sequence > 0, "it is given nothing");
        scene.reset().await;
        let changed = scene.changes(&operator, &of_a_reader(WITHIN, target)).await;
        assert!(changed, "nothing reaches {target}, whoever tries");
        scene.reset().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_the_core_system_reaches_no_stream() {
    let scene = Scene::set().await;
    let core = scene.shipped.connect("core").await;
    let operator = scene.shipped.connect("operator").await;
    for target in &TARGETS[1..] {
        let direct = at_once(target);
        assert!(!scene.changes(&core, &direct).await, "the core system reaches {target}");
        assert!(scene.changes(&operator, &direct).await, "nothing reaches {target}, whoever tries");
        scene.reset().await;
    }
    let acknowledged = TARGETS[1..].iter().map(|to| Trick::new(CORE_SUBJECT, Some(to), "{}"));
    let acknowledged: Vec<_> = acknowledged.collect();
    let before = scene.of(&[STREAM, PARKED]).await;
    assert!(scene.changes(&core, &acknowledged).await, "it cannot state any more");
    scene.settled(&[STREAM, PARKED], &before).await;
    assert_eq!(scene.of(&[STREAM, PARKED]).await, before);
    assert_eq!(scene.of(&[CORE]).await, "(1, 9, 9) ");
    scene.changes(&operator, &acknowledged).await;
    assert_ne!(scene.of(&[STREAM, PARKED]).await, before, "no acknowledgment goes astray");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_neither_takes_nor_acknowledges_what_is_anothers() {
    let scene = Scene::set().await;
    let other = scene.shipped.consumer("other").await;
    let mut messages = other.fetch().max_messages(1).messages().await.unwrap();
    let message = messages.next().await.unwrap().unwrap();
    let mark = message.reply.clone().unwrap();
    let next = "CONSUMER.MSG.NEXT.DOSSIER.other";
    let tricks = [
        Trick::new(mark.as_str(), None, ""),
        Trick::new(mark.as_str(), None, "+TERM"),
        Trick::new(format!("{API}.{next}"), Some("_INBOX.x"), "1"),
        Trick::new(format!("{WITHIN}.{next}"), Some("_INBOX.x"), "1"),
    ];
    let reader = scene.shipped.connect("reader").await;
    assert!(!scene.changes(&reader, &tricks).await);
    let operator = scene.shipped.connect("operator").await;
    assert!(scene.changes(&operator, &tricks[..1]).await);
}

fn shown(value: &impl Debug) -> String {
    format!("{value:?} ")
}
