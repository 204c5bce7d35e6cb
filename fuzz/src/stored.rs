//! What the store and the head mark hold besides records; the first byte says which of it.

use events::{
    id::{Position, StreamId, Version},
    log::{Receipt, fuzzing},
};

pub(crate) fn run(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    match which {
        b'r' => receipt(bytes),
        b'c' => same(bytes, fuzzing::chunk(bytes)),
        b'k' => same(bytes, fuzzing::chunk_key(bytes)),
        b'm' => {
            let sum = crc32fast::hash(bytes).to_be_bytes();
            let whole = [bytes, &sum].concat();
            same(&whole, fuzzing::head_mark(&whole));
            let wrong = [bytes, &sum.map(|byte| !byte)].concat();
            assert_eq!(fuzzing::head_mark(&wrong), None, "a wrong checksum is read");
        }
        _ => {}
    }
}

fn same(bytes: &[u8], again: Option<Vec<u8>>) {
    if let Some(again) = again {
        assert_eq!(again, bytes, "written again it is something else");
    }
}

fn receipt(bytes: &[u8]) {
    let Ok(receipt) = minicbor::decode::<Receipt>(bytes) else { return };
    let again = minicbor::to_vec(&receipt).expect("writing to memory does not fail");
    assert_eq!(minicbor::decode::<Receipt>(&again).ok(), Some(receipt));
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let stream = StreamId::parse("customer/C-000001").expect("an id");
    let receipt = Receipt {
        fingerprint: [7; 32],
        status: 201,
        ids: vec!["1000000000000".to_owned()],
        position: Position(7),
        stream,
        version: Version(3),
        recorded_at: 1_700_000_000_000_000,
    };
    let receipt = minicbor::to_vec(receipt).expect("writing to memory does not fail");
    let chunk = [&[0, 0, 0, 1][..], &[0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 12]].concat();
    let key = b"scC-000001\0\0\0\0\x01".to_vec();
    let mark = [b"doss.hd1".as_slice(), &[0, 0, 0, 0, 0, 0, 0, 5].repeat(2), &[7; 32], &[0; 8]];
    let all = [(b'r', receipt), (b'c', chunk), (b'k', key), (b'm', mark.concat())];
    all.into_iter().map(|(which, bytes)| [&[which], &*bytes].concat()).collect()
}
