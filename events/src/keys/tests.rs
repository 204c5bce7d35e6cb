//! Keys are found again, or named damaged, or destroyed for good: three different things.

use std::{
    fs,
    sync::{Barrier, atomic::AtomicBool},
};

use tempfile::TempDir;

use super::{
    slot::{SLOT_LENGTH, WRAPPED_BYTES, class_at},
    *,
};
use crate::seal::KEY_BYTES;

fn master() -> SecretKey {
    SecretKey::from_bytes([7; KEY_BYTES])
}

fn stream(id: &str) -> StreamId {
    StreamId::parse(&format!("person/{id}")).unwrap()
}

fn keyring(dir: &TempDir) -> Keyring {
    Keyring::open(&dir.path().join("keys"), master()).unwrap()
}

fn written(keys: &Keyring, id: &str) -> u32 {
    let minted = keys.mint(&stream(id));
    keys.write(std::slice::from_ref(&minted)).unwrap();
    minted.slot
}

fn live(keys: &DataKeys, class: Class) -> Option<[u8; KEY_BYTES]> {
    match keys.of(class) {
        DataKey::Live(key) => Some(*key.expose()),
        DataKey::Destroyed => None,
    }
}

#[test]
fn keys_are_the_same_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let keys = keyring(&dir);
    let slot = written(&keys, "P-1");
    let before = keys.get(slot, &stream("P-1")).unwrap();
    let store = *keys.store_key().expose();

    let keys = keyring(&dir);
    let after = keys.get(slot, &stream("P-1")).unwrap();
    for class in Class::ALL {
        assert_eq!(live(&before, class), live(&after, class));
    }
    assert_eq!(*keys.store_key().expose(), store);
}

#[test]
fn each_class_has_a_key_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let keys = keyring(&dir).mint(&stream("P-1")).keys;
    let [identity, contact, kyc] = Class::ALL.map(|class| live(&keys, class).unwrap());
    assert!(identity != contact && contact != kyc && kyc != identity);
}

#[test]
fn a_slot_is_never_given_out_twice() {
    let dir = tempfile::tempdir().unwrap();
    let keys = keyring(&dir);
    let (lost, kept) = (keys.mint(&stream("P-1")).slot, written(&keys, "P-2"));
    assert!(lost < kept);
    assert_eq!(keyring(&dir).mint(&stream("P-3")).slot, kept + 1);
}

#[test]
fn another_master_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(keyring(&dir));
    let opened = Keyring::open(&dir.path().join("keys"), SecretKey::random());
    assert!(matches!(opened, Err(KeyError::WrongMaster)));
}

#[test]
fn a_destroyed_key_is_gone_and_the_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let keys = keyring(&dir);
    let slot = written(&keys, "P-1");
    let wrapped = {
        let at = usize::try_from(offset(slot)).unwrap() + class_at(Class::Contact) + 1;
        fs::read(dir.path().join("keys")).unwrap()[at..at + WRAPPED_BYTES].to_vec()
    };
    keys.destroy(slot, &stream("P-1"), Class::Contact).unwrap();

    for keys in [keys, keyring(&dir)] {
        let found = keys.get(slot, &stream("P-1")).unwrap();
        assert_eq!(live(&found, Class::Contact), None);
        assert!(live(&found, Class::Identity).is_some() && live(&found, Class::Kyc).is_some());
    }
    let file = fs::read(dir.path().join("keys")).unwrap();
    assert!(!file.windows(WRAPPED_BYTES).any(|bytes| bytes == wrapped));
}

#[test]
fn destroying_twice_is_as_good_as_once() {
    let dir = tempfile::tempdir().unwrap();
    let keys = keyring(&dir);
    let slot = written(&keys, "P-1");
    keys.destroy(slot, &stream("P-1"), Class::Kyc).unwrap();
    keys.destroy(slot, &stream("P-1"), Class::Kyc).unwrap();
    assert_eq!(live(&keys.get(slot, &stream("P-1")).unwrap(), Class::Kyc), None);
}

#[test]
fn a_slot_of_zeros_or_of_another_stream_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let keys = keyring(&dir);
    let (one, two) = (written(&keys, "P-1"), written(&keys, "P-2"));
    keys.file.write_all_at(&[0; SLOT_LENGTH], offset(one)).unwrap();

    let keys = keyring(&dir);
    let damaged = |slot, id| match keys.get(slot, &stream(id)) {
        Err(KeyError::Damaged { slot: found }) => found == slot,
        Ok(_) | Err(_) => false,
    };
    assert!(damaged(one, "P-1"), "zeros");
    assert!(damaged(two, "P-1"), "of another stream");
    assert!(damaged(two + 1, "P-3"), "past the end");
    assert!(keys.destroy(one, &stream("P-1"), Class::Kyc).is_err());
}

#[test]
fn every_flipped_bit_of_a_slot_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let keys = keyring(&dir);
    let slot = written(&keys, "P-1");
    let bytes = keys.bytes_of(slot).unwrap();
    for bit in 0..SLOT_LENGTH * 8 {
        let mut damaged = bytes;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(keys.open_slot(slot, &stream("P-1"), &damaged).is_err(), "bit {bit}");
    }
}

#[test]
fn a_wrapped_key_does_not_open_in_another_slot() {
    let dir = tempfile::tempdir().unwrap();
    let keys = keyring(&dir);
    let slot = written(&keys, "P-1");
    let bytes = keys.bytes_of(slot).unwrap();
    keys.file.write_all_at(&bytes, offset(slot + 1)).unwrap();
    assert!(keys.get(slot + 1, &stream("P-1")).is_err());
}

#[test]
fn a_header_that_was_cut_off_while_it_was_made_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("keys"), [0; 100]).unwrap();
    assert!(keyring(&dir).is_unused());
}

#[test]
fn a_damaged_header_is_no_new_key_file() {
    let dir = tempfile::tempdir().unwrap();
    drop(keyring(&dir));
    let mut bytes = fs::read(dir.path().join("keys")).unwrap();
    bytes[40] ^= 1;
    fs::write(dir.path().join("keys"), bytes).unwrap();
    let opened = Keyring::open(&dir.path().join("keys"), master());
    assert!(matches!(opened, Err(KeyError::Damaged { slot: 0 })));
}

#[test]
fn nobody_reads_a_key_after_it_was_destroyed() {
    let dir = tempfile::tempdir().unwrap();
    let slots: Vec<_> = (0..100).map(|_| written(&keyring(&dir), "P-1")).collect();
    let (keys, start) = (keyring(&dir), Barrier::new(2));
    let destroyed: Vec<_> = slots.iter().map(|_| AtomicBool::new(false)).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (slot, destroyed) in slots.iter().zip(&destroyed) {
                start.wait();
                keys.destroy(*slot, &stream("P-1"), Class::Contact).unwrap();
                destroyed.store(true, Ordering::SeqCst);
            }
        });
        for (slot, destroyed) in slots.iter().zip(&destroyed) {
            start.wait();
            loop {
                let too_late = destroyed.load(Ordering::SeqCst);
                let found = keys.get(*slot, &stream("P-1")).unwrap();
                assert!(!too_late || live(&found, Class::Contact).is_none());
                if too_late {
                    break;
                }
            }
        }
    });
}

#[test]
fn a_slot_that_was_cut_off_while_it_was_written_is_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    let slot = written(&keyring(&dir), "P-1");
    let path = dir.path().join("keys");
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend([7; SLOT_LENGTH / 2]);
    fs::write(&path, bytes).unwrap();

    let keys = keyring(&dir);
    assert!(keys.get(slot, &stream("P-1")).is_ok());
    assert!((1..keys.end()).all(|slot| keys.check(slot).is_ok()), "nothing is damaged");
    let next = written(&keys, "P-2");
    assert_eq!(next, slot + 2);
    assert!(keyring(&dir).get(next, &stream("P-2")).is_ok());
}

#[test]
fn a_damaged_slot_is_mended_from_an_archive_and_no_other_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys");
    let keys = keyring(&dir);
    let one = written(&keys, "P-1");
    written(&keys, "P-2");
    let archive = exported(&keys);
    keys.destroy(one, &stream("P-1"), Class::Contact).unwrap();
    written(&keys, "P-3");
    let whole = fs::read(&path).unwrap();

    let again = || mend(&path, &*archive, &master()).unwrap();
    assert_eq!(again(), Mended::default());
    for (slot, slots, left) in [(0, vec![0], vec![]), (2, vec![2], vec![]), (3, vec![], vec![3])] {
        let mut bytes = whole.clone();
        bytes[slot * SLOT_LENGTH + 60] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(again(), Mended { slots, left: left.clone() });
        assert_eq!(fs::read(&path).unwrap() == whole, left.is_empty());
    }
    let foreign = exported(&keyring(&tempfile::tempdir().unwrap()));
    fs::write(&path, &whole).unwrap();
    let refused = mend(&path, &*foreign, &master());
    assert!(matches!(refused, Err(KeyImportError::Forged)), "{refused:?}");
}

fn exported(keys: &Keyring) -> Vec<u8> {
    keys.export().unwrap().flat_map(Result::unwrap).collect()
}
