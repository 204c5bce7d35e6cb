//! Archives of events and keys: what was changed, cut off or added to is refused.

use aws_lc_rs::digest::{Context, SHA256};
use events::{
    archive::{Kind, check},
    log::check_archive,
};

use crate::{seeds, with_a_flipped_bit};

/// Everything of an archive but its last line, which accounts for the others.
pub(crate) fn run(lines: &[u8]) {
    let archive = [lines, &*last_line(lines)].concat();
    for archive in [lines, &*archive] {
        let events = check(archive, Kind::Events).is_ok();
        let keys = check(archive, Kind::Keys).is_ok();
        assert!(!(events && keys), "it is both");
        // What can be read need not be a history, but no history cannot be read.
        assert!(events || check_archive(archive).is_err());
        if !events && !keys {
            continue;
        }
        let kind = if events { Kind::Events } else { Kind::Keys };
        assert!(check(&*with_a_flipped_bit(archive), kind).is_err(), "a flipped bit was read");
        assert!(check(&archive[..archive.len() - 1], kind).is_err(), "it is cut off");
        assert!(check(&*[archive, b"\n"].concat(), kind).is_err(), "something stands behind it");
    }
}

/// As whoever has no key may make it.
fn last_line(lines: &[u8]) -> Vec<u8> {
    let mac = [7; 32];
    let mut digest = Context::new(&SHA256);
    digest.update(lines);
    digest.update(&mac);
    let count = lines.split(|byte| *byte == b'\n').count() - 1;
    let (mac, digest) = (hex::encode(mac), hex::encode(digest.finish()));
    let end = format!(r#"{{"end":{{"lines":{count},"mac":"{mac}","digest":"{digest}"}}}}"#);
    (end + "\n").into_bytes()
}

/// What a released format has written: the whole of it, and its beginning without the last line.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let files = ["dossier-1.events.ndjson", "dossier-1.keys.ndjson"].map(seeds::lines_of);
    let (begun, whole) = (files.iter().map(|lines| &lines[..5]), files.iter().map(|it| &it[..]));
    begun.chain(whole).map(<[_]>::concat).collect()
}
