//! A durable POST of an address, against the same checks and validation without a store.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use dossier::{app::App, parse};
use events::id::CustomerId;

use crate::{ROUNDS, Row, bank::Bank, load};

const BODY: &str = r#"{"addressName":"Summer","dispatchType":"postal","postalAddress":{"salutation":{"salutation":"Frau"},"name":{"givenName":"Ada","lastName":"Muster"},"physicalAddress":{"streetName":"Seestrasse","buildingNumber":"12","postCode":"8001","townName":"Zürich","country":"CH"}}}"#;

pub(crate) async fn row(bank: &Bank) -> Row {
    let without = without_store(Arc::clone(&bank.service.app)).await;
    let (mut baseline, mut dossier) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        baseline.push(posts(bank, without).await);
        dossier.push(posts(bank, bank.service.public).await);
    }
    Row { name: "durable POST address, 64 clients", reach: 0.5, baseline, dossier }
}

async fn posts(bank: &Bank, address: SocketAddr) -> f64 {
    let (token, customers) = (bank.token.clone(), bank.customers.clone());
    let request = move |client: usize, nth: usize| {
        let customer = &customers[(client + nth * crate::CLIENTS) % customers.len()];
        format!(
            "POST /customers/{customer}/addresses HTTP/1.1\r\nhost: bench\r\n\
             authorization: Bearer {token}\r\nx-correlation-id: bench-{client}-{nth}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
            BODY.len()
        )
        .into_bytes()
    };
    load::requests_per_second(address, "201", request).await
}

/// Token, consent and validation as in the service; then an answer that nothing stands behind.
async fn without_store(app: Arc<App>) -> SocketAddr {
    let router =
        Router::new().route("/customers/{customerId}/addresses", post(accept)).with_state(app);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    address
}

async fn accept(
    State(app): State<Arc<App>>,
    Path(customer): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = headers[header::AUTHORIZATION].to_str().unwrap();
    let identity =
        app.tokens.identify(token.strip_prefix("Bearer ").unwrap(), || None).await.unwrap();
    let customer = CustomerId::parse(&customer).unwrap();
    let now = chrono::Utc::now();
    let access = app.projections.access(&identity.client, &customer, now).unwrap();
    assert!(!access.closed);
    let address = parse::address::new(&body).unwrap().value;
    let id = serde_json::json!({ "addressIdentification": address.is_domicile.to_string() });
    (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], id.to_string())
        .into_response()
}
