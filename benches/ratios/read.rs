//! GET of a customer, against a handler that returns the same bytes from memory.

use std::net::SocketAddr;

use axum::{Router, http::header, routing::get};
use bytes::Bytes;
use events::id::CustomerId;

use crate::{ROUNDS, Row, bank::Bank, load};

pub(crate) async fn row(bank: &Bank) -> Row {
    let from_memory = from_memory(bank).await;
    let (mut baseline, mut dossier) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        baseline.push(gets(bank, from_memory).await);
        dossier.push(gets(bank, bank.service.public).await);
    }
    Row { name: "GET customer by id, 64 clients", reach: 0.85, baseline, dossier }
}

async fn gets(bank: &Bank, address: SocketAddr) -> f64 {
    let (token, customer) = (&bank.token, &bank.customers[0]);
    let request = format!(
        "GET /customers/{customer} HTTP/1.1\r\nhost: bench\r\n\
         authorization: Bearer {token}\r\nx-correlation-id: bench\r\n\r\n"
    );
    let request = request.into_bytes();
    load::requests_per_second(address, "200", move |_, _| request.clone()).await
}

async fn from_memory(bank: &Bank) -> SocketAddr {
    let customer = CustomerId::parse(&bank.customers[0]).unwrap();
    let answer = bank.service.app.projections.customer(&customer).unwrap().unwrap();
    let body: Bytes = answer.body;
    let answer = move || {
        let body = body.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], body) }
    };
    let router = Router::new().route("/customers/{customerId}", get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    address
}
