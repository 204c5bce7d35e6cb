//! Every kind of message there is: one for each tag, those of the past included.

use events::{
    schema,
    tag::{Class, Tag},
};
use serde_json::Value;

use crate::publisher::BodyClass;

/// What is known of all events of a tag.
pub(super) struct Kind {
    pub(super) tag: &'static str,
    pub(super) class: BodyClass,
    pub(super) summary: &'static str,
    /// The schema of its bodies, if it has any.
    pub(super) payload: Option<Value>,
}

/// A tag that is no longer written but lies in streams, with its schema as committed.
struct Past {
    tag: &'static str,
    class: Option<Class>,
    summary: &'static str,
    schema: &'static str,
}

/// None so far.
const PAST: [Past; 0] = [];

pub(super) fn all() -> Vec<Kind> {
    let current = Tag::ALL.into_iter().map(|tag| Kind {
        tag: tag.as_str(),
        class: tag.class().into(),
        summary: summary(tag),
        payload: schema::of_payload(tag),
    });
    let past = PAST.into_iter().map(|past| Kind {
        tag: past.tag,
        class: past.class.into(),
        summary: past.summary,
        payload: serde_json::from_str(past.schema)
            .ok()
            .filter(|it: &Value| it.get("not").is_none()),
    });
    current.chain(past).collect()
}

impl Kind {
    /// `customer.address-changed` of `customer.address-changed.v1`: what all its versions share.
    pub(super) fn event(&self) -> &'static str {
        self.tag.rsplit_once('.').map_or(self.tag, |(event, _)| event)
    }

    /// `customer` and `address-changed` of `customer.address-changed.v1`.
    pub(super) fn parts(&self) -> (&'static str, &'static str) {
        self.event().split_once('.').unwrap_or((self.event(), ""))
    }
}

pub(super) fn class_name(class: BodyClass) -> &'static str {
    match class {
        BodyClass::Identity => "identity",
        BodyClass::Contact => "contact",
        BodyClass::Kyc => "kyc",
        BodyClass::None => "none",
    }
}

fn summary(tag: Tag) -> &'static str {
    match tag {
        Tag::CustomerOpened => "A contract with a customer began.",
        Tag::CustomerAmended => "What the bank states about the contract is now this.",
        Tag::CustomerClosed => "The contract ended.",
        Tag::CustomerReopened => "The contract goes on after all.",
        Tag::AddressAdded => "The customer has one more address.",
        Tag::AddressChanged => "An address of the customer is now this, as a whole.",
        Tag::AddressRemoved => "An address of the customer is gone.",
        Tag::KycRecorded => "What the bank must know about the customer is now this, as a whole.",
        Tag::PersonLinked => "A person is something to the customer.",
        Tag::PersonUnlinked => "A person no longer is this to the customer.",
        Tag::PersonRegistered => "The bank knows a person.",
        Tag::PersonAmended => "What the bank states about the person is now this, as a whole.",
        Tag::ContactAdded => "There is one more way to reach the person.",
        Tag::ContactChanged => "A way to reach the person is now this, as a whole.",
        Tag::ContactRemoved => "A way to reach the person is gone.",
        Tag::ConsentGranted => "A client may see customers.",
        Tag::ConsentAmended => "What the consent allows is now this, as a whole.",
        Tag::ConsentRevoked => "The consent allows nothing any more.",
    }
}
