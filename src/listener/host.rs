//! The host that a request names: two readers of it must take the same one (RFC 9112, 3.2).

use std::net::Ipv6Addr;

use axum::http::{HeaderMap, Version, header};

/// Whether a request names one host, or none where it need not.
pub(crate) fn names_its_host(headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// A name or an address, and maybe a port; empty where the target of a request has none.
fn is_host(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    let in_brackets = host.strip_prefix('[').and_then(|it| it.split_once(']'));
    let (is_address, port) = if let Some((address, port)) = in_brackets {
        (address.parse::<Ipv6Addr>().is_ok(), port)
    } else {
        let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
        (name.bytes().all(is_of_name), port)
    };
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let is_port = |port: &str| digits(port) && (port.is_empty() || port.parse::<u16>().is_ok());
    is_address && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// What RFC 3986 lets a name hold.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for host in [
            "",
            "bank.example",
            "bank.example:8443",
            "bank.example:",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:8080",
            "b%C3%BC",
            "a,b",
            ":80",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "a b",
            "a/b",
            "https://bank.example",
            "me@bank.example",
            "a:b:c",
            "ü",
            "a:x",
            "a:+80",
            "a:70000",
            "::1",
            "[zz]",
            "[::1",
            "[::1]x",
            "[::1]:x",
            "a[b]c",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
        assert!(!is_host(b"\xff"));
    }
}
