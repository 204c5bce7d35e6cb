//! Who is let in now: not more requests at once than can be served well, and of each client not
//! more than its share, nor more than one look back into a long history.

mod rates;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use events::id::ClientId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(super) use self::rates::LOOKED_AT_A_REQUEST;
use self::rates::Rates;
use super::problem::{self, Problem};
use crate::{config::Http, turns::Turns};

#[derive(Debug)]
pub(crate) struct Admission {
    at_once: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
    wait_time_max: Duration,
    /// None: nobody is counted.
    rates: Option<Rates>,
    look_backs: Turns<ClientId>,
}

/// The place of a request among those that are served at once; free again when dropped.
pub(super) type Place = OwnedSemaphorePermit;

/// A request that waits; no longer when dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Admission {
    pub(crate) fn new(settings: &Http) -> Self {
        Self {
            at_once: Arc::new(Semaphore::new(settings.at_once_max)),
            waiting: AtomicUsize::new(0),
            waiting_max: settings.waiting_max,
            wait_time_max: Duration::from_millis(settings.waiting_ms_max),
            rates: settings.rate().map(Rates::new),
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
        rates.count(client, Instant::now()).map_err(|wait| {
            problem::too_many("You have sent more requests than is your share.", wait)
        })
    }

    /// Counts how much was looked at for a request that was let in, beside the request itself.
    pub(super) fn looked_at(&self, client: &ClientId, many: usize) {
        if let Some(rates) = &self.rates {
            rates.charge(client, many, Instant::now());
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
            rates.forget_quiet(Instant::now());
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
        fn even(&self, client: &ClientId) -> Option<Instant> {
            self.rates.as_ref().unwrap().even(client)
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

    #[tokio::test]
    async fn whoever_hangs_up_again_and_again_has_one_look_back_at_a_time_and_owes_each() {
        let shares = admission(|http| (http.rate_per_s, http.rate_burst) = (1, 5));
        let alpha = ClientId::parse("alpha").unwrap();
        let (began, beginnings) = std::sync::mpsc::channel();
        let mut ends = Vec::new();
        let mut before = None;
        for _nth in 0..3 {
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
            while shares.even(&alpha) == before {
                tokio::task::yield_now().await;
                assert!(futures::poll!(&mut first).is_pending());
            }
            drop(first);
            ends.push(beginnings.recv().unwrap());
            for _again in 0..10 {
                assert!(futures::poll!(&mut look_back()).is_pending());
            }
            // A thousand count as ten requests, so for ten seconds.
            let owed = shares.even(&alpha);
            assert!(before.is_none_or(|before| owed >= Some(before + Duration::from_secs(10))));
            before = owed;
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
