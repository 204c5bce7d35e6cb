//! The append engine, against a raw file with the same encoding, sealing, grouping and sync.

use std::{
    fs::File,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    time::Instant,
};

use events::{
    address::Address,
    customer::CustomerEvent,
    envelope::{Actor, Cause, Head, PayloadKind},
    event::{Event, Personal},
    id::{AddressId, CustomerId, EventId, Position, StreamId, Version},
    log::{Append, COMMIT_EVENTS_MAX, EventLog, LogSettings, Outcome},
    record::Draft,
    seal::SecretKey,
    tag::Class,
};
use tokio::sync::oneshot;

use crate::{CLIENTS, ROUNDS, Row, TURN, floor::bench_dir};

pub(crate) async fn row() -> Row {
    let dir = tempfile::tempdir_in(bench_dir()).unwrap();
    let log = EventLog::open(&LogSettings::new(dir.path().join("data")), SecretKey::random());
    let log = log.unwrap();
    let raw = RawFile::open(File::create(dir.path().join("raw")).unwrap());
    let (mut baseline, mut dossier) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        baseline.push(raw_appends(&raw).await);
        dossier.push(log_appends(&log, round).await);
    }
    log.close();
    Row { name: "append, 64 callers", reach: 0.35, baseline, dossier }
}

pub(crate) fn event(nth: u64) -> Event {
    let details: Address = serde_json::from_value(serde_json::json!({
        "addressName": "Summer", "isDomicile": false, "isMailingAddress": true,
        "mailingInstruction": "Main", "dispatchType": "postal", "language": "German",
        "postalAddress": {
            "salutation": { "salutation": "Frau", "title": "Dr." },
            "name": { "givenName": "Ada", "middleName": "Berta", "lastName": "Muster" },
            "physicalAddress": {
                "streetName": "Seestrasse", "buildingNumber": "12", "postCode": "8001",
                "townName": "Zürich", "countrySubDivision": "ZH", "country": "CH",
            },
        },
    }))
    .unwrap();
    let address = AddressId::ours(nth).unwrap();
    let details = Personal::Known(details);
    Event::Customer(CustomerEvent::AddressAdded { address, details })
}

pub(crate) fn stream(round: usize, caller: usize) -> StreamId {
    StreamId::Customer(CustomerId::parse(&format!("C-{round}-{caller}")).unwrap())
}

async fn log_appends(log: &EventLog, round: usize) -> f64 {
    let log = log.clone();
    callers(move |caller, stop, count| {
        let (log, event) = (log.clone(), event(0));
        async move {
            let mut expected = Version::ZERO;
            while !stop.load(Ordering::Relaxed) {
                let append = Append {
                    stream: stream(round, caller),
                    expected,
                    also: Vec::new(),
                    until: None,
                    events: vec![event.clone()],
                    cause: Cause::by(Actor::Client),
                    receipt: None,
                };
                let outcome = log.append(append).await.unwrap();
                let Outcome::Appended(appended) = outcome else { panic!("replayed") };
                expected = appended.version;
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
    .await
}

async fn raw_appends(raw: &RawFile) -> f64 {
    let (queue, key) = (raw.queue.clone(), SecretKey::random());
    callers(move |caller, stop, count| {
        let (queue, key, event) = (queue.clone(), key.clone(), event(0));
        async move {
            let mut version = Version::ZERO;
            while !stop.load(Ordering::Relaxed) {
                version = version.next();
                let draft = encode(&event.clone(), &key, stream(0, caller), version);
                let (answer, answered) = oneshot::channel();
                queue.try_send((draft, answer)).unwrap();
                answered.await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
    .await
}

/// What the log does before its writer.
fn encode(event: &Event, key: &SecretKey, stream: StreamId, version: Version) -> Draft {
    let parts = event.parts();
    let head = Head {
        stream,
        version,
        tag: parts.tag.as_str().into(),
        event_id: EventId::random(),
        object: parts.object.map(Into::into),
        cause: Cause::by(Actor::Client),
        payload: PayloadKind::Sealed { class: Class::Contact, slot: 1 },
    };
    let head = minicbor::to_vec(head).unwrap();
    let payload = key.seal(&head, &parts.payload.unwrap());
    Draft::new(&head, &payload).unwrap()
}

type Waiting = (Draft, oneshot::Sender<()>);

/// One writer that drains, writes and syncs, with nothing behind it but a file.
struct RawFile {
    queue: mpsc::SyncSender<Waiting>,
}

impl RawFile {
    fn open(mut file: File) -> Self {
        let (queue, waiting) = mpsc::sync_channel::<Waiting>(4096);
        std::thread::spawn(move || {
            let mut position = Position::ZERO;
            while let Ok(first) = waiting.recv() {
                let rest = std::iter::from_fn(|| waiting.try_recv().ok());
                let group: Vec<_> =
                    std::iter::once(first).chain(rest.take(COMMIT_EVENTS_MAX - 1)).collect();
                let mut bytes = Vec::new();
                for (draft, _) in &group {
                    position = position.next();
                    bytes.extend(draft.place(position, chrono::Utc::now()));
                }
                file.write_all(&bytes).unwrap();
                file.sync_data().unwrap();
                for (_, answer) in group {
                    let _ = answer.send(());
                }
            }
        });
        Self { queue }
    }
}

/// Runs `CLIENTS` callers for one turn; what they count, per second.
async fn callers<F: Future<Output = ()> + Send + 'static>(
    run: impl Fn(usize, Arc<AtomicBool>, Arc<AtomicU64>) -> F,
) -> f64 {
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|caller| tokio::spawn(run(caller, Arc::clone(&stop), Arc::clone(&count))))
        .collect();
    let started = Instant::now();
    tokio::time::sleep(TURN).await;
    stop.store(true, Ordering::Relaxed);
    let done = count.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
    for task in tasks {
        task.await.unwrap();
    }
    done
}
