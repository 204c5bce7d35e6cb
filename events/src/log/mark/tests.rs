//! The head mark is the newest statement that is whole, whatever was torn.

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn marks(dir: &TempDir) -> MarkFile {
    MarkFile::open(&dir.path().join("head")).unwrap()
}

#[test]
fn a_new_file_holds_no_mark() {
    assert_eq!(marks(&tempfile::tempdir().unwrap()).last(), None);
}

#[test]
fn the_newest_statement_counts_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    for position in 1..6 {
        marks(&dir).write(Position(position), [7; 32], position * 100).unwrap();
        let last = marks(&dir).last().unwrap();
        assert_eq!((last.position, last.file_bytes), (Position(position), position * 100));
    }
}

#[test]
fn a_torn_write_leaves_the_mark_before() {
    let dir = tempfile::tempdir().unwrap();
    let mut marks_before = marks(&dir);
    marks_before.write(Position(7), [1; 32], 100).unwrap();
    marks_before.write(Position(8), [2; 32], 200).unwrap();
    let newest = marks_before.last().unwrap().generation % 2 * SLOT_BYTES;
    for bytes in 1..MARK_BYTES {
        marks_before.file.write_all_at(&vec![0xAA; bytes], newest).unwrap();
        let found = marks(&dir).last().unwrap();
        assert_eq!((found.position, found.leaf), (Position(7), [1; 32]));
    }
}

#[test]
fn a_store_that_got_shorter_is_marked_so_when_settled() {
    let dir = tempfile::tempdir().unwrap();
    let mut open = marks(&dir);
    open.write(Position(7), [1; 32], 300).unwrap();
    for (now, marked) in [(400, 300), (200, 200), (250, 200)] {
        open.settle(now).unwrap();
        let found = marks(&dir).last().unwrap();
        assert_eq!((found.position, found.file_bytes), (Position(7), marked));
    }
}

#[test]
fn every_flipped_bit_of_a_mark_is_noticed() {
    let mark = Mark { generation: 1, position: Position(7), leaf: [1; 32], file_bytes: 100 };
    let whole: [u8; MARK_BYTES] = encode(&mark).try_into().unwrap();
    assert_eq!(decode(&whole), Some(mark));
    for bit in 0..MARK_BYTES * 8 {
        let mut damaged = whole;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(decode(&damaged), None, "bit {bit}");
    }
}

proptest! {
    #[test]
    fn no_bytes_crash_the_reading_of_a_mark(bytes in any::<[[u8; 17]; 4]>()) {
        let bytes: [u8; MARK_BYTES] = bytes.concat().try_into().unwrap();
        prop_assert_eq!(decode(&bytes), None);
    }
}
