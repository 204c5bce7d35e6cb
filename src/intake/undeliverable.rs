//! Messages whose delivery breaks the connection: parked and acknowledged without being delivered.
//!
//! They can only be rejected, and appended to nothing: whatever comes before them may come after.

use std::collections::BTreeSet;

use async_nats::jetstream::{Context, consumer::Info};

use super::{
    consumer,
    parked::{self, Rejected},
    session::SessionError,
    settings::IntakeSettings,
};
use crate::{
    app::App,
    feed::Reason,
    publisher::{Stored, Which, stored},
};

/// Looks at what was delivered and not acknowledged: the last connection may have broken over it.
/// Answers which sequences are settled so, now or before.
pub(super) async fn park_all(
    app: &App,
    jetstream: &Context,
    settings: &IntakeSettings,
    info: &Info,
) -> Result<BTreeSet<u64>, SessionError> {
    let mut parked = BTreeSet::new();
    if info.num_ack_pending == 0 {
        return Ok(parked);
    }
    let mut next = info.ack_floor.stream_sequence.saturating_add(1);
    while next <= info.delivered.stream_sequence {
        let found = stored(jetstream, &settings.stream, Which::from(next)).await?;
        let Some(Stored { message, undeliverable }) = found else { break };
        let sequence = message.sequence;
        // What was not delivered cannot be acknowledged.
        if sequence > info.delivered.stream_sequence {
            break;
        }
        next = sequence.saturating_add(1);
        let Some(why) = undeliverable else { continue };
        let receipt = consumer::receipt(
            app,
            &settings.stream,
            (sequence, message.time),
            None,
            &message.payload,
        );
        let reasons = [Reason { pointer: String::new(), detail: why }];
        let rejected = Rejected {
            sequence,
            key: &receipt.key,
            reasons: &reasons,
            subject: &message.subject,
            body: &message.payload,
        };
        parked::park(jetstream, settings, rejected).await?;
        acknowledge(jetstream, info, sequence).await?;
        app.intake.settled("parked");
        parked.insert(sequence);
    }
    Ok(parked)
}

/// As if it had been delivered to this session: when it was, and how often, the server knows itself.
async fn acknowledge(jetstream: &Context, info: &Info, sequence: u64) -> Result<(), SessionError> {
    let (stream, consumer) = (&info.stream_name, &info.name);
    let subject = format!("$JS.ACK.{stream}.{consumer}.1.{sequence}.0.0.0");
    let answered = jetstream.client().request(subject, "+ACK".into()).await;
    answered.map_err(SessionError::nats)?;
    Ok(())
}
