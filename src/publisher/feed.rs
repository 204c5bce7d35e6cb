//! The log, read ahead on a thread of its own, since reading blocks.

use std::{
    time::{Duration, Instant},
    vec,
};

use events::{
    id::Position,
    log::{EventLog, ReadError},
};
use tokio::{runtime::Handle, sync::mpsc, time};
use tokio_util::task::TaskTracker;

use super::cloud_event::{Encoder, Outgoing};

/// Messages handed over at once, so that the threads do not wake each other for each.
const BATCH_MAX: usize = 128;
/// Batches made ready before there is room for them in flight.
const AHEAD_MAX: usize = 4;
/// How many times as long as it worked the reader rests where somebody else appended meanwhile.
const REST: u32 = 4;
/// A batch takes long where NATS does; that is no reason to rest as long.
const REST_MAX: Duration = Duration::from_millis(100);

/// Events after a position, as messages, in order.
pub(super) struct Feed {
    batches: mpsc::Receiver<Result<Vec<Outgoing>, ReadError>>,
    ready: vec::IntoIter<Outgoing>,
    /// Found while nobody waited.
    failed: Option<ReadError>,
}

impl Feed {
    /// Reads on until it is dropped.
    pub(super) fn new(
        log: EventLog,
        encoder: Encoder,
        after: Position,
        tasks: &TaskTracker,
    ) -> Self {
        let (outbox, batches) = mpsc::channel(AHEAD_MAX);
        let end = log.watermark();
        tasks.spawn_blocking(move || Reader { log, encoder, after, end, outbox }.read());
        Self { batches, ready: Vec::new().into_iter(), failed: None }
    }

    /// Waits for the next message; none when the log is no longer read. An error is the last.
    pub(super) async fn next(&mut self) -> Option<Result<Outgoing, ReadError>> {
        loop {
            if let Some(message) = self.ready.next() {
                return Some(Ok(message));
            }
            if let Some(error) = self.failed.take() {
                return Some(Err(error));
            }
            match self.batches.recv().await? {
                Ok(batch) => self.ready = batch.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// The next message, if it was handed over already.
    pub(super) fn ready(&mut self) -> Option<Outgoing> {
        loop {
            if let Some(message) = self.ready.next() {
                return Some(message);
            }
            match self.batches.try_recv().ok()? {
                Ok(batch) => self.ready = batch.into_iter(),
                Err(error) => {
                    self.failed = Some(error);
                    return None;
                }
            }
        }
    }
}

struct Reader {
    log: EventLog,
    encoder: Encoder,
    after: Position,
    /// Of the log, when it was last looked.
    end: Position,
    outbox: mpsc::Sender<Result<Vec<Outgoing>, ReadError>>,
}

impl Reader {
    fn read(mut self) {
        while self.wait_for_more() {
            let started = Instant::now();
            let mut batch = Vec::with_capacity(BATCH_MAX);
            let failed = self.fill(&mut batch).err();
            let read = batch.len();
            let taken = self.outbox.blocking_send(Ok(batch)).is_ok();
            if let Some(error) = failed {
                // Whoever no longer listens need not know.
                let _ = self.outbox.blocking_send(Err(error));
                return;
            }
            if !taken {
                return;
            }
            self.rest(read, started.elapsed());
        }
    }

    /// Lets others append while there is a backlog.
    fn rest(&mut self, read: usize, took: Duration) {
        let end = self.log.watermark();
        let appended = end.0 - self.end.0;
        self.end = end;
        let rest = rest(read, appended, took);
        if !rest.is_zero() {
            Handle::current().block_on(async {
                // Whoever no longer listens is noticed at the next batch.
                let _ = time::timeout(rest, self.outbox.closed()).await;
            });
        }
    }

    fn fill(&mut self, batch: &mut Vec<Outgoing>) -> Result<(), ReadError> {
        for record in self.log.after(self.after).take(BATCH_MAX) {
            let message = self.encoder.encode(&self.log, &record?)?;
            self.after = message.position;
            batch.push(message);
        }
        Ok(())
    }

    /// Whether there is something more, once there is; false when nobody wants it.
    fn wait_for_more(&self) -> bool {
        let mut watermark = self.log.watch();
        Handle::current().block_on(async {
            tokio::select! {
                () = self.outbox.closed() => false,
                moved = watermark.wait_for(|watermark| *watermark > self.after) => moved.is_ok(),
            }
        })
    }
}

/// How long to rest after a batch, so that a backlog goes out at full speed where nobody appends, does
/// not take processor and disk from those who do, and shrinks all the same.
fn rest(read: usize, appended: u64, took: Duration) -> Duration {
    let is_shrinking = u64::try_from(read).unwrap_or(u64::MAX) >= appended.saturating_mul(2);
    if appended > 0 && is_shrinking {
        took.saturating_mul(REST).min(REST_MAX)
    } else {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlog_makes_room_for_those_who_append_and_shrinks_all_the_same() {
        let took = Duration::from_millis(5);
        assert_eq!(rest(128, 1, 1000 * took), REST_MAX);
        for (read, appended, rests) in
            [(128, 0, 0), (128, 1, 20), (128, 64, 20), (128, 65, 0), (1, 1, 0)]
        {
            assert_eq!(rest(read, appended, took), Duration::from_millis(rests), "{appended}");
        }
    }
}
