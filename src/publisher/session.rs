//! One connection's worth of publishing: from the end of the stream on, until something fails.

use std::{pin::pin, time::Duration};

use async_nats::{
    Client, HeaderMap, header,
    jetstream::{
        Context,
        context::{ContextBuilder, PublishError, PublishErrorKind},
        message::PublishMessage,
    },
};
use events::id::{EventId, Position};
use futures::FutureExt;
use tokio::time::{self, Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{
    Target, atomic,
    cloud_event::Outgoing,
    extent::Extent,
    feed::Feed,
    in_flight::{Answer, InFlight, Sent},
    mirror::Mirror,
    report,
    survey::Start,
    trouble::Halt,
};

/// For any answer of NATS.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(5);
/// For what is in flight when the service stops.
const STOP_MAX: Duration = Duration::from_secs(3);

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error(transparent)]
    Halt(#[from] Halt),
    #[error("NATS cannot be reached")]
    Connect(#[source] async_nats::Error),
    #[error("the connection to NATS was lost")]
    Lost,
    #[error("the stream does not answer")]
    Stream(#[source] async_nats::Error),
    #[error("the event at position {position} was not stored")]
    Refused { position: Position, source: PublishError },
    #[error("the event at position {position} was stored before, at sequence {sequence}")]
    Elsewhere { position: Position, sequence: u64 },
    #[error("the stream does not end where it did: at sequence {found} instead of {expected}")]
    Moved { expected: u64, found: u64 },
    #[error("the stream was emptied")]
    Emptied,
    #[error(
        "somebody took messages from the stream: it began at sequence {} with {} gone behind, and \
         begins at {} with {} gone", before.first, before.gone, now.first, now.gone
    )]
    Robbed { before: Extent, now: Extent },
    #[error("somebody asked that the stream be looked at again")]
    Asked,
    /// The thread that reads it is gone, or the log was closed.
    #[error("the log is no longer read")]
    Unread,
}

pub(super) struct Session<'a> {
    pub(super) jetstream: Context,
    mirror: Mirror,
    target: &'a Target,
    pub(super) in_flight: InFlight,
    /// The sequence of the last message sent, if all goes as foreseen.
    pub(super) sequence: u64,
    start: Start,
    /// The id of the last message sent in this session, unless it was sent in a batch.
    pub(super) last: Option<String>,
    /// The last position known to be in the stream, and its sequence.
    published: Position,
    stored: u64,
}

impl<'a> Session<'a> {
    pub(super) fn new(client: Client, mirror: Mirror, start: Start, target: &'a Target) -> Self {
        let in_flight_max = target.settings.in_flight_max;
        Self {
            jetstream: context(client, in_flight_max),
            mirror,
            target,
            in_flight: InFlight::new(in_flight_max),
            sequence: start.sequence,
            start,
            last: None,
            published: start.after,
            stored: start.sequence,
        }
    }

    /// Publishes what the feed brings. Ends without an error only when it is to stop.
    pub(super) async fn publish(
        mut self,
        mut feed: Feed,
        gone: &CancellationToken,
        stop: &CancellationToken,
    ) -> Result<(), SessionError> {
        let target = self.target;
        let (mut stopped, mut lost) = (pin!(stop.cancelled()), pin!(gone.cancelled()));
        let mut asked = pin!(target.look_again.notified());
        let look_every = target.settings.look_every;
        let mut looks = time::interval_at(Instant::now() + look_every, look_every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => break,
                () = &mut lost => return Err(SessionError::Lost),
                () = &mut asked => return Err(SessionError::Asked),
                _ = looks.tick() => self.look().await?,
                answer = self.in_flight.next() => self.settle(answer)?,
                message = feed.next(), if self.in_flight.room() > 0 => {
                    let message = message.ok_or(SessionError::Unread)?.map_err(Halt::Log)?;
                    self.send_with_what_is_ready(message, &mut feed).await?;
                }
            }
        }
        // What is not answered in time is looked up by the next session.
        let _ = time::timeout(STOP_MAX, self.finish()).await;
        Ok(())
    }

    /// What became of the stream that acknowledgments do not show: a purge keeps the last sequence.
    async fn look(&mut self) -> Result<(), SessionError> {
        let info = self.mirror.info().await?;
        let (expected, found) = (self.sequence, info.state.last_sequence);
        // What is in flight may be there already.
        if !(self.stored..=expected).contains(&found) {
            return Err(SessionError::Moved { expected, found });
        }
        let (before, now) = (self.start.extent, Extent::of(&info.state));
        if before.was_robbed(now, &info.config) {
            return Err(SessionError::Robbed { before, now });
        }
        // A stream that drops what is old may well be empty.
        let was_emptied = info.state.messages == 0 && self.published > Position::ZERO;
        if was_emptied && info.config.max_age.is_zero() {
            return Err(SessionError::Emptied);
        }
        Ok(())
    }

    async fn send_with_what_is_ready(
        &mut self,
        first: Outgoing,
        feed: &mut Feed,
    ) -> Result<(), SessionError> {
        if self.mirror.stream.cached_info().config.allow_atomic_publish {
            return self.send_in_batches(first, feed).await;
        }
        self.send(first).await?;
        while self.in_flight.room() > 0
            && let Some(message) = feed.ready()
        {
            self.send(message).await?;
        }
        Ok(())
    }

    pub(super) async fn send(&mut self, message: Outgoing) -> Result<(), SessionError> {
        let Outgoing { position, id, subject, mut headers, body } = message;
        self.expect(&mut headers);
        let id = self.message_id(position, id);
        headers.insert(header::NATS_MESSAGE_ID, id.as_str());
        let message = PublishMessage::build().payload(body).headers(headers);
        let sent = self.jetstream.send_publish(subject, message).await;
        let ack = sent.map_err(|source| refused(position, source))?;
        self.sequence += 1;
        self.last = Some(id);
        self.in_flight.push(Sent::new(position, self.sequence, 1, ack));
        Ok(())
    }

    /// What the stream must look like for this message to be stored.
    fn expect(&self, headers: &mut HeaderMap) {
        headers.insert(header::NATS_EXPECTED_LAST_SEQUENCE, self.sequence.to_string());
        if let Some(last) = &self.last {
            headers.insert(header::NATS_EXPECTED_LAST_MESSAGE_ID, last.as_str());
        }
    }

    pub(super) fn message_id(&self, position: Position, id: EventId) -> String {
        if position > self.start.renamed_to {
            id.to_string()
        } else {
            format!("{id}.{}", self.start.sequence)
        }
    }

    /// Takes an answer, and every other that is there already.
    fn settle(&mut self, first: Answer) -> Result<(), SessionError> {
        let mut stored = 0;
        let mut answer = Some(first);
        let mut result = Ok(());
        while let Some(settled) = answer {
            let messages = settled.messages;
            result = self.check(settled);
            if result.is_err() {
                break;
            }
            stored += messages;
            answer = self.in_flight.next().now_or_never();
        }
        self.target.report.stored(stored, self.published);
        self.target.report.published(self.published);
        result
    }

    fn check(&mut self, answer: Answer) -> Result<(), SessionError> {
        let Answer { position, sequence, ack, .. } = answer;
        let ack = ack.map_err(|source| refused(position, source))?;
        if ack.sequence != sequence || ack.duplicate {
            return Err(SessionError::Elsewhere { position, sequence: ack.sequence });
        }
        self.published = position;
        self.stored = sequence;
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), SessionError> {
        while !self.in_flight.is_empty() {
            let answer = self.in_flight.next().await;
            self.settle(answer)?;
        }
        let client = self.jetstream.client();
        // Nothing is lost with a connection that is gone.
        let _ = client.flush().await;
        let _ = client.drain().await;
        Ok(())
    }
}

impl SessionError {
    /// What the server has taken for a duplicate of what the stream may no longer hold.
    pub(super) fn doubted(&self) -> Option<Position> {
        if let Self::Elsewhere { position, .. } = self {
            return Some(*position);
        }
        let Self::Refused { position, source } = self else { return None };
        atomic::has_duplicate(source).then_some(*position)
    }

    /// Whether the server is there and says no, for a reason that time alone does not mend.
    pub(super) fn is_refusal(&self) -> bool {
        let Self::Refused { source, .. } = self else { return false };
        if atomic::has_duplicate(source) {
            return false;
        }
        !matches!(
            source.kind(),
            PublishErrorKind::TimedOut
                | PublishErrorKind::BrokenPipe
                | PublishErrorKind::WrongLastSequence
                | PublishErrorKind::WrongLastMessageId
                | PublishErrorKind::StreamNotFound
        )
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        report::retried(self.in_flight.messages());
    }
}

/// For asking and for publishing: every wait is bounded.
pub(super) fn context(client: Client, in_flight_max: usize) -> Context {
    ContextBuilder::new()
        .timeout(ANSWER_MAX)
        .ack_timeout(ANSWER_MAX)
        .max_ack_inflight(in_flight_max)
        .build(client)
}

pub(super) fn refused(position: Position, source: PublishError) -> SessionError {
    if !matches!(source.kind(), PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe) {
        report::refused();
    }
    SessionError::Refused { position, source }
}
