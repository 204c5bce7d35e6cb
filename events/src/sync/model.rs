//! The model: threads, locks and queues are shuttle's, the store lies in memory, and time passes
//! whenever the schedule says so.

pub(crate) mod disk;
mod locks;
pub(crate) mod mpsc;
pub(crate) mod sled;

pub(crate) use shuttle::sync::atomic;

pub(crate) use self::{
    disk::File,
    locks::{Mutex, RwLock},
};

/// Threads whose time to wait may be over at once.
pub(crate) mod thread {
    use std::time::Duration;

    pub(crate) use shuttle::thread::{Builder, JoinHandle};

    pub(crate) fn park_timeout(_: Duration) {
        shuttle::thread::yield_now();
    }
}

/// A value to be watched, which others may look at right before and right after it moves.
pub(crate) mod watch {
    pub(crate) use tokio::sync::watch::{Receiver, Ref};

    #[derive(Debug)]
    pub(crate) struct Sender<T>(tokio::sync::watch::Sender<T>);

    impl<T> Sender<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(tokio::sync::watch::Sender::new(value))
        }

        pub(crate) fn borrow(&self) -> Ref<'_, T> {
            self.0.borrow()
        }

        pub(crate) fn subscribe(&self) -> Receiver<T> {
            self.0.subscribe()
        }

        pub(crate) fn send_replace(&self, value: T) -> T {
            shuttle::thread::yield_now();
            let before = self.0.send_replace(value);
            shuttle::thread::yield_now();
            before
        }
    }
}
