//! Where clients and operators connect, and how much of it one of them may take.

use std::{collections::BTreeMap, net::SocketAddr, num::NonZeroU32, path::PathBuf};

use events::id::ClientId;
use serde::{Deserialize, Serialize};

use super::{ProblemTypeStyle, Secret, UnknownMembers};
use crate::listener::Pin;

/// Fewest characters of a token that opens the admin port.
const ADMIN_TOKEN_CHARS_MIN: usize = 32;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    pub plain_beyond_loopback: bool,
    pub base_path: String,
    pub header_bytes_max: usize,
    pub header_ms_max: u64,
    pub body_bytes_max: usize,
    pub body_ms_max: u64,
    pub idle_ms_max: u64,
    pub connections_max: usize,
    pub connections_per_address_max: usize,
    pub connections_per_certificate_max: usize,
    pub handshakes_max: usize,
    pub admin_connections_max: usize,
    pub unknown_members: UnknownMembers,
    pub problem_type_style: ProblemTypeStyle,
    pub idempotency_key_h_min: u32,
    pub request_ms_max: u64,
    pub rate_per_s: u32,
    pub rate_burst: u32,
    pub at_once_max: usize,
    pub waiting_max: usize,
    pub waiting_ms_max: u64,
    pub drain_ms_max: u64,
    pub admin_token: Secret,
    pub admin_token_file: PathBuf,
    pub intermediaries: Vec<Pin>,
    pub client_certificates: BTreeMap<Pin, ClientId>,
    pub tls: Tls,
    pub admin_tls: Tls,
}

/// How one listener proves who it is, and whom it lets in.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_authorities: PathBuf,
    pub clients: Vec<Pin>,
}

impl Tls {
    /// Whether the listener speaks TLS at all.
    pub fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }

    /// Whether it asks clients for certificates.
    pub fn asks_clients(&self) -> bool {
        self.is_on() && !self.client_authorities.as_os_str().is_empty()
    }

    fn wrong(&self, name: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.is_on() == self.key.as_os_str().is_empty() {
            wrong.push(format!("{name}.certificate and {name}.key must be given together"));
        }
        if !self.is_on() && !self.client_authorities.as_os_str().is_empty() {
            wrong.push(format!("{name}.client_authorities needs {name}.certificate"));
        }
        if !self.asks_clients() && !self.clients.is_empty() {
            wrong.push(format!("{name}.clients needs {name}.client_authorities"));
        }
        wrong
    }
}

impl Http {
    /// Requests of one client in a second, and at once after a rest; none: as many as it likes.
    pub(crate) fn rate(&self) -> Option<(NonZeroU32, NonZeroU32)> {
        let rate = NonZeroU32::new(self.rate_per_s)?;
        Some((rate, NonZeroU32::new(self.rate_burst).unwrap_or(rate)))
    }

    /// Whether the admin port asks for a token.
    pub fn has_admin_token(&self) -> bool {
        !self.admin_token.expose().is_empty() || !self.admin_token_file.as_os_str().is_empty()
    }

    /// All that is wrong, each in a clause of its own.
    pub(super) fn wrong(&self) -> Vec<String> {
        let mut wrong = self.out_of_bounds();
        if !is_base_path(&self.base_path) {
            wrong.push(
                "http.base_path must be like /one/or/more, of letters, digits and -._~".to_owned(),
            );
        }
        wrong.extend(self.tls.wrong("http.tls"));
        wrong.extend(self.admin_tls.wrong("http.admin_tls"));
        if self.tls.is_on() && !self.tls.asks_clients() {
            wrong.push("http.tls needs http.tls.client_authorities".to_owned());
        }
        if self.admin_tls.is_on() && !self.admin_tls.asks_clients() && !self.has_admin_token() {
            wrong.push(
                "http.admin_tls needs http.admin_tls.client_authorities or http.admin_token"
                    .to_owned(),
            );
        }
        let told_apart = !self.intermediaries.is_empty() || !self.client_certificates.is_empty();
        if told_apart && !self.tls.is_on() {
            wrong.push("http.intermediaries and http.client_certificates need http.tls".to_owned());
        }
        let token = self.admin_token.expose();
        if !token.is_empty() && !self.admin_token_file.as_os_str().is_empty() {
            wrong.push("give http.admin_token or http.admin_token_file, not both".to_owned());
        }
        if !token.is_empty() && !is_admin_token(token) {
            wrong.push(format!("http.admin_token {ADMIN_TOKEN_RULE}"));
        }
        wrong
    }

    fn out_of_bounds(&self) -> Vec<String> {
        let bound = |name: &str, value: u64, min: u64, max: u64| {
            (!(min..=max).contains(&value))
                .then(|| format!("http.{name} must lie between {min} and {max}"))
        };
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        [
            bound("header_bytes_max", count(self.header_bytes_max), 1024, 64 * 1024),
            bound("header_ms_max", self.header_ms_max, 100, 600_000),
            bound("body_bytes_max", count(self.body_bytes_max), 1, 1024 * 1024),
            bound("body_ms_max", self.body_ms_max, 100, 600_000),
            bound("idle_ms_max", self.idle_ms_max, 100, 3_600_000),
            bound("connections_max", count(self.connections_max), 1, 60_000),
            bound("handshakes_max", count(self.handshakes_max), 1, 60_000),
            bound(
                "connections_per_address_max",
                count(self.connections_per_address_max),
                1,
                60_000,
            ),
            bound(
                "connections_per_certificate_max",
                count(self.connections_per_certificate_max),
                1,
                60_000,
            ),
            bound("admin_connections_max", count(self.admin_connections_max), 1, 1000),
            bound("rate_per_s", self.rate_per_s.into(), 0, 1_000_000),
            bound("rate_burst", self.rate_burst.into(), 0, 1_000_000),
            bound("waiting_max", count(self.waiting_max), 0, 65_536),
            bound("waiting_ms_max", self.waiting_ms_max, 0, 60_000),
            bound("at_once_max", count(self.at_once_max), 1, 65_536),
            bound("idempotency_key_h_min", self.idempotency_key_h_min.into(), 24, 8784),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What is asked of a token that opens the admin port.
pub const ADMIN_TOKEN_RULE: &str = "must have at least 32 visible characters";

/// Whether a text may open the admin port.
pub fn is_admin_token(text: &str) -> bool {
    text.len() >= ADMIN_TOKEN_CHARS_MIN && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether paths can begin with it: nothing, or segments that need no encoding.
fn is_base_path(base: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let segment =
        |segment: &str| !segment.trim_matches('.').is_empty() && segment.bytes().all(plain);
    base.is_empty() || base.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const TLS: &str = "[http.tls]\ncertificate = \"c\"\nkey = \"k\"\n";

    fn wrong(toml: &str) -> Vec<String> {
        let error = Config::from_toml(toml).err().map(|error| format!("{error:#}"));
        let error = error.unwrap_or_default();
        let clauses = error.strip_prefix("the configuration is wrong: ").unwrap_or(&error);
        clauses.split("; ").filter(|clause| !clause.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn certificates_may_be_told_apart_by_name_and_by_fingerprint() {
        let fingerprint = "ab:".repeat(31) + "AB";
        let config = Config::from_toml(&format!(
            "[http]\nintermediaries = [\"blink.example\", \"sha256:{fingerprint}\"]\n{TLS}\
             client_authorities = \"a\"\nclients = [\"spiffe://bank/alpha\"]\n\
             [http.client_certificates]\n\"alpha.example\" = \"alpha\"\n\"sha256:{fingerprint}\" = \"b\""
        ))
        .unwrap();
        assert_eq!(config.http.intermediaries.len(), 2);
        let clients: Vec<_> = config.http.client_certificates.values().collect();
        assert_eq!(clients.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["alpha", "b"]);
        // As it is printed it can be read again.
        Config::from_toml(&config.to_toml().unwrap()).unwrap();
    }

    #[test]
    fn what_contradicts_itself_is_told() {
        let cases = [
            (TLS.to_owned(), "http.tls needs http.tls.client_authorities"),
            ("[http.tls]\ncertificate = \"c\"\nclient_authorities = \"a\"".to_owned(), "together"),
            ("[http.tls]\nclient_authorities = \"a\"".to_owned(), "needs http.tls.certificate"),
            (TLS.replace("tls", "admin_tls"), "or http.admin_token"),
            ("[http]\nintermediaries = [\"x\"]".to_owned(), "need http.tls"),
            ("[http]\nintermediaries = [\"sha256:ab\"]".to_owned(), "64 hexadecimal digits"),
            ("[http]\nintermediaries = [\"blink.example.\"]".to_owned(), "a blank or a point"),
            ("[http]\nadmin_token = \"short\"".to_owned(), "32 visible characters"),
            ("[http]\nconnections_max = 0".to_owned(), "http.connections_max"),
            (
                format!("[http]\nadmin_token = \"{}\"\nadmin_token_file = \"f\"", "x".repeat(32)),
                "not both",
            ),
            (
                format!("[keys]\nmaster = \"{}\"\nmaster_file = \"f\"", "ab".repeat(32)),
                "give keys.master or keys.master_file, not both",
            ),
        ];
        for (toml, told) in cases {
            let wrong = wrong(&toml);
            assert!(wrong.len() == 1 && wrong[0].contains(told), "{toml}: {wrong:?}");
        }
    }

    #[test]
    fn the_admin_ports_token_is_not_printed() {
        let token = "marker-of-a-secret".repeat(2);
        let config = Config::from_toml(&format!("[http]\nadmin_token = \"{token}\"")).unwrap();
        for printed in [format!("{config:?}"), config.to_toml().unwrap()] {
            assert!(!printed.contains("marker"), "{printed}");
        }
    }
}
