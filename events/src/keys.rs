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

mod export;
mod mend;
mod rotate;
mod slot;
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

use parking_lot::Mutex;
use quick_cache::sync::Cache;

pub(crate) use self::mend::mend;
pub(crate) use self::rotate::{remove_half, rotate};
use self::slot::SlotBytes;
pub use self::{
    export::{KeyExport, KeyImportError, WrappedKeys},
    mend::Mended,
};
use crate::{envelope::PayloadKind, id::StreamId, record::Record, seal::SecretKey, tag::Class};

/// Bytes of a slot, and so of the smallest key file.
pub(crate) const SLOT_BYTES: u64 = 256;
/// Streams whose keys stay unwrapped in memory.
const CACHED_SLOTS_MAX: usize = 32 * 1024;

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
    /// Held while slots are written, so that nobody reads one half written.
    writing: Mutex<()>,
}

impl Keyring {
    /// Opens the key file, or makes it where there is none.
    pub fn open(path: &Path, master: SecretKey) -> Result<Self, KeyError> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        if file.metadata()?.len() < SLOT_BYTES {
            begin(&file, &master)?;
        }
        let store = slot::open_header(&read_slot(&file, 0)?, &master)?;
        let length = file.metadata()?.len();
        let torn = length % SLOT_BYTES;
        if torn > 0 {
            // It was cut off while it was written: no event names it, and nothing is in it.
            file.write_all_at(&[0; slot::SLOT_LENGTH], length - torn)?;
            file.sync_all()?;
        }
        let slots = length.div_ceil(SLOT_BYTES);
        Ok(Self {
            file,
            master,
            store,
            next_slot: AtomicU32::new(u32::try_from(slots).unwrap_or(u32::MAX)),
            cache: Cache::new(CACHED_SLOTS_MAX),
            writing: Mutex::new(()),
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
        let nobody_reads = self.writing.lock();
        for keys in minted {
            let bytes =
                slot::encode(keys.slot, &slot::name_hash(&keys.stream), &keys.keys, &self.master);
            self.file.write_all_at(&bytes, offset(keys.slot))?;
        }
        drop(nobody_reads);
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
        let _one_at_a_time = self.writing.lock();
        let mut bytes = read_slot(&self.file, slot)?;
        self.open_slot(slot, stream, &bytes)?;
        slot::destroy(&mut bytes, class);
        self.file.write_all_at(&bytes, offset(slot))?;
        self.file.sync_data()?;
        self.cache.insert(slot, Arc::new(self.open_slot(slot, stream, &bytes)?));
        Ok(())
    }

    fn read(&self, slot: u32, stream: &StreamId) -> Result<Arc<DataKeys>, KeyError> {
        let bytes = self.bytes_of(slot)?;
        self.open_slot(slot, stream, &bytes).map(Arc::new)
    }

    fn bytes_of(&self, slot: u32) -> Result<SlotBytes, KeyError> {
        let _whole = self.writing.lock();
        read_slot(&self.file, slot)
    }

    fn open_slot(
        &self,
        slot: u32,
        stream: &StreamId,
        bytes: &SlotBytes,
    ) -> Result<DataKeys, KeyError> {
        let opened = slot::open(slot, bytes, &self.master);
        let own = slot::name_in(bytes) == slot::name_hash(stream);
        opened.filter(|_| own).ok_or(KeyError::Damaged { slot })
    }

    /// Whether a slot can be used: false where it never was.
    pub(crate) fn check(&self, slot: u32) -> Result<bool, KeyError> {
        let bytes = self.bytes_of(slot)?;
        if slot::is_unused(&bytes) {
            return Ok(false);
        }
        let opened = slot::open(slot, &bytes, &self.master);
        opened.map(|_| true).ok_or(KeyError::Damaged { slot })
    }

    /// Whether the payload of a record opens, or was forgotten.
    pub(crate) fn opens(&self, record: &Record) -> Result<bool, KeyError> {
        let head = &record.envelope().head;
        let PayloadKind::Sealed { class, slot } = head.payload else { return Ok(true) };
        Ok(match self.get(slot, &head.stream)?.of(class) {
            DataKey::Destroyed => true,
            DataKey::Live(key) => key.unseal(record.head_bytes(), record.payload_bytes()).is_some(),
        })
    }

    /// One more than the last slot.
    pub(crate) fn end(&self) -> u32 {
        self.next_slot.load(Ordering::Relaxed)
    }

    /// By which copies of this folder's log and keys are known to belong together.
    pub fn identity(&self) -> [u8; 32] {
        self.store.mac(&[b"log identity"])
    }
}

fn read_slot(file: &File, slot: u32) -> Result<SlotBytes, KeyError> {
    let mut bytes = slot::EMPTY;
    match file.read_exact_at(&mut bytes, offset(slot)) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(KeyError::Damaged { slot })
        }
        Err(error) => Err(error.into()),
    }
}

fn begin(file: &File, master: &SecretKey) -> io::Result<()> {
    file.write_all_at(&slot::header(&SecretKey::random(), master), 0)?;
    file.sync_all()
}

fn offset(slot: u32) -> u64 {
    u64::from(slot) * SLOT_BYTES
}
