//! The second door to sled: sealed documents, and how far they have come, in one batch.
//!
//! Documents are written behind, the longest waiting first, and are then as new as they are: the
//! checkpoint tells up to which event everything is here, and up to which anything can be.
//!
//! Commits are not synced one by one. What a power cut leaves of such a store may be anything,
//! so the checkpoint holds the XOR of the tags of all sealed values: a value that is lost, old or
//! too much shows when the store is opened.

mod layout;

use std::{
    fs::{self, File},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use events::{
    id::{Position, StreamId},
    nudge::Nudge,
    record::LeafHash,
    seal::SecretKey,
};
use minicbor::{Decode, Encode};
use parking_lot::RwLock;

pub(crate) use self::layout::{Kind, name};
use self::layout::{part_key, split_first, stream_of};

/// Bytes of a segment of the store's file; fixed when the store is made.
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of a value in the store, at most.
const PART_BYTES_MAX: usize = 48 * 1024;
const CHECKPOINT: &[u8] = b"c";
const TAG_BYTES: usize = 16;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store of the projections failed")]
    Sled(#[from] sled::Error),
    #[error("the store of the projections failed")]
    Io(#[from] io::Error),
    /// Where, was told there; what the panic says may quote data.
    #[error("the store of the projections panicked over what it found")]
    Panicked,
    #[error("a value in the store of the projections is damaged")]
    Damaged,
}

/// How far the store has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Checkpoint {
    /// Of documents; another one rebuilds.
    #[n(0)]
    pub(crate) format: u32,
    /// Of the last event up to which everything is in the store.
    #[n(1)]
    pub(crate) position: Position,
    /// Of the last event that anything in the store can know of.
    #[n(2)]
    pub(crate) reached: Position,
    /// The hash of that event's record.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub(crate) leaf: LeafHash,
    /// The XOR of the tags of all sealed values.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub(crate) tags: Tag,
}

pub(crate) type Tag = [u8; TAG_BYTES];

/// A value, opened, and what must be known to replace it.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) plain: Vec<u8>,
    pub(crate) trace: Trace,
}

/// What a value leaves in the store.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trace {
    pub(crate) tag: Tag,
    parts: u16,
}

/// What goes into the store together, or not at all.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    batch: sled::Batch,
    /// The XOR of all tags that come and go.
    tags: Tag,
    in_parts: bool,
}

#[derive(Debug)]
pub(crate) struct Store {
    tree: sled::Db,
    /// A descriptor of our own on sled's file, to sync it.
    file: File,
    key: SecretKey,
    nudge: Nudge,
    /// Held while values of several parts are read or written.
    parts: RwLock<()>,
}

impl Store {
    pub(crate) fn open(dir: &Path, cache_bytes: u64, key: SecretKey) -> Result<Self, StoreError> {
        events::freed::wait(&dir.join("db"))?;
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity(cache_bytes)
            .segment_size(SEGMENT_BYTES)
            .flush_every_ms(None);
        let tree = catching(|| Ok(config.open()?))?;
        let file = File::options().read(true).write(true).open(dir.join("db"))?;
        for entry in fs::read_dir(dir)? {
            File::open(entry?.path())?.sync_all()?;
        }
        File::open(dir)?.sync_all()?;
        let again = tree.clone();
        // The one who waits hears of the same failure, and tells of it.
        let nudge = Nudge::start(move || drop(again.flush()))?;
        Ok(Self { tree, file, key, nudge, parts: RwLock::new(()) })
    }

    /// None in a store that was just made.
    pub(crate) fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        let Some(sealed) = self.tree.get(CHECKPOINT)? else { return Ok(None) };
        let plain = self.key.unseal(CHECKPOINT, &sealed).ok_or(StoreError::Damaged)?;
        minicbor::decode(&plain).map(Some).map_err(|_| StoreError::Damaged)
    }

    pub(crate) fn get(&self, kind: Kind, stream: &StreamId) -> Result<Option<Stored>, StoreError> {
        let name = name(kind, stream);
        let Some(first) = self.tree.get(part_key(&name, 0))? else { return Ok(None) };
        let (parts, sealed) = split_first(&first)?;
        if parts == 1 {
            return self.unseal(&name, sealed, 1).map(Some);
        }
        let _nobody_writes = self.parts.read();
        let mut entries = self.tree.scan_prefix(&name).map(|entry| Ok(entry?));
        let first = entries.next().transpose()?;
        first.map(|first| self.gather(&name, &first.1, &mut entries)).transpose()
    }

    /// All values of a kind, in the order of their keys.
    pub(crate) fn scan(
        &self,
        kind: Kind,
    ) -> impl Iterator<Item = Result<(StreamId, Stored), StoreError>> + '_ {
        let mut entries = self.tree.scan_prefix([kind.letter()]).map(|entry| Ok(entry?));
        std::iter::from_fn(move || {
            let first = entries.next()?;
            Some(first.and_then(|(key, value)| {
                let name = key.strip_suffix(&0_u16.to_be_bytes()).ok_or(StoreError::Damaged)?;
                let stream = stream_of(name).ok_or(StoreError::Damaged)?;
                Ok((stream, self.gather(name, &value, &mut entries)?))
            }))
        })
    }

    fn gather(
        &self,
        name: &[u8],
        first: &[u8],
        rest: &mut impl Iterator<Item = Result<(sled::IVec, sled::IVec), StoreError>>,
    ) -> Result<Stored, StoreError> {
        let (parts, sealed) = split_first(first)?;
        if parts == 1 {
            return self.unseal(name, sealed, 1);
        }
        let mut sealed = sealed.to_vec();
        for part in 1..parts {
            let (key, value) = rest.next().ok_or(StoreError::Damaged)??;
            if key != part_key(name, part) {
                return Err(StoreError::Damaged);
            }
            sealed.extend_from_slice(&value);
        }
        self.unseal(name, &sealed, parts)
    }

    fn unseal(&self, name: &[u8], sealed: &[u8], parts: u16) -> Result<Stored, StoreError> {
        let tag = *sealed.last_chunk().ok_or(StoreError::Damaged)?;
        let plain = self.key.unseal(name, sealed).ok_or(StoreError::Damaged)?;
        Ok(Stored { plain, trace: Trace { tag, parts } })
    }

    /// Adds a value to what is to be committed, in place of the one that left `old`.
    pub(crate) fn put(
        &self,
        changes: &mut Changes,
        (kind, stream): (Kind, &StreamId),
        plain: &[u8],
        old: Trace,
    ) -> Result<(), StoreError> {
        let name = name(kind, stream);
        let sealed = self.key.seal(&name, plain);
        let tag: Tag = *sealed.last_chunk().ok_or(StoreError::Damaged)?;
        let chunks = sealed.chunks(PART_BYTES_MAX);
        let parts = u16::try_from(chunks.len()).map_err(|_| StoreError::Damaged)?;
        for (part, chunk) in (0..parts).zip(chunks) {
            let count = parts.to_be_bytes();
            let count = if part == 0 { count.as_slice() } else { &[] };
            changes.batch.insert(part_key(&name, part), [count, chunk].concat());
        }
        for part in parts..old.parts {
            changes.batch.remove(part_key(&name, part));
        }
        changes.in_parts |= parts > 1 || old.parts > 1;
        changes.tags = xor(changes.tags, xor(tag, old.tag));
        Ok(())
    }

    /// One atomic commit, which the next `sync` makes lasting; tells the checkpoint after it.
    pub(crate) fn commit(
        &self,
        changes: Changes,
        before: &Checkpoint,
        position: Position,
        (reached, leaf): (Position, LeafHash),
    ) -> Result<Checkpoint, StoreError> {
        let tags = xor(before.tags, changes.tags);
        let checkpoint = Checkpoint { format: before.format, position, reached, leaf, tags };
        let plain = minicbor::to_vec(&checkpoint).expect("writing to memory does not fail");
        let mut batch = changes.batch;
        batch.insert(CHECKPOINT, self.key.seal(CHECKPOINT, &plain));
        let _nobody_reads_parts = changes.in_parts.then(|| self.parts.write());
        self.nudge.during(|| self.tree.apply_batch(batch))?;
        Ok(checkpoint)
    }

    /// Makes everything that was committed lasting.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.nudge.during(|| self.tree.flush())?;
        Ok(self.file.sync_data()?)
    }
}

/// Runs something that may panic inside sled.
pub(crate) fn catching<T>(run: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(StoreError::Panicked))
}

pub(crate) fn xor(mut one: Tag, other: Tag) -> Tag {
    one.iter_mut().zip(other).for_each(|(one, other)| *one ^= other);
    one
}

#[cfg(test)]
pub(crate) use sled::Db as Raw;

/// Changes a closed store behind its owner's back.
#[cfg(test)]
pub(crate) fn tamper(dir: &Path, harm: impl FnOnce(&Raw)) {
    let tree = sled::Config::new().path(dir).segment_size(SEGMENT_BYTES).open().unwrap();
    harm(&tree);
    tree.flush().unwrap();
}
