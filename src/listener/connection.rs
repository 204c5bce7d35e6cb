//! One connection, from its handshake to its end.

use std::{
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, response::Response};
use futures::TryFutureExt;
use hyper::{
    Request, StatusCode, body::Incoming, header, http::Extensions, server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::{
    Bounds,
    newcomers::Newcomer,
    pace::{Answer, Pace, Paced},
    peer::Peer,
    places::{GivesWay, Guest, Holder, Place, counted},
    tls::{Refusal, Tls},
};
use crate::seldom::Seldom;

/// What is said for want of room.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
    content-length: 0\r\nconnection: close\r\n\r\n";
/// How long somebody who is turned away is heard out, so that the answer arrives.
const TURNING_AWAY_MAX: Duration = Duration::from_secs(1);

/// What all connections of a listener share.
pub(super) struct Inlet {
    pub(super) name: &'static str,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) bounds: Bounds,
    pub(super) router: Router,
    /// When somebody was last told of whose certificate is not taken.
    pub(super) told: Seldom,
}

/// The connection of an operator's request, to be trusted by whoever looks at its token.
#[derive(Clone)]
struct Standing(Arc<Pace>);

/// Notes that a request has brought what opens the port.
pub(crate) fn trust(extensions: &Extensions) {
    if let Some(Standing(pace)) = extensions.get() {
        pace.trust();
    }
}

impl Inlet {
    /// Whoever came, as places are given out.
    pub(super) fn guest(&self, address: IpAddr, peer: &Peer) -> Guest {
        let pace = Pace::new(self.bounds.times);
        let holder = match peer {
            Peer::Plain => Holder::Address(counted(address)),
            Peer::Certified(certificate) => {
                pace.trust();
                let mut many = self.bounds.intermediaries.iter();
                let speaks_for_many = many.any(|pin| pin.fits_for_many(certificate));
                let own = Holder::Certificate(certificate.fingerprint);
                if speaks_for_many { Holder::Intermediary } else { own }
            }
        };
        Guest { address, holder, pace }
    }

    /// Finds out who comes; none where there is nobody to speak to.
    pub(super) async fn shake_hands(
        &self,
        tls: &Tls,
        (socket, from): (TcpStream, SocketAddr),
        newcomer: Newcomer,
        stop: &CancellationToken,
    ) -> Option<(TlsStream<TcpStream>, Peer)> {
        let handshake = timeout(self.bounds.times.head, tls.accept(prompt(socket)));
        let handshake = tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            handshake = handshake => handshake,
            () = newcomer.sent_away() => {
                self.count_refused("room");
                return None;
            }
        };
        match handshake {
            Ok(Ok((stream, peer))) => {
                if let Peer::Certified(_) = peer {
                    newcomer.has_shown_certificate();
                }
                Some((stream, peer))
            }
            Ok(Err(refusal)) => {
                self.refuse(&refusal, from);
                None
            }
            Err(_) => {
                self.count_refused("handshake");
                tracing::debug!(listener = self.name, %from, "A handshake took too long.");
                None
            }
        }
    }

    fn refuse(&self, refusal: &Refusal, from: SocketAddr) {
        let (listener, error) = (self.name, events::causes::chain(refusal));
        match refusal {
            Refusal::Handshake(_) => {
                self.count_refused("handshake");
                tracing::debug!(listener, %from, error, "A connection was refused.");
            }
            // Whoever comes so can come as often as it likes; all are counted.
            Refusal::Unreadable | Refusal::Stranger(_) => {
                self.count_refused("certificate");
                if let Some(untold) = self.told.turn() {
                    tracing::warn!(listener, %from, error, untold, "A connection was refused.");
                }
            }
        }
    }

    pub(super) fn count_refused(&self, reason: &'static str) {
        let labels = [("listener", self.name), ("reason", reason)];
        metrics::counter!("dossier_connections_refused_total", &labels).increment(1);
    }

    /// Answers what comes, until either side has enough, or until it is told to stop.
    pub(super) async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        peer: Peer,
        held: &Place,
        stop: CancellationToken,
    ) {
        let pace = &held.pace;
        let is_of_operators = self.bounds.room.gives_way == GivesWay::Strangers;
        let service = service_fn(|request: Request<Incoming>| {
            pace.answering();
            let mut request = request.map(Body::new);
            peer.vouch_for(&mut request);
            let pace = Arc::clone(pace);
            if is_of_operators {
                request.extensions_mut().insert(Standing(Arc::clone(&pace)));
            }
            let answered = self.router.clone().call(request);
            answered.map_ok(|response| without_length(response).map(|body| Answer::new(body, pace)))
        });
        let io = TokioIo::new(Paced::new(stream, Arc::clone(pace)));
        let mut http = http1::Builder::new();
        http.header_read_timeout(None).max_header_size(self.bounds.header_bytes);
        let mut connection = pin!(http.serve_connection(io, service));
        let mut overdue = pin!(pace.overdue());
        // Whether somebody still waits for an answer then.
        let mut stopped = pin!(async {
            tokio::select! {
                () = stop.cancelled() => pace.is_busy(),
                () = held.given_away() => pace.waiting_since().is_none(),
            }
        });
        let mut stopping = false;
        loop {
            tokio::select! {
                biased;
                // What became of it concerns nobody: the requests were counted, each by itself.
                _ = connection.as_mut() => return,
                () = overdue.as_mut() => {
                    let listener = self.name;
                    return tracing::debug!(listener, "A connection took too long.");
                }
                is_awaited = stopped.as_mut(), if !stopping => {
                    if !is_awaited {
                        return;
                    }
                    stopping = true;
                    pace.end_at(Instant::now() + self.bounds.drain_time);
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// Of a 304 the only length would be that of the 200 (RFC 9110, 8.6), and axum has set that of the
/// empty body.
fn without_length(mut response: Response) -> Response {
    if response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

/// A small answer shall not wait for the acknowledgement of the one before.
pub(super) fn prompt(socket: TcpStream) -> TcpStream {
    let _ = socket.set_nodelay(true);
    socket
}

/// Says that there is no room, and hears out whoever came for that.
pub(super) async fn turn_away(mut socket: TcpStream) {
    let farewell = async {
        socket.write_all(NO_ROOM).await?;
        socket.shutdown().await?;
        let mut unheard = [0; 1024];
        while socket.read(&mut unheard).await? > 0 {}
        std::io::Result::Ok(())
    };
    // Whoever does not wait for the answer does without.
    let _ = timeout(TURNING_AWAY_MAX, farewell).await;
}
