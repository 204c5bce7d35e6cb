//! Keys of a backup for those of a folder that are damaged.

use std::{io::BufRead, path::Path};

use super::{OpenError, lock::FolderLock};
use crate::{
    keys::{self, KeyImportError, Mended},
    seal::SecretKey,
};

/// Why no key was mended.
#[derive(Debug, thiserror::Error)]
pub enum MendError {
    #[error(transparent)]
    Folder(#[from] OpenError),
    #[error("the archive of keys does not fit")]
    Archive(#[from] KeyImportError),
}

/// Puts keys from an archive in the place of those that are damaged in a folder, and of no other.
pub fn mend_keys(
    dir: &Path,
    archive: impl BufRead,
    master: &SecretKey,
) -> Result<Mended, MendError> {
    let lock = FolderLock::of(dir).map_err(OpenError::from)?;
    let _lock = lock.ok_or(OpenError::InUse)?;
    Ok(keys::mend(&dir.join("keys"), archive, master)?)
}
