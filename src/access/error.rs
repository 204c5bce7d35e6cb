//! Why tokens of the configured issuer cannot be checked at all.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A mistake in the settings, or in a file that they name.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("the issuer's URL is none")]
    Url,
    #[error("the issuer cannot be asked over HTTPS")]
    Client(#[source] reqwest::Error),
    #[error("{path} cannot be read")]
    File {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    #[error("{0} holds no certificate in PEM")]
    NoCertificate(PathBuf),
    #[error("{0} holds no JWKS with a key that can be used")]
    NoKey(PathBuf),
    #[error("{0} holds no secret")]
    NoSecret(PathBuf),
}

impl AccessError {
    pub(super) fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_path_buf(), error }
    }
}
