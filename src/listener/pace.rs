//! How long a connection may take: for the head of a request, for nothing, for its client to read.
//!
//! hyper has a timer for heads, made anew for each request; this one is made once a connection and
//! moved only when it would ring too late.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, sleep_until},
};

/// How long what may take, at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// The head of a request.
    pub(super) head: Duration,
    /// Nothing.
    pub(super) idle: Duration,
    /// The same, for who has shown neither token nor certificate.
    pub(super) idle_of_strangers: Duration,
}

/// What a connection is doing, and since when.
pub(super) struct Pace {
    times: Times,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// Whether a certificate or a token was shown on it that is believed.
    is_trusted: bool,
    /// Since when the client does not take what is sent to it.
    blocked: Option<Instant>,
    /// When it ends in any case.
    end: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The head of a request is expected, or has begun to come.
    Head(Instant),
    /// Ours to bound, by `http.request_ms_max`.
    Answering,
    /// Everything is answered.
    Idle(Instant),
}

impl Pace {
    /// Of a connection that was just made.
    pub(super) fn new(times: Times) -> Arc<Self> {
        let phase = Phase::Head(Instant::now());
        let state = State { phase, is_trusted: false, blocked: None, end: None };
        Arc::new(Self { times, state: Mutex::new(state) })
    }

    /// Whoever is at the other end has proved who it is.
    pub(super) fn trust(&self) {
        self.state.lock().is_trusted = true;
    }

    pub(super) fn is_trusted(&self) -> bool {
        self.state.lock().is_trusted
    }

    /// Since when it is the other end's turn; none while an answer is made.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        let state = self.state.lock();
        match (state.blocked, state.phase) {
            (Some(since), _) | (None, Phase::Idle(since) | Phase::Head(since)) => Some(since),
            (None, Phase::Answering) => None,
        }
    }

    /// A head has come whole.
    pub(super) fn answering(&self) {
        self.state.lock().phase = Phase::Answering;
    }

    /// Whether somebody waits for an answer, or for the rest of one.
    pub(super) fn is_busy(&self) -> bool {
        let state = self.state.lock();
        state.phase == Phase::Answering || state.blocked.is_some()
    }

    /// Whatever it does then, it ends.
    pub(super) fn end_at(&self, end: Instant) {
        self.state.lock().end = Some(end);
    }

    /// Returns when the connection has taken too long.
    pub(super) async fn overdue(&self) {
        let mut sleep = pin!(sleep_until(Instant::now() + self.times.head));
        let overdue = |context: &mut Context<'_>| loop {
            let Some(deadline) = self.deadline() else { return Poll::Pending };
            if deadline < sleep.deadline() {
                sleep.as_mut().reset(deadline);
            }
            ready!(sleep.as_mut().poll(context));
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        };
        poll_fn(overdue).await;
    }

    fn deadline(&self) -> Option<Instant> {
        let state = self.state.lock();
        let idle = if state.is_trusted { self.times.idle } else { self.times.idle_of_strangers };
        let phase = match (state.blocked, state.phase) {
            (Some(since), _) => Some(since + self.times.idle),
            (None, Phase::Idle(since)) => Some(since + idle),
            (None, Phase::Head(since)) => Some(since + self.times.head),
            (None, Phase::Answering) => None,
        };
        phase.into_iter().chain(state.end).min()
    }

    fn has_read(&self) {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Idle(_)) {
            state.phase = Phase::Head(Instant::now());
        }
    }

    fn has_tried_to_write<T>(&self, written: &Poll<T>) {
        if written.is_pending() {
            self.state.lock().blocked.get_or_insert_with(Instant::now);
        }
    }

    /// Everything that there was to send has left: a bit of it now and then is not enough.
    fn has_sent(&self) {
        self.state.lock().blocked = None;
    }

    fn has_answered(&self) {
        self.state.lock().phase = Phase::Idle(Instant::now());
    }
}

/// Bytes of a head and a body that are sent as one rather than one after the other.
const JOINED_MAX: usize = 8 * 1024;

/// A stream whose bytes move the pace.
pub(super) struct Paced<Io> {
    io: Io,
    pace: Arc<Pace>,
    joined: Vec<u8>,
}

impl<Io> Paced<Io> {
    pub(super) fn new(io: Io, pace: Arc<Pace>) -> Self {
        Self { io, pace, joined: Vec::new() }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Paced<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.pace.has_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Paced<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.pace.has_tried_to_write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // For a few bytes to copy them is cheaper than to have the system gather them.
        let written = if slices.iter().map(|slice| slice.len()).sum::<usize>() <= JOINED_MAX {
            let Self { io, joined, .. } = &mut *self;
            joined.clear();
            for slice in slices {
                joined.extend_from_slice(slice);
            }
            Pin::new(io).poll_write(context, joined)
        } else {
            Pin::new(&mut self.io).poll_write_vectored(context, slices)
        };
        self.pace.has_tried_to_write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        self.pace.has_tried_to_write(&flushed);
        if flushed.is_ready() {
            self.pace.has_sent();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// The body of an answer: when it is gone, the request was answered.
pub(super) struct Answer {
    body: Body,
    pace: Arc<Pace>,
}

impl Answer {
    pub(super) fn new(body: Body, pace: Arc<Pace>) -> Self {
        Self { body, pace }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.pace.has_answered();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_reads_a_bit_now_and_then_has_as_long_as_who_reads_nothing() {
        let seconds = Duration::from_secs;
        let (head, idle) = (seconds(10), seconds(60));
        let pace = Pace::new(Times { head, idle, idle_of_strangers: idle });
        pace.answering();
        let started = Instant::now();
        let reading = async {
            for _bit in 0..10 {
                pace.has_tried_to_write::<()>(&Poll::Pending);
                tokio::time::sleep(seconds(10)).await;
                pace.has_tried_to_write(&Poll::Ready(()));
            }
        };
        tokio::select! {
            () = pace.overdue() => assert_eq!(started.elapsed(), seconds(60)),
            () = reading => panic!("nobody hung up"),
        }
    }
}
