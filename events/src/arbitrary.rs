//! Any event there can be, for the laws that hold for all of them.

mod kyc;
mod party;
mod postal;

use chrono::{DateTime, Utc};
use proptest::{collection, option, prelude::*, sample::select};

use crate::{
    consent::{ConsentEvent, ConsentTerms, Scope},
    contact::{ContactDetail, ContactMediumType, Medium},
    customer::CustomerEvent,
    envelope::{Actor, Cause, Head, PayloadKind},
    event::{Event, Personal},
    id::{
        AddressId, BANK_ID_CHARS_MAX, CLIENT_ID_CHARS_MAX, ClientId, ConsentId, ContactId,
        CustomerId, EventId, PersonId, StreamId, Version,
    },
    person::PersonEvent,
    tag::{Class, Tag},
    text::{Correlation, Country, Currency, Date, Reason, Text, Trace},
};

pub(crate) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        customer_event().prop_map(Event::Customer).boxed(),
        person_event().prop_map(Event::Person).boxed(),
        consent_event().prop_map(Event::Consent).boxed(),
    ]
}

fn customer_event() -> impl Strategy<Value = CustomerEvent> {
    use CustomerEvent as E;
    prop_oneof![
        personal(party::customer()).prop_map(E::Opened),
        personal(party::customer()).prop_map(E::Amended),
        Just(E::Closed),
        Just(E::Reopened),
        (address_id(), personal(postal::address()))
            .prop_map(|(address, details)| E::AddressAdded { address, details }),
        (address_id(), personal(postal::address()))
            .prop_map(|(address, details)| E::AddressChanged { address, details }),
        address_id().prop_map(|address| E::AddressRemoved { address }),
        personal(kyc::kyc()).prop_map(E::KycRecorded),
        (person_id(), personal(party::link()))
            .prop_map(|(person, link)| E::PersonLinked { person, link }),
        (person_id(), personal(party::link()))
            .prop_map(|(person, link)| E::PersonUnlinked { person, link }),
    ]
}

fn person_event() -> impl Strategy<Value = PersonEvent> {
    use PersonEvent as E;
    prop_oneof![
        personal(party::person()).prop_map(E::Registered),
        personal(party::person()).prop_map(E::Amended),
        (contact_id(), personal(contact()))
            .prop_map(|(contact, detail)| E::ContactAdded { contact, detail }),
        (contact_id(), personal(contact()))
            .prop_map(|(contact, detail)| E::ContactChanged { contact, detail }),
        contact_id().prop_map(|contact| E::ContactRemoved { contact }),
    ]
}

fn consent_event() -> impl Strategy<Value = ConsentEvent> {
    prop_oneof![
        terms().prop_map(ConsentEvent::Granted),
        terms().prop_map(ConsentEvent::Amended),
        Just(ConsentEvent::Revoked),
    ]
}

prop_compose! {
    pub(crate) fn head()(
        stream in stream_id(),
        version in any::<u64>().prop_map(Version),
        tag in select(&Tag::ALL[..]),
        event_id in event_id(),
        object in option::of(chars(1, BANK_ID_CHARS_MAX)),
        cause in cause(),
        payload in payload_kind(),
    ) -> Head {
        let (tag, object) = (tag.as_str().into(), object.map(Into::into));
        Head { stream, version, tag, event_id, object, cause, payload }
    }
}

prop_compose! {
    fn cause()(
        actor in select(&[Actor::Bank, Actor::Client, Actor::Operator][..]),
        client in option::of(client_id()),
        consent in option::of(checked(BANK_ID_CHARS_MAX, ConsentId::parse)),
        reason in option::of(select(&["a", "TICKET-4711", "x_y.z"][..])),
        correlation in option::of(chars(1, 64)),
        causation in option::of(event_id()),
        trace in option::of(Just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
    ) -> Cause {
        let reason = reason.map(|text| Reason::parse(text).unwrap());
        let correlation = correlation.map(|text| Correlation::parse(&text).unwrap());
        let trace = trace.map(|text| Trace::parse(text).unwrap());
        Cause { actor, client, consent, reason, correlation, causation, trace }
    }
}

prop_compose! {
    fn contact()(
        medium in select(&[
            Medium::Email, Medium::Phone, Medium::Fax, Medium::Website, Medium::SocialMediaProfile,
        ][..]),
        contact_medium_type in
            option::of(select(&[ContactMediumType::Private, ContactMediumType::Business][..])),
        contact_content in text(),
        additional_contact_information in option::of(text()),
    ) -> ContactDetail {
        ContactDetail {
            medium, contact_medium_type, contact_content, additional_contact_information,
        }
    }
}

prop_compose! {
    fn terms()(
        client_identification in client_id(),
        customer_identifications in
            collection::btree_set(checked(BANK_ID_CHARS_MAX, CustomerId::parse), 0..4),
        scopes in collection::btree_set(select(&Scope::ALL[..]), 0..4),
        valid_from in option::of(instant()),
        valid_to in option::of(instant()),
    ) -> ConsentTerms {
        ConsentTerms {
            client_identification, customer_identifications, scopes, valid_from, valid_to,
        }
    }
}

pub(crate) fn stream_id() -> impl Strategy<Value = StreamId> {
    prop_oneof![
        checked(BANK_ID_CHARS_MAX, CustomerId::parse).prop_map(StreamId::Customer),
        person_id().prop_map(StreamId::Person),
        checked(BANK_ID_CHARS_MAX, ConsentId::parse).prop_map(StreamId::Consent),
    ]
}

pub(crate) fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    // From the year 0 to the year 9999, in microseconds.
    (-62_167_219_200_000_000..253_402_300_800_000_000_i64)
        .prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
}

fn payload_kind() -> impl Strategy<Value = PayloadKind> {
    prop_oneof![
        Just(PayloadKind::Empty),
        Just(PayloadKind::Clear),
        (select(&Class::ALL[..]), any::<u32>())
            .prop_map(|(class, slot)| PayloadKind::Sealed { class, slot }),
    ]
}

/// Boxed, or the strategy of an event would not fit on the stack of a test.
fn personal<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Personal<T>> {
    option::weighted(0.9, value)
        .prop_map(|value| value.map_or(Personal::Forgotten, Personal::Known))
        .boxed()
}

fn address_id() -> impl Strategy<Value = AddressId> {
    (1..(1_u64 << 53)).prop_map(|number| AddressId::new(number).unwrap())
}

fn contact_id() -> impl Strategy<Value = ContactId> {
    checked(BANK_ID_CHARS_MAX, ContactId::parse)
}

fn person_id() -> impl Strategy<Value = PersonId> {
    checked(BANK_ID_CHARS_MAX, PersonId::parse)
}

fn client_id() -> impl Strategy<Value = ClientId> {
    checked(CLIENT_ID_CHARS_MAX, ClientId::parse)
}

fn event_id() -> impl Strategy<Value = EventId> {
    any::<[u8; 16]>().prop_map(EventId::from_bytes)
}

fn checked<T: std::fmt::Debug + 'static, E: std::fmt::Debug + 'static>(
    chars_max: usize,
    parse: fn(&str) -> Result<T, E>,
) -> BoxedStrategy<T> {
    chars(1, chars_max).prop_map(move |text| parse(&text).unwrap()).boxed()
}

fn text<const MAX: usize>() -> BoxedStrategy<Text<MAX>> {
    chars(0, MAX).prop_map(|text| Text::parse(&text).unwrap()).boxed()
}

fn date() -> impl Strategy<Value = Date> {
    (0..3_000_000_i32).prop_map(|day| {
        let day = chrono::NaiveDate::from_num_days_from_ce_opt(1 + day).unwrap();
        Date::parse(&day.format("%Y-%m-%d").to_string()).unwrap()
    })
}

fn country() -> impl Strategy<Value = Country> {
    capitals(2).prop_map(|text| Country::parse(&text).unwrap())
}

fn currency() -> impl Strategy<Value = Currency> {
    capitals(3).prop_map(|text| Currency::parse(&text).unwrap())
}

fn capitals(count: usize) -> impl Strategy<Value = String> {
    collection::vec(proptest::char::range('A', 'Z'), count).prop_map(String::from_iter)
}

/// Text in all alphabets, often with what separates things elsewhere, sometimes as long as it may.
fn chars(min: usize, max: usize) -> impl Strategy<Value = String> {
    let nasty = select(&['.', '*', '>', '/', '=', ' ', '"', '\\', 'ü', '\u{2028}', '𝕏'][..]);
    let any = any::<char>().prop_filter("control characters have no place", |c| !c.is_control());
    prop_oneof![
        9 => collection::vec(prop_oneof![nasty, any], min..=max.min(8)).prop_map(String::from_iter),
        1 => Just("𝕏".repeat(max)),
    ]
}
