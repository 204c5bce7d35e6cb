//! What was not yet read of a request when its answer stood.
//!
//! A connection that is closed on a client that still sends takes the answer with it, so what
//! is left is read first, up to a bound.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, Bytes, HttpBody},
    extract::Request,
    http::header,
};
use futures::{Stream, StreamExt};
use tokio::sync::oneshot;

/// Bytes that are read though nobody wants them.
const BYTES_MAX: usize = 1024 * 1024;
const TIME_MAX: Duration = Duration::from_secs(1);

/// The rest of a body, once whoever reads it lets go.
pub(super) struct Rest(Option<oneshot::Receiver<BodyDataStream>>);

/// Lends a request's body to whoever answers.
pub(super) fn lend(request: Request) -> (Request, Rest) {
    // Who waits to be told to go on has not sent what would be read.
    let waits = request.headers().contains_key(header::EXPECT);
    if waits || request.body().is_end_stream() {
        return (request, Rest(None));
    }
    let (back, rest) = oneshot::channel();
    let lent = |body: Body| Lent { data: Some(body.into_data_stream()), back: Some(back) };
    (request.map(|body| Body::from_stream(lent(body))), Rest(Some(rest)))
}

impl Rest {
    pub(super) async fn read(self) {
        let rest = self.0.and_then(|mut back| back.try_recv().ok());
        if let Some(rest) = rest {
            // Whoever has not sent it by then may have to do without the answer.
            let _ = tokio::time::timeout(TIME_MAX, discard(rest)).await;
        }
    }
}

async fn discard(mut rest: BodyDataStream) {
    let mut left = BYTES_MAX;
    while let Some(Ok(bytes)) = rest.next().await {
        let Some(fewer) = left.checked_sub(bytes.len()) else { return };
        left = fewer;
    }
}

struct Lent {
    /// None once it was given back.
    data: Option<BodyDataStream>,
    back: Option<oneshot::Sender<BodyDataStream>>,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.data.as_mut().map_or(Poll::Ready(None), |data| data.poll_next_unpin(context))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(data), Some(back)) = (self.data.take(), self.back.take()) {
            // Where nobody waits any more, it goes.
            let _ = back.send(data);
        }
    }
}
