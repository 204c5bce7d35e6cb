//! Envelopes: what is read and written again reads the same.

use events::envelope::Head;

use crate::seeds;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(head) = minicbor::decode::<Head>(bytes) else { return };
    let again = minicbor::to_vec(&head).expect("writing to memory does not fail");
    assert_eq!(minicbor::decode::<Head>(&again).ok(), Some(head));
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    seeds::goldens().into_iter().map(|golden| golden.head).collect()
}
