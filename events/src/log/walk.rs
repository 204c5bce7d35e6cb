//! The records of a store one after the other, none missing and none damaged.

use super::{OpenError, store::Store};
use crate::{id::Position, record::Record};

/// Records from a position on; the first error is the last thing that counts.
pub(super) fn records(
    store: &Store,
    from: Position,
) -> impl Iterator<Item = Result<Record, OpenError>> {
    let mut expected = from;
    store.events(from).map(move |entry| {
        let (position, bytes) = entry?;
        if position != expected {
            return Err(OpenError::Hole(expected));
        }
        expected = expected.next();
        Record::parse_at(position, bytes).map_err(|source| OpenError::Damaged { position, source })
    })
}
