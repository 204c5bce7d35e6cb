use super::*;

const LIMITS: Limits = Limits { addresses_max: 3, contacts_max: 3 };
const BANK: Actor = Actor::Bank;
const CLIENT: Actor = Actor::Client;

fn id(id: &str) -> ContactId {
    ContactId::parse(id).unwrap()
}

fn mail(content: &str) -> ContactDetail {
    let json = serde_json::json!({ "medium": "email", "contactContent": content });
    serde_json::from_value(json).unwrap()
}

fn named(name: &str) -> PersonDetails {
    let json = serde_json::json!({
        "fullName": name, "personDetails": { "personType": "naturalPerson" },
    });
    serde_json::from_value(json).unwrap()
}

fn registered(name: &str) -> PersonEvent {
    PersonEvent::Registered(Personal::Known(named(name)))
}

fn added(contact: &str, content: &str) -> PersonEvent {
    PersonEvent::ContactAdded { contact: id(contact), detail: Personal::Known(mail(content)) }
}

fn changed(contact: &str, content: &str) -> PersonEvent {
    PersonEvent::ContactChanged { contact: id(contact), detail: Personal::Known(mail(content)) }
}

fn removed(contact: &str) -> PersonEvent {
    PersonEvent::ContactRemoved { contact: id(contact) }
}

fn add(contact: &str, content: &str) -> PersonCommand {
    PersonCommand::AddContact { contact: id(contact), detail: mail(content), if_match: None }
}

fn change(contact: &str, content: &str, if_match: Option<Version>) -> PersonCommand {
    PersonCommand::ChangeContact { contact: id(contact), detail: mail(content), if_match }
}

fn state(name: &str, contacts: Option<&[(&str, &str)]>) -> PersonCommand {
    let contacts = contacts.map(|contacts| {
        contacts.iter().map(|(contact, content)| (id(contact), mail(content))).collect()
    });
    let line = PersonLine {
        id: events::id::PersonId::parse("P-1").unwrap(),
        details: named(name),
        contacts,
    };
    PersonCommand::State(line)
}

#[track_caller]
fn check(
    history: &[(Actor, PersonEvent)],
    command: PersonCommand,
    expected: Result<&[PersonEvent], Rejection>,
) {
    let mut person = Person::default();
    let mut version = Version::ZERO;
    for (actor, event) in history {
        version = version.next();
        person.evolve(*actor, version, event);
    }
    assert_eq!(person.decide(command, &LIMITS), expected.map(<[_]>::to_vec));
}

#[test]
fn an_unknown_person_is_registered_by_its_line_and_by_nothing_else() {
    check(
        &[],
        state("Ada", Some(&[("K-1", "a@example.ch")])),
        Ok(&[registered("Ada"), added("K-1", "a@example.ch")]),
    );
    check(&[], add("K-1", "a@example.ch"), Err(Rejection::UnknownPerson));
    check(&[], change("K-1", "a@example.ch", None), Err(Rejection::UnknownPerson));
}

#[test]
fn a_line_that_says_what_is_known_leaves_no_trace() {
    let history = [(BANK, registered("Ada")), (BANK, added("K-1", "a@example.ch"))];
    check(&history, state("Ada", Some(&[("K-1", "a@example.ch")])), Ok(&[]));
    check(&history, state("Ada", None), Ok(&[]));
}

#[test]
fn what_the_bank_leaves_out_of_its_list_goes_unless_a_client_made_it() {
    let history = [
        (BANK, registered("Ada")),
        (BANK, added("K-1", "a@example.ch")),
        (CLIENT, added("ours", "b@example.ch")),
    ];
    check(&history, state("Ada", Some(&[])), Ok(&[removed("K-1")]));
}

#[test]
fn an_unchanged_line_of_the_bank_does_not_undo_what_a_client_changed() {
    let history = [
        (BANK, registered("Ada")),
        (BANK, added("K-1", "a@example.ch")),
        (CLIENT, changed("K-1", "b@example.ch")),
    ];
    check(&history, state("Ada", Some(&[("K-1", "a@example.ch")])), Ok(&[]));
    check(
        &history,
        state("Ada", Some(&[("K-1", "c@example.ch")])),
        Ok(&[changed("K-1", "c@example.ch")]),
    );
}

#[test]
fn what_was_removed_may_be_stated_again() {
    let history =
        [(BANK, registered("Ada")), (BANK, added("K-1", "a@example.ch")), (BANK, removed("K-1"))];
    check(
        &history,
        state("Ada", Some(&[("K-1", "a@example.ch")])),
        Ok(&[added("K-1", "a@example.ch")]),
    );
}

#[test]
fn a_client_adds_and_changes_contact_details() {
    let history = [(BANK, registered("Ada")), (BANK, added("K-1", "a@example.ch"))];
    check(&history, add("new", "b@example.ch"), Ok(&[added("new", "b@example.ch")]));
    check(&history, change("K-1", "b@example.ch", None), Ok(&[changed("K-1", "b@example.ch")]));
    check(&history, change("K-1", "a@example.ch", None), Ok(&[]));
    check(&history, change("K-2", "a@example.ch", None), Err(Rejection::UnknownContact));
}

#[test]
fn contact_details_are_bounded() {
    let mut history = vec![(BANK, registered("Ada"))];
    history.extend(["K-1", "K-2", "K-3"].map(|contact| (BANK, added(contact, "a@example.ch"))));
    check(&history, add("new", "b@example.ch"), Err(Rejection::TooManyContacts));
    history.push((BANK, removed("K-1")));
    check(&history, add("new", "b@example.ch"), Ok(&[added("new", "b@example.ch")]));
}

#[test]
fn a_write_on_an_old_version_is_refused() {
    let history = [
        (BANK, registered("Ada")),
        (BANK, added("K-1", "a@example.ch")),
        (CLIENT, changed("K-1", "b@example.ch")),
    ];
    let seen = |version| change("K-1", "c@example.ch", Some(Version(version)));
    check(&history, seen(2), Err(Rejection::ChangedSince));
    check(&history, seen(3), Ok(&[changed("K-1", "c@example.ch")]));
}

#[test]
fn forgotten_contact_details_cannot_be_changed() {
    let forgotten = PersonEvent::ContactAdded { contact: id("K-1"), detail: Personal::Forgotten };
    let history = [(BANK, registered("Ada")), (BANK, forgotten)];
    check(&history, change("K-1", "b@example.ch", None), Err(Rejection::UnknownContact));
}
