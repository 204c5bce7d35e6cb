//! Connections whose handshake is not done: so many, and for one more the oldest has to go.
//!
//! Whoever has shown no certificate yet takes no place from those who have; and whoever only waits
//! is sent away before whoever has just come.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

pub(super) struct Newcomers {
    all_max: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// In the order of their coming.
    all: BTreeMap<u64, CancellationToken>,
    next: u64,
}

/// One of them, until it is dropped.
pub(super) struct Newcomer {
    newcomers: Arc<Newcomers>,
    nth: u64,
    sent_away: CancellationToken,
}

impl Newcomers {
    pub(super) fn new(all_max: usize) -> Arc<Self> {
        Arc::new(Self { all_max, waiting: Mutex::default() })
    }

    pub(super) fn take(self: &Arc<Self>) -> Newcomer {
        let sent_away = CancellationToken::new();
        let mut waiting = self.waiting.lock();
        if waiting.all.len() >= self.all_max
            && let Some((_, oldest)) = waiting.all.pop_first()
        {
            oldest.cancel();
        }
        let nth = waiting.next;
        waiting.next += 1;
        waiting.all.insert(nth, sent_away.clone());
        Newcomer { newcomers: Arc::clone(self), nth, sent_away }
    }
}

impl Newcomer {
    /// Returns when it has to go.
    pub(super) async fn sent_away(&self) {
        self.sent_away.cancelled().await;
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.newcomers.waiting.lock().all.remove(&self.nth);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_for_one_too_many() {
        let newcomers = Newcomers::new(2);
        let [first, second] = [newcomers.take(), newcomers.take()];
        assert!(!first.sent_away.is_cancelled());
        let third = newcomers.take();
        assert!(first.sent_away.is_cancelled() && !second.sent_away.is_cancelled());
        drop((first, second));
        let fourth = newcomers.take();
        assert!(!third.sent_away.is_cancelled() && !fourth.sent_away.is_cancelled());
        drop((third, fourth));
        assert!(newcomers.waiting.lock().all.is_empty());
    }
}
