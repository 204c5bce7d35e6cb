//! `deploy/nats-access.conf` as it is shipped: each of its users can do its part, and no more.

mod tricks;

use std::{fs, path::Path};

use async_nats::{
    Client, ConnectOptions,
    jetstream::{
        self, Context,
        consumer::{PullConsumer, pull},
        stream,
    },
};
use dossier::intake::IntakeState;
use futures::{FutureExt, StreamExt, TryStreamExt};
use tempfile::TempDir;
use tokio::time::timeout;

use super::{STREAM, WAIT_MAX};
use crate::support::{app::TestApp, bank, certificates::Authority, nats::NatsServer};

const CORE: &str = "CORE";
const PARKED: &str = "DOSSIER-PARKED";
const MARK: &str = "Xanthippe";
/// Under which readers reach what JetStream answers them.
const API: &str = "dossier.api";

/// A server that lets in whom the shipped file names, and a second reader called `other`.
struct Shipped {
    server: NatsServer,
    files: TempDir,
}

impl Shipped {
    fn start() -> Self {
        let files = tempfile::tempdir().unwrap();
        let authority = Authority::new("bank");
        let own = authority.server();
        let put = |name: &str, content: &str| {
            let path = files.path().join(name);
            fs::write(&path, content).unwrap();
            format!("\"{}\"", path.display())
        };
        let values = [
            ("$NATS_CERT", put("own.pem", &own.certificate)),
            ("$NATS_KEY", put("key.pem", &own.key)),
            ("$NATS_CA", put("authority.pem", &authority.pem())),
            ("$DOSSIER_PASSWORD", "of-dossier".to_owned()),
            ("$OPERATOR_PASSWORD", "of-operator".to_owned()),
            ("$READER_PASSWORD", "of-reader".to_owned()),
            ("$CORE_PASSWORD", "of-core".to_owned()),
        ];
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/nats-access.conf");
        let shipped = fs::read_to_string(path).unwrap();
        let set = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        let text = with_another_reader(&values.iter().fold(shipped, set));
        Self { server: NatsServer::configured(&text), files }
    }

    fn url(&self, user: &str) -> String {
        self.server.url().replace("nats://", &format!("tls://{user}:of-{user}@"))
    }

    async fn connect(&self, user: &str) -> Client {
        let options = ConnectOptions::with_user_and_password(user.into(), format!("of-{user}"));
        let options = options.add_root_certificates(self.files.path().join("authority.pem"));
        options.connect(self.url(user)).await.unwrap()
    }

    async fn operator(&self) -> Context {
        jetstream::new(self.connect("operator").await)
    }

    /// The reader's consumer, as that reader reaches it.
    async fn consumer(&self, reader: &str) -> PullConsumer {
        let context = jetstream::with_prefix(self.connect(reader).await, API);
        context.get_consumer_from_stream(reader, STREAM).await.unwrap()
    }

    async fn app(&self) -> TestApp {
        TestApp::configured(|config| {
            config.nats.urls = vec![self.url("dossier")];
            config.nats.root_certificates = self.files.path().join("authority.pem");
            config.nats.feed.stream = CORE.into();
        })
        .await
    }
}

/// As the file asks for: another reader has an account like the first one's.
fn with_another_reader(shipped: &str) -> String {
    let end = shipped.rfind('}').unwrap();
    let first = &shipped[shipped.find("  READER {").unwrap()..end];
    let other = first.replace("READER", "OTHER").replace("reader", "other");
    format!("{}{other}}}\n", &shipped[..end])
}

async fn make_stream(operator: &Context, name: &str, subject: &str) {
    let subjects = vec![subject.to_owned()];
    let config = stream::Config { name: name.into(), subjects, ..stream::Config::default() };
    operator.create_stream(config).await.unwrap();
}

async fn make_consumer(operator: &Context, reader: &str) {
    let config = pull::Config {
        durable_name: Some(reader.to_owned()),
        max_ack_pending: 1,
        ..pull::Config::default()
    };
    operator.create_consumer_on_stream(config, STREAM).await.unwrap();
}

async fn until_parked(operator: &Context) {
    let parked = async {
        loop {
            let stream = operator.get_stream(PARKED).await;
            if stream.is_ok_and(|stream| stream.cached_info().state.messages > 0) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(WAIT_MAX, parked).await.expect("dossier parks nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_user_does_its_part_and_hears_nothing_of_the_others() {
    let shipped = Shipped::start();
    let operator = shipped.operator().await;
    make_stream(&operator, CORE, "core.>").await;
    let mut heard = Vec::new();
    for (user, own) in [("reader", [].as_slice()), ("other", &[]), ("core", &["core", "_INBOX"])] {
        let client = shipped.connect(user).await;
        heard.push((client.subscribe(">").await.unwrap(), client, own));
        heard.last().unwrap().1.flush().await.unwrap();
    }

    let app = shipped.app().await;
    let core = jetstream::new(shipped.connect("core").await);
    // The last one is rejected, and parked.
    for line in [bank::customer("C-1", &[]), bank::kyc("C-1", MARK), MARK.into()] {
        core.publish("core.statements", line.to_string().into()).await.unwrap().await.unwrap();
    }
    until_parked(&operator).await;
    assert_eq!(app.history("customers/C-1").await.len(), 2);
    let mut intake = app.service().app.intake.watch();
    intake.wait_for(|state| *state == IntakeState::Reading).await.unwrap();

    for (mut subscription, client, own) in heard {
        client.flush().await.unwrap();
        while let Some(message) = subscription.next().now_or_never().flatten() {
            let first = message.subject.split('.').next().unwrap();
            assert!(own.contains(&first), "{message:?}");
        }
    }

    make_consumer(&operator, "reader").await;
    read_two(&shipped.consumer("reader").await).await;
    let settled = operator.get_consumer_from_stream("reader", STREAM).await;
    let settled: PullConsumer = settled.unwrap();
    assert_eq!(settled.cached_info().ack_floor.stream_sequence, 2);
}

/// Both events, the one about KYC without its body.
async fn read_two(consumer: &PullConsumer) {
    for _ in 0..2 {
        let batch = consumer.batch().max_messages(1).expires(WAIT_MAX).messages().await.unwrap();
        let messages: Vec<_> = batch.try_collect().await.unwrap();
        assert!(messages[0].headers.as_ref().unwrap().get("ce-position").is_some());
        assert!(!String::from_utf8_lossy(&messages[0].payload).contains(MARK));
        messages[0].double_ack().await.unwrap();
    }
}
