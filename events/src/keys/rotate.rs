//! Another master key: every key wrapped anew, in a new file that takes the place of the old one.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
};

use super::{KeyError, Keyring, offset, slot};
use crate::seal::SecretKey;

/// Wraps the keys of a key file under another master key, and tells how many slots there are.
///
/// The file is the old one until the new one is whole and on the disk, and the new one after.
/// Nobody may have it open.
pub(crate) fn rotate(path: &Path, from: SecretKey, to: &SecretKey) -> Result<u32, KeyError> {
    let old = Keyring::open(path, from)?;
    let half = path.with_extension("half");
    let file = File::create(&half)?;
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
    check(&half, to, &old)?;
    fs::rename(&half, path)?;
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())?;
    Ok(old.end() - 1)
}

/// The new file must open under the new key, all of it, before the old one goes.
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
