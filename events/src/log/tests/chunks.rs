//! A stream's index is kept in chunks of 32; nobody notices where one ends.

use super::*;

/// Around the ends of the first two chunks, and far beyond.
const LENGTHS: [u64; 7] = [1, 31, 32, 33, 64, 65, 200];

/// Whether a stream of so many events reads as one, from everywhere in it.
fn check(log: &EventLog, stream: &StreamId, length: u64) {
    let positions: Vec<_> = log
        .after(Position::ZERO)
        .map(Result::unwrap)
        .filter(|record| record.envelope().head.stream == *stream)
        .map(|record| record.position())
        .collect();
    assert_eq!(positions.len(), usize::try_from(length).unwrap());
    assert_eq!(versions(log, stream), (1..=length).collect::<Vec<_>>());
    for seen in 0..=length {
        let after = log.history_after(stream, Version(seen)).unwrap();
        let found: Vec<_> = after.events.iter().map(|event| event.envelope.position).collect();
        assert_eq!(found, positions[usize::try_from(seen).unwrap()..], "after {seen}");
        assert_eq!(after.version, Version(length), "after {seen}");
    }
    let before = [Position::ZERO].into_iter().chain(positions);
    for (version, before) in (1..=length + 1).zip(before) {
        assert_eq!(log.previous(stream, Version(version)).unwrap(), before, "of {version}");
    }
}

#[tokio::test]
async fn a_stream_appended_one_by_one_reads_whole() {
    let folder = Folder::new();
    let log = folder.open();
    for length in LENGTHS {
        let stream = customer(&format!("C-{length}"));
        for version in 0..length {
            add(&log, stream.clone(), version, vec![closed()]).await;
            // Something else lies in between.
            if version % 7 == 0 {
                let other = log.history(&customer("C-other")).unwrap().version.0;
                add(&log, customer("C-other"), other, vec![closed()]).await;
            }
        }
        check(&log, &stream, length);
    }
}

#[tokio::test]
async fn a_stream_appended_in_batches_across_borders_reads_whole() {
    let folder = Folder::new();
    let log = folder.open();
    for (nth, batch) in [31, 32, 33, 63, 64, 65, 100, 256].into_iter().enumerate() {
        let stream = customer(&format!("C-{nth}"));
        let mut version = 0;
        for size in [batch, 1, batch] {
            add(&log, stream.clone(), version, vec![closed(); size]).await;
            version += u64::try_from(size).unwrap();
            check(&log, &stream, version);
        }
    }
}

#[tokio::test]
async fn appends_to_one_stream_that_share_a_commit_read_whole() {
    let folder = Folder::new();
    let log = folder.open();
    let (one, two) = (person("P-1"), person("P-2"));
    add(&log, one.clone(), 0, vec![registered()]).await;
    add(&log, two.clone(), 0, vec![registered()]).await;
    let mut asked = Vec::new();
    for version in 1..100 {
        asked.push(append(one.clone(), version, vec![reached("K-1")]));
        // Refused ones leave nothing behind.
        asked.push(append(one.clone(), version, vec![reached("K-2"); 40]));
        asked.push(append(two.clone(), 3 * version - 2, vec![reached("K-3"); 3]));
    }
    let outcomes = together(asked.into_iter().map(|asked| log.append(asked)).collect()).await;
    for three in outcomes.chunks(3) {
        assert!(three[0].is_ok() && three[2].is_ok(), "{three:?}");
        assert!(matches!(three[1], Err(AppendError::Conflict(_))), "{three:?}");
    }
    check(&log, &one, 100);
    check(&log, &two, 1 + 3 * 99);
}

#[tokio::test]
async fn a_stream_grows_on_over_borders_after_reopening() {
    let folder = Folder::new();
    for length in LENGTHS {
        let log = folder.open();
        let before = log.history(&customer("C-1")).unwrap().version.0;
        let size = usize::try_from(length - before).unwrap();
        add(&log, customer("C-1"), before, vec![closed(); size]).await;
        let log = folder.reopen(log);
        check(&log, &customer("C-1"), length);
        log.close();
    }
}

#[test]
fn no_bytes_crash_the_reading_of_a_chunk() {
    for length in 0..100 {
        let chunk = layout::Chunk::decode(&vec![0xFF; length]);
        assert_eq!(chunk.is_some(), length >= 4 && (length - 4) % 8 == 0, "{length} bytes");
    }
}

#[test]
fn a_chunk_is_read_back_as_it_was_written() {
    for (slot, count) in [(None, 0), (Some(1), 1), (Some(u32::MAX), 32)] {
        let positions = (0..count).map(|nth| Position(u64::MAX - nth)).collect();
        let chunk = layout::Chunk { slot, positions };
        assert_eq!(layout::Chunk::decode(&chunk.encode()), Some(chunk));
    }
}
