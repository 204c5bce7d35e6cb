//! Lines of the bank's feed: how their JSON is spelt does not matter, and all that is told of a bad
//! one is bounded.

use std::fmt::Debug;

use dossier::{
    parse::{Parsed, TOLD_BYTES_MAX, Violations, feed},
    sample,
};
use serde_json::Value;

/// Of the sample bank; between them they have every kind of line.
const CUSTOMERS: u64 = 6;

pub(crate) fn run(bytes: &[u8]) {
    document(bytes, feed::line);
}

/// Reads a document, and the same spelt otherwise.
pub(crate) fn document<T: Debug + PartialEq>(
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<Parsed<T>, Violations>,
) {
    match read(bytes) {
        Err(violations) => {
            let told = violations.as_slice();
            assert!(!told.is_empty(), "refused for no reason");
            let length: usize = told.iter().map(|it| it.pointer.len() + it.detail.len()).sum();
            assert!(length <= TOLD_BYTES_MAX + 1024, "{length} bytes are told");
        }
        Ok(parsed) => {
            // Members that nobody knows may stand there twice, and go the second time.
            let Ok(other) = serde_json::from_slice::<Value>(bytes) else { return };
            let spelt = [serde_json::to_vec(&other), serde_json::to_vec_pretty(&other)];
            for spelt in spelt.into_iter().flatten() {
                let again = read(&spelt).map(|parsed| parsed.value);
                assert_eq!(again.as_ref(), Ok(&parsed.value), "it is spelt otherwise");
            }
        }
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut bank = Vec::new();
    sample::write(CUSTOMERS, 1, &mut bank).expect("writing to memory does not fail");
    bank.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}
