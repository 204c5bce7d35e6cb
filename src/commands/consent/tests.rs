use super::*;

fn terms(client: &str, customers: &[&str]) -> ConsentTerms {
    let json = serde_json::json!({
        "clientIdentification": client,
        "customerIdentifications": customers,
        "scopes": ["customer:read"],
    });
    serde_json::from_value(json).unwrap()
}

fn granted(client: &str, customers: &[&str]) -> ConsentEvent {
    ConsentEvent::Granted(terms(client, customers))
}

fn state(client: &str, customers: &[&str], revoked: bool) -> ConsentCommand {
    let id = events::id::ConsentId::parse("K-1").unwrap();
    ConsentCommand::State(ConsentLine { id, terms: terms(client, customers), revoked })
}

#[track_caller]
fn check(
    history: &[ConsentEvent],
    command: ConsentCommand,
    expected: Result<&[ConsentEvent], Rejection>,
) {
    let mut consent = Consent::default();
    for event in history {
        consent.evolve(Actor::Bank, event);
    }
    assert_eq!(consent.decide(command), expected.map(<[_]>::to_vec));
}

#[test]
fn a_consent_is_granted_amended_and_revoked_by_its_line() {
    let first = granted("alpha", &["C-1"]);
    check(&[], state("alpha", &["C-1"], false), Ok(std::slice::from_ref(&first)));
    check(
        std::slice::from_ref(&first),
        state("alpha", &["C-1", "C-2"], false),
        Ok(&[ConsentEvent::Amended(terms("alpha", &["C-1", "C-2"]))]),
    );
    check(&[first], state("alpha", &["C-1"], true), Ok(&[ConsentEvent::Revoked]));
}

#[test]
fn a_consent_may_come_revoked() {
    let both = [granted("alpha", &["C-1"]), ConsentEvent::Revoked];
    check(&[], state("alpha", &["C-1"], true), Ok(&both));
}

#[test]
fn a_line_that_says_what_is_known_leaves_no_trace() {
    let history = [granted("alpha", &["C-1"])];
    check(&history, state("alpha", &["C-1"], false), Ok(&[]));
    let history = [granted("alpha", &["C-1"]), ConsentEvent::Revoked];
    check(&history, state("alpha", &["C-1"], true), Ok(&[]));
}

#[test]
fn a_revoked_consent_may_be_granted_again() {
    let history = [granted("alpha", &["C-1"]), ConsentEvent::Revoked];
    check(&history, state("alpha", &["C-1"], false), Ok(&[granted("alpha", &["C-1"])]));
}

#[test]
fn a_consent_never_passes_to_another_client() {
    let history = [granted("alpha", &["C-1"])];
    check(&history, state("beta", &["C-1"], false), Err(Rejection::AnotherClients));
}

#[test]
fn a_line_that_was_stated_before_does_not_undo_an_operator() {
    let mut consent = Consent::default();
    let ConsentCommand::State(line) = state("alpha", &["C-1"], false) else { unreachable!() };
    let steps =
        [(Actor::Bank, state("alpha", &["C-1"], false)), (Actor::Operator, ConsentCommand::Revoke)];
    for (actor, command) in steps {
        for event in consent.decide(command).unwrap() {
            consent.evolve(actor, &event);
        }
    }
    assert_eq!(consent.decide(ConsentCommand::State(line.clone())), Ok(Vec::new()));
    // The same, once it was stated revoked in between.
    for event in consent.decide(state("alpha", &["C-1"], true)).unwrap() {
        consent.evolve(Actor::Bank, &event);
    }
    assert_eq!(consent.decide(ConsentCommand::State(line)), Ok(vec![granted("alpha", &["C-1"])]));
}

#[test]
fn an_amendment_leaves_the_terms_that_it_does_not_name() {
    let history = [granted("alpha", &["C-1"])];
    let change = TermsChange {
        customers: Some(terms("alpha", &["C-2"]).customer_identifications),
        ..TermsChange::default()
    };
    let amended = ConsentEvent::Amended(terms("alpha", &["C-2"]));
    check(&history, ConsentCommand::Amend(change), Ok(&[amended]));
    check(&history, ConsentCommand::Amend(TermsChange::default()), Ok(&[]));
}
