//! All that was delivered and not acknowledged, in the order of its stream.

use std::{collections::BTreeMap, time::Duration};

use async_nats::jetstream::{AckKind, Message, consumer::PullConsumer};
use futures::StreamExt;
use tokio::time::{self, Instant};

use super::session::SessionError;

/// Messages of a batch, and such as may be unacknowledged.
pub(super) const MESSAGES_MAX: usize = 256;
/// How long a message is waited for before it is asked again.
const WAIT: Duration = Duration::from_secs(20);
/// Between two looks whether what a dead session was given comes again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How long messages of others hold back what came later.
const HELD_MAX: Duration = Duration::from_mins(1);

/// By their sequences in the stream.
pub(super) type Batch = BTreeMap<u64, Message>;

/// Waits for messages. What was given to a session that died comes again when its time is over;
/// until then what came later is held back.
pub(super) async fn next(consumer: &mut PullConsumer) -> Result<Batch, SessionError> {
    let mut batch = Batch::new();
    let mut held_since = None;
    loop {
        if batch.is_empty() {
            let first = consumer.batch().max_messages(1).expires(WAIT).messages().await;
            hold(&mut batch, first.map_err(SessionError::nats)?).await?;
        }
        let room = MESSAGES_MAX - batch.len();
        if room > 0 && !batch.is_empty() {
            let more = consumer.fetch().max_messages(room).messages().await;
            hold(&mut batch, more.map_err(SessionError::nats)?).await?;
        }
        let delivered = consumer.info().await.map_err(SessionError::nats)?;
        metrics::gauge!("dossier_intake_lag_messages").set(lag(delivered.num_pending));
        if delivered.num_ack_pending <= batch.len() {
            if batch.is_empty() {
                continue;
            }
            return Ok(batch);
        }
        if held_since.get_or_insert_with(Instant::now).elapsed() > HELD_MAX {
            return Err(SessionError::Held);
        }
        for held in batch.values() {
            held.ack_with(AckKind::Progress).await.map_err(SessionError::from)?;
        }
        time::sleep(LOOK_AGAIN).await;
    }
}

/// Whether there is nothing to take.
pub(super) async fn is_all_taken(consumer: &mut PullConsumer) -> Result<bool, SessionError> {
    let info = consumer.info().await.map_err(SessionError::nats)?;
    Ok(info.num_pending == 0 && info.num_ack_pending == 0)
}

async fn hold(
    batch: &mut Batch,
    mut messages: impl futures::Stream<Item = Result<Message, async_nats::Error>> + Unpin,
) -> Result<(), SessionError> {
    while let Some(message) = messages.next().await {
        let message = message.map_err(SessionError::from)?;
        let sequence = message.info().map_err(SessionError::from)?.stream_sequence;
        batch.insert(sequence, message);
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a gauge is a float")]
fn lag(messages: u64) -> f64 {
    messages as f64
}
