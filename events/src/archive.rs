//! What leaves the folder to be kept elsewhere: lines of JSON, each checkable, all of them accounted for.
//!
//! ```text
//! {"archive":{"kind":"events","format":1,"log":…,"after":0,"afterHash":…}}   what it is
//! {"event":{"position":1,"hash":…,"record":…}}                               sealed, as stored
//! {"receipt":{"key":…,"value":…}}                                            for idempotency keys
//! {"end":{"lines":3,"mac":…,"digest":…}}                                     that it is whole
//! ```
//!
//! An archive of keys has the kind `keys` and lines `{"keys":{"slot":1,"bytes":…}}`, each slot as
//! it lies in the key file, wrapped. Hashes are hexadecimal, bytes are Base64. `log` names the log
//! that it comes from; `afterHash` is the leaf hash of the last record before it, so that archives
//! can be put one behind the other. The MAC is over the SHA-256 of all lines before the last, under
//! a key of the folder, and shows whoever has the master key that nobody else has made the archive;
//! the digest, the SHA-256 of the same lines and the MAC, can be checked by anyone.

mod line;
mod reader;

#[cfg(test)]
mod tests;

use aws_lc_rs::digest::{Context, SHA256};

use self::line::End;
pub(crate) use self::line::{EventLine, KeyLine, Line, ReceiptLine};
pub use self::{
    line::{Header, Kind},
    reader::{ArchiveError, Reader, check},
};
use crate::{id::Position, record::LeafHash, seal::SecretKey};

/// Of archives that this version writes, and the newest that it reads.
pub(crate) const FORMAT: u32 = 1;

/// An archive in the making.
pub(crate) struct Archive {
    digest: Context,
    lines: u64,
}

impl Archive {
    /// Begins one: its first line.
    pub(crate) fn begin(header: Header) -> (Self, Vec<u8>) {
        let mut archive = Self { digest: Context::new(&SHA256), lines: 0 };
        let first = archive.line(&Line::Archive(header));
        (archive, first)
    }

    pub(crate) fn line(&mut self, line: &Line) -> Vec<u8> {
        let bytes = line.encode();
        self.digest.update(&bytes);
        self.lines += 1;
        bytes
    }

    /// The last line, under the secret of the folder.
    pub(crate) fn end(self, store: &SecretKey) -> Vec<u8> {
        let mac = mac(store, &self.digest);
        let end = End { lines: self.lines, mac, digest: digest(self.digest, &mac) };
        Line::End(end).encode()
    }
}

impl Header {
    pub(crate) fn events(log: [u8; 32], after: Position, after_hash: LeafHash) -> Self {
        Self { kind: Kind::Events, format: FORMAT, log, after, after_hash }
    }

    pub(crate) fn keys(log: [u8; 32]) -> Self {
        let (after, after_hash) = (Position::ZERO, LeafHash::default());
        Self { kind: Kind::Keys, format: FORMAT, log, after, after_hash }
    }
}

fn mac(store: &SecretKey, lines: &Context) -> [u8; 32] {
    store.derive("archive").mac(&[lines.clone().finish().as_ref()])
}

/// Over the MAC, too, so that whoever has no key sees that it is damaged.
fn digest(mut lines: Context, mac: &[u8; 32]) -> [u8; 32] {
    lines.update(mac);
    let mut digest = [0; 32];
    digest.copy_from_slice(lines.finish().as_ref());
    digest
}
