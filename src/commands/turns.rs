//! One command at a time on each stream, so that many writers on one customer do not fail each
//! other; and not more of them waiting than are worth waiting.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use events::id::StreamId;
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

/// Commands that may wait for one stream.
const WAITING_MAX: usize = 256;

type Turn = tokio::sync::Mutex<()>;

#[derive(Debug, Default)]
pub(super) struct Turns {
    waiting: Arc<Mutex<HashMap<StreamId, Weak<Turn>>>>,
}

/// The right to decide on one stream, until dropped.
pub struct Taken {
    guard: Option<OwnedMutexGuard<()>>,
    stream: StreamId,
    waiting: Arc<Mutex<HashMap<StreamId, Weak<Turn>>>>,
}

impl Turns {
    /// Waits for those before; none when too many are waiting already.
    pub(super) async fn take(&self, stream: &StreamId) -> Option<Taken> {
        let turn = {
            let mut waiting = self.waiting.lock();
            let turn = waiting.get(stream).and_then(Weak::upgrade).unwrap_or_default();
            // One holds it, those wait who hold it too, and one is ours.
            if Arc::strong_count(&turn) > WAITING_MAX + 1 {
                return None;
            }
            waiting.insert(stream.clone(), Arc::downgrade(&turn));
            turn
        };
        let guard = Some(turn.lock_owned().await);
        Some(Taken { guard, stream: stream.clone(), waiting: Arc::clone(&self.waiting) })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock();
        // The guard holds the turn itself: it goes first, under the lock.
        self.guard.take();
        if waiting.get(&self.stream).is_some_and(|turn| turn.strong_count() == 0) {
            waiting.remove(&self.stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use events::id::CustomerId;

    use super::*;

    fn stream() -> StreamId {
        StreamId::Customer(CustomerId::parse("C-1").unwrap())
    }

    #[tokio::test]
    async fn the_second_waits_for_the_first() {
        let turns = Turns::default();
        let first = turns.take(&stream()).await.unwrap();
        let (stream, second) = (stream(), Box::pin(async {}));
        second.await;
        let mut second = Box::pin(turns.take(&stream));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(second.await.is_some());
    }

    #[tokio::test]
    async fn nothing_is_kept_of_turns_that_are_over() {
        let turns = Turns::default();
        drop(turns.take(&stream()).await);
        assert!(turns.waiting.lock().is_empty());
    }

    #[tokio::test]
    async fn too_many_are_turned_away() {
        let (turns, stream) = (Turns::default(), stream());
        let _first = turns.take(&stream).await.unwrap();
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(turns.take(&stream))).collect();
        for one in &mut waiting {
            assert!(futures::poll!(one).is_pending());
        }
        assert!(turns.take(&stream).await.is_none());
    }
}
