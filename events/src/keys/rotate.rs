//! Another master key: every key wrapped anew, in a new file that takes the place of the old one.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{KeyError, Keyring, offset, slot};
use crate::seal::SecretKey;

/// Wraps the keys of a key file under another master key, and tells how many slots there are.
///
/// The file is the old one until the new one is whole and on the disk, and the new one after.
/// Nobody may have it open.
pub(crate) fn rotate(path: &Path, from: SecretKey, to: &SecretKey) -> Result<u32, KeyError> {
    remove_half(path)?;
    let old = Keyring::open(path, from)?;
    let half = half_of(path);
    if let Err(error) = wrap(&old, &half, to).and_then(|()| Ok(fs::rename(&half, path)?)) {
        // What stopped it is the word; a next start looks for the half again.
        let _ = remove_half(path);
        return Err(error);
    }
    sync_dir_of(path)?;
    if let Err(error) = wipe(&old.file) {
        tracing::warn!(%error, "The bytes of the old key file may still be on the disk.");
    }
    Ok(old.end() - 1)
}

/// Removes a new key file that was never finished: a key that is destroyed later must not outlive
/// that in there.
pub(crate) fn remove_half(path: &Path) -> io::Result<()> {
    let half = half_of(path);
    match File::options().write(true).open(&half) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => wipe(&file?)?,
    }
    fs::remove_file(half)?;
    sync_dir_of(path)
}

fn half_of(path: &Path) -> PathBuf {
    path.with_extension("half")
}

/// Writes the new file, which must open under the new key, all of it, before the old one goes.
fn wrap(old: &Keyring, half: &Path, to: &SecretKey) -> Result<(), KeyError> {
    let file = File::create(half)?;
    file.write_all_at(&slot::header(&old.store, to), 0)?;
    for number in 1..old.end() {
        let bytes = old.bytes_of(number)?;
        if slot::is_unused(&bytes) {
            continue;
        }
        let keys = slot::open(number, &bytes, &old.master);
        let keys = keys.ok_or(KeyError::Damaged { slot: number })?;
        let bytes = slot::encode(number, &slot::name_in(&bytes), &keys, to);
        file.write_all_at(&bytes, offset(number))?;
    }
    file.sync_all()?;
    check(half, to, old)
}

fn check(path: &Path, to: &SecretKey, old: &Keyring) -> Result<(), KeyError> {
    let new = Keyring::open(path, to.clone())?;
    if new.identity() != old.identity() {
        return Err(KeyError::WrongMaster);
    }
    let is_kept = |slot: &u32| matches!((old.check(*slot), new.check(*slot)), (Ok(one), Ok(other)) if one == other);
    (1..old.end())
        .find(|slot| !is_kept(slot))
        .map_or(Ok(()), |slot| Err(KeyError::Damaged { slot }))
}

/// Overwrites a file that nobody needs any more, in place.
fn wipe(file: &File) -> io::Result<()> {
    let slots = file.metadata()?.len().div_ceil(super::SLOT_BYTES);
    for slot in 0..u32::try_from(slots).unwrap_or(u32::MAX) {
        file.write_all_at(&slot::EMPTY, offset(slot))?;
    }
    file.sync_all()
}

fn sync_dir_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
