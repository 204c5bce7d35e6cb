//! `deploy/nats-access.conf` as it is shipped: dossier works with what it is allowed, and readers
//! learn nothing but the events.

use std::{fs, path::Path};

use async_nats::{
    Client, ConnectOptions,
    jetstream::{self, consumer::pull::OrderedConfig, stream},
};
use futures::{FutureExt, StreamExt};
use tempfile::TempDir;
use tokio::time::timeout;

use super::{STREAM, WAIT_MAX};
use crate::support::{app::TestApp, bank, certificates::Authority, nats::NatsServer};

const BANK: &str = "CORE";
const MARK: &str = "Xanthippe";

/// A server that lets in whom the shipped file names, and the bank, which may do anything.
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
            ("$READER_PASSWORD", "of-reader".to_owned()),
            ("$CORE_PASSWORD", "of-core".to_owned()),
            ("users: [", "users: [ { user: bank, password: of-bank }".to_owned()),
        ];
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/nats-access.conf");
        let shipped = fs::read_to_string(path).unwrap();
        let set = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        Self { server: NatsServer::configured(&values.iter().fold(shipped, set)), files }
    }

    fn url(&self, user: &str) -> String {
        self.server.url().replace("nats://", &format!("tls://{user}:of-{user}@"))
    }

    async fn connect(&self, user: &str, inbox: &str) -> Client {
        let options = ConnectOptions::with_user_and_password(user.into(), format!("of-{user}"));
        let options = options.add_root_certificates(self.files.path().join("authority.pem"));
        options.custom_inbox_prefix(inbox).connect(self.url(user)).await.unwrap()
    }

    async fn app(&self) -> TestApp {
        TestApp::configured(|config| {
            config.nats.urls = vec![self.url("dossier")];
            config.nats.root_certificates = self.files.path().join("authority.pem");
            config.nats.feed.stream = BANK.into();
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_see_what_is_delivered_to_dossier() {
    let shipped = Shipped::start();
    let bank = jetstream::new(shipped.connect("bank", "_INBOX").await);
    let subjects = vec!["core.>".to_owned()];
    let config = stream::Config { name: BANK.into(), subjects, ..stream::Config::default() };
    bank.create_stream(config).await.unwrap();
    let reader = shipped.connect("reader", "_INBOX_reader").await;
    let mut heard = Vec::new();
    for subject in [">", "_INBOX.>", "_INBOX_dossier.>", "core.>", "dossier-parked", "$JS.>"] {
        heard.push(reader.subscribe(subject).await.unwrap());
    }
    reader.flush().await.unwrap();

    let app = shipped.app().await;
    // The last one is rejected, and parked.
    for line in [bank::customer("C-1", &[]), bank::kyc("C-1", MARK), MARK.into()] {
        bank.publish("core.statements", line.to_string().into()).await.unwrap().await.unwrap();
    }
    let parked = async {
        loop {
            let stream = bank.get_stream("DOSSIER-PARKED").await;
            if stream.is_ok_and(|stream| stream.cached_info().state.messages > 0) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(WAIT_MAX, parked).await.expect("dossier takes nothing");
    assert_eq!(app.history("customers/C-1").await.len(), 2);

    reader.flush().await.unwrap();
    for mut subscription in heard {
        let message = subscription.next().now_or_never().flatten();
        assert!(message.is_none(), "{message:?}");
    }

    // What the reader is allowed, it gets: every event, the one about KYC without its body.
    let events = jetstream::new(reader.clone()).get_stream(STREAM).await.unwrap();
    let events = events.create_consumer(OrderedConfig::default()).await.unwrap();
    let events: Vec<_> = events.messages().await.unwrap().take(2).collect().await;
    assert!(events.iter().all(Result::is_ok), "{events:?}");
}
