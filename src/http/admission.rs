//! Who is let in now: not more requests at once than can be served well, and of each client not
//! more than its share, nor more than one look back into a long history.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use events::id::ClientId;
use governor::{
    DefaultKeyedRateLimiter, NotUntil, Quota,
    clock::{Clock, DefaultClock},
};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::{self, Problem};
use crate::{config::Http, turns::Turns};

#[derive(Debug)]
pub(crate) struct Admission {
    at_once: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
    wait_time_max: Duration,
    /// None: nobody is counted.
    rates: Option<DefaultKeyedRateLimiter<ClientId>>,
    /// How long it takes until a client may send one more.
    each: Duration,
    /// What was looked at for each client, and not yet counted.
    looked_at: Mutex<HashMap<ClientId, usize>>,
    look_backs: Turns<ClientId>,
}

/// How many records or candidates looked at count as one more request of a client's share.
pub(super) const LOOKED_AT_A_REQUEST: usize = 100;

/// The place of a request among those that are served at once; free again when dropped.
pub(super) type Place = OwnedSemaphorePermit;

/// A request that waits; no longer when dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Admission {
    pub(crate) fn new(settings: &Http) -> Self {
        let quota = |(per_second, burst)| Quota::per_second(per_second).allow_burst(burst);
        Self {
            at_once: Arc::new(Semaphore::new(settings.at_once_max)),
            waiting: AtomicUsize::new(0),
            waiting_max: settings.waiting_max,
            wait_time_max: Duration::from_millis(settings.waiting_ms_max),
            rates: settings.rate().map(|rate| DefaultKeyedRateLimiter::keyed(quota(rate))),
            each: settings.rate().map_or(Duration::ZERO, |(per_second, _)| {
                Duration::from_secs(1) / per_second.get()
            }),
            looked_at: Mutex::default(),
            look_backs: Turns::default(),
        }
    }

    /// A place at once, or after a short wait; too many that wait are told to come again instead.
    pub(super) async fn place(&self) -> Result<Place, Problem> {
        if let Ok(place) = Arc::clone(&self.at_once).try_acquire_owned() {
            return Ok(place);
        }
        let waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
            return Err(full());
        }
        let place = Arc::clone(&self.at_once).acquire_owned();
        let place = tokio::time::timeout(self.wait_time_max, place).await;
        drop(waiting);
        place.map_err(|_| full())?.map_err(|_| full())
    }

    /// Counts a request of a client, whose token was found good; an error beyond its share.
    pub(super) fn count(&self, client: &ClientId) -> Result<(), Problem> {
        let Some(rates) = &self.rates else { return Ok(()) };
        let count = |behind: usize| {
            rates.check_key(client).map_err(|not_until| self.beyond_its_share(&not_until, behind))
        };
        let mut looked_at = self.looked_at.lock();
        if let Some(owed) = looked_at.get_mut(client) {
            while *owed >= LOOKED_AT_A_REQUEST {
                count(*owed / LOOKED_AT_A_REQUEST)?;
                *owed -= LOOKED_AT_A_REQUEST;
            }
        }
        drop(looked_at);
        count(0)
    }

    /// `behind` more are to be counted before the client's own.
    fn beyond_its_share(
        &self,
        not_until: &NotUntil<<DefaultClock as Clock>::Instant>,
        behind: usize,
    ) -> Problem {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        let behind = u32::try_from(behind).unwrap_or(u32::MAX);
        let wait = wait.saturating_add(self.each.saturating_mul(behind));
        problem::too_many("You have sent more requests than is your share.", wait)
    }

    /// Notes how much was looked at for a request that was let in: where it was much, it counts as
    /// more requests than one, before the client's next.
    pub(super) fn looked_at(&self, client: &ClientId, many: usize) {
        if self.rates.is_some() {
            let mut looked_at = self.looked_at.lock();
            let owed = looked_at.entry(client.clone()).or_default();
            *owed = owed.saturating_add(many);
        }
    }

    /// Looks back in a thread for such work, once the client's last look back has ended: it goes on
    /// where the client hangs up, so it keeps the turn itself, and is counted before it begins.
    pub(super) async fn look_back<T: Send + 'static>(
        &self,
        client: &ClientId,
        many_at_most: usize,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = self.look_backs.take(client).await;
        self.looked_at(client, many_at_most);
        let looked = tokio::task::spawn_blocking(move || {
            let found = look();
            drop(turn);
            found
        });
        looked.await.map_err(|_| problem::broken("a look back ended".to_owned()))
    }

    /// Forgets clients that were not heard of for a while.
    pub(crate) fn forget_quiet(&self) {
        if let Some(rates) = &self.rates {
            rates.retain_recent();
            self.looked_at.lock().retain(|_, owed| *owed >= LOOKED_AT_A_REQUEST);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn full() -> Problem {
    problem::unavailable("More is asked than can be answered now.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    impl Admission {
        fn owed(&self, client: &ClientId) -> usize {
            self.looked_at.lock().get(client).copied().unwrap_or_default()
        }
    }

    fn admission(change: impl FnOnce(&mut Http)) -> Admission {
        let mut settings = Config::load(None).unwrap().http;
        change(&mut settings);
        Admission::new(&settings)
    }

    #[tokio::test]
    async fn those_beyond_the_places_wait_and_those_beyond_the_queue_are_turned_away() {
        let full = admission(|http| {
            (http.at_once_max, http.waiting_max, http.waiting_ms_max) = (2, 1, 60_000);
        });
        let first = full.place().await.unwrap();
        let _second = full.place().await.unwrap();
        let mut third = Box::pin(full.place());
        assert!(futures::poll!(&mut third).is_pending());
        assert!(full.place().await.is_err());
        drop(first);
        drop(third.await.unwrap());
        drop(full.place().await.unwrap());
        assert_eq!(full.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn nobody_waits_for_longer_than_is_bearable() {
        let full = admission(|http| {
            (http.at_once_max, http.waiting_max, http.waiting_ms_max) = (1, 1, 10);
        });
        let _first = full.place().await.unwrap();
        assert!(full.place().await.is_err());
        assert_eq!(full.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn each_client_has_its_own_share() {
        let shares = admission(|http| (http.rate_per_s, http.rate_burst) = (1, 3));
        let [alpha, beta] = ["alpha", "beta"].map(|id| ClientId::parse(id).unwrap());
        for _within in 0..3 {
            shares.count(&alpha).unwrap();
        }
        assert!(shares.count(&alpha).is_err());
        shares.count(&beta).unwrap();
        shares.forget_quiet();
        assert!(shares.count(&alpha).is_err());
    }

    #[test]
    fn what_was_looked_at_is_counted_before_the_next_request() {
        let shares = admission(|http| (http.rate_per_s, http.rate_burst) = (1, 5));
        let [alpha, beta] = ["alpha", "beta"].map(|id| ClientId::parse(id).unwrap());
        shares.count(&alpha).unwrap();
        shares.looked_at(&alpha, LOOKED_AT_A_REQUEST - 1);
        shares.count(&alpha).unwrap();
        shares.looked_at(&alpha, 10 * LOOKED_AT_A_REQUEST);
        assert!(shares.count(&alpha).is_err());
        shares.count(&beta).unwrap();
        // What is owed stays owed.
        shares.forget_quiet();
        assert!(shares.looked_at.lock()[&alpha] > 5 * LOOKED_AT_A_REQUEST);
    }

    #[tokio::test]
    async fn whoever_hangs_up_again_and_again_has_one_look_back_at_a_time_and_owes_each() {
        let shares = admission(|http| (http.rate_per_s, http.rate_burst) = (1, 5));
        let alpha = ClientId::parse("alpha").unwrap();
        let (began, beginnings) = std::sync::mpsc::channel();
        let mut ends = Vec::new();
        for nth in 1..=3 {
            let look_back = || {
                let (end, ending) = std::sync::mpsc::channel::<()>();
                let began = began.clone();
                let look = move || {
                    began.send(end).unwrap();
                    ending.recv().unwrap_err();
                };
                Box::pin(shares.look_back(&alpha, 1000, look))
            };
            // The first of them when those from before have ended; the others hang up in vain.
            let mut first = look_back();
            assert!(futures::poll!(&mut first).is_pending());
            ends.clear();
            while shares.owed(&alpha) < 1000 * nth {
                tokio::task::yield_now().await;
                assert!(futures::poll!(&mut first).is_pending());
            }
            drop(first);
            ends.push(beginnings.recv().unwrap());
            for _again in 0..10 {
                assert!(futures::poll!(&mut look_back()).is_pending());
            }
            assert_eq!(shares.owed(&alpha), 1000 * nth);
            assert!(beginnings.try_recv().is_err());
        }
        assert!(shares.count(&alpha).is_err());
        drop(ends);
    }

    #[test]
    fn without_a_rate_nobody_is_counted() {
        let open = admission(|http| http.rate_per_s = 0);
        let alpha = ClientId::parse("alpha").unwrap();
        assert!((0..100_000).all(|_| open.count(&alpha).is_ok()));
    }
}
