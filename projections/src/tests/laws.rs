//! However events reach the projections, they lead to the same.

use events::{
    consent::{ConsentEvent, Scope},
    customer::CustomerEvent,
    event::{Event, Personal},
    id::StreamId,
    party::Relation,
    person::PersonEvent,
};
use proptest::{collection, prelude::*};

use super::bank::*;

/// Any event on one of few streams, in place or not.
fn happening() -> impl Strategy<Value = (StreamId, Event)> {
    (0..3_u8, 0..3_u64, 1..4_u64, 0..17_u8).prop_map(
        |(aggregate, id, object, kind)| match aggregate {
            0 => {
                (customer(&format!("C-{id}")).into(), Event::Customer(contract_event(kind, object)))
            }
            1 => (person(&format!("P-{id}")).into(), Event::Person(person_event(kind, object))),
            _ => (consent(&format!("N-{id}")).into(), Event::Consent(consent_event(kind, object))),
        },
    )
}

fn contract_event(kind: u8, object: u64) -> CustomerEvent {
    let (town, id) = (format!("T-{}", object % 2), format!("P-{object}"));
    let relation = (object == 1).then_some(Relation::Other);
    match kind {
        0..4 => opened(&town),
        4 => CustomerEvent::Amended(Personal::Known(contract(&town))),
        5 => CustomerEvent::Closed,
        6 => CustomerEvent::Reopened,
        7 | 8 => address_added(object, place(&town, object == 1, object == 2)),
        9 | 10 => address_changed(object, place(&town, object == 2, object == 1)),
        11 => CustomerEvent::AddressRemoved { address: address(object) },
        12 => kyc(&town),
        13 | 14 => linked(&id, relation),
        15 => unlinked(&id, relation),
        _ => CustomerEvent::PersonUnlinked { person: person(&id), link: Personal::Forgotten },
    }
}

fn person_event(kind: u8, object: u64) -> PersonEvent {
    let (name, id) = (format!("T-{}", object % 2), format!("K-{object}"));
    match kind {
        0..6 => registered(&name),
        6 | 7 => PersonEvent::Amended(Personal::Known(human(&name))),
        8..11 => contact_added(&id, &name),
        11..14 => contact_changed(&id, &name),
        14 => PersonEvent::ContactRemoved { contact: contact(&id) },
        _ => PersonEvent::Amended(Personal::Forgotten),
    }
}

fn consent_event(kind: u8, object: u64) -> ConsentEvent {
    let name = format!("C-{}", object % 3);
    match kind {
        0..8 => granted("A", &[&name]),
        8..12 => ConsentEvent::Amended(terms("A", &["C-0", &name], &[Scope::CustomerRead])),
        _ => ConsentEvent::Revoked,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn one_by_one_in_batches_or_rebuilt_they_are_the_same(
        happenings in collection::vec(happening(), 1..60),
        restart in 0..60_usize,
    ) {
        let bank = Bank::new();
        let mut live = bank.open("live");
        for (nth, (stream, event)) in happenings.into_iter().enumerate() {
            bank.append(stream, vec![event]);
            bank.settle(&live);
            if nth == restart {
                live.close();
                drop(live);
                live = bank.projections("live");
            }
        }
        let (digest, parked) = (live.digest().unwrap(), live.parked());
        let batched = bank.projections("batched");
        prop_assert_eq!(digest, batched.digest().unwrap());
        prop_assert_eq!(parked, batched.parked());
        let seen = |projections: &crate::Projections| (
            projections.customers(&client("A"), day(1), (None, 100), &mut 0),
            projections.persons(&client("A"), day(1), (None, 100), &mut 0),
        );
        prop_assert_eq!(seen(&live), seen(&batched));

        batched.close();
        drop(batched);
        let reopened = bank.projections("batched");
        prop_assert_eq!(seen(&live), seen(&reopened));
        prop_assert_eq!(digest, bank.rebuilt());
    }
}
