//! How many of those that wait belong to one sender, or one client: who sends much waits behind
//! itself, not before others.

use std::hash::Hash;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

#[derive(Debug)]
pub(crate) struct Shares<K> {
    each_max: usize,
    taken: Mutex<FxHashMap<K, usize>>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share<'a, K: Eq + Hash> {
    shares: &'a Shares<K>,
    key: K,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    pub(crate) fn new(each_max: usize) -> Self {
        Self { each_max, taken: Mutex::default() }
    }

    /// None where it has as many as it may have.
    pub(crate) fn take(&self, key: K) -> Option<Share<'_, K>> {
        let mut taken = self.taken.lock();
        let count = taken.entry(key.clone()).or_default();
        if *count >= self.each_max {
            return None;
        }
        *count += 1;
        Some(Share { shares: self, key })
    }
}

impl<K: Eq + Hash> Drop for Share<'_, K> {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock();
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_share() {
        let shares = Shares::new(2);
        let [first, second] = ["one", "one"].map(|name| shares.take(name).unwrap());
        assert!(shares.take("one").is_none());
        let other = shares.take("other").unwrap();
        drop(first);
        let third = shares.take("one").unwrap();
        drop((second, third, other));
        assert!(shares.taken.lock().is_empty());
    }
}
