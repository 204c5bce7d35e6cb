//! How far events are applied, and who waits for it: each is woken once, when its event is.

use std::sync::atomic::{AtomicU64, Ordering};

use events::id::Position;
use parking_lot::Mutex;
use tokio::sync::oneshot;

#[derive(Debug)]
pub(crate) struct Applied {
    position: AtomicU64,
    waiting: Mutex<Vec<(Position, oneshot::Sender<()>)>>,
}

impl Applied {
    pub(crate) fn new(position: Position) -> Self {
        Self { position: AtomicU64::new(position.0), waiting: Mutex::default() }
    }

    pub(crate) fn position(&self) -> Position {
        Position(self.position.load(Ordering::Acquire))
    }

    /// Everything up to here is seen by whoever asks from now on.
    pub(crate) fn move_to(&self, position: Position) {
        self.position.store(position.0, Ordering::Release);
        self.wake(|waits_for| waits_for <= position);
    }

    /// Nothing more will be applied: whoever waits is to look again.
    pub(crate) fn give_up(&self) {
        self.wake(|_| true);
    }

    /// Tells when an event is applied, or when nothing more will be.
    ///
    /// Between a look at `position` and this call it may have been: look again before waiting.
    pub(crate) fn when(&self, position: Position) -> oneshot::Receiver<()> {
        let (woken, wakes) = oneshot::channel();
        self.waiting.lock().push((position, woken));
        wakes
    }

    fn wake(&self, is_due: impl Fn(Position) -> bool) {
        let mut waiting = self.waiting.lock();
        for (_, waiter) in
            waiting.extract_if(.., |(position, waiter)| is_due(*position) || waiter.is_closed())
        {
            // Who has given up waiting needs no word.
            let _ = waiter.send(());
        }
    }
}
