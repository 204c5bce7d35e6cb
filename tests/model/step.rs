//! What may happen to the service, in any order.

use proptest::prelude::*;

use super::{CUSTOMERS, PERSONS, TOWNS};

#[derive(Debug, Clone)]
pub(super) enum Step {
    AddAddress {
        customer: usize,
        town: usize,
    },
    AddContact {
        person: usize,
        town: usize,
    },
    /// One of what there is, seen as it is or as it was before.
    Change {
        nth: usize,
        town: usize,
        stale: bool,
    },
    /// An earlier request once more, under its key.
    Repeat {
        nth: usize,
    },
    /// The bank states an address.
    State {
        customer: usize,
        number: u64,
        town: usize,
    },
    /// The bank states a customer's name, or what it does for a living.
    Name {
        customer: usize,
        town: usize,
    },
    Profession {
        customer: usize,
        town: usize,
    },
    /// The bank says whether the client may see anything.
    Consent {
        given: bool,
    },
    Restart,
    Kill,
    /// Killed while an address is being added; then it is asked for again.
    KillInTheMiddle {
        customer: usize,
        town: usize,
        after_ms: u64,
    },
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let (customer, person, town) = (0..CUSTOMERS.len(), 0..PERSONS.len(), 0..TOWNS.len());
    prop_oneof![
        4 => (customer.clone(), town.clone())
            .prop_map(|(customer, town)| Step::AddAddress { customer, town }),
        3 => (person, town.clone()).prop_map(|(person, town)| Step::AddContact { person, town }),
        5 => (any::<usize>(), town.clone(), prop::bool::weighted(0.25))
            .prop_map(|(nth, town, stale)| Step::Change { nth, town, stale }),
        3 => any::<usize>().prop_map(|nth| Step::Repeat { nth }),
        3 => (customer.clone(), 1..4_u64, town.clone())
            .prop_map(|(customer, number, town)| Step::State { customer, number, town }),
        1 => (customer.clone(), town.clone())
            .prop_map(|(customer, town)| Step::Name { customer, town }),
        1 => (customer.clone(), town.clone())
            .prop_map(|(customer, town)| Step::Profession { customer, town }),
        2 => prop::bool::weighted(0.7).prop_map(|given| Step::Consent { given }),
        1 => Just(Step::Restart),
        2 => Just(Step::Kill),
        2 => (customer, town, 0..8_u64).prop_map(|(customer, town, after_ms)| {
            Step::KillInTheMiddle { customer, town, after_ms }
        }),
    ]
}
