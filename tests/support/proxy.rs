//! A wire between the publisher and its server that can be cut, and that can hold back what is said.

use std::{pin::pin, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// What goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    /// What the server says is held back.
    Deaf,
    /// What the client says is held back.
    Mute,
    /// What the client says is held back from its first acknowledgment on, and lost when it is cut.
    Unacknowledged,
}

pub(crate) struct Proxy {
    pub(crate) url: String,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

struct State {
    gate: watch::Sender<Gate>,
    /// How often all wires of the client were cut.
    cuts: watch::Sender<u64>,
    /// Bytes of the client that are held back.
    held: watch::Sender<usize>,
}

impl Proxy {
    /// Leads to the server at that port.
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            gate: watch::Sender::new(Gate::Open),
            cuts: watch::Sender::new(0),
            held: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, port, Arc::clone(&state)));
        Self { url, state, accepting }
    }

    pub(crate) fn set(&self, gate: Gate) {
        self.state.gate.send_replace(gate);
    }

    /// Waits until that many bytes of the client are held back.
    pub(crate) async fn held(&self, bytes: usize) {
        self.state.held.subscribe().wait_for(|held| *held >= bytes).await.unwrap();
    }

    /// Waits until the server has got all that was held back.
    pub(crate) async fn released(&self) {
        self.state.held.subscribe().wait_for(|held| *held == 0).await.unwrap();
    }

    /// The client's connections end; what was held back of its words stays held.
    pub(crate) fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, state: Arc<State>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        // A server that is away is a connection that ends at once.
        let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::spawn(up(from_client, to_server, Arc::clone(&state)));
        tokio::spawn(down(from_server, to_client, Arc::clone(&state)));
    }
}

/// What the client says; what is held back arrives late, even after the client is gone.
async fn up(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: Arc<State>) {
    let (mut gate, mut cuts) = (state.gate.subscribe(), state.cuts.subscribe());
    let (mut held, mut is_there) = (Vec::new(), true);
    while is_there || !held.is_empty() {
        tokio::select! {
            read = from.read_buf(&mut held), if is_there => {
                is_there = read.is_ok_and(|bytes| bytes > 0);
            }
            _ = cuts.changed(), if is_there => {
                if *gate.borrow() == Gate::Unacknowledged {
                    return;
                }
                is_there = false;
            }
            changed = gate.changed() => if changed.is_err() { return },
        }
        let ready = match *gate.borrow() {
            Gate::Open | Gate::Deaf => held.len(),
            Gate::Mute => 0,
            Gate::Unacknowledged => before_acknowledgment(&held),
        };
        if to.write_all(&held[..ready]).await.is_err() {
            return;
        }
        held.drain(..ready);
        state.held.send_replace(held.len());
    }
}

/// The length of the lines before the first that acknowledges a message.
fn before_acknowledgment(said: &[u8]) -> usize {
    const LINE_END: &[u8] = b"\r\n";
    const ACKNOWLEDGES: &[u8] = b"PUB $JS.ACK";
    let lines = said.windows(LINE_END.len()).rposition(|two| two == LINE_END);
    let lines = lines.map_or(0, |last| last + LINE_END.len());
    let first = said.windows(ACKNOWLEDGES.len()).position(|some| some == ACKNOWLEDGES);
    first.map_or(lines, |first| first.min(lines))
}

/// What the server says, as long as the client's connection stands.
async fn down(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: Arc<State>) {
    let (mut gate, mut cuts) = (state.gate.subscribe(), state.cuts.subscribe());
    let mut cut = pin!(async move { cuts.changed().await.is_ok() });
    let mut held = Vec::new();
    loop {
        tokio::select! {
            read = from.read_buf(&mut held) => if !read.is_ok_and(|bytes| bytes > 0) { return },
            _ = &mut cut => return,
            changed = gate.changed() => if changed.is_err() { return },
        }
        if *gate.borrow() != Gate::Deaf {
            if to.write_all(&held).await.is_err() {
                return;
            }
            held.clear();
        }
    }
}
