//! A bounded queue as the system's, whose every lock is a place where another may go on, and whose
//! waits can be over before anything came.

pub(crate) use std::sync::mpsc::{RecvTimeoutError, TryRecvError, TrySendError};
use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, PoisonError,
        mpsc::{RecvError, SendError},
    },
    time::Duration,
};

use shuttle::{
    rand::{Rng, thread_rng},
    sync::{Condvar, Mutex, MutexGuard},
};

struct Queue<T> {
    state: Mutex<State<T>>,
    moved: Condvar,
}

struct State<T> {
    messages: VecDeque<T>,
    bound: usize,
    has_sender: bool,
    has_receiver: bool,
}

/// Of one sender, which is not cloned.
pub(crate) struct SyncSender<T>(Arc<Queue<T>>);

pub(crate) struct Receiver<T>(Arc<Queue<T>>);

pub(crate) fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let state = State { messages: VecDeque::new(), bound, has_sender: true, has_receiver: true };
    let queue = Arc::new(Queue { state: Mutex::new(state), moved: Condvar::new() });
    (SyncSender(Arc::clone(&queue)), Receiver(queue))
}

impl<T> Queue<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        self.moved.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> SyncSender<T> {
    pub(crate) fn send(&self, message: T) -> Result<(), SendError<T>> {
        let mut state = self.0.state();
        while state.has_receiver && state.messages.len() >= state.bound {
            state = self.0.wait(state);
        }
        if !state.has_receiver {
            return Err(SendError(message));
        }
        state.messages.push_back(message);
        self.0.moved.notify_all();
        Ok(())
    }

    pub(crate) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut state = self.0.state();
        if !state.has_receiver {
            return Err(TrySendError::Disconnected(message));
        }
        if state.messages.len() >= state.bound {
            return Err(TrySendError::Full(message));
        }
        state.messages.push_back(message);
        self.0.moved.notify_all();
        Ok(())
    }
}

impl<T> Receiver<T> {
    pub(crate) fn recv(&self) -> Result<T, RecvError> {
        let mut state = self.0.state();
        loop {
            match state.take() {
                Ok(message) => {
                    self.0.moved.notify_all();
                    return Ok(message);
                }
                Err(TryRecvError::Disconnected) => return Err(RecvError),
                Err(TryRecvError::Empty) => state = self.0.wait(state),
            }
        }
    }

    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        let taken = self.0.state().take();
        self.0.moved.notify_all();
        taken
    }

    pub(crate) fn recv_timeout(&self, _: Duration) -> Result<T, RecvTimeoutError> {
        match self.try_recv() {
            Ok(message) => Ok(message),
            Err(TryRecvError::Empty) if thread_rng().gen_bool(0.5) => {
                Err(RecvTimeoutError::Timeout)
            }
            Err(_) => self.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }
}

impl<T> State<T> {
    fn take(&mut self) -> Result<T, TryRecvError> {
        let gone = if self.has_sender { TryRecvError::Empty } else { TryRecvError::Disconnected };
        self.messages.pop_front().ok_or(gone)
    }
}

impl<T> Drop for SyncSender<T> {
    fn drop(&mut self) {
        self.0.state().has_sender = false;
        self.0.moved.notify_all();
    }
}

/// What nobody will take goes with the receiver.
impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.has_receiver = false;
        let left = std::mem::take(&mut state.messages);
        drop(state);
        self.0.moved.notify_all();
        drop(left);
    }
}

/// As the system's, which asks nothing of what is sent.
impl<T> fmt::Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSender").finish_non_exhaustive()
    }
}
