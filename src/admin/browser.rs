//! What a web page could make an operator's browser ask, on the operator's own machine.
//!
//! A page from anywhere may send a form to a loopback port, and with a name of its own that it lets
//! point to loopback it may read the answer. Tools send no `Origin`, and name this machine.

use axum::{
    extract::{Request, State},
    http::{StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{listener::names_its_host, loopback};

/// How the port is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// In the clear, so on loopback.
    Plain,
    /// Under a name that a certificate holds.
    Tls,
}

/// Lets requests pass that no web page has made.
pub(super) async fn keep_out(
    State(reached): State<Reached>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    if !names_its_host(headers, request.version()) {
        return (StatusCode::BAD_REQUEST, "The header Host must name one host.\n").into_response();
    }
    let made_by_page = headers.contains_key(header::ORIGIN)
        || headers.get("sec-fetch-site").is_some_and(|site| site != "none");
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let foreign = reached == Reached::Plain && !host.is_some_and(names_this_machine);
    if made_by_page || foreign {
        let told = "This port is for operators' tools, under an address of this machine.\n";
        return (StatusCode::FORBIDDEN, told).into_response();
    }
    next.run(request).await
}

fn names_this_machine(host: &str) -> bool {
    host.parse::<Uri>().is_ok_and(|host| host.host().is_some_and(loopback::is))
}

#[cfg(test)]
mod tests {
    use super::names_this_machine;

    #[test]
    fn a_host_is_this_machine_with_any_port_and_under_no_other_name() {
        for host in ["127.0.0.1", "127.0.0.1:9080", "localhost:9080", "[::1]:9080"] {
            assert!(names_this_machine(host), "{host}");
        }
        for host in ["", "bank.example", "127.0.0.1.nip.io:9080", "localhost.:9080", "a b", "/x"] {
            assert!(!names_this_machine(host), "{host}");
        }
    }
}
