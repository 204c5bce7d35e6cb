//! Where clients and operators connect: plain or TLS, every connection bounded, nothing forgotten
//! at the end.

mod connection;
mod host;
mod newcomers;
mod pace;
mod peer;
mod places;
mod tls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use axum::Router;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    connection::Inlet,
    newcomers::Newcomers,
    pace::Times,
    places::{GivesWay, Places, Room},
};
pub(crate) use self::{connection::trust, host::names_its_host, tls::Tls};
pub use self::{
    peer::{Certificate, NoPin, Peer, Pin},
    tls::TlsError,
};
use crate::{config::Http, seldom::Seldom};

/// Files that are open besides connections.
const FILES_BESIDES: u64 = 256;
/// How often changed files are looked for.
const REFRESH_EVERY: Duration = Duration::from_secs(2);
/// How long nobody is let in after the system could not, for want of descriptors most often.
const RECOVERY: Duration = Duration::from_secs(1);
/// How many are heard out at once while they are turned away; others are hung up on.
const TURNED_AWAY_MAX: usize = 64;

/// How often a refusal that anybody can cause is told in the log, at most.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// How much the connections of a listener may take, at most.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    header_bytes: usize,
    times: Times,
    drain_time: Duration,
    room: Room,
    handshakes: usize,
    /// Whose certificates speak for many, and are not bound as if they were one client's.
    intermediaries: Arc<[Pin]>,
}

impl Bounds {
    pub(crate) fn of_clients(http: &Http) -> Self {
        let [head, idle] = [http.header_ms_max, http.idle_ms_max].map(Duration::from_millis);
        Self {
            header_bytes: http.header_bytes_max,
            times: Times { head, idle, idle_of_strangers: idle },
            drain_time: Duration::from_millis(http.drain_ms_max),
            room: Room {
                all: http.connections_max,
                per_address: http.connections_per_address_max,
                per_certificate: http.connections_per_certificate_max,
                gives_way: GivesWay::WhoHasMost,
            },
            handshakes: http.handshakes_max,
            intermediaries: http.intermediaries.as_slice().into(),
        }
    }

    pub(crate) fn of_operators(http: &Http) -> Self {
        let bounds = Self::of_clients(http);
        let times = bounds.times;
        Self {
            times: Times { idle_of_strangers: times.idle.min(times.head), ..times },
            room: Room {
                all: http.admin_connections_max,
                per_address: http.admin_connections_max.div_ceil(2),
                gives_way: GivesWay::Strangers,
                ..bounds.room
            },
            ..bounds
        }
    }
}

/// A port that is listened on, before anybody is let in.
pub(crate) struct Listener {
    pub(crate) name: &'static str,
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) bounds: Bounds,
    socket: TcpListener,
}

impl Listener {
    pub(crate) async fn bind(
        name: &'static str,
        address: SocketAddr,
        tls: Option<Arc<Tls>>,
        bounds: Bounds,
    ) -> anyhow::Result<Self> {
        let socket = TcpListener::bind(address).await;
        let socket = socket.with_context(|| format!("{address} cannot be listened on"))?;
        Ok(Self { name, tls, bounds, socket })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Lets in whoever comes until it is stopped; connections go on in tasks of their own.
    pub(crate) async fn serve(self, router: Router, stop: CancellationToken, tasks: TaskTracker) {
        let Self { name, tls, bounds, socket } = self;
        let doorkeeper = Doorkeeper {
            places: Places::new(name, bounds.room),
            newcomers: Newcomers::new(bounds.handshakes),
            inlet: Arc::new(Inlet { name, tls, bounds, router, told: Seldom::every(TOLD_EVERY) }),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)),
            stop,
            tasks,
        };
        let stop = &doorkeeper.stop;
        while let Some(accepted) = stop.run_until_cancelled(socket.accept()).await {
            match accepted {
                Ok((socket, from)) => doorkeeper.admit(socket, from),
                // Whoever came has left already.
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    tracing::error!(listener = name, %error, "Nobody can connect for a moment.");
                    stop.run_until_cancelled(tokio::time::sleep(RECOVERY)).await;
                }
            }
        }
    }
}

struct Doorkeeper {
    places: Arc<Places>,
    newcomers: Arc<Newcomers>,
    inlet: Arc<Inlet>,
    turned_away: Arc<Semaphore>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Doorkeeper {
    fn admit(&self, socket: TcpStream, from: SocketAddr) {
        let inlet = Arc::clone(&self.inlet);
        // One of its own: many that wait for the same token would queue for its lock.
        let stop = self.stop.child_token();
        if let Some(tls) = inlet.tls.clone() {
            let (newcomer, places) = (self.newcomers.take(from.ip()), Arc::clone(&self.places));
            self.tasks.spawn(async move {
                let shaken = inlet.shake_hands(&tls, (socket, from), newcomer, &stop).await;
                let Some((stream, peer)) = shaken else { return };
                match places.take(inlet.guest(from.ip(), &peer)) {
                    Some(place) => inlet.speak(stream, peer, &place, stop).await,
                    None => inlet.count_refused("room"),
                }
            });
        } else if let Some(place) = self.places.take(inlet.guest(from.ip(), &Peer::Plain)) {
            self.tasks.spawn(async move {
                inlet.speak(connection::prompt(socket), Peer::Plain, &place, stop).await;
            });
        } else {
            self.turn_away(socket);
        }
    }

    fn turn_away(&self, socket: TcpStream) {
        self.inlet.count_refused("room");
        if let Ok(permit) = Arc::clone(&self.turned_away).try_acquire_owned() {
            self.tasks.spawn(async move {
                connection::turn_away(socket).await;
                drop(permit);
            });
        }
    }
}

fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Lets the process have as many files as the bounds on connections ask for, or says so.
pub(crate) fn make_room(http: &Http) {
    let connections = http.connections_max + http.handshakes_max + http.admin_connections_max;
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(FILES_BESIDES);
    let limit = getrlimit(Resource::Nofile);
    let may_be = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|current| current < may_be) {
        let raised = Rlimit { current: Some(may_be), ..limit };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "The limit of open files stays as it is.");
        }
    }
    if may_be < wanted {
        tracing::warn!(
            wanted,
            limit = may_be,
            "Fewer files may be open than http.connections_max and http.handshakes_max ask for."
        );
    }
}

/// Takes TLS files into use that look changed, every few seconds.
pub(crate) async fn keep_current(all: Arc<[Arc<Tls>]>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(REFRESH_EVERY);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        of_all(&all, Tls::refresh).await;
    }
}

/// Takes all TLS files into use, whether they look changed or not.
pub(crate) async fn reload(all: &Arc<[Arc<Tls>]>) {
    of_all(all, Tls::reload).await;
}

async fn of_all(all: &Arc<[Arc<Tls>]>, take: fn(&Tls)) {
    let all = Arc::clone(all);
    let taken = tokio::task::spawn_blocking(move || all.iter().for_each(|tls| take(tls)));
    if let Err(error) = taken.await {
        tracing::error!(%error, "TLS files could not be looked at.");
    }
}
