//! States of aggregates, each folded up to a version and kept in memory.
//!
//! Events never change, so what is kept is never wrong, at most behind.

use std::sync::Arc;

use events::{
    envelope::Actor,
    event::Event,
    id::{StreamId, Version},
    log::{EventLog, ReadError},
};
use quick_cache::sync::Cache;

use super::{Command, Limits, Rejection, consent::Consent, customer::Customer, person::Person};

/// Streams whose state stays folded in memory.
const STATES_MAX: usize = 8192;

#[derive(Debug)]
pub(super) struct States {
    log: EventLog,
    kept: Cache<StreamId, Folded>,
}

impl States {
    pub(super) fn new(log: EventLog) -> Self {
        Self { log, kept: Cache::new(STATES_MAX) }
    }

    /// The state of a stream, as it is kept; from the beginning where none is. For whose turn it is.
    pub(super) fn lend(self: &Arc<Self>, stream: &StreamId) -> Lent {
        let folded = self.kept.remove(stream).map(|(_, folded)| folded);
        let folded = folded.unwrap_or_else(|| Folded::new(stream));
        Lent { states: Arc::clone(self), stream: stream.clone(), folded }
    }
}

/// A state for one command. It is kept again afterwards, also where the command is cut off: what it
/// was decided on stays true.
pub(super) struct Lent {
    states: Arc<States>,
    stream: StreamId,
    folded: Folded,
}

impl Lent {
    /// The version that it is folded up to.
    pub(super) fn version(&self) -> Version {
        self.folded.version
    }

    /// How many events of the stream are not folded in.
    pub(super) fn behind(&self) -> Result<u64, ReadError> {
        Ok(self.states.log.version(&self.stream)?.0.saturating_sub(self.folded.version.0))
    }

    /// Folds in what is not.
    pub(super) fn catch_up(&mut self) -> Result<(), ReadError> {
        let history = self.states.log.history_after(&self.stream, self.folded.version)?;
        for recorded in &history.events {
            self.folded.take(recorded.envelope.head.cause.actor, &recorded.event);
        }
        Ok(())
    }

    pub(super) fn decide(
        &self,
        command: Command,
        limits: &Limits,
    ) -> Result<Vec<Event>, Rejection> {
        self.folded.state.decide(command, limits)
    }

    /// Folds in what was decided, once it is in the log.
    pub(super) fn evolve(&mut self, actor: Actor, events: &[Event]) {
        for event in events {
            self.folded.take(actor, event);
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let folded = std::mem::replace(&mut self.folded, Folded::new(&self.stream));
        if folded.version > Version::ZERO {
            self.states.kept.insert(self.stream.clone(), folded);
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

impl Folded {
    fn new(stream: &StreamId) -> Self {
        Self { state: State::new(stream), version: Version::ZERO }
    }

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

#[cfg(test)]
mod tests {
    use events::{customer::CustomerEvent, id::CustomerId, log::LogSettings, seal::SecretKey};

    use super::*;

    #[test]
    fn a_state_is_kept_whatever_becomes_of_its_command() {
        let dir = tempfile::tempdir().unwrap();
        let settings = LogSettings { free_bytes_min: 0, ..LogSettings::new(dir.path()) };
        let log = EventLog::open(&settings, SecretKey::random()).unwrap();
        let states = Arc::new(States::new(log));
        let stream: StreamId = CustomerId::parse("C-1").unwrap().into();
        let mut lent = states.lend(&stream);
        lent.evolve(Actor::Bank, &[Event::Customer(CustomerEvent::Closed)]);
        // As a command does that is cut off.
        drop(lent);
        assert_eq!(states.lend(&stream).version(), Version(1));
        // What has nothing in it takes no room.
        drop(states.lend(&CustomerId::parse("C-2").unwrap().into()));
        assert_eq!(states.kept.len(), 1);
        drop(states);
    }
}
