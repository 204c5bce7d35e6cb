//! The answer to a command, kept with its events, so that a retry gets it again.

use serde::Serialize;

use crate::id::{Position, StreamId, Version};

/// HMAC of client and idempotency key, under a key of the store.
pub type ReceiptKey = [u8; 32];
/// HMAC of what was asked, under a key of the store.
pub type Fingerprint = [u8; 32];

/// What to keep, if the append goes through.
#[derive(Debug, Clone)]
pub struct NewReceipt {
    pub key: ReceiptKey,
    pub fingerprint: Fingerprint,
    /// The status that the first answer had.
    pub status: u16,
    /// The ids that the first answer gave out.
    pub ids: Vec<String>,
}

/// What was kept: never a body, which is made again from its event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Receipt {
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub fingerprint: Fingerprint,
    #[n(1)]
    pub status: u16,
    #[n(2)]
    pub ids: Vec<String>,
    /// As in the first answer.
    #[n(3)]
    pub position: Position,
    #[n(4)]
    pub stream: StreamId,
    /// Of the stream, after the command.
    #[n(5)]
    pub version: Version,
    /// Microseconds since 1970-01-01 UTC.
    #[n(6)]
    pub recorded_at: i64,
}
