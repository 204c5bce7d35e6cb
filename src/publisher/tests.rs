//! What needs no server: names, header values, waits, and how a stream is judged.

use std::time::Duration;

use async_nats::jetstream::stream::Config;
use events::{
    id::{ConsentId, CustomerId, StreamId},
    tag::Tag,
};

use super::{
    backoff::Backoff, cloud_event::percent_encoded, configuration, settings::PublisherSettings,
    subject,
};

fn subject_of(id: &str, tag: &str) -> String {
    subject::subject("dossier", &StreamId::Customer(CustomerId::parse(id).unwrap()), tag)
}

#[test]
fn a_subject_names_aggregate_id_and_event() {
    let subject = subject_of("C-000001", "customer.address-changed.v1");
    assert_eq!(subject, "dossier.customer.C-000001.address-changed");
    let consent = StreamId::Consent(ConsentId::parse("K_1").unwrap());
    let subject = subject::subject("bank.dossier", &consent, Tag::ConsentGranted.as_str());
    assert_eq!(subject, "bank.dossier.consent.K_1.granted");
}

#[test]
fn every_subject_has_four_tokens_and_no_wildcard() {
    for id in ["a.b", "*", ">", "Zürich 1", "=20", "$SYS", "名前"] {
        for tag in Tag::ALL {
            let subject = subject_of(id, tag.as_str());
            assert_eq!(subject.split('.').count(), 4, "{subject}");
            assert!(!subject.contains(['*', '>', ' ']) && subject.is_ascii(), "{subject}");
        }
    }
}

#[test]
fn different_ids_have_different_tokens() {
    let ids = ["a.b", "a=2Eb", "a b", "a=20b", "A.B"];
    let mut subjects: Vec<_> = ids.map(|id| subject_of(id, "customer.closed.v1")).into();
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), ids.len());
}

#[test]
fn a_header_holds_visible_ascii_only() {
    for (value, encoded) in [
        ("C-1", "C-1"),
        ("Zürich.*", "Z%C3%BCrich.*"),
        ("a b", "a%20b"),
        ("100%\"", "100%25%22"),
        ("\u{85}", "%C2%85"),
    ] {
        assert_eq!(percent_encoded(value), encoded);
    }
}

#[test]
fn waits_grow_to_their_bound_and_no_further() {
    let max = Duration::from_secs(2);
    let mut backoff = Backoff::new();
    assert!(backoff.wait(max) <= Duration::from_millis(50));
    for _ in 0..100 {
        assert!(backoff.wait(max) <= max);
    }
    assert!(backoff.wait(max) >= max / 2);
    backoff.reset();
    assert!(backoff.wait(max) <= Duration::from_millis(50));
}

#[test]
fn a_stream_with_limits_is_told_apart() {
    let settings = PublisherSettings::new(["localhost"]);
    let wanted = configuration::config(&settings);
    // The server says -1 where nothing is limited.
    let made = Config { max_bytes: -1, max_messages: -1, max_messages_per_subject: -1, ..wanted };
    assert_eq!(configuration::differences(&made, &settings), []);
    let other = Config { max_bytes: 1, deny_purge: true, num_replicas: 3, ..made };
    let differences = configuration::differences(&other, &settings);
    let told: Vec<_> =
        differences.iter().map(|one| (&*one.setting, &*one.found, &*one.wanted)).collect();
    assert_eq!(
        told,
        [("max_bytes", "1", "0"), ("deny_purge", "true", "false"), ("num_replicas", "3", "1")]
    );
}
