//! The lines of the bank's feed.

mod address;
mod consent;
mod customer;
mod kyc;
mod party;
mod person;

pub use self::address::{AddressChange, AddressLine};
pub use self::consent::ConsentLine;
pub use self::customer::CustomerLine;
pub use self::kyc::KycLine;
pub use self::person::PersonLine;

use super::value::Object;
use super::{Parsed, Violations, document};

/// What the bank states about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Customer(CustomerLine),
    Person(PersonLine),
    Address(AddressLine),
    Kyc(KycLine),
    Consent(ConsentLine),
}

/// Reads one line, with or without its line feed.
pub fn line(bytes: &[u8]) -> Result<Parsed<Line>, Violations> {
    document(bytes, |value| value.object(read))
}

fn read(line: &mut Object<'_>) -> Option<Line> {
    match line.sole()? {
        "customer" => line.required("customer", customer::line).map(Line::Customer),
        "person" => line.required("person", person::line).map(Line::Person),
        "address" => line.required("address", address::line).map(Line::Address),
        "kyc" => line.required("kyc", kyc::line).map(Line::Kyc),
        "consent" => line.required("consent", consent::line).map(Line::Consent),
        other => {
            line.invalid(other, "is none of customer, person, address, kyc, consent");
            None
        }
    }
}
