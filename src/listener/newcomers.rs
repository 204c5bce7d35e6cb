//! Connections whose handshake is not done: so many, and for one more the oldest has to go of the
//! address that has most of them.
//!
//! Whoever has shown no certificate yet takes no place from those who have; and whoever floods the
//! service with newcomers sends its own away.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio_util::sync::CancellationToken;

use super::places::counted;

pub(super) struct Newcomers {
    all_max: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    all: usize,
    /// Of each address in the order of their coming.
    by_address: FxHashMap<IpAddr, BTreeMap<u64, CancellationToken>>,
    next: u64,
}

/// One of them, until it is dropped.
pub(super) struct Newcomer {
    newcomers: Arc<Newcomers>,
    address: IpAddr,
    nth: u64,
    sent_away: CancellationToken,
}

impl Newcomers {
    pub(super) fn new(all_max: usize) -> Arc<Self> {
        Arc::new(Self { all_max, waiting: Mutex::default() })
    }

    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Newcomer {
        let (address, sent_away) = (counted(address), CancellationToken::new());
        let mut waiting = self.waiting.lock();
        if waiting.all >= self.all_max {
            waiting.send_one_away();
        }
        let nth = waiting.next;
        waiting.next += 1;
        waiting.all += 1;
        waiting.by_address.entry(address).or_default().insert(nth, sent_away.clone());
        Newcomer { newcomers: Arc::clone(self), address, nth, sent_away }
    }
}

impl Waiting {
    fn send_one_away(&mut self) {
        let most = self.by_address.iter().max_by_key(|(_, waiting)| waiting.len());
        let oldest = most.and_then(|(address, waiting)| Some((*address, *waiting.keys().next()?)));
        if let Some((address, nth)) = oldest
            && let Some(sent_away) = self.remove(address, nth)
        {
            sent_away.cancel();
        }
    }

    fn remove(&mut self, address: IpAddr, nth: u64) -> Option<CancellationToken> {
        let of_address = self.by_address.get_mut(&address)?;
        let removed = of_address.remove(&nth)?;
        if of_address.is_empty() {
            self.by_address.remove(&address);
        }
        self.all -= 1;
        Some(removed)
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
        self.newcomers.waiting.lock().remove(self.address, self.nth);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_whoever_has_most_goes_for_one_too_many() {
        let newcomers = Newcomers::new(3);
        let take = |nth: u8| newcomers.take([127, 0, 0, nth].into());
        let honest = take(1);
        let [first, second] = [take(2), take(2)];
        let gone = |all: &[&Newcomer]| -> Vec<bool> {
            all.iter().map(|one| one.sent_away.is_cancelled()).collect()
        };
        let third = take(2);
        assert_eq!(gone(&[&honest, &first, &second, &third]), [false, true, false, false]);
        let other = take(3);
        assert_eq!(gone(&[&honest, &second, &third, &other]), [false, true, false, false]);
        drop((honest, first, second, third, other));
        assert_eq!(newcomers.waiting.lock().all, 0);
        assert!(newcomers.waiting.lock().by_address.is_empty());
    }
}
