//! Connections whose handshake is not done: so many, and for one more an old one has to go.
//!
//! Whoever has shown no certificate yet takes no place from those who have. Newcomers from where a
//! certificate was shown lately and all others have half of the places each, so that a flood of
//! strangers sends strangers away. Among its like the oldest goes, which has had its time; but
//! first the oldest of an address that holds more than its share.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use parking_lot::Mutex;
use quick_cache::sync::Cache;
use tokio_util::sync::CancellationToken;

use super::places::counted;

/// This part of all places is what one address may hold before its own have to go first.
const SHARES: usize = 16;
/// Addresses that are remembered because a certificate was shown from there.
const KNOWN_MAX: usize = 4096;

pub(super) struct Newcomers {
    all_max: usize,
    waiting: Mutex<Waiting>,
    known: Cache<IpAddr, ()>,
}

#[derive(Default)]
struct Waiting {
    strangers: Group,
    known: Group,
    next: u64,
}

/// Newcomers in the order of their coming.
#[derive(Default)]
struct Group {
    all: BTreeMap<u64, (IpAddr, CancellationToken)>,
    by_address: BTreeMap<IpAddr, BTreeSet<u64>>,
    /// The same addresses by how many there are of each.
    by_count: BTreeSet<(usize, IpAddr)>,
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
        let known = Cache::new(KNOWN_MAX);
        Arc::new(Self { all_max, waiting: Mutex::default(), known })
    }

    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Newcomer {
        let (address, sent_away) = (counted(address), CancellationToken::new());
        let is_known = self.known.get(&address).is_some();
        let mut waiting = self.waiting.lock();
        if waiting.strangers.all.len() + waiting.known.all.len() >= self.all_max {
            waiting.send_one_away((self.all_max / SHARES).max(1), is_known);
        }
        let nth = waiting.next;
        waiting.next += 1;
        let Waiting { strangers, known, .. } = &mut *waiting;
        let group = if is_known { known } else { strangers };
        group.add(nth, address, sent_away.clone());
        Newcomer { newcomers: Arc::clone(self), address, nth, sent_away }
    }
}

impl Waiting {
    /// For one that is known, or is not; of like groups its own gives way.
    fn send_one_away(&mut self, share: usize, is_known: bool) {
        let known_has_more = match self.known.all.len().cmp(&self.strangers.all.len()) {
            Ordering::Greater => true,
            Ordering::Equal => is_known,
            Ordering::Less => false,
        };
        let group = if known_has_more { &mut self.known } else { &mut self.strangers };
        if let Some(sent_away) = group.first_to_go(share).and_then(|nth| group.remove(nth)) {
            sent_away.cancel();
        }
    }
}

impl Group {
    fn first_to_go(&self, share: usize) -> Option<u64> {
        let (count, address) = self.by_count.last()?;
        if *count > share {
            return self.by_address.get(address)?.first().copied();
        }
        self.all.keys().next().copied()
    }

    fn add(&mut self, nth: u64, address: IpAddr, sent_away: CancellationToken) {
        self.all.insert(nth, (address, sent_away));
        self.recount(address, |of_address| of_address.insert(nth));
    }

    fn remove(&mut self, nth: u64) -> Option<CancellationToken> {
        let (address, sent_away) = self.all.remove(&nth)?;
        self.recount(address, |of_address| of_address.remove(&nth));
        Some(sent_away)
    }

    fn recount(&mut self, address: IpAddr, change: impl FnOnce(&mut BTreeSet<u64>) -> bool) {
        let of_address = self.by_address.entry(address).or_default();
        self.by_count.remove(&(of_address.len(), address));
        change(of_address);
        if of_address.is_empty() {
            self.by_address.remove(&address);
        } else {
            self.by_count.insert((of_address.len(), address));
        }
    }
}

impl Newcomer {
    /// Returns when it has to go.
    pub(super) async fn sent_away(&self) {
        self.sent_away.cancelled().await;
    }

    /// Those who come from there next are known.
    pub(super) fn has_shown_certificate(&self) {
        self.newcomers.known.insert(self.address, ());
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        let mut waiting = self.newcomers.waiting.lock();
        if waiting.strangers.remove(self.nth).is_none() {
            waiting.known.remove(self.nth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(newcomers: &Arc<Newcomers>, nth: u8) -> Newcomer {
        newcomers.take([10, 0, 0, nth].into())
    }

    fn gone(all: &[&Newcomer]) -> Vec<bool> {
        all.iter().map(|one| one.sent_away.is_cancelled()).collect()
    }

    fn is_empty(newcomers: &Newcomers) -> bool {
        let waiting = newcomers.waiting.lock();
        [&waiting.strangers, &waiting.known].into_iter().all(|group| {
            group.all.is_empty() && group.by_address.is_empty() && group.by_count.is_empty()
        })
    }

    #[test]
    fn the_oldest_of_whoever_has_too_many_goes_for_one_more() {
        let newcomers = Newcomers::new(3);
        let take = |nth| take(&newcomers, nth);
        let honest = take(1);
        let [first, second] = [take(2), take(2)];
        let third = take(2);
        assert_eq!(gone(&[&honest, &first, &second, &third]), [false, true, false, false]);
        let other = take(3);
        assert_eq!(gone(&[&honest, &second, &third, &other]), [false, true, false, false]);
        drop((honest, first, second, third, other));
        assert!(is_empty(&newcomers));
    }

    #[test]
    fn among_many_addresses_with_one_each_the_oldest_goes() {
        let newcomers = Newcomers::new(32);
        let strangers: Vec<_> = (1..=32).map(|nth| take(&newcomers, nth)).collect();
        let honest = take(&newcomers, 0);
        // It has as long as it takes others to fill all the places anew.
        let later: Vec<_> = (100..131).map(|nth| take(&newcomers, nth)).collect();
        assert!(!honest.sent_away.is_cancelled());
        assert!(gone(&strangers.iter().collect::<Vec<_>>()).into_iter().all(|gone| gone));
        let last = take(&newcomers, 200);
        assert!(honest.sent_away.is_cancelled());
        drop((strangers, honest, later, last));
        assert!(is_empty(&newcomers));
    }

    #[test]
    fn whoever_comes_from_where_a_certificate_was_shown_is_not_sent_away_for_strangers() {
        let newcomers = Newcomers::new(8);
        take(&newcomers, 0).has_shown_certificate();
        let honest = take(&newcomers, 0);
        let strangers: Vec<_> = (1..=100).map(|nth| take(&newcomers, nth)).collect();
        assert!(!honest.sent_away.is_cancelled());
        // Nor do known ones take more than half from strangers.
        let insiders: Vec<_> = (0..100).map(|_| take(&newcomers, 0)).collect();
        let left = |all: &[Newcomer]| all.iter().filter(|it| !it.sent_away.is_cancelled()).count();
        assert_eq!((left(&strangers), left(&insiders)), (4, 4));
    }
}
