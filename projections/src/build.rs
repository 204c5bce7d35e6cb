//! A build: one folder with the read models of the whole log, sealed under a key of its own.
//!
//! ```text
//! lock          held by the one process that has the folder open
//! build-7/key   the key of the build, wrapped under the master key of the data folder
//! build-7/store sled (`store.rs`)
//! build-7/unfinished   as long as it is made beside another one that is served
//! ```
//!
//! The newest build that is whole and belongs to the log goes on from where it stands. Where none
//! does, a new one is made beside what is there, and what is there goes when the new one has
//! caught up: its key first, so that nothing of it can be read again, then its folder.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use events::{
    id::{Position, StreamId},
    log::EventLog,
    seal::SecretKey,
};

use zeroize::Zeroizing;

use crate::{
    ProjectionError, ProjectionSettings,
    access::Index,
    document::Document,
    parked::{Parked, ParkedStreams},
    store::{Checkpoint, Kind, Store, StoreError, Tag, catching, xor},
};

/// Of documents: one that an older version would not read, or would have written differently.
const FORMAT: u32 = 2;

const UNFINISHED: &str = "unfinished";

pub(crate) struct Build {
    pub(crate) number: u64,
    pub(crate) store: Store,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) index: Index,
    pub(crate) parked: ParkedStreams,
}

/// Why a build that lies there is not gone on with.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("its key cannot be read")]
    Key(#[source] io::Error),
    #[error("its key does not open under the master key")]
    Wrapped,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("it has format {0}, this version of dossier writes format {FORMAT}")]
    Format(u32),
    #[error("values are missing or not those that were written last")]
    Incomplete,
    #[error("the log has no such event at position {0}")]
    Foreign(Position),
    #[error("the log could not be read")]
    Log(#[source] events::log::ReadError),
}

pub(crate) fn open(
    settings: &ProjectionSettings,
    log: &EventLog,
) -> Result<Build, ProjectionError> {
    let unfinished = |number| build_dir(&settings.dir, number).join(UNFINISHED).exists();
    remove(&settings.dir, unfinished)?;
    let numbers = numbers(&settings.dir)?;
    for number in &numbers {
        match reopen(settings, *number, log) {
            Ok(build) => {
                // Newer ones have just been found to be of no use.
                remove(&settings.dir, |newer| newer > *number)?;
                return Ok(build);
            }
            Err(Unusable::Log(error)) => return Err(ProjectionError::Log(error)),
            Err(error) => {
                let reason = events::causes::chain(&error);
                tracing::warn!(build = number, reason, "A projection is built anew.");
            }
        }
    }
    create(settings, numbers.first().map_or(1, |newest| newest + 1), log)
}

/// Of a build that is not there yet.
pub(crate) fn next_number(dir: &Path) -> io::Result<u64> {
    Ok(numbers(dir)?.first().map_or(1, |newest| newest + 1))
}

/// Another build, to be made beside what is served; none before it is finished is gone on with.
pub(crate) fn beside(
    settings: &ProjectionSettings,
    log: &EventLog,
    number: u64,
) -> Result<Build, ProjectionError> {
    let dir = build_dir(&settings.dir, number);
    fs::create_dir_all(&dir)?;
    File::create(dir.join(UNFINISHED))?.sync_all()?;
    File::open(&dir)?.sync_all()?;
    create(settings, number, log)
}

/// A build has caught up and is served: every older one goes, for a newer one is being made.
pub(crate) fn finish(dir: &Path, keep: u64) -> io::Result<()> {
    let build = build_dir(dir, keep);
    if build.join(UNFINISHED).exists() {
        fs::remove_file(build.join(UNFINISHED))?;
        File::open(&build)?.sync_all()?;
    }
    remove(dir, |number| number < keep)
}

/// Removes builds, their keys first.
pub(crate) fn remove(dir: &Path, goes: impl Fn(u64) -> bool) -> io::Result<()> {
    for number in numbers(dir)?.into_iter().filter(|number| goes(*number)) {
        let build = build_dir(dir, number);
        match fs::remove_file(build.join("key")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => File::open(&build)?.sync_all()?,
        }
        fs::remove_dir_all(&build)?;
    }
    Ok(())
}

/// Newest first.
fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix("build-"));
        numbers.extend(digits.and_then(|digits| digits.parse::<u64>().ok()));
    }
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    Ok(numbers)
}

fn build_dir(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("build-{number}"))
}

fn purpose(number: u64) -> String {
    format!("dossier projections build {number}")
}

fn create(
    settings: &ProjectionSettings,
    number: u64,
    log: &EventLog,
) -> Result<Build, ProjectionError> {
    let dir = build_dir(&settings.dir, number);
    fs::create_dir_all(&dir)?;
    let key = SecretKey::random();
    let wrapped = log.keys().master().seal(purpose(number).as_bytes(), key.expose());
    let path = dir.join("key");
    fs::write(&path, wrapped)?;
    File::open(&path)?.sync_all()?;
    File::open(&dir)?.sync_all()?;
    File::open(&settings.dir)?.sync_all()?;
    let store = Store::open(&dir.join("store"), settings.store_cache_bytes, key)?;
    Ok(Build {
        number,
        store,
        checkpoint: Checkpoint { format: FORMAT, ..Checkpoint::default() },
        index: Index::default(),
        parked: ParkedStreams::default(),
    })
}

fn reopen(settings: &ProjectionSettings, number: u64, log: &EventLog) -> Result<Build, Unusable> {
    let dir = build_dir(&settings.dir, number);
    let wrapped = fs::read(dir.join("key")).map_err(Unusable::Key)?;
    let key = log.keys().master().unseal(purpose(number).as_bytes(), &wrapped);
    let key = Zeroizing::new(key.ok_or(Unusable::Wrapped)?);
    let key = SecretKey::from_slice(&key).ok_or(Unusable::Wrapped)?;
    let (store, checkpoint) = catching(|| {
        let store = Store::open(&dir.join("store"), settings.store_cache_bytes, key)?;
        let checkpoint = store.checkpoint()?;
        Ok((store, checkpoint))
    })?;
    let checkpoint =
        checkpoint.unwrap_or_else(|| Checkpoint { format: FORMAT, ..Checkpoint::default() });
    check_against(log, &checkpoint)?;
    let (index, parked, tags) = catching(|| load(&store))?;
    if tags != checkpoint.tags {
        return Err(Unusable::Incomplete);
    }
    Ok(Build { number, store, checkpoint, index, parked })
}

/// Whether the log is the one that the build was made from.
fn check_against(log: &EventLog, checkpoint: &Checkpoint) -> Result<(), Unusable> {
    if checkpoint.format != FORMAT {
        return Err(Unusable::Format(checkpoint.format));
    }
    if checkpoint.reached == Position::ZERO {
        return Ok(());
    }
    let record = log.record(checkpoint.reached).map_err(Unusable::Log)?;
    match record {
        Some(record) if record.leaf_hash() == checkpoint.leaf => Ok(()),
        Some(_) | None => Err(Unusable::Foreign(checkpoint.reached)),
    }
}

/// Reads everything once: what is kept in memory, and whether it is all there.
fn load(store: &Store) -> Result<(Index, ParkedStreams, Tag), StoreError> {
    let (mut index, parked, mut tags) =
        (Index::default(), ParkedStreams::default(), Tag::default());
    for entry in store.scan(Kind::Document) {
        let (stream, stored) = entry?;
        tags = xor(tags, stored.trace.tag);
        let document = Document::decode(&stream, &stored.plain).map_err(|_| StoreError::Damaged)?;
        index_document(&mut index, &document);
    }
    for entry in store.scan(Kind::Parked) {
        let (stream, stored) = entry?;
        tags = xor(tags, stored.trace.tag);
        let reason: Parked = minicbor::decode(&stored.plain).map_err(|_| StoreError::Damaged)?;
        index_parked(&mut index, &stream);
        parked.insert(stream, reason);
    }
    Ok((index, parked, tags))
}

/// Takes a document into the index.
pub(crate) fn index_document(index: &mut Index, document: &Document) {
    match document {
        Document::Customer(id, Some(customer)) => index.set_customer(id, customer),
        Document::Person(id, Some(person)) => index.set_person(id, person.is_known()),
        Document::Consent(id, Some(consent)) => index.set_consent(id, Some(consent)),
        Document::Customer(_, None) | Document::Person(_, None) | Document::Consent(_, None) => {}
    }
}

/// Takes a parked stream into the index: who asks for it is to hear that it cannot be read, but a
/// consent that cannot be read denies.
pub(crate) fn index_parked(index: &mut Index, stream: &StreamId) {
    match stream {
        StreamId::Customer(id) => index.park_customer(id),
        StreamId::Person(id) => index.set_person(id, true),
        StreamId::Consent(id) => index.set_consent(id, None),
    }
}
