//! The issuer's keys, kept fresh: fetched by age and when a token names one that is not there.
//!
//! One task fetches, one fetch at a time, and rests after each. So whoever sends tokens of unknown
//! keys, and however many, causes one fetch in each pause; and a client that goes away takes
//! nothing with it.

mod source;
mod state;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jsonwebtoken::Algorithm;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};

use self::{source::Source, state::State};
use super::{
    AccessError,
    fault::Fault,
    fetch::{self, FetchError, Fetcher},
    jwks::{Key, KeySet},
};
use crate::config;

/// What a fetch may take beyond its own bound before nobody waits for it any more.
const WAIT_BEYOND: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Keys {
    /// None: they are what they are.
    refresh: Option<Refresh>,
    state: watch::Sender<State>,
    asked: Notify,
    generation: AtomicU64,
}

/// Where keys come from, and how often.
#[derive(Debug)]
struct Refresh {
    source: Source,
    every: Duration,
    pause: Duration,
    stale_max: Duration,
    wait_max: Duration,
}

impl Keys {
    pub(super) fn fixed(set: KeySet) -> Self {
        Self::new(None, Some(set))
    }

    /// Reads a file at once, since one that is not right is a mistake in the settings; a URL may
    /// answer later.
    pub(super) fn configured(settings: &config::Access) -> Result<Self, AccessError> {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let (path, bytes_max) = (settings.jwks_file.clone(), settings.fetch_bytes_max);
        let (source, set) = if path.as_os_str().is_empty() {
            (Source::Url(Fetcher::new(settings, &settings.jwks_url)?), None)
        } else {
            let set = source::first_of_file(&path, bytes_max)?;
            (Source::File { path, bytes_max }, Some(set))
        };
        let refresh = Refresh {
            source,
            every: seconds(settings.jwks_refresh_s),
            pause: seconds(settings.jwks_pause_s),
            stale_max: Duration::from_hours(settings.jwks_stale_h_max.into()),
            wait_max: Duration::from_millis(settings.fetch_ms_max.into()) + WAIT_BEYOND,
        };
        Ok(Self::new(Some(refresh), set))
    }

    fn new(refresh: Option<Refresh>, set: Option<KeySet>) -> Self {
        let (state, _) = watch::channel(State::new(set.map(Arc::new)));
        Self { refresh, state, asked: Notify::new(), generation: AtomicU64::new(0) }
    }

    /// Changes after the keys have.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The key that a token of this header was signed with; waits for a fetch if it is not there.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Arc<Key>, Fault> {
        let mut watching = self.state.subscribe();
        let (before, wait_max) = {
            let state = watching.borrow();
            if let Some(key) = state.find(id, algorithm) {
                return Ok(key);
            }
            match &self.refresh {
                Some(refresh) if state.rests_until <= Instant::now() => {
                    (state.fetches, refresh.wait_max)
                }
                Some(_) | None => return Err(state.verdict()),
            }
        };
        self.asked.notify_one();
        let next = watching.wait_for(|state| state.fetches != before);
        let Ok(Ok(state)) = timeout(wait_max, next).await else {
            return Err(Fault::Unreachable);
        };
        state.find(id, algorithm).ok_or_else(|| state.verdict())
    }

    /// Fetches, again and again, for as long as it is polled.
    pub(super) async fn keep_fresh(self: Arc<Self>) {
        let Some(refresh) = &self.refresh else { return };
        loop {
            let fetched = refresh.source.fetch().await;
            let has_failed = fetched.is_err();
            self.take(fetched, refresh);
            sleep(refresh.pause).await;
            if !has_failed {
                let rest = refresh.every.saturating_sub(refresh.pause);
                // Either it is time or somebody asked; which of the two does not matter.
                let _ = timeout(rest, self.asked.notified()).await;
            }
        }
    }

    fn take(&self, fetched: Result<KeySet, FetchError>, refresh: &Refresh) {
        fetch::count("jwks", fetched.is_ok());
        let mut has_changed = false;
        self.state.send_modify(|state| {
            has_changed = match fetched {
                Ok(set) => state.succeed(set),
                Err(error) => state.fail(&error, refresh.stale_max),
            };
            state.fetches += 1;
            state.rests_until = Instant::now() + refresh.pause;
            let count = state.set.as_ref().map_or(0, |set| set.len());
            metrics::gauge!("dossier_issuer_keys").set(u32::try_from(count).unwrap_or(u32::MAX));
        });
        // Afterwards: whoever still saw the old keys has seen the old generation, too.
        if has_changed {
            self.generation.fetch_add(1, Ordering::Release);
        }
    }
}
