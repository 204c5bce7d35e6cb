//! The one writer: takes what waits, commits it as one group, syncs, and answers.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::{
    AppendError, LogSettings, NewReceipt, Outcome, Shared,
    group::Group,
    mark::MarkFile,
    store::{Batch, StoreError},
};
use crate::{
    causes,
    id::{Position, StreamId, Version},
    keys::Minted,
    record::{Draft, leaf_hash},
    room,
    sync::{
        mpsc,
        thread::{self, JoinHandle},
    },
};

/// How long the writer rests before it settles the head mark.
const IDLE: Duration = Duration::from_millis(50);
/// How old an unsettled head mark may get under load.
const MARK_AGE_MAX: Duration = Duration::from_secs(1);
/// How often the free space on the disk is looked at.
const SPACE_AGE_MAX: Duration = Duration::from_millis(100);

pub(super) enum Message {
    Append(Request),
    /// Removes receipts, by their keys in the store.
    Forget {
        keys: Vec<Vec<u8>>,
        answer: oneshot::Sender<Result<(), AppendError>>,
    },
    Stop,
}

/// An append, encoded and sealed, waiting for its place.
pub(super) struct Request {
    pub(super) stream: StreamId,
    pub(super) expected: Version,
    pub(super) also: Vec<(StreamId, Version)>,
    pub(super) until: Option<DateTime<Utc>>,
    pub(super) drafts: Vec<Draft>,
    pub(super) slot: Slot,
    pub(super) receipt: Option<NewReceipt>,
    pub(super) answer: Answer,
}

pub(super) type Answer = oneshot::Sender<Result<Outcome, AppendError>>;

/// Where the keys lie that the payloads were sealed under.
#[derive(Debug)]
pub(super) enum Slot {
    /// Nothing was sealed.
    None,
    Written(u32),
    /// To be written before the commit.
    Minted(Minted),
}

impl Slot {
    pub(super) fn number(&self) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Written(slot) => Some(*slot),
            Self::Minted(minted) => Some(minted.slot),
        }
    }
}

pub(super) fn start(
    shared: Arc<Shared>,
    mark: MarkFile,
    waiting: mpsc::Receiver<Message>,
    settings: &LogSettings,
) -> io::Result<JoinHandle<()>> {
    let run = Run {
        shared,
        mark,
        waiting,
        dir: settings.dir.clone(),
        free_bytes_min: settings.free_bytes_min,
        last_time: DateTime::UNIX_EPOCH,
        settled: false,
        settled_at: Instant::now(),
        space: None,
    };
    thread::Builder::new().name("log-writer".to_owned()).spawn(move || {
        let shared = Arc::clone(&run.shared);
        // A writer that is gone without a word would look like one that was closed.
        if catch_unwind(AssertUnwindSafe(|| run.run())).is_err() {
            stop(&shared, &StoreError::Panicked);
        }
    })
}

/// From here on nothing is accepted: what is on the disk is no longer known.
fn stop(shared: &Shared, error: &StoreError) -> Arc<str> {
    let reason = causes::chain(error);
    tracing::error!(reason, "The log has stopped; it accepts no writes until a restart.");
    let reason: Arc<str> = reason.into();
    *shared.stopped.lock() = Some(Arc::clone(&reason));
    reason
}

struct Run {
    shared: Arc<Shared>,
    mark: MarkFile,
    waiting: mpsc::Receiver<Message>,
    dir: PathBuf,
    free_bytes_min: u64,
    last_time: DateTime<Utc>,
    /// Whether the head mark may stay as it is when nothing more comes.
    settled: bool,
    settled_at: Instant,
    /// When the disk was last looked at, and whether there was room.
    space: Option<(Instant, bool)>,
}

impl Run {
    fn run(mut self) {
        self.last_time = self.time_of_the_last_event();
        let mut carried = None;
        while let Some(message) = carried.take().or_else(|| self.wait()) {
            let first = match message {
                Message::Append(request) => request,
                Message::Forget { keys, answer } => {
                    // Who no longer listens has lost interest.
                    let _ = answer.send(self.forget(&keys));
                    continue;
                }
                Message::Stop => break,
            };
            let mut group = Group::new(Arc::clone(&self.shared), Utc::now(), self.last_time);
            group.take(first);
            while carried.is_none()
                && let Ok(message) = self.waiting.try_recv()
            {
                match message {
                    Message::Append(request) if group.has_room_for(&request) => group.take(request),
                    Message::Append(_) | Message::Forget { .. } | Message::Stop => {
                        carried = Some(message);
                    }
                }
            }
            self.finish(group);
        }
        self.settle();
    }

    /// What is asked for next; none when nobody is left to ask.
    fn wait(&mut self) -> Option<Message> {
        while !self.settled {
            match self.waiting.recv_timeout(IDLE) {
                Err(mpsc::RecvTimeoutError::Timeout) => self.settle(),
                other => return other.ok(),
            }
        }
        self.waiting.recv().ok()
    }

    fn forget(&mut self, keys: &[Vec<u8>]) -> Result<(), AppendError> {
        if let Some(reason) = self.shared.stopped.lock().clone() {
            return Err(AppendError::Stopped(reason));
        }
        if !self.has_space() {
            return Err(AppendError::DiskFull);
        }
        let mut batch = Batch::default();
        for key in keys {
            batch.remove(key);
        }
        let committed = self.shared.store.commit(batch);
        // The file may be shorter afterwards, and must not look as if something were lost.
        let marked =
            committed.and_then(|()| Ok(self.mark.settle(self.shared.store.file_bytes()?)?));
        self.settled = false;
        marked.map_err(|error| AppendError::Stopped(stop(&self.shared, &error)))
    }

    /// Commits a group and answers everyone in it: nobody before it is safe.
    fn finish(&mut self, mut group: Group) {
        if let Some(reason) = self.shared.stopped.lock().clone() {
            return group.refuse(&AppendError::Stopped(reason));
        }
        if group.is_empty() {
            return group.answer();
        }
        if !self.has_space() {
            return group.refuse(&AppendError::DiskFull);
        }
        if let Err(error) = self.shared.keys.write(group.minted()) {
            return group.refuse(&AppendError::Stopped(stop(&self.shared, &error.into())));
        }
        if let Err(error) = self.commit(&mut group) {
            return group.refuse(&AppendError::Unknown(stop(&self.shared, &error)));
        }
        self.last_time = group.time();
        group.move_ends();
        let (position, records) = group.records();
        if let Some(last) = records.last() {
            self.mark(position, last);
            self.shared.recent.push(position, records);
            self.shared.watermark.send_replace(position);
        }
        group.answer();
    }

    /// Where this fails, its receipts stay hidden: whether they are on the disk is not known.
    fn commit(&self, group: &mut Group) -> Result<(), StoreError> {
        self.shared.committing.write().extend(group.receipt_keys());
        self.shared.store.commit(group.batch())?;
        self.shared.committing.write().clear();
        Ok(())
    }

    /// Notes how far the log reaches. The group is safe already: if this fails, it is the next
    /// one that is refused.
    fn mark(&mut self, position: Position, record: &[u8]) {
        self.settled = false;
        let file_bytes = self.shared.store.file_bytes();
        let written =
            file_bytes.and_then(|bytes| self.mark.write(position, leaf_hash(record), bytes));
        if let Err(error) = written {
            stop(&self.shared, &error.into());
        } else if self.settled_at.elapsed() > MARK_AGE_MAX {
            self.settle();
        }
    }

    /// Brings the head mark onto the disk, once the writer rests or the mark gets old.
    fn settle(&mut self) {
        self.settled = true;
        self.settled_at = Instant::now();
        if self.shared.stopped.lock().is_some() {
            return;
        }
        // sled gives back the end of its file in a thread of its own, maybe after the last commit.
        let file_bytes = self.shared.store.file_bytes();
        if let Err(error) = file_bytes.and_then(|bytes| self.mark.settle(bytes)) {
            stop(&self.shared, &error.into());
        }
    }

    fn has_space(&mut self) -> bool {
        if let Some((looked, enough)) = self.space
            && looked.elapsed() < SPACE_AGE_MAX
        {
            return enough;
        }
        // A disk that cannot be asked will say so itself when it is written to.
        let enough = room::free_bytes(&self.dir).is_none_or(|free| free >= self.free_bytes_min);
        self.space = Some((Instant::now(), enough));
        enough
    }

    fn time_of_the_last_event(&self) -> DateTime<Utc> {
        let head: Position = *self.shared.watermark.borrow();
        let last = self.shared.record(head).ok().flatten();
        last.map_or(DateTime::UNIX_EPOCH, |record| record.envelope().recorded_at)
    }
}
