//! Slots of an archive in the place of those that are damaged.

use std::{fs::File, io::BufRead, os::unix::fs::FileExt, path::Path};

use super::{KeyError, KeyImportError, Keyring, SlotBytes, offset, read_slot, slot};
use crate::{
    archive::{KeyLine, Kind, Line, Reader},
    seal::SecretKey,
};

/// What came of mending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mended {
    pub slots: Vec<u32>,
    /// Damaged slots that the archive does not hold.
    pub left: Vec<u32>,
}

/// Nobody may have the key file open. A slot that can be used stays as it is, so that no key comes
/// back that was destroyed since.
pub(crate) fn mend(
    path: &Path,
    input: impl BufRead,
    master: &SecretKey,
) -> Result<Mended, KeyImportError> {
    let file = File::options().read(true).write(true).open(path).map_err(KeyError::from)?;
    let mut reader = Reader::open(input, Kind::Keys)?;
    let (mut store, mut wanted) = (None, Vec::new());
    while let Some(line) = reader.next()? {
        let number = reader.number();
        let Line::Keys(KeyLine { slot, bytes }) = line else {
            return Err(KeyImportError::Slot(number));
        };
        let bytes: SlotBytes = bytes.try_into().map_err(|_| KeyImportError::Slot(number))?;
        if slot == 0 {
            store = Some(slot::open_header(&bytes, master)?);
        }
        if !is_usable(slot, &read_slot(&file, slot), master) {
            if !is_usable(slot, &Ok(bytes), master) {
                return Err(KeyError::Damaged { slot }.into());
            }
            wanted.push((slot, bytes));
        }
    }
    let store = store.ok_or(KeyImportError::Slot(reader.number()))?;
    let own = read_slot(&file, 0).and_then(|bytes| slot::open_header(&bytes, master));
    let is_own = own.map_or(true, |own| own.expose() == store.expose());
    if !is_own || !reader.is_made_under(&store) {
        return Err(KeyImportError::Forged);
    }
    let mut mended = Mended::default();
    for (slot, bytes) in wanted {
        file.write_all_at(&bytes, offset(slot)).map_err(KeyError::from)?;
        mended.slots.push(slot);
    }
    file.sync_all().map_err(KeyError::from)?;
    let keys = Keyring::open(path, master.clone())?;
    mended.left = (1..keys.end()).filter(|slot| keys.check(*slot).is_err()).collect();
    Ok(mended)
}

fn is_usable(slot: u32, bytes: &Result<SlotBytes, KeyError>, master: &SecretKey) -> bool {
    let Ok(bytes) = bytes else { return false };
    match slot {
        0 => slot::open_header(bytes, master).is_ok(),
        _ => slot::open(slot, bytes, master).is_some(),
    }
}
