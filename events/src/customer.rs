//! What may happen to a customer: the closed list of facts about one contract.

use crate::{
    address::Address,
    event::Personal,
    id::{AddressId, PersonId},
    kyc::Kyc,
    party::{CustomerDetails, Link},
};

/// A fact about one customer, in the past tense and in today's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerEvent {
    Opened(Personal<CustomerDetails>),
    Amended(Personal<CustomerDetails>),
    Closed,
    Reopened,
    AddressAdded { address: AddressId, details: Personal<Address> },
    AddressChanged { address: AddressId, details: Personal<Address> },
    AddressRemoved { address: AddressId },
    KycRecorded(Personal<Kyc>),
    PersonLinked { person: PersonId, link: Personal<Link> },
    PersonUnlinked { person: PersonId, link: Personal<Link> },
}
