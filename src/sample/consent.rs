//! The consents: who may see which customers, who once might, and who no longer may.

use serde_json::{Value, json};

use super::customer;

/// As many as one consent may name.
pub(super) const CUSTOMERS_PER_CONSENT_MAX: u64 = 1000;

/// A client, the customers it serves and what it may do with them.
struct Grant {
    client: &'static str,
    scopes: &'static [&'static str],
    serves: fn(u64) -> bool,
}

const GRANTS: [Grant; 3] = [
    Grant {
        client: "wealthtech-alpha",
        scopes: &["customer:read", "kyc:read", "address:write", "contact:write"],
        serves: |_| true,
    },
    Grant {
        client: "wealthtech-beta",
        scopes: &["customer:read", "address:write"],
        serves: |number| number % 2 == 1,
    },
    Grant {
        client: "robo-gamma",
        scopes: &["customer:read", "kyc:read"],
        serves: |number| number % 10 == 1,
    },
];

const LAPSED_CUSTOMERS_MAX: usize = 3;

/// The consents in force over the last customers up to this one; there is one per client.
pub(super) fn granted_up_to(number: u64) -> Vec<Value> {
    let block = number.div_ceil(CUSTOMERS_PER_CONSENT_MAX);
    let first = (block - 1) * CUSTOMERS_PER_CONSENT_MAX + 1;

    let consent = |grant: &Grant| {
        let served = (first..=number).filter(|number| (grant.serves)(*number));
        json!({ "consent": {
            "consentIdentification": format!("{}-{block:06}", grant.client),
            "clientIdentification": grant.client,
            "customerIdentifications": served.map(customer::id).collect::<Vec<_>>(),
            "scopes": grant.scopes,
            "validFrom": "2025-01-01T00:00:00Z",
            "validTo": "2099-12-31T00:00:00Z",
            "status": "active",
        }})
    };
    GRANTS.iter().map(consent).collect()
}

/// A consent that was revoked and one that has run out, over customers otherwise out of reach.
pub(super) fn lapsed(customers: u64) -> Vec<Value> {
    if customers == 0 {
        return vec![];
    }
    let [_, beta, gamma] = &GRANTS;
    vec![
        lapsed_consent(beta, customers, "revoked", "2099-12-31T00:00:00Z"),
        lapsed_consent(gamma, customers, "active", "2024-12-31T00:00:00Z"),
    ]
}

fn lapsed_consent(grant: &Grant, customers: u64, status: &str, valid_to: &str) -> Value {
    let others = (2..=customers).filter(|number| !(grant.serves)(*number));
    let mut over: Vec<String> = others.map(customer::id).take(LAPSED_CUSTOMERS_MAX).collect();
    // A consent names at least one customer, even where there is only one.
    if over.is_empty() {
        over.push(customer::id(1));
    }
    json!({ "consent": {
        "consentIdentification": format!("{}-lapsed", grant.client),
        "clientIdentification": grant.client,
        "customerIdentifications": over,
        "scopes": grant.scopes,
        "validFrom": "2024-01-01T00:00:00Z",
        "validTo": valid_to,
        "status": status,
    }})
}
