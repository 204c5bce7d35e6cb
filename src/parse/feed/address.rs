//! What the bank states about an address of a customer.

use events::address::Address;
use events::id::{AddressId, CustomerId};

use crate::parse::address;
use crate::parse::scalar::{address_id, choice, flag, id};
use crate::parse::value::{Object, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressLine {
    pub customer: CustomerId,
    pub id: AddressId,
    pub change: AddressChange,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressChange {
    Stated(Address),
    Removed,
}

/// What an address that leaves may still say, without effect.
const OF_A_STAYING_ADDRESS: [&str; 7] = [
    "addressName",
    "isDomicile",
    "isMailingAddress",
    "mailingInstruction",
    "dispatchType",
    "language",
    "postalAddress",
];

pub(super) fn line(value: Value<'_>) -> Option<AddressLine> {
    value.object(|address| {
        let customer = address.required("customerIdentification", id);
        let id = address.required("addressIdentification", address_id);
        let change = if address.optional("removed", flag).unwrap_or(false) {
            address.pass_over(&OF_A_STAYING_ADDRESS);
            Some(AddressChange::Removed)
        } else {
            stated(address).map(AddressChange::Stated)
        };
        Some(AddressLine { customer: customer?, id: id?, change: change? })
    })
}

fn stated(address: &mut Object<'_>) -> Option<Address> {
    let dispatch_type = address.required("dispatchType", choice);
    address::stated(address, dispatch_type)
}
