//! Opaque tokens: what a client carries for us and can neither read, change nor lend.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use events::{
    id::{ClientId, Position},
    log::{Fingerprint, ReceiptKey},
    seal::SecretKey,
};

/// A place in one history: a position, and what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub position: Position,
    /// How the hash of its record begins; zeros before the first.
    pub leaf: [u8; 8],
}

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
    pub fn position(&self, client: &ClientId, place: Place) -> String {
        let plain = [place.position.0.to_be_bytes(), place.leaf].concat();
        URL_SAFE_NO_PAD.encode(self.position.seal(&bound(client, "log"), &plain))
    }

    pub fn open_position(&self, client: &ClientId, token: &str) -> Option<Place> {
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let plain = self.position.unseal(&bound(client, "log"), &sealed)?;
        let (position, leaf) = plain.split_first_chunk()?;
        let position = Position(u64::from_be_bytes(*position));
        Some(Place { position, leaf: leaf.try_into().ok()? })
    }

    /// Under which the answer to a command is kept.
    pub fn receipt_key(&self, client: &ClientId, idempotency_key: &str) -> ReceiptKey {
        self.receipt.mac(&[client.as_str().as_bytes(), idempotency_key.as_bytes()])
    }

    /// By which a message of the bank's is known again. No client has an empty id.
    pub fn message_key(&self, parts: &[&[u8]]) -> ReceiptKey {
        self.receipt.mac(&[&[b"".as_slice()], parts].concat())
    }

    /// By which others can tell this log from another one, and nothing more.
    pub fn mark(&self) -> String {
        hex::encode(&self.receipt.mac(&[b"mark"])[..8])
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
        let place = Place { position: Position(7), leaf: [9; 8] };
        let token = secrets.position(&client("alpha"), place);
        assert_eq!(secrets.open_position(&client("alpha"), &token), Some(place));
        assert_eq!(secrets.open_position(&client("beta"), &token), None);
        assert_ne!(token, secrets.position(&client("alpha"), place));
    }
}
