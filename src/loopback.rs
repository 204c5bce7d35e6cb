//! Whether a host is this machine, so that what is sent to it passes nobody.

use std::net::{IpAddr, Ipv6Addr};

/// Takes a name or an address, the latter also in brackets as it stands in a URL.
pub(crate) fn is(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback(),
        Ok(IpAddr::V6(address)) => address == Ipv6Addr::LOCALHOST,
        Err(_) => bare == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::is;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"] {
            assert!(is(host), "{host}");
        }
        for host in ["", "0.0.0.0", "10.0.0.1", "::", "localhost.example.com", "127.0.0.1.nip.io"] {
            assert!(!is(host), "{host}");
        }
    }
}
