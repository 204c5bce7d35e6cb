//! All that was delivered and not acknowledged, in the order of its stream.

use std::{collections::BTreeMap, time::Duration};

use async_nats::jetstream::{
    AckKind, Message,
    consumer::{Info, PullConsumer},
};
use futures::StreamExt;
use tokio::time::{self, Instant};

use super::{
    consumer::{ACK_WAIT, MESSAGES_MAX},
    session::{ANSWER_MAX, SessionError},
};

/// Bytes in hand beyond which nothing more is asked for.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long a message is waited for before it is asked again.
const WAIT: Duration = Duration::from_secs(20);
/// Between two looks whether what a dead session was given comes again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long messages of others hold back what came later.
const HELD_MAX: Duration = Duration::from_mins(1);
/// What a server says instead of a message for which there is no room.
const NO_ROOM: &str = "Message Size Exceeds MaxBytes";

/// By their sequences in the stream.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) messages: BTreeMap<u64, Message>,
    bytes: usize,
}

impl Batch {
    /// Waits for messages. What was given to a session that died comes again when its time is over;
    /// until then what came later is held back. `look` hears how the consumer stands.
    pub(super) async fn next(
        consumer: &mut PullConsumer,
        look: impl Fn(&Info) -> Result<(), SessionError>,
    ) -> Result<Self, SessionError> {
        let mut batch = Self::default();
        let mut held_since = None;
        loop {
            // As many at once as may be: after one that breaks the connection, all of them are
            // looked at together (`undeliverable.rs`).
            batch.fill(consumer).await?;
            if batch.messages.is_empty() {
                batch.wait(consumer).await?;
                batch.fill(consumer).await?;
            }
            let info = consumer.info().await.map_err(SessionError::nats)?;
            look(info)?;
            let elsewhere = batch.elsewhere(info);
            if elsewhere == 0 {
                if batch.messages.is_empty() {
                    continue;
                }
                return Ok(batch);
            }
            let held = held_since.get_or_insert_with(Instant::now).elapsed();
            if held > HELD_MAX {
                return Err(SessionError::Held);
            }
            // When their time is over they come before all others, and must, however large.
            if held > ACK_WAIT {
                batch.fetch(consumer, elsewhere, 0).await?;
            }
            batch.keep().await?;
            time::sleep(LOOK_AGAIN).await;
        }
    }

    /// How many messages were delivered, not acknowledged, and are not in hand.
    fn elsewhere(&self, info: &Info) -> usize {
        // What lies below was acknowledged, by whomever: it stands for none of those that were not.
        let above = info.ack_floor.stream_sequence.saturating_add(1);
        info.num_ack_pending.saturating_sub(self.messages.range(above..).count())
    }

    /// The first message, whatever its size.
    async fn wait(&mut self, consumer: &PullConsumer) -> Result<(), SessionError> {
        let first = consumer.batch().max_messages(1).expires(WAIT).messages().await;
        self.hold(first.map_err(SessionError::nats)?).await
    }

    /// What is there, as far as there is room for it.
    async fn fill(&mut self, consumer: &PullConsumer) -> Result<(), SessionError> {
        let room = MESSAGES_MAX.saturating_sub(self.messages.len());
        let bytes = BYTES_MAX.saturating_sub(self.bytes);
        if room == 0 || bytes == 0 {
            return Ok(());
        }
        self.fetch(consumer, room, bytes).await
    }

    async fn fetch(
        &mut self,
        consumer: &PullConsumer,
        messages: usize,
        bytes: usize,
    ) -> Result<(), SessionError> {
        let fetched = async {
            let more = consumer.fetch().max_messages(messages).max_bytes(bytes).messages().await;
            self.hold(more.map_err(SessionError::nats)?).await
        };
        time::timeout(ANSWER_MAX, fetched).await.map_err(|_| SessionError::Gone)?
    }

    async fn hold(
        &mut self,
        mut messages: impl futures::Stream<Item = Result<Message, async_nats::Error>> + Unpin,
    ) -> Result<(), SessionError> {
        while let Some(message) = messages.next().await {
            let message = match message {
                Err(error) if error.to_string().contains(NO_ROOM) => return Ok(()),
                message => message.map_err(SessionError::from)?,
            };
            let sequence = message.info().map_err(SessionError::from)?.stream_sequence;
            let length = message.length;
            if self.messages.insert(sequence, message).is_none() {
                self.bytes += length;
            }
        }
        Ok(())
    }

    /// Says that what is in hand is being worked on.
    async fn keep(&self) -> Result<(), SessionError> {
        for held in self.messages.values() {
            held.ack_with(AckKind::Progress).await.map_err(SessionError::from)?;
        }
        Ok(())
    }
}
