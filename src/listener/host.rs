//! The host that a request names: two readers of it must take the same one (RFC 9112, 3.2).

use axum::http::{HeaderMap, Version, header, uri::Authority};

/// Whether a request names one host, or none where it need not.
pub(crate) fn names_its_host(headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// Empty where the target of a request has none.
fn is_host(host: &[u8]) -> bool {
    host.is_empty() || !host.contains(&b'@') && Authority::try_from(host).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for host in ["", "bank.example", "bank.example:8443", "127.0.0.1", "[::1]:8080"] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in ["a b", "a/b", "https://bank.example", "me@bank.example", "a,b", "a:b:c", "ü"]
        {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }
}
