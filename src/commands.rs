//! Commands: load, fold, decide, append, and try again when another writer was first.

pub mod consent;
pub mod customer;
pub mod person;
mod states;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use events::{
    envelope::Cause,
    event::Event,
    id::{ClientId, ConsentId, CustomerId, PersonId, Position, StreamId, Version},
    log::{Append, AppendError, Appended, EventLog, NewReceipt, Outcome, ReadError, Receipt},
};

use self::{
    consent::ConsentCommand,
    customer::CustomerCommand,
    person::PersonCommand,
    states::{Lent, States},
};
use crate::{
    shares::Shares,
    turns::{Taken, Turns},
};

/// Tries of one command when foreign writers keep being first.
const TRIES_MAX: usize = 4;
/// Commands of one client, or of the bank, that may wait for one stream.
pub const WAITING_MAX: usize = 64;
/// Events that are read where a command runs; more would keep others waiting.
const READ_AT_ONCE_MAX: u64 = 64;

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

/// Executes commands, one at a time on each stream.
#[derive(Debug)]
pub struct Commands {
    log: EventLog,
    limits: Limits,
    turns: Turns<StreamId>,
    /// How many commands of each client, or of the bank, wait for a turn on each stream.
    waiting: Shares<(StreamId, Option<ClientId>)>,
    states: Arc<States>,
}

impl Commands {
    pub fn new(log: EventLog, limits: Limits) -> Self {
        let states = Arc::new(States::new(log.clone()));
        let waiting = Shares::new(WAITING_MAX);
        Self { log, limits, turns: Turns::default(), waiting, states }
    }

    /// The turn on a stream, for whoever stands on it and keeps losing to those who write to it. A
    /// customer's is taken before a person's, never after.
    ///
    /// Only how many of the same client wait counts: nobody keeps another from waiting.
    pub async fn turn(
        &self,
        stream: &StreamId,
        of: Option<&ClientId>,
    ) -> Result<Taken<StreamId>, CommandError> {
        let share = (stream.clone(), of.cloned());
        let _share = self.waiting.take(share).ok_or(CommandError::Busy)?;
        Ok(self.turns.take(stream).await)
    }

    /// Decides and appends; what this returns is safe on the disk.
    pub async fn execute(&self, order: Order) -> Result<Done, CommandError> {
        let stream = order.command.stream();
        let mut turn = self.turn(&stream, order.cause.client.as_ref()).await?;
        for _ in 0..TRIES_MAX {
            // A copy of this very command may have been first, and have changed what is decided.
            if let Some(answered) = self.answered(&order)? {
                return Ok(Done::Before(answered));
            }
            let mut state;
            (state, turn) = self.state(&stream, turn).await?;
            let events = state.decide(order.command.clone(), &self.limits)?;
            if events.is_empty() && order.receipt.is_none() {
                let (position, version) = (self.log.watermark(), state.version());
                return Ok(Done::Now { position, version, events });
            }
            match self.append(&order, &stream, state.version(), &events).await {
                Ok(Outcome::Appended(appended)) => {
                    state.evolve(order.cause.actor, &events);
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
        let mut turn = self.turn(&stream, order.cause.client.as_ref()).await?;
        for _ in 0..TRIES_MAX {
            let state;
            (state, turn) = self.state(&stream, turn).await?;
            match self.append(&order, &stream, state.version(), &[]).await {
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

    /// The state of a stream, with the turn on it. Where much must be read for it, a thread for
    /// such work does, and keeps the turn: so whoever gives up meanwhile starts no second one.
    async fn state(
        &self,
        stream: &StreamId,
        turn: Taken<StreamId>,
    ) -> Result<(Lent, Taken<StreamId>), CommandError> {
        let mut state = self.states.lend(stream);
        if state.behind()? <= READ_AT_ONCE_MAX {
            state.catch_up()?;
            return Ok((state, turn));
        }
        let read = tokio::task::spawn_blocking(move || {
            let caught_up = state.catch_up();
            (caught_up.map(|()| state), turn)
        });
        // Only the end of the process cuts it off.
        let (state, turn) = read.await.map_err(|_| CommandError::Busy)?;
        Ok((state?, turn))
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
