//! Commands: load, fold, decide, append, and try again when another writer was first.

pub mod consent;
pub mod customer;
pub mod person;
mod turns;

use chrono::{DateTime, Utc};
use events::{
    envelope::{Actor, Cause},
    event::Event,
    id::{ConsentId, CustomerId, PersonId, Position, StreamId, Version},
    log::{Append, AppendError, Appended, EventLog, NewReceipt, Outcome, ReadError, Receipt},
};
use quick_cache::sync::Cache;

use self::{
    consent::{Consent, ConsentCommand},
    customer::{Customer, CustomerCommand},
    person::{Person, PersonCommand},
    turns::{Taken, Turns},
};

/// Tries of one command when foreign writers keep being first.
const TRIES_MAX: usize = 4;
/// Streams whose state stays folded in memory.
const STATES_MAX: usize = 8192;

/// Bounds that today's rules set.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Addresses of one customer.
    pub addresses_max: usize,
    /// Contact details of one person.
    pub contacts_max: usize,
}

/// The rules said no. Each message is for the caller, and quotes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the customer is not known; its own line must come first")]
    UnknownCustomer,
    #[error("the person is not known")]
    UnknownPerson,
    #[error("the customer is closed")]
    Closed,
    #[error("the customer has no such address")]
    UnknownAddress,
    #[error("the person has no such contact detail")]
    UnknownContact,
    #[error("the customer has as many addresses as it may have")]
    TooManyAddresses,
    #[error("the person has as many contact details as it may have")]
    TooManyContacts,
    #[error("it was changed since")]
    ChangedSince,
    #[error("the address was removed, and ids are not given twice")]
    RemovedAddress,
    #[error("addresses from 1000000000000 on are numbered by dossier, not by the bank")]
    NotTheBanksId,
    #[error("the consent was given to another client")]
    AnotherClients,
    #[error("the consent is not known")]
    UnknownConsent,
    #[error("the consent stands already, with other terms; it can be amended")]
    GrantedAlready,
    #[error("the consent was revoked; it can be granted again")]
    RevokedAlready,
    #[error("the consent would end before it begins")]
    EndsBeforeItBegins,
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Another writer, or a change or the end of what the command stood on, was first.
    #[error("something else changed it at the same time")]
    LostRace,
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// Too large for one commit, or of a class that was forgotten for good.
    #[error("{0}")]
    Refused(AppendError),
    /// Try again soon.
    #[error("the service is busy")]
    Busy,
    #[error("the disk is almost full")]
    DiskFull,
    #[error("writing is not possible")]
    Failed(#[source] AppendError),
    /// Whether it was done is known after a restart.
    #[error("it is not known whether it was written")]
    Unknown(#[source] AppendError),
    #[error("the history could not be read")]
    Read(#[from] ReadError),
}

/// A command for one aggregate.
#[derive(Debug, Clone)]
pub enum Command {
    Customer(CustomerId, CustomerCommand),
    Person(PersonId, PersonCommand),
    Consent(ConsentId, ConsentCommand),
}

/// A command with who asked, what it stands on, and how a retry is known.
#[derive(Debug, Clone)]
pub struct Order {
    pub command: Command,
    pub cause: Cause,
    /// Streams that must not move before the commit, such as the consent.
    pub also: Vec<(StreamId, Version)>,
    /// When it is too late for the commit, such as the end of the consent.
    pub until: Option<DateTime<Utc>>,
    pub receipt: Option<NewReceipt>,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Now, with these events; none if there was nothing to change.
    Now { position: Position, version: Version, events: Vec<Event> },
    /// Before, under the same idempotency key.
    Before(Receipt),
}

impl Done {
    pub fn position(&self) -> Position {
        match self {
            Self::Now { position, .. } => *position,
            Self::Before(receipt) => receipt.position,
        }
    }
}

impl Command {
    pub fn stream(&self) -> StreamId {
        match self {
            Self::Customer(id, _) => id.clone().into(),
            Self::Person(id, _) => id.clone().into(),
            Self::Consent(id, _) => id.clone().into(),
        }
    }
}

/// The state of one aggregate, and the version that it was folded up to.
#[derive(Debug, Clone)]
struct Folded {
    state: State,
    version: Version,
}

#[derive(Debug, Clone)]
enum State {
    Customer(Customer),
    Person(Person),
    Consent(Consent),
}

/// Executes commands, one at a time on each stream.
#[derive(Debug)]
pub struct Commands {
    log: EventLog,
    limits: Limits,
    turns: Turns,
    states: Cache<StreamId, Folded>,
}

impl Commands {
    pub fn new(log: EventLog, limits: Limits) -> Self {
        Self { log, limits, turns: Turns::default(), states: Cache::new(STATES_MAX) }
    }

    /// The turn on a stream, for whoever stands on it and keeps losing to those who write to it. A
    /// customer's is taken before a person's, never after.
    pub async fn turn(&self, stream: &StreamId) -> Result<Taken, CommandError> {
        self.turns.take(stream).await.ok_or(CommandError::Busy)
    }

    /// Decides and appends; what this returns is safe on the disk.
    pub async fn execute(&self, order: Order) -> Result<Done, CommandError> {
        let stream = order.command.stream();
        let _turn = self.turn(&stream).await?;
        for _ in 0..TRIES_MAX {
            // A copy of this very command may have been first, and have changed what is decided.
            if let Some(answered) = self.answered(&order)? {
                return Ok(Done::Before(answered));
            }
            let before = self.load(&stream)?;
            let events = match before.state.decide(order.command.clone(), &self.limits) {
                Ok(events) => events,
                Err(rejection) => {
                    self.states.insert(stream, before);
                    return Err(rejection.into());
                }
            };
            if events.is_empty() && order.receipt.is_none() {
                let (position, version) = (self.log.watermark(), before.version);
                self.states.insert(stream, before);
                return Ok(Done::Now { position, version, events });
            }
            match self.append(&order, &stream, before.version, &events).await {
                Ok(Outcome::Appended(appended)) => {
                    self.remember(stream, before, order.cause.actor, &events);
                    let Appended { position, version } = appended;
                    return Ok(Done::Now { position, version, events });
                }
                Ok(Outcome::Replayed(receipt)) => return Ok(Done::Before(receipt)),
                Err(AppendError::Conflict(_)) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(CommandError::LostRace)
    }

    /// Keeps under its receipt that a command was rejected, so that it is not carried out when it
    /// comes again to a state in which it could be.
    pub async fn keep_rejection(&self, order: Order) -> Result<(), CommandError> {
        let stream = order.command.stream();
        let _turn = self.turn(&stream).await?;
        for _ in 0..TRIES_MAX {
            let before = self.load(&stream)?;
            let version = before.version;
            self.states.insert(stream.clone(), before);
            match self.append(&order, &stream, version, &[]).await {
                Err(AppendError::Conflict(_)) => {}
                kept => return kept.map(|_| ()).map_err(failed),
            }
        }
        Err(CommandError::LostRace)
    }

    fn answered(&self, order: &Order) -> Result<Option<Receipt>, CommandError> {
        let Some(asked) = &order.receipt else { return Ok(None) };
        match self.log.receipt(&asked.key)? {
            Some(receipt) if receipt.fingerprint != asked.fingerprint => {
                Err(CommandError::KeyReused)
            }
            receipt => Ok(receipt),
        }
    }

    async fn append(
        &self,
        order: &Order,
        stream: &StreamId,
        expected: Version,
        events: &[Event],
    ) -> Result<Outcome, AppendError> {
        let append = Append {
            stream: stream.clone(),
            expected,
            also: order.also.clone(),
            until: order.until,
            events: events.to_vec(),
            cause: order.cause.clone(),
            receipt: order.receipt.clone().map(|receipt| NewReceipt {
                ids: events.iter().filter_map(Event::object).collect(),
                ..receipt
            }),
        };
        self.log.append(append).await
    }

    /// The state of a stream, taken out of memory: whose turn it is owns it, and whoever is cut
    /// off in the middle leaves nothing behind that could be old.
    fn load(&self, stream: &StreamId) -> Result<Folded, ReadError> {
        if let Some((_, folded)) = self.states.remove(stream) {
            return Ok(folded);
        }
        let history = self.log.history(stream)?;
        let mut folded = Folded { state: State::new(stream), version: Version::ZERO };
        for recorded in &history.events {
            folded.take(recorded.envelope.head.cause.actor, &recorded.event);
        }
        Ok(folded)
    }

    fn remember(&self, stream: StreamId, mut folded: Folded, actor: Actor, events: &[Event]) {
        for event in events {
            folded.take(actor, event);
        }
        self.states.insert(stream, folded);
    }
}

fn failed(error: AppendError) -> CommandError {
    match error {
        AppendError::Conflict(_) | AppendError::Moved(_) | AppendError::TooLate => {
            CommandError::LostRace
        }
        AppendError::KeyReused => CommandError::KeyReused,
        AppendError::Forgotten { .. } | AppendError::TooLarge(_) => CommandError::Refused(error),
        AppendError::Busy => CommandError::Busy,
        AppendError::DiskFull => CommandError::DiskFull,
        AppendError::Stopped(_) | AppendError::Read(_) => CommandError::Failed(error),
        AppendError::Unknown(_) => CommandError::Unknown(error),
    }
}

impl Folded {
    fn take(&mut self, actor: Actor, event: &Event) {
        self.version = self.version.next();
        match (&mut self.state, event) {
            (State::Customer(state), Event::Customer(event)) => {
                state.evolve(actor, self.version, event);
            }
            (State::Person(state), Event::Person(event)) => {
                state.evolve(actor, self.version, event);
            }
            (State::Consent(state), Event::Consent(event)) => state.evolve(actor, event),
            (
                State::Customer(_) | State::Person(_) | State::Consent(_),
                Event::Customer(_) | Event::Person(_) | Event::Consent(_),
            ) => unreachable!("a stream holds the events of its own aggregate"),
        }
    }
}

impl State {
    fn new(stream: &StreamId) -> Self {
        match stream {
            StreamId::Customer(_) => Self::Customer(Customer::default()),
            StreamId::Person(_) => Self::Person(Person::default()),
            StreamId::Consent(_) => Self::Consent(Consent::default()),
        }
    }

    fn decide(&self, command: Command, limits: &Limits) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Customer(state), Command::Customer(_, command)) => {
                Ok(state.decide(command, limits)?.into_iter().map(Event::Customer).collect())
            }
            (Self::Person(state), Command::Person(_, command)) => {
                Ok(state.decide(command, limits)?.into_iter().map(Event::Person).collect())
            }
            (Self::Consent(state), Command::Consent(_, command)) => {
                Ok(state.decide(command)?.into_iter().map(Event::Consent).collect())
            }
            (
                Self::Customer(_) | Self::Person(_) | Self::Consent(_),
                Command::Customer(..) | Command::Person(..) | Command::Consent(..),
            ) => unreachable!("a command goes to the stream that it names"),
        }
    }
}
