//! Where the issuer's keys lie.

use std::{
    fs, io,
    io::Read,
    path::{Path, PathBuf},
};

use crate::access::{
    AccessError,
    fetch::{FetchError, Fetcher},
    jwks::KeySet,
};

#[derive(Debug)]
pub(super) enum Source {
    Url(Fetcher),
    File { path: PathBuf, bytes_max: usize },
}

impl Source {
    pub(super) async fn fetch(&self) -> Result<KeySet, FetchError> {
        let bytes = match self {
            Self::Url(fetcher) => fetcher.get().await?,
            Self::File { path, bytes_max } => {
                let (path, bytes_max) = (path.clone(), *bytes_max);
                let reading = tokio::task::spawn_blocking(move || read(&path, bytes_max));
                reading.await.map_err(io::Error::from)??
            }
        };
        Ok(KeySet::parse(&bytes)?)
    }
}

/// What a file must hold from the beginning.
pub(super) fn first_of_file(path: &Path, bytes_max: usize) -> Result<KeySet, AccessError> {
    let bytes = read(path, bytes_max).map_err(|error| AccessError::file(path, error))?;
    let set = KeySet::parse(&bytes).ok().filter(|set| set.len() > 0);
    set.ok_or_else(|| AccessError::NoKey(path.to_path_buf()))
}

/// A file that is too long is cut, and then no JSON any more.
fn read(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    file.take(bytes_max.try_into().unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_must_hold_a_key_from_the_beginning() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for wrong in ["", "{}", "{\"keys\":[]}"] {
            fs::write(file.path(), wrong).unwrap();
            let found = first_of_file(file.path(), 1024);
            assert!(matches!(found, Err(AccessError::NoKey(_))), "{wrong}");
        }
        assert!(matches!(first_of_file(Path::new("/nowhere"), 9), Err(AccessError::File { .. })));
    }
}
