//! Another master key for a folder that nobody has open.

use std::path::Path;

use super::{
    OpenError,
    lock::FolderLock,
    mark::MarkFile,
    open::{check_format, check_key_file},
};
use crate::{keys, seal::SecretKey};

/// Wraps the data keys of a folder under another master key, and tells how many streams have some.
///
/// Whenever it is cut off, the folder opens under the one key or under the other.
pub fn rotate_master(dir: &Path, from: SecretKey, to: &SecretKey) -> Result<u32, OpenError> {
    let _lock = FolderLock::take(&dir.join("lock"))?.ok_or(OpenError::InUse)?;
    check_format(dir)?;
    let path = dir.join("keys");
    check_key_file(&path, MarkFile::open(&dir.join("head"))?.last())?;
    Ok(keys::rotate(&path, from, to)?)
}
