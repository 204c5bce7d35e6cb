//! How much each client may ask for: so much a second, and some at once after a rest.
//!
//! The generic cell rate algorithm, for which one instant a client is enough. Of our own, since a
//! client may come to owe more than it may ask for at once, and is told truly how long that takes.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    time::{Duration, Instant},
};

use events::id::ClientId;
use parking_lot::Mutex;

/// How many records or candidates looked at count as one request.
pub(in crate::http) const LOOKED_AT_A_REQUEST: u32 = 100;

#[derive(Debug)]
pub(super) struct Rates {
    /// How long it takes until a client may send one more.
    each: Duration,
    /// How far ahead of its rate a client may be.
    ahead_max: Duration,
    /// When each client will be no more ahead of its rate.
    even: Mutex<HashMap<ClientId, Instant>>,
}

impl Rates {
    pub(super) fn new((per_second, burst): (NonZeroU32, NonZeroU32)) -> Self {
        let each = Duration::from_secs(1) / per_second.get();
        Self { each, ahead_max: each.saturating_mul(burst.get()), even: Mutex::default() }
    }

    /// Counts a request; or tells how long it takes until one is let in again.
    pub(super) fn count(&self, client: &ClientId, now: Instant) -> Result<(), Duration> {
        let mut even = self.even.lock();
        let known = even.get_mut(client);
        let then = known.as_deref().map_or(now, |at| now.max(*at)) + self.each;
        let wait = then.saturating_duration_since(now).saturating_sub(self.ahead_max);
        if !wait.is_zero() {
            return Err(wait);
        }
        match known {
            Some(at) => *at = then,
            None => drop(even.insert(client.clone(), then)),
        }
        Ok(())
    }

    /// Counts what was looked at for a client already, however much that is.
    pub(super) fn charge(&self, client: &ClientId, looked_at: usize, now: Instant) {
        let looked_at = u32::try_from(looked_at).unwrap_or(u32::MAX);
        let cost = self.each.saturating_mul(looked_at) / LOOKED_AT_A_REQUEST;
        let mut even = self.even.lock();
        let at = even.entry(client.clone()).or_insert(now);
        *at = now.max(*at) + cost;
    }

    /// Forgets clients that are not ahead of their rate.
    pub(super) fn forget_quiet(&self, now: Instant) {
        self.even.lock().retain(|_, at| *at > now);
    }

    #[cfg(test)]
    pub(super) fn even(&self, client: &ClientId) -> Option<Instant> {
        self.even.lock().get(client).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn rates(per_second: u32, burst: u32) -> Rates {
        Rates::new([per_second, burst].map(|number| NonZeroU32::new(number).unwrap()).into())
    }

    #[test]
    fn what_is_owed_is_paid_by_waiting_even_beyond_what_may_be_asked_at_once() {
        let (rates, alpha) = (rates(1, 3), ClientId::parse("alpha").unwrap());
        let start = Instant::now();
        rates.charge(&alpha, 1500, start);
        // 15 are owed, 3 may be asked for in advance, and this one counts too.
        assert_eq!(rates.count(&alpha, start), Err(Duration::from_secs(13)));
        let rested = start + Duration::from_secs(10);
        rates.forget_quiet(rested);
        assert_eq!(rates.count(&alpha, rested), Err(Duration::from_secs(3)));
        assert_eq!(rates.count(&alpha, rested + Duration::from_secs(3)), Ok(()));
        let quiet = start + Duration::from_mins(1);
        rates.forget_quiet(quiet);
        assert_eq!(rates.even(&alpha), None);
        assert!((0..3).all(|_| rates.count(&alpha, quiet).is_ok()));
        assert_eq!(rates.count(&alpha, quiet), Err(Duration::from_secs(1)));
    }

    proptest! {
        #[test]
        fn who_comes_when_it_was_told_to_is_let_in_and_no_sooner(
            (per_second, burst) in (1..1000_u32, 1..50_u32),
            steps in vec((0..2000_u64, 0..1000_usize), 1..100),
        ) {
            let (rates, alpha) = (rates(per_second, burst), ClientId::parse("alpha").unwrap());
            let mut now = Instant::now();
            for (later_ms, looked_at) in steps {
                now += Duration::from_millis(later_ms);
                if let Err(wait) = rates.count(&alpha, now) {
                    let sooner = (now + wait).checked_sub(Duration::from_nanos(1)).unwrap();
                    prop_assert!(rates.count(&alpha, sooner).is_err());
                    now += wait;
                    prop_assert_eq!(rates.count(&alpha, now), Ok(()));
                }
                rates.charge(&alpha, looked_at, now);
            }
        }
    }
}
