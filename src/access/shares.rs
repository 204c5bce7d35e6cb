//! How many of the requests that wait for the issuer come from one sender: who makes up tokens
//! waits behind itself, not before others.

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

/// What senders are told apart by; none where nobody knows who sends.
pub type SenderKey = Option<Vec<u8>>;

#[derive(Debug)]
pub(super) struct Shares {
    each_max: usize,
    taken: Mutex<FxHashMap<Vec<u8>, usize>>,
}

/// One of them, until it is dropped.
pub(super) struct Share<'a> {
    shares: &'a Shares,
    key: SenderKey,
}

impl Shares {
    pub(super) fn new(each_max: usize) -> Self {
        Self { each_max, taken: Mutex::default() }
    }

    /// None where the sender has as many as it may have.
    pub(super) fn take(&self, key: SenderKey) -> Option<Share<'_>> {
        if let Some(key) = &key {
            let mut taken = self.taken.lock();
            let count = taken.get(key).copied().unwrap_or_default();
            if count >= self.each_max {
                return None;
            }
            taken.insert(key.clone(), count + 1);
        }
        Some(Share { shares: self, key })
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let Some(key) = &self.key else { return };
        let mut taken = self.shares.taken.lock();
        if let Some(count) = taken.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sender_has_its_own_share_and_a_stranger_none() {
        let shares = Shares::new(2);
        let of = |name: &str| shares.take(Some(name.as_bytes().to_vec()));
        let [first, second] = ["one", "one"].map(|name| of(name).unwrap());
        assert!(of("one").is_none());
        let other = of("other").unwrap();
        let strangers: Vec<_> = (0..10).map(|_| shares.take(None).unwrap()).collect();
        drop(first);
        let third = of("one").unwrap();
        drop((second, third, other, strangers));
        assert!(shares.taken.lock().is_empty());
    }
}
