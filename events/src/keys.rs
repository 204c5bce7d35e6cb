//! The data keys, outside the log: what is destroyed here is forgotten there.
//!
//! ```text
//! slot 0, 256 bytes     slot n, 256 bytes: the keys of one stream
//! 0    magic (16)       0    1 when used
//! 16   nothing (1)      1    SHA-256 of the stream's name (32)
//! 17   store key (60)   33   identity: state (1), wrapped key (60)
//! 77   zeros            94   contact:  state, wrapped key
//!                       155  kyc:      state, wrapped key
//!                       216  zeros
//! 252  CRC-32           252  CRC-32
//! ```
//!
//! A key is wrapped (AES-256-GCM) under the master key; state 1 is live, 2 destroyed. A slot is
//! written and synced before the commit that first uses it, so no record names a missing key.
//! Destroying overwrites the wrapped key in place: 256 bytes never straddle two sectors.

#[cfg(test)]
mod tests;

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use aws_lc_rs::digest;
use parking_lot::Mutex;
use quick_cache::sync::Cache;

use crate::{
    id::StreamId,
    seal::{KEY_BYTES, SEAL_BYTES, SecretKey},
    tag::Class,
};

const MAGIC: [u8; 16] = *b"dossier keys 1\0\0";
/// Bytes of a slot, and so of the smallest key file.
pub(crate) const SLOT_BYTES: u64 = 256;
const SLOT_LENGTH: usize = 256;
const CRC_AT: usize = SLOT_LENGTH - 4;
const WRAPPED_BYTES: usize = KEY_BYTES + SEAL_BYTES;
const STORE_KEY_AT: usize = 17;
const STREAM_AT: usize = 1;
const CLASSES_AT: usize = 33;
const LIVE: u8 = 1;
const DESTROYED: u8 = 2;
/// Streams whose keys stay unwrapped in memory.
const CACHED_SLOTS_MAX: usize = 32 * 1024;

type SlotBytes = [u8; SLOT_LENGTH];

/// Why a key is not to be had; never because it was destroyed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key file could not be read or written")]
    Io(#[from] io::Error),
    #[error("the key file is damaged at slot {slot}")]
    Damaged { slot: u32 },
    #[error("the master key is not the one that this folder was made with")]
    WrongMaster,
}

/// The key of one class of one stream.
#[derive(Debug, Clone)]
pub enum DataKey {
    Live(SecretKey),
    Destroyed,
}

/// The keys of one stream, one a class.
#[derive(Debug)]
pub struct DataKeys([DataKey; 3]);

impl DataKeys {
    pub fn of(&self, class: Class) -> &DataKey {
        let [identity, contact, kyc] = &self.0;
        match class {
            Class::Identity => identity,
            Class::Contact => contact,
            Class::Kyc => kyc,
        }
    }
}

/// Keys that were made up, and stand in no file yet.
#[derive(Debug, Clone)]
pub struct Minted {
    pub slot: u32,
    stream: StreamId,
    pub keys: Arc<DataKeys>,
}

/// The key file, open, with the master key in hand.
#[derive(Debug)]
pub struct Keyring {
    file: File,
    master: SecretKey,
    store: SecretKey,
    next_slot: AtomicU32,
    cache: Cache<u32, Arc<DataKeys>>,
    /// Destroying reads, changes and writes a slot; nobody reads it half written.
    destroying: Mutex<()>,
}

impl Keyring {
    /// Opens the key file, or makes it where there is none.
    pub fn open(path: &Path, master: SecretKey) -> Result<Self, KeyError> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        if file.metadata()?.len() < SLOT_BYTES {
            begin(&file, &master)?;
        }
        let store = read_header(&file, &master)?;
        let slots = file.metadata()?.len().div_ceil(SLOT_BYTES);
        Ok(Self {
            file,
            master,
            store,
            next_slot: AtomicU32::new(u32::try_from(slots).unwrap_or(u32::MAX)),
            cache: Cache::new(CACHED_SLOTS_MAX),
            destroying: Mutex::new(()),
        })
    }

    /// The secret of this folder that is not about anybody.
    pub fn store_key(&self) -> &SecretKey {
        &self.store
    }

    /// The master key, to wrap other keys of this folder under.
    pub fn master(&self) -> &SecretKey {
        &self.master
    }

    /// Whether any stream ever had keys.
    pub fn is_unused(&self) -> bool {
        self.next_slot.load(Ordering::Relaxed) <= 1
    }

    /// Whether the file reaches as far as a slot.
    pub(crate) fn has_slot(&self, slot: u32) -> bool {
        slot < self.next_slot.load(Ordering::Relaxed)
    }

    /// Makes up the keys of a stream, in a slot of their own; `write` keeps them.
    pub fn mint(&self, stream: &StreamId) -> Minted {
        let keys = Class::ALL.map(|_| DataKey::Live(SecretKey::random()));
        let slot = self.next_slot.fetch_add(1, Ordering::Relaxed);
        Minted { slot, stream: stream.clone(), keys: Arc::new(DataKeys(keys)) }
    }

    /// Writes minted keys and syncs them: from here on they may be used.
    pub(crate) fn write(&self, minted: &[Minted]) -> io::Result<()> {
        for keys in minted {
            self.file.write_all_at(&self.encode(keys), offset(keys.slot))?;
        }
        if !minted.is_empty() {
            self.file.sync_data()?;
        }
        for keys in minted {
            self.cache.insert(keys.slot, Arc::clone(&keys.keys));
        }
        Ok(())
    }

    /// The keys in a slot, which must be the stream's own.
    pub fn get(&self, slot: u32, stream: &StreamId) -> Result<Arc<DataKeys>, KeyError> {
        self.cache.get_or_insert_with(&slot, || self.read(slot, stream))
    }

    /// Destroys a key for good: every payload sealed under it is forgotten.
    pub fn destroy(&self, slot: u32, stream: &StreamId, class: Class) -> Result<(), KeyError> {
        let _one_at_a_time = self.destroying.lock();
        let mut bytes = self.slot_bytes(slot)?;
        self.decode(slot, stream, &bytes)?;
        bytes[class_at(class)] = DESTROYED;
        bytes[class_at(class) + 1..][..WRAPPED_BYTES].fill(0);
        finish(&mut bytes);
        self.file.write_all_at(&bytes, offset(slot))?;
        self.file.sync_data()?;
        self.cache.insert(slot, Arc::new(self.decode(slot, stream, &bytes)?));
        Ok(())
    }

    fn read(&self, slot: u32, stream: &StreamId) -> Result<Arc<DataKeys>, KeyError> {
        let _whole = self.destroying.lock();
        let bytes = self.slot_bytes(slot)?;
        self.decode(slot, stream, &bytes).map(Arc::new)
    }

    fn slot_bytes(&self, slot: u32) -> Result<SlotBytes, KeyError> {
        let mut bytes = [0; SLOT_LENGTH];
        match self.file.read_exact_at(&mut bytes, offset(slot)) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(KeyError::Damaged { slot })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn encode(&self, minted: &Minted) -> SlotBytes {
        let mut bytes = [0; SLOT_LENGTH];
        bytes[0] = 1;
        bytes[STREAM_AT..CLASSES_AT].copy_from_slice(&name_hash(&minted.stream));
        for class in Class::ALL {
            let at = class_at(class);
            if let DataKey::Live(key) = minted.keys.of(class) {
                bytes[at] = LIVE;
                let wrapped =
                    self.master.seal(&purpose(minted.slot, &minted.stream, class), key.expose());
                bytes[at + 1..][..WRAPPED_BYTES].copy_from_slice(&wrapped);
            }
        }
        finish(&mut bytes);
        bytes
    }

    fn decode(
        &self,
        slot: u32,
        stream: &StreamId,
        bytes: &SlotBytes,
    ) -> Result<DataKeys, KeyError> {
        let damaged = || KeyError::Damaged { slot };
        let whole = is_whole(bytes) && bytes[0] == 1;
        if !whole || bytes[STREAM_AT..CLASSES_AT] != name_hash(stream) {
            return Err(damaged());
        }
        let key = |class: Class| match bytes[class_at(class)] {
            LIVE => {
                let wrapped = &bytes[class_at(class) + 1..][..WRAPPED_BYTES];
                unwrap_key(&self.master, &purpose(slot, stream, class), wrapped)
                    .map(DataKey::Live)
                    .ok_or_else(damaged)
            }
            DESTROYED => Ok(DataKey::Destroyed),
            _ => Err(damaged()),
        };
        Ok(DataKeys([key(Class::Identity)?, key(Class::Contact)?, key(Class::Kyc)?]))
    }
}

fn begin(file: &File, master: &SecretKey) -> io::Result<()> {
    let mut bytes = [0; SLOT_LENGTH];
    bytes[..MAGIC.len()].copy_from_slice(&MAGIC);
    let wrapped = master.seal(&MAGIC, SecretKey::random().expose());
    bytes[STORE_KEY_AT..][..WRAPPED_BYTES].copy_from_slice(&wrapped);
    finish(&mut bytes);
    file.write_all_at(&bytes, 0)?;
    file.sync_all()
}

fn read_header(file: &File, master: &SecretKey) -> Result<SecretKey, KeyError> {
    let mut bytes = [0; SLOT_LENGTH];
    file.read_exact_at(&mut bytes, 0)?;
    if !is_whole(&bytes) || bytes[..MAGIC.len()] != MAGIC {
        return Err(KeyError::Damaged { slot: 0 });
    }
    unwrap_key(master, &MAGIC, &bytes[STORE_KEY_AT..][..WRAPPED_BYTES]).ok_or(KeyError::WrongMaster)
}

fn unwrap_key(master: &SecretKey, purpose: &[u8], wrapped: &[u8]) -> Option<SecretKey> {
    let plain = zeroize::Zeroizing::new(master.unseal(purpose, wrapped)?);
    plain.as_slice().try_into().ok().map(SecretKey::from_bytes)
}

fn finish(bytes: &mut SlotBytes) {
    let checksum = crc32fast::hash(&bytes[..CRC_AT]);
    bytes[CRC_AT..].copy_from_slice(&checksum.to_be_bytes());
}

fn is_whole(bytes: &SlotBytes) -> bool {
    bytes[CRC_AT..] == crc32fast::hash(&bytes[..CRC_AT]).to_be_bytes()
}

fn offset(slot: u32) -> u64 {
    u64::from(slot) * SLOT_BYTES
}

fn class_at(class: Class) -> usize {
    let nth = match class {
        Class::Identity => 0,
        Class::Contact => 1,
        Class::Kyc => 2,
    };
    CLASSES_AT + nth * (1 + WRAPPED_BYTES)
}

/// What a wrapped key is bound to, so that it cannot be moved to another place.
fn purpose(slot: u32, stream: &StreamId, class: Class) -> Vec<u8> {
    let mut purpose = slot.to_be_bytes().to_vec();
    purpose.extend(class.as_str().as_bytes());
    purpose.extend(name_hash(stream));
    purpose
}

fn name_hash(stream: &StreamId) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, stream.to_string().as_bytes()).as_ref());
    hash
}
