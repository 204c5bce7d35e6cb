//! How long to wait before the next try: longer each time, bounded, and never in step with others.

use std::time::Duration;

use aws_lc_rs::rand;

const FIRST: Duration = Duration::from_millis(50);

/// The waits of one series of tries.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { next: FIRST }
    }

    /// Something went well: the next series begins small again.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
    }

    /// The next wait: at most `max`, and at least half of what it could be.
    pub(crate) fn wait(&mut self, max: Duration) -> Duration {
        let full = self.next.min(max);
        self.next = full.saturating_mul(2);
        let mut dice = [0];
        // Without random bytes it waits half as long, no worse.
        let _ = rand::fill(&mut dice);
        full / 2 + full / 2 * u32::from(dice[0]) / 255
    }
}
