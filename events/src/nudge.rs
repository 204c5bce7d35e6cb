//! Whoever waits for a store too long is not left alone.
//!
//! When a write of sled's own fails in one of its threads, it does not always wake the one who
//! waits for that write. Whoever asks for the same once more does: then both hear of the failure.

#[cfg(test)]
mod tests;

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
    time::Duration,
};

use crate::sync::{
    atomic::{AtomicU64, Ordering},
    thread::{self, JoinHandle},
};

/// After how long somebody who still waits is helped, at least.
const PATIENCE: Duration = Duration::from_secs(1);

/// Helps one thread that waits, as long as it lives.
#[derive(Debug)]
pub struct Nudge {
    /// Odd while the thread waits; none when this is gone.
    waits: Option<Arc<AtomicU64>>,
    helper: Option<JoinHandle<()>>,
}

impl Nudge {
    /// `again` asks for what the other one waits for.
    pub fn start(again: impl Fn() + Send + 'static) -> io::Result<Self> {
        let waits = Arc::new(AtomicU64::new(0));
        let seen = Arc::downgrade(&waits);
        let helper = thread::Builder::new().name("nudge".to_owned());
        let helper = helper.spawn(move || help(&seen, again))?;
        Ok(Self { waits: Some(waits), helper: Some(helper) })
    }

    /// Runs what may wait for ever. One thread at a time.
    pub fn during<T>(&self, run: impl FnOnce() -> T) -> T {
        let _turn = self.waits.as_deref().map(Turn::begin);
        run()
    }
}

/// Ends when what was run does, also by a panic.
struct Turn<'a>(&'a AtomicU64);

impl<'a> Turn<'a> {
    fn begin(waits: &'a AtomicU64) -> Self {
        waits.fetch_add(1, Ordering::Relaxed);
        Self(waits)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn help(waits: &Weak<AtomicU64>, again: impl Fn()) {
    let mut before = 0;
    while let Some(now) = waits.upgrade().map(|waits| waits.load(Ordering::Relaxed)) {
        if now % 2 == 1 && now == before {
            // Whoever asks for something broken may panic over it, and has to ask again all the
            // same; what it said was told there.
            let _ = catch_unwind(AssertUnwindSafe(&again));
        }
        before = now;
        thread::park_timeout(PATIENCE);
    }
}

impl Drop for Nudge {
    fn drop(&mut self) {
        self.waits = None;
        if let Some(helper) = self.helper.take() {
            helper.thread().unpark();
            // It does not panic.
            let _ = helper.join();
        }
    }
}
