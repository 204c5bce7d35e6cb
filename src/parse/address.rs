//! The addresses that clients send.

use events::address::{Address, DispatchType};
use events::id::AddressId;

use super::postal::{Flags, postal_address};
use super::scalar::{address_id, choice, flag, text};
use super::value::{Object, Value};
use super::{Parsed, Violations, document};

/// An address that takes the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    is_domicile: Option<bool>,
    is_mailing_address: Option<bool>,
    /// With both flags down where the document says nothing.
    address: Address,
}

impl Replacement {
    /// The address as it then is: a flag that was left out stays, everything else is replaced.
    pub fn onto(self, current: &Address) -> Address {
        Address {
            is_domicile: self.is_domicile.unwrap_or(current.is_domicile),
            is_mailing_address: self.is_mailing_address.unwrap_or(current.is_mailing_address),
            ..self.address
        }
    }
}

/// Reads an address to add.
pub fn new(body: &[u8]) -> Result<Parsed<Address>, Violations> {
    document(body, |value| {
        value.object(|address| {
            address.pass_over(&["addressIdentification"]);
            let dispatch_type = address.optional("dispatchType", choice);
            let dispatch_type = dispatch_type.unwrap_or(DispatchType::Postal);
            stated(address, Some(dispatch_type))
        })
    })
}

/// Reads an address that replaces the one it names.
pub fn replacement(body: &[u8]) -> Result<Parsed<(AddressId, Replacement)>, Violations> {
    document(body, |value| {
        value.object(|address| {
            let id = address.required("addressIdentification", address_id);
            let replacement = replacing(address);
            Some((id?, replacement?))
        })
    })
}

/// Reads an address that replaces a given one, and may name no other.
pub fn replacement_of(
    id: Option<AddressId>,
    body: &[u8],
) -> Result<Parsed<Replacement>, Violations> {
    document(body, |value| {
        value.object(|address| {
            let named = address.optional("addressIdentification", address_id);
            if named.is_some() && named != id {
                address.invalid("addressIdentification", "is not the one in the path");
            }
            replacing(address)
        })
    })
}

fn replacing(address: &mut Object<'_>) -> Option<Replacement> {
    let dispatch_type = address.required("dispatchType", choice);
    members(address, dispatch_type)
}

/// Reads an address from nothing, where a flag that is left out is down.
pub(super) fn stated(
    address: &mut Object<'_>,
    dispatch_type: Option<DispatchType>,
) -> Option<Address> {
    members(address, dispatch_type).map(|replacement| replacement.address)
}

fn members(object: &mut Object<'_>, dispatch_type: Option<DispatchType>) -> Option<Replacement> {
    let address_name = object.optional("addressName", text);
    let mailing_instruction = object.optional("mailingInstruction", text);
    let language = object.optional("language", text);
    let flags = Flags {
        is_domicile: object.elsewhere("isDomicile", flag),
        is_mailing_address: object.elsewhere("isMailingAddress", flag),
    };
    let postal = |value: Value<'_>| postal_address(value, flags);

    let (postal_address, flags) = object.required("postalAddress", postal)?;
    let address = Address {
        address_name,
        is_domicile: flags.is_domicile.unwrap_or(false),
        is_mailing_address: flags.is_mailing_address.unwrap_or(false),
        mailing_instruction,
        dispatch_type: dispatch_type?,
        language,
        postal_address,
    };
    let Flags { is_domicile, is_mailing_address } = flags;
    Some(Replacement { is_domicile, is_mailing_address, address })
}
