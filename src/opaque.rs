//! Opaque tokens: what a client carries for us and can neither read, change nor lend.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use events::{
    id::{ClientId, Position},
    log::{Fingerprint, ReceiptKey},
    seal::SecretKey,
};

/// The keys behind what clients carry, each derived from the folder's own.
#[derive(Debug)]
pub struct Secrets {
    cursor: SecretKey,
    position: SecretKey,
    receipt: SecretKey,
    fingerprint: SecretKey,
}

impl Secrets {
    pub fn new(store: &SecretKey) -> Self {
        Self {
            cursor: store.derive("cursor"),
            position: store.derive("log position"),
            receipt: store.derive("idempotency key"),
            fingerprint: store.derive("request fingerprint"),
        }
    }

    /// Where a list goes on, for this client and this list only.
    pub fn cursor(&self, client: &ClientId, list: &str, after: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.cursor.seal(&bound(client, list), after.as_bytes()))
    }

    /// What was sealed into a cursor; none if it was not made for this client and list.
    pub fn open_cursor(&self, client: &ClientId, list: &str, cursor: &str) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        String::from_utf8(self.cursor.unseal(&bound(client, list), &sealed)?).ok()
    }

    /// A place in the log, for this client only.
    pub fn position(&self, client: &ClientId, position: Position) -> String {
        let sealed = self.position.seal(&bound(client, "log"), &position.0.to_be_bytes());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    pub fn open_position(&self, client: &ClientId, token: &str) -> Option<Position> {
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let plain = self.position.unseal(&bound(client, "log"), &sealed)?;
        Some(Position(u64::from_be_bytes(plain.try_into().ok()?)))
    }

    /// Under which the answer to a command is kept.
    pub fn receipt_key(&self, client: &ClientId, idempotency_key: &str) -> ReceiptKey {
        self.receipt.mac(&[client.as_str().as_bytes(), idempotency_key.as_bytes()])
    }

    /// By which a message of the bank's is known again. No client has an empty id.
    pub fn message_key(&self, parts: &[&[u8]]) -> ReceiptKey {
        self.receipt.mac(&[&[b"".as_slice()], parts].concat())
    }

    /// By which the same request is known again.
    pub fn fingerprint(&self, parts: &[&[u8]]) -> Fingerprint {
        self.fingerprint.mac(parts)
    }
}

fn bound(client: &ClientId, to: &str) -> Vec<u8> {
    // Neither holds control characters, so the zero separates them.
    [client.as_str().as_bytes(), &[0], to.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(id: &str) -> ClientId {
        ClientId::parse(id).unwrap()
    }

    #[test]
    fn a_cursor_opens_for_its_client_and_list_only() {
        let secrets = Secrets::new(&SecretKey::random());
        let cursor = secrets.cursor(&client("alpha"), "customers", "C-1");
        let open = |who, list| secrets.open_cursor(&client(who), list, &cursor);
        assert_eq!(open("alpha", "customers").as_deref(), Some("C-1"));
        assert_eq!(open("beta", "customers"), None);
        assert_eq!(open("alpha", "persons"), None);
        assert_eq!(secrets.open_cursor(&client("alpha"), "customers", "nonsense"), None);
    }

    #[test]
    fn a_position_opens_for_its_client_only() {
        let secrets = Secrets::new(&SecretKey::random());
        let token = secrets.position(&client("alpha"), Position(7));
        assert_eq!(secrets.open_position(&client("alpha"), &token), Some(Position(7)));
        assert_eq!(secrets.open_position(&client("beta"), &token), None);
        assert_ne!(token, secrets.position(&client("alpha"), Position(7)));
    }
}
