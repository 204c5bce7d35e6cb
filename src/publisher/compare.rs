//! The whole stream against the whole log: every message by position and hash, without its body.

use std::mem;

use async_nats::jetstream::{consumer::pull::OrderedConfig, message::Message, stream::State};
use events::{
    id::Position,
    log::{EventLog, ReadError},
};
use futures::StreamExt;
use tokio::{sync::mpsc, time};

use super::{
    comparison::Comparison,
    extent,
    mirror::{self, Found, Mirror, Mirrored},
    session::{ANSWER_MAX, SessionError},
    trouble::Halt,
};

/// Messages handed over to the thread that reads the log, at once.
const BATCH_MAX: usize = 512;
/// Batches that wait for it.
const WAITING_MAX: usize = 4;
/// How often it is read again, when the stream drops its oldest faster than they are read.
const READS_MAX: usize = 3;
/// The size of a message whose body is not sent.
const SIZE: &str = "Nats-Msg-Size";

/// A message, and whether it has a body.
struct Weighed {
    found: Found,
    has_body: bool,
}

/// Reads the stream up to what it holds now.
pub(super) async fn compare(mirror: &Mirror) -> Result<Comparison, SessionError> {
    let mut reads = 1;
    loop {
        let before = mirror.info().await?.state;
        let comparison = read(mirror, &before).await?;
        let has_dropped = mirror.info().await?.state.first_sequence > before.first_sequence;
        // What was dropped while it was read looks like a hole.
        if comparison.missing.count == 0 || !has_dropped || reads == READS_MAX {
            return Ok(comparison);
        }
        reads += 1;
    }
}

async fn read(mirror: &Mirror, state: &State) -> Result<Comparison, SessionError> {
    let (outbox, inbox) = mpsc::channel(WAITING_MAX);
    let name = mirror.stream.cached_info().config.name.clone();
    let has_limits = extent::drops_its_first(&mirror.stream.cached_info().config);
    let so_far = Comparison::of(name);
    let fold = Fold { log: mirror.log.clone(), has_limits, next: None, so_far };
    let folding = tokio::task::spawn_blocking(move || fold.all(inbox));
    let sent = send(mirror, state, outbox).await;
    let folded = folding.await.map_err(|_| SessionError::Unread)?;
    // Whoever stopped listening says why.
    let comparison = folded.map_err(Halt::Log)?;
    sent.map(|()| comparison)
}

/// Sends the messages up to the last one of now.
async fn send(
    mirror: &Mirror,
    state: &State,
    outbox: mpsc::Sender<Vec<Weighed>>,
) -> Result<(), SessionError> {
    if state.messages == 0 {
        return Ok(());
    }
    let config = OrderedConfig { headers_only: true, ..OrderedConfig::default() };
    let consumer = mirror.stream.create_consumer(config).await;
    let consumer = consumer.map_err(|error| SessionError::Stream(error.into()))?;
    let messages = consumer.messages().await;
    let mut messages = messages.map_err(|error| SessionError::Stream(error.into()))?;
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        let Ok(Some(message)) = time::timeout(ANSWER_MAX, messages.next()).await else {
            return Err(SessionError::Stream("it stopped sending".into()));
        };
        let message = message.map_err(|error| SessionError::Stream(error.into()))?;
        let (found, pending) = found(&message).map_err(SessionError::Stream)?;
        let is_last = found.sequence >= state.last_sequence || pending == 0;
        let size = message.headers.as_ref().and_then(|headers| headers.get(SIZE));
        let has_body = size.is_some_and(|size| size.as_str() != "0");
        batch.push(Weighed { found, has_body });
        if !is_last && batch.len() < BATCH_MAX {
            continue;
        }
        let is_wanted = outbox.send(mem::take(&mut batch)).await.is_ok();
        if is_last || !is_wanted {
            return Ok(());
        }
    }
}

fn found(message: &Message) -> Result<(Found, u64), async_nats::Error> {
    let info = message.info()?;
    let headers = message.headers.clone().unwrap_or_default();
    Ok((Found::new(info.stream_sequence, &message.subject, &headers), info.pending))
}

/// Messages one by one, with what was found so far.
struct Fold {
    log: EventLog,
    /// Whether the stream may begin anywhere in the log.
    has_limits: bool,
    /// The position that the next message should have.
    next: Option<Position>,
    so_far: Comparison,
}

impl Fold {
    fn all(mut self, mut inbox: mpsc::Receiver<Vec<Weighed>>) -> Result<Comparison, ReadError> {
        while let Some(batch) = inbox.blocking_recv() {
            for message in batch {
                self.message(message)?;
            }
        }
        Ok(self.so_far)
    }

    fn message(&mut self, Weighed { found, has_body }: Weighed) -> Result<(), ReadError> {
        self.so_far.messages += 1;
        if let Some(event) = found.event {
            return self.event(&event, has_body);
        }
        self.so_far.foreign.note(found.sequence);
        Ok(())
    }

    fn event(&mut self, event: &Mirrored, has_body: bool) -> Result<(), ReadError> {
        let position = event.position;
        let Some(record) = self.log.record(position)? else {
            self.so_far.ahead.note(position.0);
            return Ok(());
        };
        if !event.is(&record) {
            self.so_far.differing.note(position.0);
        }
        if has_body && self.log.is_forgotten(&record)? {
            self.so_far.unpurged.note(position.0);
        }
        self.place(position)
    }

    /// Every position once, in order, none left out but what was forgotten.
    fn place(&mut self, position: Position) -> Result<(), ReadError> {
        let expected = self.next.unwrap_or(position);
        if position < expected {
            self.so_far.out_of_place.note(position.0);
            return Ok(());
        }
        for absent in (expected.0..position.0).map(Position) {
            let record = self.log.record(absent)?.ok_or(ReadError::Hole(absent))?;
            if self.log.is_forgotten(&record)? {
                self.so_far.forgotten += 1;
            } else {
                self.so_far.missing.note(absent.0);
            }
        }
        self.next = Some(position.next());
        if self.so_far.first.is_none() {
            self.so_far.first = Some(position);
            let is_cut_off = !self.has_limits && mirror::is_cut_off(&self.log, position)?;
            self.so_far.cut_off = is_cut_off.then_some(position);
        }
        self.so_far.last = Some(position);
        Ok(())
    }
}
