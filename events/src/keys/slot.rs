//! The bytes of a slot, drawn in `keys.rs`.

use aws_lc_rs::digest;

use super::{DataKey, DataKeys, KeyError};
use crate::{
    id::StreamId,
    seal::{KEY_BYTES, SEAL_BYTES, SecretKey},
    tag::Class,
};

const MAGIC: [u8; 16] = *b"dossier keys 1\0\0";
pub(super) const SLOT_LENGTH: usize = 256;
const CRC_AT: usize = SLOT_LENGTH - 4;
pub(super) const WRAPPED_BYTES: usize = KEY_BYTES + SEAL_BYTES;
const STORE_KEY_AT: usize = 17;
const STREAM_AT: usize = 1;
const CLASSES_AT: usize = 33;
const USED: u8 = 1;
const LIVE: u8 = 1;
const DESTROYED: u8 = 2;

pub(super) type SlotBytes = [u8; SLOT_LENGTH];

pub(super) const EMPTY: SlotBytes = [0; SLOT_LENGTH];

/// The keys of a stream, wrapped.
pub(super) fn encode(
    slot: u32,
    stream: &[u8; 32],
    keys: &DataKeys,
    master: &SecretKey,
) -> SlotBytes {
    let mut bytes = EMPTY;
    bytes[0] = USED;
    bytes[STREAM_AT..CLASSES_AT].copy_from_slice(stream);
    for class in Class::ALL {
        let at = class_at(class);
        match keys.of(class) {
            DataKey::Live(key) => {
                bytes[at] = LIVE;
                let wrapped = master.seal(&purpose(slot, stream, class), key.expose());
                bytes[at + 1..][..WRAPPED_BYTES].copy_from_slice(&wrapped);
            }
            DataKey::Destroyed => bytes[at] = DESTROYED,
        }
    }
    finish(&mut bytes);
    bytes
}

/// The keys in a slot, unwrapped; none where they are damaged or not wrapped under this key.
pub(super) fn open(slot: u32, bytes: &SlotBytes, master: &SecretKey) -> Option<DataKeys> {
    if !is_whole(bytes) || bytes[0] != USED {
        return None;
    }
    let key = |class: Class| match bytes[class_at(class)] {
        LIVE => {
            let wrapped = &bytes[class_at(class) + 1..][..WRAPPED_BYTES];
            let purpose = purpose(slot, &name_in(bytes), class);
            unwrap_key(master, &purpose, wrapped).map(DataKey::Live)
        }
        DESTROYED => Some(DataKey::Destroyed),
        _ => None,
    };
    Some(DataKeys([key(Class::Identity)?, key(Class::Contact)?, key(Class::Kyc)?]))
}

/// Puts a tombstone in the place of a key.
pub(super) fn destroy(bytes: &mut SlotBytes, class: Class) {
    bytes[class_at(class)] = DESTROYED;
    bytes[class_at(class) + 1..][..WRAPPED_BYTES].fill(0);
    finish(bytes);
}

/// The first slot, with the store key, wrapped.
pub(super) fn header(store: &SecretKey, master: &SecretKey) -> SlotBytes {
    let mut bytes = EMPTY;
    bytes[..MAGIC.len()].copy_from_slice(&MAGIC);
    bytes[STORE_KEY_AT..][..WRAPPED_BYTES].copy_from_slice(&master.seal(&MAGIC, store.expose()));
    finish(&mut bytes);
    bytes
}

/// The store key in the first slot.
pub(super) fn open_header(bytes: &SlotBytes, master: &SecretKey) -> Result<SecretKey, KeyError> {
    if !is_whole(bytes) || bytes[..MAGIC.len()] != MAGIC {
        return Err(KeyError::Damaged { slot: 0 });
    }
    unwrap_key(master, &MAGIC, &bytes[STORE_KEY_AT..][..WRAPPED_BYTES]).ok_or(KeyError::WrongMaster)
}

/// Whether nothing was ever written there; who lost a race for a stream leaves such a slot.
pub(super) fn is_unused(bytes: &SlotBytes) -> bool {
    *bytes == EMPTY
}

pub(super) fn is_whole(bytes: &SlotBytes) -> bool {
    bytes[CRC_AT..] == crc32fast::hash(&bytes[..CRC_AT]).to_be_bytes()
}

pub(super) fn name_in(bytes: &SlotBytes) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(&bytes[STREAM_AT..CLASSES_AT]);
    hash
}

pub(super) fn name_hash(stream: &StreamId) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, stream.to_string().as_bytes()).as_ref());
    hash
}

fn unwrap_key(master: &SecretKey, purpose: &[u8], wrapped: &[u8]) -> Option<SecretKey> {
    let plain = zeroize::Zeroizing::new(master.unseal(purpose, wrapped)?);
    SecretKey::from_slice(&plain)
}

fn finish(bytes: &mut SlotBytes) {
    let checksum = crc32fast::hash(&bytes[..CRC_AT]);
    bytes[CRC_AT..].copy_from_slice(&checksum.to_be_bytes());
}

pub(super) fn class_at(class: Class) -> usize {
    let nth = match class {
        Class::Identity => 0,
        Class::Contact => 1,
        Class::Kyc => 2,
    };
    CLASSES_AT + nth * (1 + WRAPPED_BYTES)
}

/// What a wrapped key is bound to, so that it cannot be moved to another place.
fn purpose(slot: u32, stream: &[u8; 32], class: Class) -> Vec<u8> {
    let mut purpose = slot.to_be_bytes().to_vec();
    purpose.extend(class.as_str().as_bytes());
    purpose.extend(stream);
    purpose
}
