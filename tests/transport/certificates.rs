//! Certificates: whose are taken, and whose are not.

use dossier::listener::Pin;
use rcgen::{DnType, ExtendedKeyUsagePurpose, SanType, date_time_ymd};
use reqwest::{Method, tls::Version};

use super::Secured;
use crate::support::{certificates::Authority, client::Client};

async fn is_let_in(client: &Client) -> bool {
    let answer = client.ask(Method::GET, "/customers/C-1").try_send().await;
    answer.map(|answer| answer.is(200)).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_certificates_of_the_configured_authority_that_are_in_force_are_let_in() {
    let secured = Secured::start().await;
    let good = secured.clients.client("alpha.example");
    assert!(is_let_in(&secured.showing(&good)).await);
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let http = secured.servers.trusting_as(&good);
        let http = http.tls_version_min(version).tls_version_max(version).build().unwrap();
        assert!(is_let_in(&secured.over(http)).await, "{version:?}");
    }

    let nobody = secured.servers.trusting().build().unwrap();
    assert!(!is_let_in(&secured.over(nobody)).await, "no certificate");
    let namesake = Authority::new("clients");
    for (certificate, what) in [
        (namesake.client("alpha.example"), "another authority of the same name"),
        (secured.servers.client("alpha.example"), "the authority of servers"),
        (
            secured.clients.certify(|params| params.not_after = date_time_ymd(2020, 1, 1)),
            "one that has expired",
        ),
        (
            secured.clients.certify(|params| params.not_before = date_time_ymd(2999, 1, 1)),
            "one that is not in force yet",
        ),
        (
            secured.clients.certify(|params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }),
            "one for servers",
        ),
    ] {
        assert!(!is_let_in(&secured.showing(&certificate)).await, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_gets_no_answer_from_tls() {
    let secured = Secured::start().await;
    let plain = secured.app.client("alpha");
    assert!(plain.ask(Method::GET, "/healthcheck").try_send().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_authoritys_clients_only_those_that_are_configured_are_let_in() {
    let mut pinned = None;
    let secured = Secured::configured(|config, clients| {
        let one = clients.client("other.example");
        let pins = ["gateway.example", "spiffe://bank/alpha", "Common Name", &one.pin()];
        config.http.tls.clients = pins.map(|pin| Pin::try_from(pin.to_owned()).unwrap()).to_vec();
        pinned = Some(one);
    });
    let secured = secured.await;
    let uri = |uri: &str| vec![SanType::URI(uri.try_into().unwrap())];
    let common = |names| {
        secured.clients.certify(|params| {
            params.distinguished_name.push(DnType::CommonName, "Common Name");
            params.subject_alt_names = names;
        })
    };
    for (certificate, fits) in [
        (pinned.unwrap(), true),
        (secured.clients.client("Gateway.Example"), true),
        (
            secured.clients.certify(|params| params.subject_alt_names = uri("spiffe://bank/alpha")),
            true,
        ),
        (common(vec![]), true),
        // The fingerprint is another, though the name is the same.
        (secured.clients.client("other.example"), false),
        (secured.clients.client("gateway.example.com"), false),
        (
            secured.clients.certify(|params| params.subject_alt_names = uri("spiffe://bank/beta")),
            false,
        ),
        // An authority that checks its other names may not have checked this one.
        (common(uri("spiffe://bank/beta")), false),
        (secured.clients.certify(|_| ()), false),
    ] {
        assert_eq!(is_let_in(&secured.showing(&certificate)).await, fits);
    }
}
