//! The data folder: where things lie in it, and the keys to it.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use events::{
    log::{EventLog, LogSettings},
    seal::SecretKey,
};

use zeroize::Zeroizing;

use crate::{
    config::Config,
    discretion,
    lasting::{self, For},
};

/// Told to whoever gave no key, or nothing that could be one: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum NoKey {
    #[error(
        "no master key: set keys.master or keys.master_file (DOSSIER__KEYS__MASTER_FILE), \
         or give --dev to have one made in the data folder"
    )]
    Missing,
    #[error("the master key is not 64 hexadecimal digits")]
    Malformed,
    #[error("the master key in {} cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
}

/// Opens the log of the configured folder.
pub fn open_log(config: &Config, dev: bool, accept_loss: bool) -> anyhow::Result<EventLog> {
    let settings = LogSettings { accept_loss, ..log_settings(config) };
    let master = master_key(config, dev)?;
    EventLog::open(&settings, master)
        .with_context(|| format!("{} cannot be opened", config.data.dir.display()))
}

/// How the log of the configured folder is opened.
pub fn log_settings(config: &Config) -> LogSettings {
    LogSettings {
        cache_bytes: config.log.cache_bytes,
        free_bytes_min: config.log.free_bytes_min,
        queue_max: config.log.queue_max,
        copy_before_open: config.log.copy_before_open,
        ..LogSettings::new(&config.data.dir)
    }
}

/// Refuses a folder that holds nothing yet, for commands that read: a new one in the place of one
/// that was misspelt would look like an empty history.
pub fn check_exists(config: &Config) -> anyhow::Result<()> {
    let dir = &config.data.dir;
    anyhow::ensure!(dir.join("format").exists(), "{} holds no data of dossier", dir.display());
    Ok(())
}

/// Where the projections keep their state.
pub fn projections_in(dir: &Path) -> PathBuf {
    dir.join("projections")
}

/// Where it is noted who saw what.
pub fn journal_in(dir: &Path) -> PathBuf {
    dir.join("access")
}

/// The key of the development issuer, which `--dev` makes when it is missing.
pub fn issuer_key(dir: &Path) -> anyhow::Result<Vec<u8>> {
    let make = || {
        let pair = aws_lc_rs::signature::Ed25519KeyPair::generate()?;
        Ok(pair.to_pkcs8v1()?.as_ref().to_vec())
    };
    let digits = read_or_make(&dir.join("dev").join("issuer.key"), make)?;
    hex::decode(digits.trim()).context("the development issuer's key is damaged")
}

/// The configured master key, or in development the folder's own.
pub fn master_key(config: &Config, dev: bool) -> anyhow::Result<SecretKey> {
    let digits = if !config.keys.master.expose().is_empty() {
        config.keys.master.expose().to_owned()
    } else if !config.keys.master_file.as_os_str().is_empty() {
        let path = &config.keys.master_file;
        discretion::look_at(path);
        fs::read_to_string(path).map_err(|error| NoKey::Unreadable { path: path.clone(), error })?
    } else if dev {
        development_master(&config.data.dir)?
    } else {
        return Err(NoKey::Missing.into());
    };
    let digits = Zeroizing::new(digits);
    Ok(SecretKey::from_hex(&digits).ok_or(NoKey::Malformed)?)
}

/// Where the development master key of a folder lies.
pub fn development_key_in(dir: &Path) -> PathBuf {
    dir.join("dev").join("master.key")
}

/// The master key in a file, which is made when it is missing.
pub fn read_or_make_master(path: &Path) -> anyhow::Result<SecretKey> {
    let digits = read_or_make(path, || Ok(SecretKey::random().expose().to_vec()))?;
    Ok(SecretKey::from_hex(&Zeroizing::new(digits)).ok_or(NoKey::Malformed)?)
}

fn development_master(dir: &Path) -> anyhow::Result<String> {
    let path = development_key_in(dir);
    tracing::warn!(
        path = %path.display(),
        "Development keys: the master key lies beside the data that it protects. Not for real data."
    );
    read_or_make(&path, || Ok(SecretKey::random().expose().to_vec()))
}

fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<String> {
    match fs::read_to_string(path) {
        Ok(digits) => {
            discretion::look_at(path);
            Ok(digits)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let digits = hex::encode(Zeroizing::new(make()?));
            write_secret(path, &digits)?;
            Ok(digits)
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// For the owner's eyes only, and whole or not at all.
fn write_secret(path: &Path, digits: &str) -> anyhow::Result<()> {
    let dir = lasting::dir_of(path);
    lasting::make_dir(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    discretion::look_around(dir);
    lasting::write(path, For::Owner, |file| Ok(writeln!(file, "{digits}")?))
}
