//! What the golden files hold, as seeds.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::value::RawValue;

/// An event as it was once written.
#[derive(Deserialize)]
pub(crate) struct Golden {
    pub(crate) tag: String,
    pub(crate) object: Option<String>,
    pub(crate) payload: Option<Box<RawValue>>,
    #[serde(with = "hex::serde")]
    pub(crate) head: Vec<u8>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn goldens() -> Vec<Golden> {
    let entries = fs::read_dir(root().join("events/fixtures")).expect("the golden files are there");
    let read = |path: PathBuf| serde_json::from_slice(&fs::read(path).ok()?).ok();
    entries.filter_map(|entry| read(entry.ok()?.path())).collect()
}

/// The lines of a file of a released format.
pub(crate) fn lines_of(name: &str) -> Vec<Vec<u8>> {
    let text = fs::read(root().join("tests/folders").join(name)).expect("the file is there");
    text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}
