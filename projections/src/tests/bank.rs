//! A log to fill and projections to ask; nothing waits longer than it must.

use std::{
    cell::RefCell,
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, TimeZone, Utc};
use events::{
    address::{Address, AddresseeName, DispatchType, PhysicalAddress, PostalAddress, Salutation},
    consent::{ConsentEvent, ConsentTerms, Scope},
    contact::{ContactDetail, ContactMediumType, Medium},
    customer::CustomerEvent,
    envelope::{Actor, Cause, PayloadKind},
    event::{Event, Personal},
    id::{
        AddressId, ClientId, ConsentId, ContactId, CustomerId, PersonId, Position, StreamId,
        Version,
    },
    kyc::{Kyc, NonFinancialSituation},
    log::{Append, EventLog, LogSettings, Outcome},
    party::{Activity, CustomerDetails, Link, NaturalPerson, Party, PersonDetails, Relation},
    person::PersonEvent,
    seal::SecretKey,
    tag::Class,
    text::{Country, Currency, Date, Text},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{Answer, ProjectionSettings, Projections, ReadError};

pub(super) const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Bank {
    dir: TempDir,
    runtime: Runtime,
    pub(super) log: EventLog,
    versions: RefCell<HashMap<StreamId, Version>>,
}

impl Bank {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = open_log(dir.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { dir, runtime, log, versions: RefCell::default() }
    }

    /// The log closed and opened again, so that nothing of it is left in memory.
    pub(super) fn reopened(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { dir, runtime, log, versions } = self;
        log.close();
        drop(log);
        meanwhile(dir.path());
        let log = open_log(dir.path());
        Self { dir, runtime, log, versions }
    }

    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn open(&self, folder: &str) -> Projections {
        let settings = ProjectionSettings::new(self.folder(folder));
        Projections::open(&settings, self.log.clone()).unwrap()
    }

    /// Projections that write often and little, so that their store is of many ages.
    pub(super) fn open_eager(&self, folder: &str) -> Projections {
        let settings =
            ProjectionSettings { behind_max: 64, ..ProjectionSettings::new(self.folder(folder)) };
        Projections::open(&settings, self.log.clone()).unwrap()
    }

    /// Projections that know everything that has happened.
    pub(super) fn projections(&self, folder: &str) -> Projections {
        let projections = self.open(folder);
        self.settle(&projections);
        projections
    }

    pub(super) fn settle(&self, projections: &Projections) {
        let settled = projections.wait_until(self.log.watermark(), PATIENCE);
        assert!(self.runtime.block_on(settled), "{:?}", projections.stopped());
    }

    /// A digest of projections made from the first event on.
    pub(super) fn rebuilt(&self) -> [u8; 32] {
        let folder = "rebuilt";
        let projections = self.projections(folder);
        let digest = projections.digest().unwrap();
        projections.close();
        drop(projections);
        fs::remove_dir_all(self.folder(folder)).unwrap();
        digest
    }

    pub(super) fn customer(&self, id: &str, events: impl IntoIterator<Item = CustomerEvent>) {
        self.append(customer(id).into(), events.into_iter().map(Event::Customer).collect());
    }

    pub(super) fn person(&self, id: &str, events: impl IntoIterator<Item = PersonEvent>) {
        self.append(person(id).into(), events.into_iter().map(Event::Person).collect());
    }

    pub(super) fn consent(&self, id: &str, events: impl IntoIterator<Item = ConsentEvent>) {
        self.append(consent(id).into(), events.into_iter().map(Event::Consent).collect());
    }

    pub(super) fn append(&self, stream: StreamId, events: Vec<Event>) {
        let mut versions = self.versions.borrow_mut();
        let version = versions.entry(stream.clone()).or_default();
        let cause = Cause::by(Actor::Bank);
        let append = Append {
            stream,
            expected: *version,
            also: vec![],
            until: None,
            events,
            cause,
            receipt: None,
        };
        match self.runtime.block_on(self.log.append(append)).unwrap() {
            Outcome::Appended(appended) => *version = appended.version,
            Outcome::Replayed(_) => unreachable!("nothing has a receipt"),
        }
    }

    pub(super) fn slot(&self, stream: &StreamId) -> u32 {
        let heads = self.log.after(Position::ZERO).map(|record| record.unwrap().into_envelope());
        heads
            .filter(|envelope| envelope.head.stream == *stream)
            .find_map(|envelope| match envelope.head.payload {
                PayloadKind::Sealed { slot, .. } => Some(slot),
                PayloadKind::Empty | PayloadKind::Clear => None,
            })
            .unwrap()
    }

    pub(super) fn forget(&self, stream: impl Into<StreamId>, class: Class) {
        let stream = stream.into();
        self.log.keys().destroy(self.slot(&stream), &stream, class).unwrap();
    }
}

fn open_log(dir: &Path) -> EventLog {
    let settings = LogSettings { free_bytes_min: 0, ..LogSettings::new(dir.join("log")) };
    EventLog::open(&settings, SecretKey::from_bytes([7; 32])).unwrap()
}

/// Body and ETag, to compare at once.
#[track_caller]
pub(super) fn check(found: Result<Option<Answer>, ReadError>, etag: &str, body: &str) {
    let answer = found.unwrap().expect("an answer");
    assert_eq!(std::str::from_utf8(&answer.body).unwrap(), body);
    // Behind the version stands what the body says.
    let etag = crate::etag_of(crate::version_of(etag).unwrap(), body.as_bytes());
    assert_eq!(std::str::from_utf8(&answer.etag).unwrap(), etag);
}

#[track_caller]
pub(super) fn check_none(found: Result<Option<Answer>, ReadError>) {
    assert_eq!(found.unwrap(), None);
}

pub(super) fn customer(id: &str) -> CustomerId {
    CustomerId::parse(id).unwrap()
}

pub(super) fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

pub(super) fn consent(id: &str) -> ConsentId {
    ConsentId::parse(id).unwrap()
}

pub(super) fn client(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}

pub(super) fn contact(id: &str) -> ContactId {
    ContactId::parse(id).unwrap()
}

pub(super) fn address(id: u64) -> AddressId {
    AddressId::new(id).unwrap()
}

pub(super) fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).unwrap()
}

/// An instant in 2026, by the day of January.
pub(super) fn day(day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, day, 0, 0, 0).unwrap()
}

pub(super) fn contract(name: &str) -> CustomerDetails {
    CustomerDetails {
        external_reference: Some(text("X-1")),
        name: Some(text(name)),
        activity: Activity::Active,
        reference_currency: Some(Currency::parse("CHF").unwrap()),
        opening_date: Some(Date::parse("2020-02-29").unwrap()),
    }
}

pub(super) fn opened(name: &str) -> CustomerEvent {
    CustomerEvent::Opened(Personal::Known(contract(name)))
}

pub(super) fn place(town: &str, mailing: bool, domicile: bool) -> Address {
    Address {
        address_name: Some(text("Mansion")),
        is_domicile: domicile,
        is_mailing_address: mailing,
        mailing_instruction: None,
        dispatch_type: DispatchType::Postal,
        language: None,
        postal_address: PostalAddress {
            salutation: Salutation { title: Some(text("PhD")), ..Salutation::default() },
            name: Some(AddresseeName {
                last_name: Some(text("Stark")),
                ..AddresseeName::default()
            }),
            physical_address: PhysicalAddress {
                care_of: None,
                to_the_attention_of: None,
                street_name: Some(text("Malibu Point")),
                building_number: None,
                post_box: None,
                address_suffix: None,
                post_code: text("8001"),
                town_name: text(town),
                country_sub_division: None,
                country: Country::parse("CH").unwrap(),
            },
        },
    }
}

pub(super) fn address_added(id: u64, details: Address) -> CustomerEvent {
    CustomerEvent::AddressAdded { address: address(id), details: Personal::Known(details) }
}

pub(super) fn address_changed(id: u64, details: Address) -> CustomerEvent {
    CustomerEvent::AddressChanged { address: address(id), details: Personal::Known(details) }
}

pub(super) fn kyc(profession: &str) -> CustomerEvent {
    let non_financial = NonFinancialSituation {
        profession: Some(text(profession)),
        ..NonFinancialSituation::default()
    };
    let kyc = Kyc { non_financial_situation: Some(non_financial), financial_situation: None };
    CustomerEvent::KycRecorded(Personal::Known(kyc))
}

pub(super) fn linked(id: &str, relation: Option<Relation>) -> CustomerEvent {
    let link = Personal::Known(Link { person_relation: relation });
    CustomerEvent::PersonLinked { person: person(id), link }
}

pub(super) fn unlinked(id: &str, relation: Option<Relation>) -> CustomerEvent {
    let link = Personal::Known(Link { person_relation: relation });
    CustomerEvent::PersonUnlinked { person: person(id), link }
}

pub(super) fn human(name: &str) -> PersonDetails {
    PersonDetails {
        external_reference: Some(text("Y-1")),
        full_name: Some(text(name)),
        country_of_domicile: Some(Country::parse("CH").unwrap()),
        language: None,
        person_details: Party::NaturalPerson(NaturalPerson {
            last_name: Some(text("Stark")),
            ..NaturalPerson::default()
        }),
        tax_domicile: Some(vec![Country::parse("CH").unwrap()]),
    }
}

pub(super) fn registered(name: &str) -> PersonEvent {
    PersonEvent::Registered(Personal::Known(human(name)))
}

pub(super) fn phone(number: &str) -> ContactDetail {
    ContactDetail {
        medium: Medium::Phone,
        contact_medium_type: Some(ContactMediumType::Private),
        contact_content: text(number),
        additional_contact_information: None,
    }
}

pub(super) fn contact_added(id: &str, number: &str) -> PersonEvent {
    let detail = Personal::Known(phone(number));
    PersonEvent::ContactAdded { contact: contact(id), detail }
}

pub(super) fn contact_changed(id: &str, number: &str) -> PersonEvent {
    let detail = Personal::Known(phone(number));
    PersonEvent::ContactChanged { contact: contact(id), detail }
}

pub(super) fn terms(client_id: &str, customers: &[&str], scopes: &[Scope]) -> ConsentTerms {
    ConsentTerms {
        client_identification: client(client_id),
        customer_identifications: customers.iter().map(|id| customer(id)).collect(),
        scopes: scopes.iter().copied().collect(),
        valid_from: None,
        valid_to: None,
    }
}

pub(super) fn granted(client_id: &str, customers: &[&str]) -> ConsentEvent {
    ConsentEvent::Granted(terms(client_id, customers, &Scope::ALL))
}
