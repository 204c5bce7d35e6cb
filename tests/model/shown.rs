//! What is shown of what was said.

use serde_json::Value;

use super::CUSTOMERS;
use crate::support::bank::*;

/// Of the customers to persons, as the small bank has them.
pub(super) const LINKS: [&[(&str, &str)]; 2] =
    [&[("P-1", "accountOwner"), ("P-2", "authorisedRepresentative")], &[("P-1", "accountOwner")]];

pub(super) fn shown_customer(nth: usize, name: &str) -> Value {
    let mut line = customer(CUSTOMERS[nth], LINKS[nth]);
    with(line["customer"].take(), "/name", name)
}

pub(super) fn shown_kyc(profession: &str) -> Value {
    let line = without(kyc("C-1", profession), "/kyc/customerIdentification");
    line["kyc"].clone()
}

/// OpenWealth has some members of an address in two places.
pub(super) fn shown_address(
    number: u64,
    town: &str,
    is_domicile: bool,
    is_mailing_address: bool,
) -> Value {
    let mut address = change(number, town);
    let physical = address["postalAddress"]["physicalAddress"].clone();
    let postal = address["postalAddress"].as_object_mut().unwrap();
    postal.extend(physical.as_object().unwrap().clone());
    for place in ["", "/postalAddress"] {
        address = with(address, &format!("{place}/isDomicile"), is_domicile);
        address = with(address, &format!("{place}/isMailingAddress"), is_mailing_address);
    }
    address
}
