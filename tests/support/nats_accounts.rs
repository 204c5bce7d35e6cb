//! An operator, an account and a user of NATS, whose names are keys and whose papers are signed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nkeys::KeyPair;
use serde_json::{Value, json};

pub(crate) struct Accounts {
    operator: KeyPair,
    account: KeyPair,
    user: KeyPair,
}

impl Accounts {
    pub(crate) fn new() -> Self {
        let [operator, account, user] =
            [KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_user()];
        Self { operator, account, user }
    }

    /// For a server that believes this operator and knows this account.
    pub(crate) fn configuration(&self) -> String {
        let operator = signed(&self.operator, &self.operator, &json!({ "type": "operator" }));
        let endless = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
            "conn": -1, "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1,
            "consumer": -1,
        });
        let account = json!({ "type": "account", "limits": endless });
        let account = signed(&self.operator, &self.account, &account);
        let name = self.account.public_key();
        let system = KeyPair::new_account();
        let servers = signed(&self.operator, &system, &json!({ "type": "account", "limits": {} }));
        let system = system.public_key();
        format!(
            "operator: {operator}\nsystem_account: {system}\nresolver: MEMORY\n\
             resolver_preload {{ {name}: {account}, {system}: {servers} }}"
        )
    }

    /// What the user shows, as a file.
    pub(crate) fn credentials(&self) -> String {
        let user = json!({ "type": "user", "subs": -1, "data": -1, "payload": -1 });
        let paper = signed(&self.account, &self.user, &user);
        let seed = self.user.seed().unwrap();
        format!(
            "-----BEGIN NATS USER JWT-----\n{paper}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )
    }
}

/// What the issuer says of somebody.
fn signed(issuer: &KeyPair, subject: &KeyPair, says: &Value) -> String {
    let mut says = says.clone();
    says["version"] = 2.into();
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let claims = json!({
        "iat": 1_700_000_000, "iss": issuer.public_key(), "sub": subject.public_key(),
        "name": "test", "nats": says,
    });
    let text = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = issuer.sign(text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
