//! Whatever can happen is read back as it happened; what was ever written stays readable.

pub(crate) mod golden;

use proptest::prelude::*;

use super::*;
use crate::arbitrary;

proptest! {
    #[test]
    fn an_event_is_read_back_as_it_was_written(event in arbitrary::event()) {
        prop_assert_eq!(stored_and_read(&event), event);
    }

    #[test]
    fn whatever_the_payload_decoding_does_not_panic(
        event in arbitrary::event(),
        noise in any::<Vec<u8>>(),
        at in any::<prop::sample::Index>(),
    ) {
        let Parts { tag, object, payload } = event.parts();
        let mut json = payload.unwrap_or_default();
        let at = at.index(json.len() + 1);
        json.splice(at..at, noise);
        // Only what is not personal may be refused or read; nothing may crash.
        let _ = Event::assemble(tag.as_str(), object.as_deref(), &Payload::Json(json));
    }

    #[test]
    fn a_payload_that_is_not_of_its_tag_is_refused_without_being_quoted(
        event in arbitrary::event(),
    ) {
        let Parts { tag, object, payload } = event.parts();
        prop_assume!(payload.is_some());
        let wrong = Payload::Json(br#"{"secret":"4711"}"#.to_vec());
        if let Err(error) = Event::assemble(tag.as_str(), object.as_deref(), &wrong) {
            prop_assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}

fn stored_and_read(event: &Event) -> Event {
    let Parts { tag, object, payload } = event.parts();
    let payload = payload.map_or(Payload::Empty, Payload::Json);
    Event::assemble(tag.as_str(), object.as_deref(), &payload).unwrap()
}

#[test]
fn a_forgotten_payload_leaves_the_object_countable() {
    let read = Event::assemble("customer.address-added.v1", Some("17"), &Payload::Forgotten);
    let address = AddressId::new(17).unwrap();
    let details = Personal::Forgotten;
    assert_eq!(read.unwrap(), Event::Customer(CustomerEvent::AddressAdded { address, details }));
}

#[test]
fn an_event_about_an_object_needs_one_in_its_envelope() {
    let read = Event::assemble("person.contact-removed.v1", None, &Payload::Empty);
    assert!(matches!(read, Err(DecodeError::NoObject)));
    let read = Event::assemble("customer.address-removed.v1", Some("017"), &Payload::Empty);
    assert!(matches!(read, Err(DecodeError::Object(_))));
}

#[test]
fn the_terms_of_a_consent_cannot_be_missing() {
    for payload in [Payload::Empty, Payload::Forgotten] {
        let read = Event::assemble("consent.granted.v1", None, &payload);
        assert!(matches!(read, Err(DecodeError::NoPayload)));
    }
}

#[test]
fn an_unknown_tag_is_refused_by_name() {
    let read = Event::assemble("customer.lent.v1", None, &Payload::Empty);
    assert_eq!(
        read.unwrap_err().to_string(),
        "the tag customer.lent.v1 is unknown to this version of dossier"
    );
}
