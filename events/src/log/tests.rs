//! What the log said stays said, whatever happens: one file for each promise.

mod chunks;
mod closing;
mod crash;
mod damage;
mod forgetting;
mod found;
mod index;
mod limits;
mod loss;
mod model;
mod order;
mod races;
mod receipts;
mod reopening;
mod restoring;
#[cfg(feature = "shuttle")]
mod schedules;
mod space;

use std::{
    fs,
    future::{Future, poll_fn},
    path::{Path, PathBuf},
    pin::Pin,
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::*;
use crate::{
    consent::{ConsentEvent, ConsentTerms},
    contact::{ContactDetail, Medium},
    customer::CustomerEvent,
    envelope::{Actor, Cause},
    event::{Event, Personal},
    id::{ClientId, ContactId, CustomerId, StreamId, Version},
    party::{NaturalPerson, Party, PersonDetails},
    person::PersonEvent,
    record::Record,
    text::Text,
};

/// How long a test waits for what must happen soon.
const PATIENCE: Duration = Duration::from_secs(20);

/// A data folder that is gone with the test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn settings(&self) -> LogSettings {
        // A test does not depend on how full the disk is.
        LogSettings { free_bytes_min: 0, ..LogSettings::new(self.0.path()) }
    }

    /// A process that another test starts holds the lock, too, until it runs its own program.
    fn try_open(&self) -> Result<EventLog, OpenError> {
        let started = Instant::now();
        loop {
            match self.open_at_once() {
                Err(OpenError::InUse) if started.elapsed() < PATIENCE => thread::yield_now(),
                opened => return opened,
            }
        }
    }

    fn open_at_once(&self) -> Result<EventLog, OpenError> {
        EventLog::open(&self.settings(), master())
    }

    fn open(&self) -> EventLog {
        self.try_open().unwrap()
    }

    /// Stops a log, and opens it again.
    fn reopen(&self, log: EventLog) -> EventLog {
        log.close();
        drop(log);
        self.open()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn master() -> SecretKey {
    SecretKey::from_bytes([7; 32])
}

fn customer(id: &str) -> StreamId {
    StreamId::Customer(CustomerId::parse(id).unwrap())
}

fn person(id: &str) -> StreamId {
    StreamId::parse(&format!("person/{id}")).unwrap()
}

fn consent(id: &str) -> StreamId {
    StreamId::parse(&format!("consent/{id}")).unwrap()
}

/// An event without a payload.
fn closed() -> Event {
    Event::Customer(CustomerEvent::Closed)
}

/// An event that is sealed under the key of the class `identity`.
fn registered() -> Event {
    Event::Person(PersonEvent::Registered(Personal::Known(PersonDetails {
        external_reference: None,
        full_name: Some(Text::parse("Erika Muster").unwrap()),
        country_of_domicile: None,
        language: None,
        person_details: Party::NaturalPerson(NaturalPerson::default()),
        tax_domicile: None,
    })))
}

/// An event that is sealed under the key of the class `contact`.
fn reached(contact: &str) -> Event {
    Event::Person(PersonEvent::ContactAdded {
        contact: ContactId::parse(contact).unwrap(),
        detail: Personal::Known(ContactDetail {
            medium: Medium::Email,
            contact_medium_type: None,
            contact_content: Text::parse("erika@example.ch").unwrap(),
            additional_contact_information: None,
        }),
    })
}

/// An event that is stored in clear.
fn granted(client: &str) -> Event {
    Event::Consent(ConsentEvent::Granted(ConsentTerms {
        client_identification: ClientId::parse(client).unwrap(),
        customer_identifications: [].into(),
        scopes: [].into(),
        valid_from: None,
        valid_to: None,
    }))
}

fn append(stream: StreamId, expected: u64, events: Vec<Event>) -> Append {
    Append {
        stream,
        expected: Version(expected),
        also: Vec::new(),
        until: None,
        events,
        cause: Cause::by(Actor::Bank),
        receipt: None,
    }
}

/// Appends what must go through.
async fn add(log: &EventLog, stream: StreamId, expected: u64, events: Vec<Event>) -> Appended {
    appended(log.append(append(stream, expected, events)).await)
}

#[track_caller]
fn appended(outcome: Result<Outcome, AppendError>) -> Appended {
    match outcome {
        Ok(Outcome::Appended(appended)) => appended,
        other => panic!("not appended: {other:?}"),
    }
}

/// Everything in the log, in its order.
fn all(log: &EventLog) -> Vec<Record> {
    log.after(Position::ZERO).map(Result::unwrap).collect()
}

fn versions(log: &EventLog, stream: &StreamId) -> Vec<u64> {
    let events = log.history(stream).unwrap().events;
    events.iter().map(|recorded| recorded.envelope.head.version.0).collect()
}

/// Starts all of them in order before the first is waited for.
async fn together<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<Pin<Box<_>>> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = waiting.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, done) in waiting.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(output) = future.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().map(Option::unwrap).collect()
}

/// Tries until it is so, without sleeping; panics when it takes too long.
fn soon<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(Instant::now() < deadline, "it took too long");
        thread::yield_now();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
