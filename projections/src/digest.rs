//! A hash over all that projections know, the same for the same events however they were applied.

use aws_lc_rs::digest::{Context, SHA256};
use events::id::StreamId;

use crate::{
    Projections,
    store::{Kind, StoreError, name},
};

impl Projections {
    /// A hash over all documents and parked streams, in the order of their names.
    pub fn digest(&self) -> Result<[u8; 32], StoreError> {
        let mut hash = Context::new(&SHA256);
        let shared = self.shared();
        let mut newer = shared.unwritten.by(|stream| name(Kind::Document, stream));
        for entry in shared.store.scan(Kind::Document) {
            let (stream, stored) = entry?;
            let name = name(Kind::Document, &stream);
            while let Some(first) = newer.first_entry().filter(|first| *first.key() < name) {
                let (stream, newer) = first.remove();
                take(&mut hash, &stream, &newer.document.encode());
            }
            match newer.remove(&name) {
                Some((stream, newer)) => take(&mut hash, &stream, &newer.document.encode()),
                None => take(&mut hash, &stream, &stored.plain),
            }
        }
        for (stream, newer) in newer.into_values() {
            take(&mut hash, &stream, &newer.document.encode());
        }
        for (stream, position, reason) in shared.parked.list() {
            take(&mut hash, &stream, format!("{position} {reason}").as_bytes());
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(hash.finish().as_ref());
        Ok(digest)
    }
}

fn take(hash: &mut Context, stream: &StreamId, content: &[u8]) {
    for part in [stream.to_string().as_bytes(), content] {
        hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
}
