//! The pattern for ids of addresses against what is read as one: both take the same.

use std::sync::{Arc, LazyLock};

use events::id::AddressId;
use jsonschema::Validator;
use proptest::prelude::*;

use crate::support::document::{DOCUMENT, validator};

static DIGITS: LazyLock<Arc<Validator>> =
    LazyLock::new(|| validator(&DOCUMENT["components"]["parameters"]["addressId"]["schema"]));

/// Whether both take them.
fn check(digits: &str) -> bool {
    let taken = AddressId::parse(digits).is_ok();
    assert_eq!(DIGITS.is_valid(&digits.into()), taken, "{digits:?}");
    taken
}

#[test]
fn the_bound_is_the_same_whichever_digit_goes_beyond_it() {
    assert!(check(&AddressId::MAX.to_string()) && check("1") && !check("0") && !check("01"));
    for power in 0..16 {
        let step = 10_u64.pow(power);
        let cut = AddressId::MAX / step * step;
        assert!(check(&step.to_string()) && check(&cut.to_string()));
        assert!(check(&(AddressId::MAX - step).to_string()));
        assert!(!check(&(cut + step).to_string()) && !check(&(AddressId::MAX + step).to_string()));
    }
}

proptest! {
    #[test]
    fn any_digits_are_judged_alike(digits in "[0-9]{0,18}|9[0-9]{15}|90071992[0-9]{8}|90071992547409[0-9]{2}|.{0,3}") {
        check(&digits);
    }
}
