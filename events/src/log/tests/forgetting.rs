//! Destroying a key forgets one class of one stream, for good, and nothing else.

use std::{fs, os::unix::fs::FileExt};

use super::*;
use crate::{
    envelope::PayloadKind,
    event::Payload,
    keys::KeyError,
    party::Link,
    tag::{Class, Tag},
};

/// The slot of a stream's keys, as its records name it.
fn slot(log: &EventLog, stream: &StreamId) -> u32 {
    let envelopes = log.history(stream).unwrap().events.into_iter().map(|event| event.envelope);
    let mut slots = envelopes.filter_map(|envelope| match envelope.head.payload {
        PayloadKind::Sealed { slot, .. } => Some(slot),
        PayloadKind::Empty | PayloadKind::Clear => None,
    });
    slots.next().unwrap()
}

async fn log_of_a_person(folder: &Folder) -> EventLog {
    let log = folder.open();
    let events = vec![registered(), reached("K-1"), reached("K-2")];
    add(&log, person("P-1"), 0, events).await;
    add(&log, person("P-2"), 0, vec![reached("K-3")]).await;
    log
}

fn forgotten(contact: &str) -> Event {
    Event::Person(PersonEvent::ContactAdded {
        contact: ContactId::parse(contact).unwrap(),
        detail: Personal::Forgotten,
    })
}

fn events(log: &EventLog, stream: &StreamId) -> Vec<Event> {
    log.history(stream).unwrap().events.into_iter().map(|recorded| recorded.event).collect()
}

#[tokio::test]
async fn a_destroyed_key_forgets_its_class_of_its_stream() {
    let folder = Folder::new();
    let log = log_of_a_person(&folder).await;
    let slot = slot(&log, &person("P-1"));
    log.keys().destroy(slot, &person("P-1"), Class::Contact).unwrap();

    let check = |log: &EventLog| {
        // Which contacts there were can still be counted.
        let left = [registered(), forgotten("K-1"), forgotten("K-2")];
        assert_eq!(events(log, &person("P-1")), left);
        assert_eq!(events(log, &person("P-2")), [reached("K-3")]);
        assert_eq!(all(log).len(), 4, "the log stays whole");
        let payload = log.payload(&log.record(Position(2)).unwrap().unwrap()).unwrap();
        assert_eq!(payload, Payload::Forgotten);
    };
    check(&log);
    check(&folder.reopen(log));
}

#[tokio::test]
async fn nothing_new_of_a_forgotten_class_is_kept() {
    let folder = Folder::new();
    let log = log_of_a_person(&folder).await;
    let slot = slot(&log, &person("P-1"));
    log.keys().destroy(slot, &person("P-1"), Class::Contact).unwrap();
    let log = folder.reopen(log);

    let refused = log.append(append(person("P-1"), 3, vec![reached("K-9")])).await;
    let Err(AppendError::Forgotten { stream, class }) = refused else { panic!("{refused:?}") };
    assert_eq!((stream, class), (person("P-1"), Class::Contact));
    // The other classes go on, and so does what has no payload.
    let removed = ContactId::parse("K-1").unwrap();
    let removed = Event::Person(PersonEvent::ContactRemoved { contact: removed });
    add(&log, person("P-1"), 3, vec![registered(), removed]).await;
    assert_eq!(versions(&log, &person("P-1")), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn what_was_forgotten_can_be_told_of_without_being_known() {
    let folder = Folder::new();
    let log = folder.open();
    let person = crate::id::PersonId::parse("P-1").unwrap();
    let link = Personal::Known(Link { person_relation: None });
    let linked = Event::Customer(CustomerEvent::PersonLinked { person: person.clone(), link });
    add(&log, customer("C-1"), 0, vec![linked]).await;
    log.keys().destroy(slot(&log, &customer("C-1")), &customer("C-1"), Class::Identity).unwrap();

    let unlinked = CustomerEvent::PersonUnlinked { person, link: Personal::Forgotten };
    add(&log, customer("C-1"), 1, vec![Event::Customer(unlinked.clone())]).await;
    assert_eq!(events(&log, &customer("C-1"))[1], Event::Customer(unlinked));
}

#[tokio::test]
async fn what_was_sealed_before_its_key_was_destroyed_is_forgotten_too() {
    let folder = Folder::new();
    let log = log_of_a_person(&folder).await;
    let slot = slot(&log, &person("P-1"));
    let asked = (3..100).map(|version| append(person("P-1"), version, vec![reached("K-9")]));
    let waiting = together(asked.map(|asked| log.append(asked)).collect());
    let destroyed = async { log.keys().destroy(slot, &person("P-1"), Class::Contact).unwrap() };
    let (outcomes, ()) = tokio::join!(waiting, destroyed);
    assert!(outcomes.into_iter().all(|outcome| outcome.is_ok()));
    assert_eq!(events(&log, &person("P-1"))[3..], vec![forgotten("K-9"); 97]);
}

#[tokio::test]
async fn a_missing_key_without_a_tombstone_is_damage() {
    let folder = Folder::new();
    let log = log_of_a_person(&folder).await;
    let slot = slot(&log, &person("P-1"));
    log.close();
    drop(log);
    let keys = fs::File::options().write(true).open(folder.path("keys")).unwrap();
    keys.write_all_at(&[0; 256], u64::from(slot) * 256).unwrap();

    let log = folder.open();
    let history = log.history(&person("P-1"));
    assert!(matches!(history, Err(ReadError::Keys(KeyError::Damaged { .. }))), "{history:?}");
    let refused = log.append(append(person("P-1"), 3, vec![reached("K-9")])).await;
    assert!(matches!(refused, Err(AppendError::Read(_))), "{refused:?}");
    assert_eq!(events(&log, &person("P-2")), [reached("K-3")]);
}

#[tokio::test]
async fn keys_whose_commit_never_came_do_no_harm() {
    let folder = Folder::new();
    let log = log_of_a_person(&folder).await;
    // As after a crash between the key file and the commit.
    let minted = log.keys().mint(&person("P-3"));
    log.keys().write(std::slice::from_ref(&minted)).unwrap();

    let log = folder.reopen(log);
    add(&log, person("P-3"), 0, vec![registered()]).await;
    assert_ne!(slot(&log, &person("P-3")), minted.slot);
    let log = folder.reopen(log);
    assert_eq!(events(&log, &person("P-3")), [registered()]);
}

#[tokio::test]
async fn no_payload_that_is_personal_lies_in_the_folder_in_clear() {
    let folder = Folder::new();
    let log = log_of_a_person(&folder).await;
    for record in all(&log) {
        let head = &record.envelope().head;
        assert_eq!(head.payload.class(), Tag::parse(&head.tag).unwrap().class());
    }
    log.close();
    let bytes = fs::read(folder.path("log/db")).unwrap();
    for secret in ["Muster", "erika@example.ch"] {
        assert!(!bytes.windows(secret.len()).any(|found| found == secret.as_bytes()), "{secret}");
    }
}
