//! The names under which events are stored: a tag once written keeps its meaning for ever.

use serde::{Deserialize, Serialize};

/// What is forgotten together: a data key of its own for each class of a stream.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum Class {
    #[n(0)]
    Identity,
    #[n(1)]
    Contact,
    #[n(2)]
    Kyc,
}

impl Class {
    pub const ALL: [Self; 3] = [Self::Identity, Self::Contact, Self::Kyc];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Contact => "contact",
            Self::Kyc => "kyc",
        }
    }
}

/// Every kind of event in today's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tag {
    CustomerOpened,
    CustomerAmended,
    CustomerClosed,
    CustomerReopened,
    AddressAdded,
    AddressChanged,
    AddressRemoved,
    KycRecorded,
    PersonLinked,
    PersonUnlinked,
    PersonRegistered,
    PersonAmended,
    ContactAdded,
    ContactChanged,
    ContactRemoved,
    ConsentGranted,
    ConsentAmended,
    ConsentRevoked,
}

impl Tag {
    pub const ALL: [Self; 18] = [
        Self::CustomerOpened,
        Self::CustomerAmended,
        Self::CustomerClosed,
        Self::CustomerReopened,
        Self::AddressAdded,
        Self::AddressChanged,
        Self::AddressRemoved,
        Self::KycRecorded,
        Self::PersonLinked,
        Self::PersonUnlinked,
        Self::PersonRegistered,
        Self::PersonAmended,
        Self::ContactAdded,
        Self::ContactChanged,
        Self::ContactRemoved,
        Self::ConsentGranted,
        Self::ConsentAmended,
        Self::ConsentRevoked,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::CustomerOpened => "customer.opened.v1",
            Self::CustomerAmended => "customer.amended.v1",
            Self::CustomerClosed => "customer.closed.v1",
            Self::CustomerReopened => "customer.reopened.v1",
            Self::AddressAdded => "customer.address-added.v1",
            Self::AddressChanged => "customer.address-changed.v1",
            Self::AddressRemoved => "customer.address-removed.v1",
            Self::KycRecorded => "customer.kyc-recorded.v1",
            Self::PersonLinked => "customer.person-linked.v1",
            Self::PersonUnlinked => "customer.person-unlinked.v1",
            Self::PersonRegistered => "person.registered.v1",
            Self::PersonAmended => "person.amended.v1",
            Self::ContactAdded => "person.contact-added.v1",
            Self::ContactChanged => "person.contact-changed.v1",
            Self::ContactRemoved => "person.contact-removed.v1",
            Self::ConsentGranted => "consent.granted.v1",
            Self::ConsentAmended => "consent.amended.v1",
            Self::ConsentRevoked => "consent.revoked.v1",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.as_str() == text)
    }

    /// Under which key the payload is sealed; none: it is not personal and stored in clear.
    pub fn class(self) -> Option<Class> {
        match self {
            Self::CustomerOpened
            | Self::CustomerAmended
            | Self::PersonLinked
            | Self::PersonUnlinked
            | Self::PersonRegistered
            | Self::PersonAmended => Some(Class::Identity),
            Self::AddressAdded
            | Self::AddressChanged
            | Self::AddressRemoved
            | Self::ContactAdded
            | Self::ContactChanged
            | Self::ContactRemoved => Some(Class::Contact),
            Self::KycRecorded => Some(Class::Kyc),
            Self::CustomerClosed
            | Self::CustomerReopened
            | Self::ConsentGranted
            | Self::ConsentAmended
            | Self::ConsentRevoked => None,
        }
    }

    /// Whether there is more to say than the tag and the envelope do.
    pub fn has_payload(self) -> bool {
        match self {
            Self::CustomerOpened
            | Self::CustomerAmended
            | Self::AddressAdded
            | Self::AddressChanged
            | Self::KycRecorded
            | Self::PersonLinked
            | Self::PersonUnlinked
            | Self::PersonRegistered
            | Self::PersonAmended
            | Self::ContactAdded
            | Self::ContactChanged
            | Self::ConsentGranted
            | Self::ConsentAmended => true,
            Self::CustomerClosed
            | Self::CustomerReopened
            | Self::AddressRemoved
            | Self::ContactRemoved
            | Self::ConsentRevoked => false,
        }
    }
}
