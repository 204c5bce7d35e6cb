//! Keeps the address book of a mail house: which customer lives where, from the events of dossier.
//!
//! `cargo run --example address_book -- nats://127.0.0.1:4222 addresses.json`
//!
//! It needs nothing of dossier's own, only a NATS client and JSON. The book is one file that holds
//! the addresses and our place among the events, and is replaced as a whole: it is never half
//! written. A book of millions belongs into a database, with the place in the same transaction.
#![expect(clippy::print_stderr, reason = "this is what a terminal shows")]

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{
    ConnectOptions, Event as Connection, ServerAddr,
    jetstream::{
        self, Context, Message,
        consumer::{AckPolicy, Consumer, DeliverPolicy, pull},
        stream::Stream,
    },
};
use futures::TryStreamExt;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{sleep, timeout};

const BATCH: usize = 256;
const IDLE: Duration = Duration::from_secs(5);
const FIRST: u64 = 1;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Why events are not taken in.
#[derive(Debug)]
enum Refusal {
    /// One that must have been there did not come.
    Missing(String),
    /// Nothing but a human helps.
    Stop(String),
}

/// Why a session ended before its time.
enum End {
    Refused(Refusal),
    /// The server, or the connection to it; trying again may help.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A message, as far as an address book cares.
struct Event {
    tag: String,
    position: u64,
    previous: u64,
    customer: String,
    address: Option<String>,
    forgotten: bool,
    body: Vec<u8>,
    sequence: u64,
}

impl Event {
    fn read(message: &Message) -> Result<Self, Failure> {
        let header = |name: &str| {
            let headers = message.headers.as_ref();
            headers.and_then(|headers| headers.get(name)).map(ToString::to_string)
        };
        let required = |name: &str| header(name).ok_or_else(|| format!("no header {name}"));
        Ok(Self {
            tag: required("ce-type")?,
            position: required("ce-position")?.parse()?,
            previous: required("ce-previousposition")?.parse()?,
            customer: percent_decode_str(&required("ce-subject")?).decode_utf8()?.into_owned(),
            address: header("ce-object"),
            forgotten: header("ce-forgotten").as_deref() == Some("true"),
            body: message.payload.to_vec(),
            sequence: message.info()?.stream_sequence,
        })
    }
}

/// The addresses and our place among the events.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Book {
    position: u64,
    sequence: u64,
    customers: BTreeMap<String, Customer>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Customer {
    /// Of the last event that was about this customer.
    position: u64,
    addresses: BTreeMap<String, Value>,
}

impl Book {
    fn open(file: &Path) -> Result<Self, Failure> {
        if !file.exists() {
            return Ok(Self::default());
        }
        Ok(serde_json::from_slice(&fs::read(file)?)?)
    }

    /// Safe on the disk when this returns, and whole whenever we may die.
    fn save(&self, file: &Path) -> Result<(), Failure> {
        let fresh = file.with_extension("new");
        let mut out = File::create(&fresh)?;
        out.write_all(&serde_json::to_vec(self)?)?;
        out.sync_all()?;
        fs::rename(&fresh, file)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        Ok(File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?)
    }

    fn take(&mut self, event: &Event) -> Result<(), Refusal> {
        if event.position > self.position {
            let customer = self.customers.entry(event.customer.clone()).or_default();
            if event.previous != customer.position {
                return Err(Refusal::Missing(format!(
                    "an event of customer {} is missing before position {}",
                    event.customer, event.position
                )));
            }
            customer.apply(event)?;
            customer.position = event.position;
        }
        if event.position >= self.position {
            self.position = event.position;
            self.sequence = event.sequence;
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let addresses: usize = self.customers.values().map(|one| one.addresses.len()).sum();
        let customers = self.customers.values().filter(|one| !one.addresses.is_empty()).count();
        format!("position {}: {addresses} addresses of {customers} customers", self.position)
    }
}

impl Customer {
    fn apply(&mut self, event: &Event) -> Result<(), Refusal> {
        let Some(address) = &event.address else { return Ok(()) };
        match event.tag.as_str() {
            _ if event.forgotten => {
                self.addresses.remove(address);
            }
            "customer.address-added.v1" | "customer.address-changed.v1" => {
                let body = serde_json::from_slice(&event.body);
                let body = body.map_err(|_| {
                    Refusal::Stop("this bank does not publish the bodies of addresses".to_owned())
                })?;
                self.addresses.insert(address.clone(), body);
            }
            "customer.address-removed.v1" => {
                self.addresses.remove(address);
            }
            tag if tag.starts_with("customer.address-") => {
                let newer = format!("events of the type {tag} are newer than this program");
                return Err(Refusal::Stop(newer));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Where events come from.
enum Source {
    /// Consumers of our own, which begin where we say and want no acknowledgments.
    Stream(Stream, String),
    /// The consumer that was made for us, which gives one message until we acknowledge it.
    Given(Consumer<pull::Config>),
}

impl Source {
    /// The stream by consumers of our own, or else the consumer that was made for us.
    async fn find(jetstream: Context, names: &Names) -> Result<Self, Failure> {
        let Some(consumer) = &names.consumer else {
            let filter = format!("{}.customer.>", names.prefix);
            return Ok(Self::Stream(jetstream.get_stream(&names.stream).await?, filter));
        };
        let consumer: Consumer<pull::Config> =
            jetstream.get_consumer_from_stream(consumer, &names.stream).await?;
        let config = &consumer.cached_info().config;
        if config.ack_policy != AckPolicy::Explicit || config.max_ack_pending != 1 {
            return Err("only explicit acknowledgments, one at a time, keep the order".into());
        }
        Ok(Self::Given(consumer))
    }

    async fn consumer(&self, start: u64) -> Result<Consumer<pull::Config>, Failure> {
        let (stream, filter) = match self {
            Self::Stream(stream, filter) => (stream, filter),
            Self::Given(consumer) => return Ok(consumer.clone()),
        };
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: start },
            ack_policy: AckPolicy::None,
            filter_subject: filter.clone(),
            inactive_threshold: Duration::from_mins(1),
            ..Default::default()
        };
        Ok(stream.create_consumer(config).await?)
    }

    /// What is there; if nothing is, the next one that comes within a while.
    async fn next(&self, consumer: &Consumer<pull::Config>) -> Result<Vec<Message>, Failure> {
        if let Self::Stream(..) = self {
            let there = consumer.fetch().max_messages(BATCH).messages().await?;
            let there: Vec<_> = there.try_collect().await?;
            if !there.is_empty() {
                return Ok(there);
            }
        }
        consumer.batch().max_messages(1).expires(IDLE).messages().await?.try_collect().await
    }

    /// What is not to be acknowledged does not come again by itself when it was lost on its way.
    fn count(&self, came: u64, sent: u64) -> Result<(), Failure> {
        if matches!(self, Self::Given(_)) || came == sent {
            return Ok(());
        }
        Err("messages were lost on their way".into())
    }

    async fn acknowledge(&self, messages: &[Message]) -> Result<(), Failure> {
        if let (Self::Given(_), Some(last)) = (self, messages.last()) {
            last.ack().await?;
        }
        Ok(())
    }
}

/// Brings events into the book, for as long as it runs.
struct Subscriber {
    source: Source,
    file: PathBuf,
    book: Book,
    lost: Arc<AtomicBool>,
}

impl Subscriber {
    async fn run(&mut self) -> End {
        let mut from_first = false;
        loop {
            // What is lost from here on ends the session that begins here.
            self.lost.store(false, Ordering::Relaxed);
            let start = if from_first { FIRST } else { self.start().await };
            from_first = false;
            match self.session(start).await {
                Ok(()) => {}
                Err(End::Refused(Refusal::Missing(missing))) if start != FIRST => {
                    eprintln!("{missing}; reading again from the first message");
                    from_first = true;
                }
                Err(End::Refused(Refusal::Missing(missing))) => {
                    let stop = format!("{missing}, and the stream does not hold it: ask the bank");
                    return End::Refused(Refusal::Stop(stop));
                }
                Err(end) => return end,
            }
        }
    }

    /// After our last message, if it is still where it was; else at the first.
    async fn start(&self) -> u64 {
        let Book { position, sequence, .. } = self.book;
        let Source::Stream(stream, _) = &self.source else { return FIRST };
        let last = match position {
            0 => return FIRST,
            _ => stream.direct_get(sequence).await,
        };
        let found = last.ok().and_then(|last| last.headers.get("ce-position").cloned());
        if found.is_some_and(|found| found.as_str() == position.to_string()) {
            sequence + 1
        } else {
            FIRST
        }
    }

    /// Reads on until the connection was lost.
    async fn session(&mut self, start: u64) -> Result<(), End> {
        let mut consumer = self.source.consumer(start).await?;
        if consumer.info().await?.num_pending == 0 {
            self.caught_up();
        }
        let mut delivered = 0;
        while !self.lost.load(Ordering::Relaxed) {
            // An answer may be lost with the connection.
            let next = self.source.next(&consumer);
            let messages = timeout(IDLE * 2, next).await.unwrap_or(Ok(vec![]))?;
            for message in &messages {
                delivered += 1;
                self.source.count(delivered, message.info()?.consumer_sequence)?;
            }
            if messages.is_empty() {
                // Fails if the server has lost our consumer.
                let sent = consumer.info().await?.delivered.consumer_sequence;
                self.source.count(delivered, sent)?;
            }
            self.take(&messages)?;
            self.source.acknowledge(&messages).await?;
        }
        Ok(())
    }

    /// Takes in all of them, and that we did; or, if anything is wrong, none.
    fn take(&mut self, messages: &[Message]) -> Result<(), End> {
        let Some(last) = messages.last() else { return Ok(()) };
        let mut book = self.book.clone();
        for message in messages {
            book.take(&Event::read(message)?).map_err(End::Refused)?;
        }
        book.save(&self.file)?;
        self.book = book;
        if last.info()?.pending == 0 {
            self.caught_up();
        }
        Ok(())
    }

    fn caught_up(&self) {
        eprintln!("caught up at {}", self.book.summary());
    }
}

/// What the server calls what we read.
struct Names {
    stream: String,
    prefix: String,
    consumer: Option<String>,
    api: String,
}

async fn follow(server: &str, file: PathBuf, names: &Names) -> Result<(), Failure> {
    let mut book = Book::open(&file)?;
    eprintln!("going on at {}", book.summary());
    let lost = Arc::new(AtomicBool::new(false));
    let losing = Arc::clone(&lost);
    let mut options = ConnectOptions::new();
    let address: ServerAddr = server.parse()?;
    if let (Some(user), Some(password)) = (address.username(), address.password()) {
        options = options.user_and_password(user.to_owned(), password.to_owned());
    }
    let options = options.retry_on_initial_connect().event_callback(move |event| {
        if event == Connection::Disconnected {
            losing.store(true, Ordering::Relaxed);
        }
        async {}
    });
    let client = options.connect(server).await?;
    loop {
        let jetstream = jetstream::with_prefix(client.clone(), &names.api);
        let failure = match Source::find(jetstream, names).await {
            Err(failure) => failure,
            Ok(source) => {
                let (file, lost) = (file.clone(), Arc::clone(&lost));
                let mut subscriber = Subscriber { source, file, book, lost };
                let end = subscriber.run().await;
                book = subscriber.book;
                match end {
                    End::Failed(failure) => failure,
                    End::Refused(Refusal::Missing(why) | Refusal::Stop(why)) => {
                        return Err(why.into());
                    }
                }
            }
        };
        eprintln!("{failure}; trying again");
        sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (server, file, stream, prefix, given) = match arguments[..] {
        [server, file] => (server, file, "DOSSIER", "dossier", None),
        [server, file, stream, prefix] => (server, file, stream, prefix, None),
        [server, file, stream, prefix, consumer, api] => {
            (server, file, stream, prefix, Some((consumer, api)))
        }
        _ => {
            eprintln!("usage: address_book SERVER BOOK [STREAM PREFIX [CONSUMER API]]");
            return ExitCode::from(2);
        }
    };
    let names = Names {
        stream: stream.to_owned(),
        prefix: prefix.to_owned(),
        consumer: given.map(|(consumer, _)| consumer.to_owned()),
        api: given.map_or("$JS.API", |(_, api)| api).to_owned(),
    };
    match follow(server, file.into(), &names).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("stopped: {failure}");
            ExitCode::FAILURE
        }
    }
}
