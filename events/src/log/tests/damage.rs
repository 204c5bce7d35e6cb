//! A bit that flips anywhere in the folder is noticed or does no harm; nothing gets shorter unseen.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::*;
use crate::envelope::Recorded;

const FLIPS: u64 = 40;
const STREAMS: u64 = 6;
const EVENTS: u64 = 40;

/// A stream of numbers that look random and are the same for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % end
    }
}

async fn fill(folder: &Folder) {
    let log = folder.open();
    for version in 0..EVENTS {
        for stream in 0..STREAMS {
            add(&log, person(&format!("P-{stream}")), version, vec![registered()]).await;
        }
    }
    log.close();
}

/// The files of a folder, those in folders of theirs included.
fn files_in(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_in(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Everything that was ever appended, or the reason why it cannot be read.
fn read(folder: &Folder) -> Result<Vec<Vec<Recorded>>, String> {
    let log = folder.try_open().map_err(|error| error.to_string())?;
    let read = || -> Result<_, ReadError> {
        let records: Result<Vec<_>, _> = log.after(Position::ZERO).collect();
        assert!(records?.len() >= usize::try_from(STREAMS * EVENTS).unwrap(), "it got shorter");
        (0..STREAMS)
            .map(|stream| Ok(log.history(&person(&format!("P-{stream}")))?.events))
            .collect()
    };
    let found = read().map_err(|error| error.to_string());
    log.close();
    found
}

#[tokio::test]
async fn a_flipped_bit_anywhere_is_noticed_or_does_no_harm() {
    let folder = Folder::new();
    fill(&folder).await;
    let whole = read(&folder).unwrap();
    let mut numbers = Numbers(1);
    for flip in 0..FLIPS {
        let copy = Folder::new();
        copy_folder(&folder.path(""), &copy.path(""));
        let told = flip_a_bit(&copy, &mut numbers);
        let read = catch_unwind(AssertUnwindSafe(|| read(&copy)));
        assert!(read.is_ok(), "flip {flip}: {told}: it panicked");
        if let Ok(Ok(found)) = read {
            assert_eq!(found, whole, "flip {flip}: {told}");
        }
    }
}

fn flip_a_bit(folder: &Folder, numbers: &mut Numbers) -> String {
    let files: Vec<_> =
        files_in(&folder.path("")).into_iter().filter(|file| length(file) > 0).collect();
    // Every other one where the records lie.
    let nth = numbers.below(2 * u64::try_from(files.len()).unwrap());
    let file = files.get(usize::try_from(nth).unwrap()).cloned().unwrap_or(folder.path("log/db"));
    let mut bytes = fs::read(&file).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let at = usize::try_from(numbers.below(u64::try_from(used).unwrap() + 1)).unwrap();
    let bit = numbers.below(8);
    bytes[at] ^= 1 << bit;
    fs::write(&file, bytes).unwrap();
    format!("bit {bit} of byte {at} in {}", file.display())
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).unwrap().len()
}
