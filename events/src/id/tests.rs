//! Names of things, at the borders.

use super::*;

#[test]
fn an_id_has_1_to_35_characters_of_any_kind_but_control() {
    for id in ["1", "ü.*>/= \\\"", &"𝕏".repeat(35)] {
        assert_eq!(CustomerId::parse(id).unwrap().as_str(), id);
    }
    for id in ["", "a\0b", "\n", &"a".repeat(36)] {
        assert!(CustomerId::parse(id).is_err(), "{id:?}");
    }
}

#[test]
fn an_address_id_is_a_number_written_in_one_way() {
    for digits in ["1", "999999999999", "9007199254740991"] {
        assert_eq!(AddressId::parse(digits).unwrap().to_string(), digits);
    }
    for none in ["", "0", "01", "+1", "-1", " 1", "1.0", "9007199254740992", "99999999999999999999"]
    {
        assert!(AddressId::parse(none).is_err(), "{none:?}");
    }
}

#[test]
fn our_address_ids_lie_above_the_banks() {
    assert!(!AddressId::parse("999999999999").unwrap().is_ours());
    assert!(AddressId::ours(0).unwrap().is_ours());
    assert_ne!(AddressId::ours(0).unwrap(), AddressId::ours(1).unwrap());
    assert!(AddressId::ours(u64::MAX).is_err());
}

#[test]
fn a_stream_is_named_by_its_aggregate_and_its_id_whatever_that_holds() {
    for name in ["customer/C-1", "person/a/b", "consent//"] {
        assert_eq!(StreamId::parse(name).unwrap().to_string(), name);
    }
    for none in ["customer", "customer/", "account/C-1", "Customer/C-1", "/C-1", ""] {
        assert!(StreamId::parse(none).is_err(), "{none:?}");
    }
}
