//! A load of keep-alive connections on loopback, bounded in time.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{CLIENTS, TURN};

/// Requests per second that `CLIENTS` connections get answered with the expected status.
///
/// `request` makes the bytes of the `nth` request of one client.
pub(crate) async fn requests_per_second(
    address: SocketAddr,
    status: &'static str,
    request: impl Fn(usize, usize) -> Vec<u8> + Send + Sync + 'static,
) -> f64 {
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let request = Arc::new(request);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (stop, count, request) = (stop.clone(), count.clone(), request.clone());
            tokio::spawn(async move {
                let mut connection = TcpStream::connect(address).await.unwrap();
                connection.set_nodelay(true).unwrap();
                let (mut buffer, mut nth) = (Vec::with_capacity(8192), 0);
                while !stop.load(Ordering::Relaxed) {
                    connection.write_all(&request(client, nth)).await.unwrap();
                    answer(&mut connection, &mut buffer, status).await;
                    count.fetch_add(1, Ordering::Relaxed);
                    nth += 1;
                }
            })
        })
        .collect();
    let started = Instant::now();
    tokio::time::sleep(TURN).await;
    stop.store(true, Ordering::Relaxed);
    let answered = count.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
    for client in clients {
        client.await.unwrap();
    }
    answered
}

/// Reads one answer, whose length its head tells.
async fn answer(connection: &mut TcpStream, buffer: &mut Vec<u8>, status: &str) {
    buffer.clear();
    loop {
        assert!(connection.read_buf(buffer).await.unwrap() > 0, "the server hung up");
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&buffer[..end]).unwrap();
        assert!(head[9..].starts_with(status), "unexpected answer: {head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        if buffer.len() >= end + 4 + length {
            return;
        }
    }
}
