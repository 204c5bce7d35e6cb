//! The durable consumer: made where it is missing, marked as this log's, and refused where reading on
//! by it would leave out statements.

use std::time::Duration;

use async_nats::{
    HeaderMap, header,
    jetstream::{
        Context, Message,
        consumer::{AckPolicy, DeliverPolicy, Info, PullConsumer, pull},
        context::ConsumerInfoErrorKind,
        stream::Stream,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use events::log::NewReceipt;

use super::session::SessionError;
use crate::{
    app::App,
    clock, feed,
    publisher::{Stored, Which, stored},
};

/// After how long without an acknowledgment a message is delivered again.
pub(super) const ACK_WAIT: Duration = Duration::from_secs(2);
/// Messages of a batch, and such as may be unacknowledged.
pub(super) const MESSAGES_MAX: usize = 256;

/// Stands in the description of a consumer, before the mark of the log that is read by it for.
const READ_BY: &str = "read by dossier ";
/// Acknowledged messages that are looked at for one that must have left a receipt.
const LOOKS_MAX: u64 = 32;
/// How far the server's clock and ours may differ.
const CLOCKS_MAX: TimeDelta = TimeDelta::hours(1);

/// The consumer of that name, by which no other log is read for.
pub(super) async fn open(
    app: &App,
    jetstream: &Context,
    stream: &Stream,
    name: &str,
) -> Result<PullConsumer, SessionError> {
    let info = match stream.consumer_info(name).await {
        Ok(info) => info,
        Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => {
            return make(app, stream, name).await;
        }
        Err(error) => return Err(SessionError::nats(error)),
    };
    app.intake.lags(unsettled(&info));
    check_settings(&info)?;
    check_reader(app, &info)?;
    check_end(stream, &info).await?;
    if reader(&info).is_some() {
        check_known(app, jetstream, &info).await?;
    } else {
        take_over(app, stream, &info).await?;
    }
    Ok(stream.get_consumer(name).await?)
}

/// The last sequence of which nothing is to be expected.
pub(super) fn taken(stream: &Stream, info: &Info) -> u64 {
    match info.ack_floor.stream_sequence {
        0 => stream.cached_info().state.first_sequence.saturating_sub(1),
        acknowledged => acknowledged,
    }
}

/// Messages that are not yet taken or parked.
pub(super) fn unsettled(info: &Info) -> u64 {
    info.num_pending.saturating_add(u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX))
}

fn config(app: &App, name: &str) -> pull::Config {
    pull::Config {
        durable_name: Some(name.to_owned()),
        description: Some(format!("{READ_BY}{}", app.secrets.mark())),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_ack_pending: i64::try_from(MESSAGES_MAX).unwrap_or(i64::MAX),
        ..pull::Config::default()
    }
}

async fn make(app: &App, stream: &Stream, name: &str) -> Result<PullConsumer, SessionError> {
    // Fails where another service has just made it.
    let made = stream.create_consumer_strict(config(app, name)).await;
    let made = made.map_err(SessionError::nats)?;
    let messages = made.cached_info().num_pending;
    if messages > 0 {
        tracing::warn!(
            consumer = name,
            messages,
            "The consumer was not there, so the stream of statements is read from its beginning."
        );
    }
    Ok(made)
}

/// Marks a consumer that somebody else has made for us.
async fn take_over(app: &App, stream: &Stream, info: &Info) -> Result<(), SessionError> {
    let sequence = info.ack_floor.stream_sequence;
    if sequence > 0 {
        tracing::warn!(
            consumer = info.name,
            sequence,
            "Somebody else has read by this consumer; statements up to this sequence are not taken."
        );
    }
    let found = pull::Config {
        durable_name: Some(info.name.clone()),
        ack_wait: info.config.ack_wait,
        max_ack_pending: info.config.max_ack_pending,
        ..config(app, &info.name)
    };
    stream.update_consumer(found).await.map_err(SessionError::nats)?;
    Ok(())
}

/// Whether everything is delivered until it is acknowledged, and not too much at once.
fn check_settings(info: &Info) -> Result<(), SessionError> {
    let config = &info.config;
    let pending_max = i64::try_from(MESSAGES_MAX).unwrap_or(i64::MAX);
    let fits = config.ack_policy == AckPolicy::Explicit
        && config.deliver_policy == DeliverPolicy::All
        && config.max_deliver <= 0
        && config.filter_subject.is_empty()
        && config.filter_subjects.is_empty()
        && !config.headers_only
        && (1..=pending_max).contains(&config.max_ack_pending);
    if fits { Ok(()) } else { Err(SessionError::Consumer(info.name.clone())) }
}

/// Refuses a consumer by which another log is read for: each would get a part of the statements.
pub(super) fn check_reader(app: &App, info: &Info) -> Result<(), SessionError> {
    match reader(info) {
        Some(reader) if reader != app.secrets.mark() => {
            Err(SessionError::Another(info.name.clone()))
        }
        Some(_) | None => Ok(()),
    }
}

fn reader(info: &Info) -> Option<&str> {
    info.config.description.as_deref()?.strip_prefix(READ_BY)
}

/// Refuses to go on behind the end of a stream that was rolled back: what comes there next would be
/// taken for read.
async fn check_end(stream: &Stream, info: &Info) -> Result<(), SessionError> {
    let state = stream.get_info().await.map_err(SessionError::nats)?.state;
    let (read, end) = (info.delivered.stream_sequence, state.last_sequence);
    if read > end {
        return Err(SessionError::Beyond { consumer: info.name.clone(), read, end });
    }
    Ok(())
}

/// Refuses to go on behind statements that the log was told and does not know: it was restored to an
/// earlier state.
async fn check_known(app: &App, jetstream: &Context, info: &Info) -> Result<(), SessionError> {
    let last = info.ack_floor.stream_sequence;
    for sequence in (last.saturating_sub(LOOKS_MAX) + 1..=last).rev() {
        let at = Which::At { seq: sequence };
        let Some(found) = stored(jetstream, &info.stream_name, at).await? else { continue };
        let Stored { message, undeliverable } = found;
        let remembered = TimeDelta::from_std(app.settings.remembered_min).unwrap_or_default();
        if message.time < clock::now() - remembered + CLOCKS_MAX {
            // Its receipt may be forgotten by right.
            return Ok(());
        }
        // What was rejected as it stands left no receipt.
        if undeliverable.is_some() || !feed::is_statement(&message.payload) {
            continue;
        }
        let place = (sequence, message.time);
        let stream = &info.stream_name;
        let receipt = receipt(app, stream, place, Some(&message.headers), &message.payload);
        let known = app.log.receipt(&receipt.key);
        if known.map_err(|error| SessionError::Log(error.into()))?.is_none() {
            return Err(SessionError::Unknown { consumer: info.name.clone(), sequence });
        }
        break;
    }
    Ok(())
}

/// By which the same statement is known again.
pub(super) fn receipt_of(
    app: &App,
    stream: &str,
    message: &Message,
) -> Result<NewReceipt, SessionError> {
    let info = message.info()?;
    let place = (info.stream_sequence, info.published);
    Ok(receipt(app, stream, place, message.headers.as_ref(), &message.payload))
}

/// By the id that its sender gave it. Without one, by its place: another message there, after the
/// server has lost its end, is another statement.
pub(super) fn receipt(
    app: &App,
    stream: &str,
    (sequence, published): (u64, DateTime<Utc>),
    headers: Option<&HeaderMap>,
    body: &[u8],
) -> NewReceipt {
    let published = published.timestamp_nanos_opt().unwrap_or_default().to_be_bytes();
    let id = headers.and_then(|headers| headers.get(header::NATS_MESSAGE_ID));
    let key = if let Some(id) = id {
        app.secrets.message_key(&[stream.as_bytes(), id.as_str().as_bytes()])
    } else {
        let sequence = sequence.to_be_bytes();
        app.secrets.message_key(&[stream.as_bytes(), &sequence, &published, body])
    };
    NewReceipt { key, fingerprint: app.secrets.fingerprint(&[body]), status: 200, ids: Vec::new() }
}
