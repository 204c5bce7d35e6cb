//! One at a time on each of many things, in the order in which they came.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

type Turn = tokio::sync::Mutex<()>;
type Taking<K> = Arc<Mutex<HashMap<K, Weak<Turn>>>>;

#[derive(Debug)]
pub(crate) struct Turns<K>(Taking<K>);

/// The right to go on with one of them, until dropped.
pub struct Taken<K: Eq + Hash> {
    /// None while it waits.
    guard: Option<OwnedMutexGuard<()>>,
    key: K,
    taking: Taking<K>,
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone> Turns<K> {
    /// Waits for those before.
    pub(crate) async fn take(&self, key: &K) -> Taken<K> {
        // Before it waits, so that nothing is left of whoever gives up.
        let mut taken = Taken { guard: None, key: key.clone(), taking: Arc::clone(&self.0) };
        let turn = {
            let mut taking = self.0.lock();
            let turn = taking.get(key).and_then(Weak::upgrade).unwrap_or_default();
            taking.insert(key.clone(), Arc::downgrade(&turn));
            turn
        };
        taken.guard = Some(turn.lock_owned().await);
        taken
    }
}

impl<K: Eq + Hash> Drop for Taken<K> {
    fn drop(&mut self) {
        let mut taking = self.taking.lock();
        // The guard holds the turn itself: it goes first, under the lock.
        self.guard.take();
        if taking.get(&self.key).is_some_and(|turn| turn.strong_count() == 0) {
            taking.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_waits_for_the_first() {
        let turns = Turns::default();
        let first = turns.take(&1).await;
        let mut second = Box::pin(turns.take(&1));
        assert!(futures::poll!(&mut second).is_pending());
        drop(turns.take(&2).await);
        drop(first);
        drop(second.await);
    }

    #[tokio::test]
    async fn nothing_is_kept_of_turns_that_are_over_or_were_given_up() {
        let turns = Turns::default();
        let first = turns.take(&1).await;
        let mut second = Box::pin(turns.take(&1));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(!turns.0.lock().is_empty());
        drop(second);
        assert!(turns.0.lock().is_empty());
    }
}
