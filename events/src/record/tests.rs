//! A record is read back as it was placed, or refused; it never crashes and never passes damaged.

use proptest::prelude::*;

use super::*;
use crate::arbitrary;

fn record(head: &Head, payload: &[u8]) -> Vec<u8> {
    let draft = Draft::new(&minicbor::to_vec(head).unwrap(), payload).unwrap();
    draft.place(Position(7), DateTime::UNIX_EPOCH)
}

fn a_head() -> impl Strategy<Value = Head> {
    arbitrary::head().boxed()
}

proptest! {
    #[test]
    fn a_placed_record_is_read_back(
        head in a_head(),
        payload in any::<Vec<u8>>(),
        position in any::<u64>().prop_map(Position),
        recorded_at in arbitrary::instant(),
    ) {
        let head_bytes = minicbor::to_vec(&head).unwrap();
        let draft = Draft::new(&head_bytes, &payload).unwrap();
        let bytes = draft.place(position, recorded_at);
        prop_assert_eq!(draft.record_bytes(), bytes.len());

        let record = Record::parse_at(position, bytes.clone()).unwrap();
        prop_assert_eq!(record.bytes(), bytes);
        prop_assert_eq!(record.head_bytes(), head_bytes);
        prop_assert_eq!(record.payload_bytes(), payload);
        prop_assert_eq!(record.into_envelope(), Envelope { position, recorded_at, head });
    }

    #[test]
    fn bytes_that_were_never_written_do_not_crash(bytes in any::<Vec<u8>>()) {
        prop_assert!(Record::parse(bytes.clone()).is_err());
        let _ = minicbor::decode::<Head>(&bytes);
    }

    #[test]
    fn nonsense_under_a_good_checksum_does_not_crash(mut bytes in any::<Vec<u8>>()) {
        bytes.insert(0, FORMAT);
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        let _ = Record::parse(bytes);
    }
}

fn smallest() -> Vec<u8> {
    let head = Head {
        stream: crate::id::StreamId::parse("customer/𝕏.ü*").unwrap(),
        version: crate::id::Version(1),
        tag: "customer.closed.v1".into(),
        event_id: crate::id::EventId::from_bytes([7; 16]),
        object: None,
        cause: crate::envelope::Cause::by(crate::envelope::Actor::Bank),
        payload: crate::envelope::PayloadKind::Empty,
    };
    record(&head, b"{}")
}

#[test]
fn every_flipped_bit_is_refused() {
    let bytes = smallest();
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Record::parse(damaged).unwrap_err(), RecordError::Checksum, "bit {bit}");
    }
}

#[test]
fn every_cut_and_every_byte_too_many_is_refused() {
    let bytes = smallest();
    for length in 0..bytes.len() {
        assert!(Record::parse(bytes[..length].to_vec()).is_err(), "{length} bytes");
    }
    for byte in 0..=u8::MAX {
        assert!(Record::parse([bytes.as_slice(), &[byte]].concat()).is_err());
    }
}

#[test]
fn a_record_in_another_place_is_refused() {
    let (found, expected) = (Position(7), Position(8));
    let misplaced = Record::parse_at(expected, smallest()).unwrap_err();
    assert_eq!(misplaced, RecordError::Misplaced { found, expected });
}

#[test]
fn a_record_of_a_later_format_is_refused_by_its_number() {
    let mut bytes = smallest();
    bytes.truncate(bytes.len() - CHECKSUM_BYTES);
    bytes[0] = 2;
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    assert_eq!(Record::parse(bytes).unwrap_err(), RecordError::Format(2));
}

#[test]
fn a_head_longer_than_a_record_can_say_is_no_draft() {
    assert!(Draft::new(&vec![0; 65_535], b"").is_some());
    assert!(Draft::new(&vec![0; 65_536], b"").is_none());
}

#[test]
fn a_leaf_is_hashed_as_rfc_6962_says() {
    // SHA-256 of a zero byte: the leaf hash of an empty leaf, from the RFC's own test vectors.
    assert_eq!(
        hex::encode(leaf_hash(b"")),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
}
