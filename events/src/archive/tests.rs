//! An archive is read as it was written, or refused.

use super::*;

fn header() -> Header {
    Header::events([7; 32], Position(3), [9; 32])
}

/// An archive of two lines of receipts.
fn archive() -> Vec<u8> {
    let (mut archive, mut bytes) = Archive::begin(header());
    for key in [1, 2] {
        bytes
            .extend(archive.line(&Line::Receipt(ReceiptLine { key: [key; 32], value: vec![key] })));
    }
    bytes.extend(archive.end(&SecretKey::from_bytes([1; 32])));
    bytes
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn what_was_written_is_read() {
    let bytes = archive();
    let mut reader = Reader::open(&bytes[..], Kind::Events).unwrap();
    assert_eq!(*reader.header(), header());
    for key in [1, 2] {
        let Some(Line::Receipt(line)) = reader.next().unwrap() else { panic!("no receipt") };
        assert_eq!((line.key, line.value), ([key; 32], vec![key]));
    }
    assert!(reader.next().unwrap().is_none() && reader.next().unwrap().is_none());
    assert!(reader.is_made_under(&SecretKey::from_bytes([1; 32])));
    assert!(!reader.is_made_under(&SecretKey::from_bytes([2; 32])));
}

#[test]
fn every_flipped_bit_is_seen() {
    let bytes = archive();
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(check(&damaged[..], Kind::Events).is_err(), "bit {bit}");
    }
}

#[test]
fn every_cut_is_seen() {
    let bytes = archive();
    for length in 0..bytes.len() {
        assert!(check(&bytes[..length], Kind::Events).is_err(), "{length}");
    }
}

#[test]
fn lines_that_are_missing_moved_or_too_much_are_seen() {
    let lines = lines(&archive());
    for nth in 0..lines.len() {
        let mut missing = lines.clone();
        missing.remove(nth);
        assert!(check(&missing.concat()[..], Kind::Events).is_err(), "{nth}");
        let mut doubled = lines.clone();
        doubled.insert(nth, lines[nth].clone());
        assert!(check(&doubled.concat()[..], Kind::Events).is_err(), "{nth}");
        for other in 0..nth {
            let mut moved = lines.clone();
            moved.swap(nth, other);
            assert!(check(&moved.concat()[..], Kind::Events).is_err(), "{nth} {other}");
        }
    }
    let more = [archive(), b"\n".to_vec()].concat();
    assert!(matches!(check(&more[..], Kind::Events), Err(ArchiveError::TooMuch)));
}

#[test]
fn a_newer_format_is_named_whatever_else_it_says() {
    let newer = br#"{"archive":{"kind":"dreams","format":2,"more":true}}"#;
    let opened = check(&[newer.as_slice(), b"\n"].concat()[..], Kind::Events);
    assert!(matches!(opened, Err(ArchiveError::Format(2))), "{opened:?}");
}

#[test]
fn another_file_is_no_archive() {
    for other in ["", "\n", "{}\n", "{\"customer\":{}}\n", "no line"] {
        let opened = check(other.as_bytes(), Kind::Events);
        assert!(matches!(opened, Err(ArchiveError::Foreign)), "{other:?}: {opened:?}");
    }
    let opened = check(&archive()[..], Kind::Keys);
    assert!(matches!(opened, Err(ArchiveError::Kind { .. })), "{opened:?}");
}
