//! The publisher against a real nats-server; here, what its tests have in common.

mod access;
mod atomic;
mod damage;
mod logins;
mod messages;
mod operators;
mod purges;
mod refusals;
mod repair;
mod statements;
mod wire;

use std::time::Duration;

use dossier::publisher::{Publisher, PublisherSettings, PublisherState, PublisherStatus, Trouble};
use events::{
    customer::CustomerEvent,
    envelope::{Actor, Cause, PayloadKind},
    event::{Event, Personal},
    id::{AddressId, CustomerId, Position, StreamId, Version},
    log::{Append, EventLog, LogSettings},
    seal::SecretKey,
    tag::Class,
};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::support::{self, folder::wait_until_closed, nats::NatsServer};

const WAIT_MAX: Duration = Duration::from_secs(40);
const STREAM: &str = "DOSSIER";

/// A log in a folder of its own.
struct Log {
    log: EventLog,
    /// The folder, and its master key.
    folder: (TempDir, [u8; 32]),
}

impl Log {
    fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap(), *SecretKey::random().expose())
    }

    fn open(dir: TempDir, master: [u8; 32]) -> Self {
        let settings = LogSettings { free_bytes_min: 0, ..LogSettings::new(dir.path()) };
        let log = EventLog::open(&settings, SecretKey::from_bytes(master)).unwrap();
        Self { log, folder: (dir, master) }
    }

    /// The same history in another folder, to be gone on with apart.
    fn copy(&mut self) -> Self {
        let empty = Self::new();
        let log = std::mem::replace(&mut self.log, empty.log);
        log.close();
        drop(log);
        let (own, master) = &self.folder;
        wait_until_closed(own.path());
        let dir = tempfile::tempdir().unwrap();
        support::copy::copy(own.path(), dir.path());
        let settings = LogSettings { free_bytes_min: 0, ..LogSettings::new(own.path()) };
        self.log = EventLog::open(&settings, SecretKey::from_bytes(*master)).unwrap();
        Self::open(dir, *master)
    }

    async fn append(&self, customer: &str, events: Vec<CustomerEvent>) {
        self.append_because(customer, events, Cause::by(Actor::Bank)).await;
    }

    async fn append_because(&self, customer: &str, events: Vec<CustomerEvent>, cause: Cause) {
        append(&self.log, customer, events, cause).await;
    }

    async fn append_to(&self, stream: StreamId, events: Vec<Event>, cause: Cause) {
        append_to(&self.log, stream, events, cause).await;
    }

    /// That many events more, of several customers.
    async fn fill(&self, count: u64) {
        fill(&self.log, count).await;
    }

    fn fill_beside(&self, count: u64) -> JoinHandle<()> {
        let log = self.log.clone();
        tokio::spawn(async move { fill(&log, count).await })
    }

    /// Destroys the key of a class, as forgetting does.
    fn forget(&self, customer: &str, class: Class) {
        let stream = StreamId::Customer(CustomerId::parse(customer).unwrap());
        let slot = self.log.after(Position::ZERO).find_map(|record| {
            let head = record.unwrap().into_envelope().head;
            let PayloadKind::Sealed { slot, .. } = head.payload else { return None };
            (head.stream == stream).then_some(slot)
        });
        self.log.keys().destroy(slot.unwrap(), &stream, class).unwrap();
    }

    fn publish_to(&self, server: &NatsServer) -> Running {
        self.publish(settings(server))
    }

    fn publish(&self, settings: PublisherSettings) -> Running {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let publisher = Publisher::start(settings, self.log.clone(), stop.clone(), &tasks).unwrap();
        Running { publisher, log: self.log.clone(), stop, tasks }
    }
}

/// A publisher at work.
struct Running {
    publisher: Publisher,
    log: EventLog,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    async fn caught_up(&self) {
        let watermark = self.log.watermark();
        self.until(|status| {
            status.state == PublisherState::CaughtUp && status.published >= watermark
        })
        .await;
    }

    async fn reached(&self, position: u64) {
        self.until(|status| status.published >= Position(position)).await;
    }

    async fn halted(&self) -> Trouble {
        let status = self.until(|status| matches!(status.state, PublisherState::Halted(_))).await;
        let PublisherState::Halted(trouble) = status.state else { unreachable!() };
        trouble
    }

    async fn damaged(&self) -> Trouble {
        self.until(|status| status.damage.is_some()).await.damage.unwrap()
    }

    /// Has the stream looked at again, whatever it waits for.
    async fn ask_again(&self) {
        let looks = self.publisher.status().looks;
        let _ = self.publisher.reconcile().await;
        self.until(|status| status.looks > looks).await;
    }

    async fn until(&self, reached: impl Fn(&PublisherStatus) -> bool) -> PublisherStatus {
        let mut watch = self.publisher.watch();
        let waited = timeout(WAIT_MAX, watch.wait_for(|status| reached(status))).await;
        let status = waited.map(|status| status.unwrap().clone());
        status.unwrap_or_else(|_| panic!("it stays {:?}", self.publisher.status()))
    }

    async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        timeout(WAIT_MAX, self.tasks.wait()).await.unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn settings(server: &NatsServer) -> PublisherSettings {
    PublisherSettings::new([server.url()])
}

async fn fill(log: &EventLog, count: u64) {
    let mut left = count;
    while left > 0 {
        let some = left.min(200);
        let id = format!("C-{}", log.watermark().0);
        let added = (1..some).map(address_added);
        append(
            log,
            &id,
            std::iter::once(opened("Anna")).chain(added).collect(),
            Cause::by(Actor::Bank),
        )
        .await;
        left -= some;
    }
}

async fn append(log: &EventLog, customer: &str, events: Vec<CustomerEvent>, cause: Cause) {
    let stream = StreamId::Customer(CustomerId::parse(customer).unwrap());
    append_to(log, stream, events.into_iter().map(Event::Customer).collect(), cause).await;
}

async fn append_to(log: &EventLog, stream: StreamId, events: Vec<Event>, cause: Cause) {
    let append = Append {
        stream,
        expected: Version::ZERO,
        also: Vec::new(),
        until: None,
        events,
        cause,
        receipt: None,
    };
    log.append(append).await.unwrap();
}

fn opened(name: &str) -> CustomerEvent {
    CustomerEvent::Opened(personal(serde_json::json!({ "name": name, "activity": "active" })))
}

fn address_added(address: u64) -> CustomerEvent {
    let details = personal(serde_json::json!({
        "isDomicile": true,
        "isMailingAddress": false,
        "dispatchType": "postal",
        "postalAddress": {
            "salutation": {},
            "physicalAddress": { "postCode": "8001", "townName": "Zürich", "country": "CH" },
        },
    }));
    CustomerEvent::AddressAdded { address: AddressId::new(address).unwrap(), details }
}

fn kyc() -> CustomerEvent {
    let profession = serde_json::json!({ "nonFinancialSituation": { "profession": "baker" } });
    CustomerEvent::KycRecorded(personal(profession))
}

fn personal<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> Personal<T> {
    Personal::Known(serde_json::from_value(value).unwrap())
}
