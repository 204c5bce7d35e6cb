//! Cursors and log positions: nothing opens but what was given out, and that to its client only.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dossier::opaque::{Place, Secrets};
use events::{
    id::{ClientId, Position},
    seal::SecretKey,
};

use crate::with_a_flipped_bit;

const LIST: &str = "customers";

pub(crate) fn run(bytes: &[u8]) {
    let secrets = Secrets::new(&SecretKey::from_bytes([7; 32]));
    let [alpha, beta] = ["alpha", "beta"].map(|id| ClientId::parse(id).expect("an id"));
    let text = String::from_utf8_lossy(bytes);
    for token in [&*text, &URL_SAFE_NO_PAD.encode(bytes)] {
        assert_eq!(secrets.open_cursor(&alpha, LIST, token), None, "nobody gave it out");
        assert_eq!(secrets.open_position(&alpha, token), None, "nobody gave it out");
    }
    let cursor = secrets.cursor(&alpha, LIST, &text);
    assert_eq!(secrets.open_cursor(&alpha, LIST, &cursor).as_deref(), Some(&*text));
    assert_eq!(secrets.open_cursor(&beta, LIST, &cursor), None);
    assert_eq!(secrets.open_cursor(&alpha, "persons", &cursor), None);
    assert_eq!(secrets.open_position(&alpha, &cursor), None);
    let flipped = with_a_flipped_bit(cursor.as_bytes());
    let flipped = String::from_utf8_lossy(&flipped);
    assert_eq!(secrets.open_cursor(&alpha, LIST, &flipped), None, "it was changed");
    let number = bytes.iter().fold(0, |sum: u64, byte| sum.rotate_left(8) ^ u64::from(*byte));
    let place = Place { position: Position(number), leaf: number.to_be_bytes() };
    let position = secrets.position(&alpha, place);
    assert_eq!(secrets.open_position(&alpha, &position), Some(place));
    assert_eq!(secrets.open_position(&beta, &position), None);
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    // Sealed under another key, so of the right form, and not ours.
    let secrets = Secrets::new(&SecretKey::from_bytes([8; 32]));
    let alpha = ClientId::parse("alpha").expect("an id");
    let cursor = secrets.cursor(&alpha, LIST, "C-000001").into_bytes();
    let place = Place { position: Position(7), leaf: [1; 8] };
    vec![cursor, secrets.position(&alpha, place).into_bytes(), b"C-000001".to_vec()]
}
