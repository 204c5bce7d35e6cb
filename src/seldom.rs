//! Log lines that others can cause as often as they like: told now and then.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

#[derive(Debug)]
pub(crate) struct Seldom {
    every: Duration,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    last: Option<Instant>,
    /// How many were not, since then.
    untold: u64,
}

impl Seldom {
    /// At most one in that time.
    pub(crate) fn every(every: Duration) -> Self {
        Self { every, told: Mutex::default() }
    }

    /// How many were left out before this one; none if this one is left out, too.
    pub(crate) fn turn(&self) -> Option<u64> {
        let mut told = self.told.lock();
        if told.last.is_some_and(|last| last.elapsed() < self.every) {
            told.untold += 1;
            return None;
        }
        told.last = Some(Instant::now());
        Some(std::mem::take(&mut told.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_while_is_told_and_the_others_are_counted() {
        let turns = |seldom: &Seldom| [seldom.turn(), seldom.turn(), seldom.turn()];
        let seldom = Seldom::every(Duration::from_hours(1));
        assert_eq!(turns(&seldom), [Some(0), None, None]);
        seldom.told.lock().last = None;
        assert_eq!(seldom.turn(), Some(2));
        assert_eq!(turns(&Seldom::every(Duration::ZERO)), [Some(0); 3]);
    }
}
