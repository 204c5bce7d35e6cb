//! Records: a checksum that is wrong is refused, what is read is what was written.

use chrono::DateTime;
use events::{
    id::Position,
    record::{Draft, Record},
};

use crate::{seeds, with_a_flipped_bit};

const CHECKSUM_BYTES: usize = 4;

/// Everything of a record but its checksum.
pub(crate) fn run(frame: &[u8]) {
    let sum = crc32fast::hash(frame).to_be_bytes();
    let bytes = [frame, &sum].concat();
    assert!(Record::parse(with_a_flipped_bit(&bytes)).is_err(), "a flipped bit was read");
    let Ok(record) = Record::parse(bytes.clone()) else { return };
    let envelope = record.envelope();
    let draft = Draft::new(record.head_bytes(), record.payload_bytes());
    let again = draft.map(|draft| draft.place(envelope.position, envelope.recorded_at));
    assert_eq!(again.as_deref(), Some(&*bytes), "written again it is another record");
    assert!(Record::parse_at(envelope.position, bytes.clone()).is_ok());
    assert!(Record::parse_at(envelope.position.next(), bytes).is_err(), "it lies elsewhere");
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let frame = |golden: seeds::Golden| {
        let payload = golden.payload.as_ref().map_or(&[][..], |json| json.get().as_bytes());
        let draft = Draft::new(&golden.head, payload)?;
        let mut bytes = draft.place(Position(7), DateTime::UNIX_EPOCH);
        bytes.truncate(bytes.len() - CHECKSUM_BYTES);
        Some(bytes)
    };
    seeds::goldens().into_iter().filter_map(frame).collect()
}
