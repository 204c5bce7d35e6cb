//! Many messages in one write of the server's, all or none, where its stream allows that.
//!
//! A server that syncs every write takes about as long for a thousand messages in one batch as for
//! ten alone. The fence stands in the first message of a batch and holds for all of it: between
//! them nothing can come. A batch that is lost in part is dropped by the server.

use async_nats::{
    HeaderMap, header,
    jetstream::{self, ErrorCode, context::PublishError, message::PublishMessage},
};
use bytes::Bytes;

use super::{
    cloud_event::Outgoing,
    feed::Feed,
    in_flight::Sent,
    session::{Session, SessionError, refused},
};

/// Messages in one batch; no server takes more.
const BATCH_MAX: usize = 1000;
/// Bytes of the bodies in one batch, about.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Whether a batch was refused since the server has seen an id in it not long ago.
pub(super) fn has_duplicate(error: &PublishError) -> bool {
    let source = std::error::Error::source(error);
    let error = source.and_then(|source| source.downcast_ref::<jetstream::Error>());
    error.is_some_and(|error| {
        error.error_code() == ErrorCode::ATOMIC_PUBLISH_CONTAINS_DUPLICATE_MESSAGE
    })
}

impl Session<'_> {
    /// Sends a message and what is ready behind it, as long as there is room in flight.
    pub(super) async fn send_in_batches(
        &mut self,
        first: Outgoing,
        feed: &mut Feed,
    ) -> Result<(), SessionError> {
        let mut next = Some(first);
        while let Some(first) = next.take() {
            let room = self.in_flight.room().min(BATCH_MAX);
            let (mut bytes, mut batch) = (first.body.len(), vec![first]);
            while batch.len() < room
                && bytes < BATCH_BYTES_MAX
                && let Some(message) = feed.ready()
            {
                bytes += message.body.len();
                batch.push(message);
            }
            self.send_batch(batch).await?;
            if self.in_flight.room() > 0 {
                next = feed.ready();
            }
        }
        Ok(())
    }

    /// A batch of one is sent as a message: that is one write as well, and cheaper.
    async fn send_batch(&mut self, mut batch: Vec<Outgoing>) -> Result<(), SessionError> {
        let messages = batch.len();
        let Some(last) = batch.pop() else { return Ok(()) };
        if batch.is_empty() {
            return self.send(last).await;
        }
        let client = self.jetstream.client();
        let batch_id = client.new_inbox();
        for (nth, message) in batch.into_iter().enumerate() {
            let (subject, headers, body) = self.part(message, &batch_id, nth);
            let sent = client.publish_with_headers(subject, headers, body).await;
            sent.map_err(|_| SessionError::Lost)?;
        }
        let position = last.position;
        let (subject, mut headers, body) = self.part(last, &batch_id, messages - 1);
        headers.insert(header::NATS_BATCH_COMMIT, header::NATS_BATCH_COMMIT_FINAL);
        let message = PublishMessage::build().payload(body).headers(headers);
        let sent = self.jetstream.send_publish(subject, message).await;
        let ack = sent.map_err(|source| refused(position, source))?;
        self.sequence += u64::try_from(messages).unwrap_or(u64::MAX);
        // What a batch leaves as the last id is the server's business.
        self.last = None;
        self.in_flight.push(Sent::new(position, self.sequence, messages, ack));
        Ok(())
    }

    /// One message of a batch; only the first may say what it expects of the stream.
    fn part(&self, message: Outgoing, batch_id: &str, nth: usize) -> (String, HeaderMap, Bytes) {
        let Outgoing { position, id, subject, mut headers, body } = message;
        if nth == 0 {
            headers.insert(header::NATS_EXPECTED_LAST_SEQUENCE, self.sequence.to_string());
        }
        headers.insert(header::NATS_MESSAGE_ID, self.message_id(position, id));
        headers.insert(header::NATS_BATCH_ID, batch_id);
        headers.insert(header::NATS_BATCH_SEQUENCE, (nth + 1).to_string());
        (subject, headers, body)
    }
}
