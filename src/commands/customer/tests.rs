use std::collections::BTreeSet;

use events::party::Relation;

use super::*;

const LIMITS: Limits = Limits { addresses_max: 3, contacts_max: 3 };
const BANK: Actor = Actor::Bank;
const CLIENT: Actor = Actor::Client;

fn id(number: u64) -> AddressId {
    AddressId::new(number).unwrap()
}

fn ours(nth: u64) -> AddressId {
    AddressId::ours(nth).unwrap()
}

fn at(town: &str) -> Address {
    let json = serde_json::json!({
        "isDomicile": false, "isMailingAddress": true, "dispatchType": "postal",
        "postalAddress": {
            "salutation": {},
            "physicalAddress": { "postCode": "8001", "townName": town, "country": "CH" },
        },
    });
    serde_json::from_value(json).unwrap()
}

fn named(name: &str) -> CustomerDetails {
    serde_json::from_value(serde_json::json!({ "name": name, "activity": "active" })).unwrap()
}

fn opened(name: &str) -> CustomerEvent {
    CustomerEvent::Opened(Personal::Known(named(name)))
}

fn added(address: AddressId, town: &str) -> CustomerEvent {
    CustomerEvent::AddressAdded { address, details: Personal::Known(at(town)) }
}

fn changed(address: AddressId, town: &str) -> CustomerEvent {
    CustomerEvent::AddressChanged { address, details: Personal::Known(at(town)) }
}

fn removed(address: AddressId) -> CustomerEvent {
    CustomerEvent::AddressRemoved { address }
}

fn link(person: &str, relation: Relation) -> (PersonId, Link) {
    (PersonId::parse(person).unwrap(), Link { person_relation: Some(relation) })
}

fn linked((person, link): (PersonId, Link)) -> CustomerEvent {
    CustomerEvent::PersonLinked { person, link: Personal::Known(link) }
}

fn unlinked((person, link): (PersonId, Link)) -> CustomerEvent {
    CustomerEvent::PersonUnlinked { person, link: Personal::Known(link) }
}

fn add(town: &str) -> CustomerCommand {
    CustomerCommand::AddAddress { details: at(town), if_match: None }
}

/// A client's change of an address to a town, as it would be sent.
fn change(address: AddressId, town: &str, if_match: Option<Version>) -> CustomerCommand {
    let body = serde_json::json!({
        "dispatchType": "postal",
        "postalAddress": {
            "salutation": {},
            "physicalAddress": { "postCode": "8001", "townName": town, "country": "CH" },
        },
    });
    let change = crate::parse::address::replacement_of(Some(address), body.to_string().as_bytes());
    CustomerCommand::ChangeAddress { address, change: change.unwrap().value, if_match }
}

fn state(name: &str, closed: bool, links: Option<&[(PersonId, Link)]>) -> CustomerCommand {
    CustomerCommand::State(CustomerLine {
        id: events::id::CustomerId::parse("C-1").unwrap(),
        details: named(name),
        closed,
        links: links.map(|links| links.iter().cloned().collect::<BTreeSet<_>>()),
    })
}

fn stated(address: AddressId, town: &str) -> CustomerCommand {
    CustomerCommand::StateAddress { address, change: AddressChange::Stated(at(town)) }
}

fn gone(address: AddressId) -> CustomerCommand {
    CustomerCommand::StateAddress { address, change: AddressChange::Removed }
}

fn after(history: &[(Actor, CustomerEvent)]) -> Customer {
    let mut customer = Customer::default();
    let mut version = Version::ZERO;
    for (actor, event) in history {
        version = version.next();
        customer.evolve(*actor, version, event);
    }
    customer
}

#[track_caller]
fn check(
    history: &[(Actor, CustomerEvent)],
    command: CustomerCommand,
    expected: Result<&[CustomerEvent], Rejection>,
) {
    let decided = after(history).decide(command, &LIMITS);
    assert_eq!(decided, expected.map(<[_]>::to_vec));
}

#[test]
fn an_unknown_customer_is_opened_by_its_line_and_by_nothing_else() {
    check(&[], state("Ada", false, None), Ok(&[opened("Ada")]));
    check(&[], add("Chur"), Err(Rejection::UnknownCustomer));
    check(&[], stated(id(1), "Chur"), Err(Rejection::UnknownCustomer));
    check(&[], CustomerCommand::StateKyc(Kyc::default()), Err(Rejection::UnknownCustomer));
}

#[test]
fn a_line_that_says_what_is_known_leaves_no_trace() {
    let owner = link("P-1", Relation::AccountOwner);
    let history = [(BANK, opened("Ada")), (BANK, linked(owner.clone()))];
    check(&history, state("Ada", false, Some(&[owner])), Ok(&[]));
}

#[test]
fn a_line_may_open_and_close_at_once() {
    check(&[], state("Ada", true, None), Ok(&[opened("Ada"), CustomerEvent::Closed]));
}

#[test]
fn a_closed_customer_is_reopened_by_its_line() {
    let history = [(BANK, opened("Ada")), (BANK, CustomerEvent::Closed)];
    check(&history, state("Ada", false, None), Ok(&[CustomerEvent::Reopened]));
}

#[test]
fn links_follow_a_list_and_ignore_an_absent_one() {
    let owner = link("P-1", Relation::AccountOwner);
    let signatory = link("P-1", Relation::AuthorisedSignatory);
    let history = [(BANK, opened("Ada")), (BANK, linked(owner.clone()))];
    check(&history, state("Ada", false, None), Ok(&[]));
    check(
        &history,
        state("Ada", false, Some(std::slice::from_ref(&signatory))),
        Ok(&[unlinked(owner.clone()), linked(signatory)]),
    );
    check(&history, state("Ada", false, Some(&[])), Ok(&[unlinked(owner)]));
}

#[test]
fn a_client_adds_an_address_under_an_id_of_ours() {
    check(&[(BANK, opened("Ada"))], add("Chur"), Ok(&[added(ours(0), "Chur")]));
    let history = [(BANK, opened("Ada")), (CLIENT, added(ours(0), "Chur"))];
    check(&history, add("Chur"), Ok(&[added(ours(1), "Chur")]));
}

#[test]
fn an_id_is_never_given_twice() {
    let history =
        [(BANK, opened("Ada")), (CLIENT, added(ours(0), "Chur")), (BANK, removed(ours(0)))];
    check(&history, add("Bern"), Ok(&[added(ours(1), "Bern")]));
    check(&history, stated(ours(0), "Bern"), Err(Rejection::RemovedAddress));
}

#[test]
fn addresses_are_bounded() {
    let mut history = vec![(BANK, opened("Ada"))];
    history.extend((1..=3).map(|number| (BANK, added(id(number), "Chur"))));
    check(&history, add("Bern"), Err(Rejection::TooManyAddresses));
    check(&history, stated(id(4), "Bern"), Err(Rejection::TooManyAddresses));
    history.push((BANK, removed(id(1))));
    check(&history, add("Bern"), Ok(&[added(ours(0), "Bern")]));
}

#[test]
fn a_client_changes_an_address() {
    let history = [(BANK, opened("Ada")), (BANK, added(id(1), "Chur"))];
    check(&history, change(id(1), "Bern", None), Ok(&[changed(id(1), "Bern")]));
}

#[test]
fn changing_an_address_to_what_it_already_is_leaves_no_trace() {
    let history = [(BANK, opened("Ada")), (BANK, added(id(1), "Chur"))];
    check(&history, change(id(1), "Chur", None), Ok(&[]));
}

#[test]
fn an_address_that_is_not_there_cannot_be_changed() {
    let history = [(BANK, opened("Ada")), (BANK, added(id(1), "Chur")), (BANK, removed(id(1)))];
    check(&history, change(id(1), "Bern", None), Err(Rejection::UnknownAddress));
    check(&history, change(id(2), "Bern", None), Err(Rejection::UnknownAddress));
}

#[test]
fn a_closed_customer_takes_no_writes_of_clients_but_the_banks() {
    let history =
        [(BANK, opened("Ada")), (BANK, added(id(1), "Chur")), (BANK, CustomerEvent::Closed)];
    check(&history, add("Bern"), Err(Rejection::Closed));
    check(&history, change(id(1), "Bern", None), Err(Rejection::Closed));
    check(&history, stated(id(1), "Bern"), Ok(&[changed(id(1), "Bern")]));
}

#[test]
fn a_write_on_an_old_version_is_refused() {
    let history = [
        (BANK, opened("Ada")),
        (BANK, added(id(1), "Chur")),
        (BANK, added(id(2), "Chur")),
        (CLIENT, changed(id(1), "Bern")),
    ];
    check(&history, change(id(1), "Genf", Some(Version(2))), Err(Rejection::ChangedSince));
    check(&history, change(id(1), "Genf", Some(Version(4))), Ok(&[changed(id(1), "Genf")]));
    check(&history, change(id(2), "Genf", Some(Version(3))), Ok(&[changed(id(2), "Genf")]));
    let add_seen = |version| CustomerCommand::AddAddress {
        details: at("Genf"),
        if_match: Some(Version(version)),
    };
    check(&history, add_seen(1), Err(Rejection::ChangedSince));
    check(&history, add_seen(3), Ok(&[added(ours(0), "Genf")]));
}

#[test]
fn an_unchanged_line_of_the_bank_does_not_undo_what_a_client_changed() {
    let history =
        [(BANK, opened("Ada")), (BANK, added(id(1), "Chur")), (CLIENT, changed(id(1), "Bern"))];
    check(&history, stated(id(1), "Chur"), Ok(&[]));
}

#[test]
fn a_new_statement_of_the_bank_holds_even_if_it_says_what_the_client_said() {
    let mut history =
        vec![(BANK, opened("Ada")), (BANK, added(id(1), "Chur")), (CLIENT, changed(id(1), "Bern"))];
    check(&history, stated(id(1), "Genf"), Ok(&[changed(id(1), "Genf")]));
    check(&history, stated(id(1), "Bern"), Ok(&[changed(id(1), "Bern")]));
    history.push((BANK, changed(id(1), "Bern")));
    history.push((CLIENT, changed(id(1), "Lugano")));
    check(&history, stated(id(1), "Bern"), Ok(&[]));
}

#[test]
fn the_bank_numbers_its_own_addresses_only() {
    check(&[(BANK, opened("Ada"))], stated(ours(0), "Chur"), Err(Rejection::NotTheBanksId));
    let history = [(BANK, opened("Ada")), (CLIENT, added(ours(0), "Chur"))];
    check(&history, stated(ours(0), "Bern"), Ok(&[changed(ours(0), "Bern")]));
    check(&history, gone(ours(0)), Ok(&[removed(ours(0))]));
}

#[test]
fn removing_what_is_not_there_leaves_no_trace() {
    let history = [(BANK, opened("Ada")), (BANK, added(id(1), "Chur")), (BANK, removed(id(1)))];
    check(&history, gone(id(1)), Ok(&[]));
    check(&history, gone(id(2)), Ok(&[]));
}

#[test]
fn kyc_is_recorded_once() {
    let kyc = Kyc::default();
    let recorded = CustomerEvent::KycRecorded(Personal::Known(kyc.clone()));
    let command = CustomerCommand::StateKyc(kyc);
    check(&[(BANK, opened("Ada"))], command.clone(), Ok(std::slice::from_ref(&recorded)));
    check(&[(BANK, opened("Ada")), (BANK, recorded)], command, Ok(&[]));
}

#[test]
fn what_was_forgotten_is_still_counted() {
    let forgotten = |address| CustomerEvent::AddressAdded { address, details: Personal::Forgotten };
    let owner = PersonId::parse("P-1").unwrap();
    let history = [
        (BANK, CustomerEvent::Opened(Personal::Forgotten)),
        (CLIENT, forgotten(ours(0))),
        (BANK, CustomerEvent::PersonLinked { person: owner, link: Personal::Forgotten }),
    ];
    check(&history, add("Chur"), Ok(&[added(ours(1), "Chur")]));
    check(&history, change(ours(0), "Chur", None), Err(Rejection::UnknownAddress));
    check(
        &history,
        state("Ada", false, Some(&[])),
        Ok(&[CustomerEvent::Amended(Personal::Known(named("Ada")))]),
    );
}
