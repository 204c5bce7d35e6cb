//! What can be set and clients notice stands in the document, as it is set.

use std::{collections::BTreeSet, io::Write};

use dossier::{app::Settings, config::Config, http::openapi};

use crate::support::document::DOCUMENT;

/// A setting, another value than its default, and what the document then says.
const SEEN: [(&str, &str, &str); 26] = [
    ("http.base_path", "\"/blink/v1\"", "/blink/v1"),
    ("http.header_bytes_max", "2345", "at most 2345 bytes"),
    ("http.header_ms_max", "2468", "within 2468 ms"),
    ("http.idle_ms_max", "13579", "for 13579 ms"),
    ("http.connections_max", "3210", "at most 3210 connections"),
    ("http.connections_per_address_max", "321", "321 from one address"),
    ("http.connections_per_certificate_max", "123", "123 with one certificate"),
    ("http.at_once_max", "456", "At most 456 are served"),
    ("http.waiting_max", "654", "654 wait"),
    ("http.waiting_ms_max", "765", "each at most 765 ms"),
    ("http.body_bytes_max", "3456", "at most 3456 bytes"),
    ("http.body_ms_max", "4567", "within 4567 ms"),
    ("http.unknown_members", "\"reject\"", "that nobody knows are refused"),
    ("http.problem_type_style", "\"openwealth-1\"", "\"type\":\"invalidPayload\""),
    ("http.idempotency_key_h_min", "56", "at least 56 hours"),
    ("http.request_ms_max", "6789", "at most 6789 ms"),
    ("http.rate_per_s", "78", "78 requests a second, and 2000 at once"),
    ("http.rate_burst", "89", "1000 requests a second, and 89 at once"),
    ("projections.wait_ms_max", "4321", "waits 4321 ms at most"),
    ("rules.addresses_max", "12", "at most 12 addresses"),
    ("rules.contacts_max", "34", "at most 34 contact details"),
    (
        "rules.contact_write_relations",
        "[\"other\", \"accountOwner\"]",
        "one of these: other, accountOwner.",
    ),
    ("access.scopes.customer_read", "\"see\"", "the scope `see`"),
    ("access.scopes.kyc_read", "\"look\"", "the scope `look`"),
    ("access.scopes.address_write", "\"move\"", "the scope `move`"),
    ("access.scopes.contact_write", "\"call\"", "the scope `call`"),
];

/// Settings beside them that change no answer to a request that comes alone and in time.
const UNSEEN: [&str; 11] = [
    "http.listen",
    "http.admin_listen",
    "http.plain_beyond_loopback",
    "http.handshakes_max",
    "http.admin_connections_max",
    "http.drain_ms_max",
    "http.admin_token",
    "http.admin_token_file",
    "http.intermediaries",
    "projections.answers_bytes_max",
    "projections.cache_bytes",
];

/// The document of a service with this configuration.
fn document(toml: &str) -> String {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(toml.as_bytes()).unwrap();
    openapi::document(&Settings::of(&Config::load(Some(file.path())).unwrap())).to_string()
}

#[test]
fn every_setting_that_clients_notice_stands_in_the_document() {
    for (setting, value, said) in SEEN {
        assert!(!DOCUMENT.to_string().contains(said), "{said} stands there anyway");
        let text = document(&format!("{setting} = {value}"));
        assert!(text.contains(said), "with {setting} = {value} nothing says {said}");
    }
    let free = document("http.rate_per_s = 0");
    assert!(!free.contains("requests a second"), "there is no such bound");
    let nobody = document("rules.contact_write_relations = []");
    assert!(nobody.contains("one of these: none."), "nobody's details can be changed");
}

/// So that a new setting is put into one of the lists above.
#[test]
fn of_every_setting_it_is_known_whether_clients_notice_it() {
    let config: toml::Table = Config::load(None).unwrap().to_toml().unwrap().parse().unwrap();
    let sections = ["http", "projections", "rules"].map(|name| (name, &config[name]));
    let scopes = ("access.scopes", &config["access"]["scopes"]);
    let mut settings = BTreeSet::new();
    for (section, values) in sections.into_iter().chain([scopes]) {
        let values = values.as_table().unwrap().iter().filter(|(_, value)| !value.is_table());
        settings.extend(values.map(|(key, _)| format!("{section}.{key}")));
    }
    let known = SEEN.map(|(setting, ..)| setting).into_iter().chain(UNSEEN);
    assert_eq!(known.map(str::to_owned).collect::<BTreeSet<_>>(), settings);
}
