//! The answer to a command, kept with its events, so that a retry gets it again.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::oneshot;

use super::{AppendError, COMMIT_EVENTS_MAX, EventLog, ReadError, layout, writer::Message};
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

impl EventLog {
    /// Forgets the receipts from before an instant, and tells how many they were. Blocks.
    ///
    /// The events stay, and what was asked under such a key would be done once more.
    pub fn forget_receipts(&self, before: DateTime<Utc>) -> Result<usize, AppendError> {
        let (before, mut count, mut old) = (before.timestamp_micros(), 0, Vec::new());
        for entry in self.shared.store.under(layout::RECEIPTS) {
            let (key, bytes) = entry.map_err(ReadError::from)?;
            match minicbor::decode::<Receipt>(&bytes) {
                Ok(receipt) if receipt.recorded_at < before => old.push(key),
                Ok(_) => {}
                // Whoever asks for it is told; the others need not wait for that.
                Err(_) => tracing::error!("A receipt is damaged."),
            }
            if old.len() == COMMIT_EVENTS_MAX {
                count += self.forget(std::mem::take(&mut old))?;
            }
        }
        Ok(count + self.forget(old)?)
    }

    fn forget(&self, keys: Vec<Vec<u8>>) -> Result<usize, AppendError> {
        if keys.is_empty() {
            return Ok(0);
        }
        let count = keys.len();
        let (answer, answered) = oneshot::channel();
        let asked = self.writer.queue.send(Message::Forget { keys, answer });
        let answer = asked.ok().and_then(|()| answered.blocking_recv().ok());
        answer.unwrap_or_else(|| Err(self.closed())).map(|()| count)
    }
}
