//! What was sent and not yet acknowledged, in the order of the log.

use std::{collections::VecDeque, pin::Pin};

use async_nats::jetstream::{
    context::{PublishAckFuture, PublishError},
    publish::PublishAck,
};
use events::id::Position;

pub(super) struct InFlight {
    sent: VecDeque<Sent>,
    messages: usize,
    max: usize,
}

/// A message, or a batch of them, that one acknowledgment answers.
pub(super) struct Sent {
    /// Of the last message.
    position: Position,
    sequence: u64,
    messages: usize,
    ack: Pin<Box<dyn Future<Output = Result<PublishAck, PublishError>> + Send>>,
}

pub(super) struct Answer {
    pub(super) position: Position,
    pub(super) sequence: u64,
    pub(super) messages: u64,
    pub(super) ack: Result<PublishAck, PublishError>,
}

impl Sent {
    pub(super) fn new(
        position: Position,
        sequence: u64,
        messages: usize,
        ack: PublishAckFuture,
    ) -> Self {
        Self { position, sequence, messages, ack: ack.into_future() }
    }
}

impl InFlight {
    pub(super) fn new(max: usize) -> Self {
        Self { sent: VecDeque::with_capacity(max), messages: 0, max }
    }

    /// How many more messages may be sent.
    pub(super) fn room(&self) -> usize {
        self.max.saturating_sub(self.messages)
    }

    pub(super) fn messages(&self) -> usize {
        self.messages
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    pub(super) fn push(&mut self, sent: Sent) {
        self.messages += sent.messages;
        self.sent.push_back(sent);
    }

    /// The answer to the oldest; never, if there is none.
    pub(super) async fn next(&mut self) -> Answer {
        let Some(sent) = self.sent.front_mut() else { return std::future::pending().await };
        let ack = (&mut sent.ack).await;
        let Sent { position, sequence, messages, .. } = *sent;
        self.sent.pop_front();
        self.messages -= messages;
        Answer { position, sequence, messages: messages.try_into().unwrap_or(u64::MAX), ack }
    }
}
