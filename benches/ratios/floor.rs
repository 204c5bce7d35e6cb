//! The disk's own floor: one small write, one `fdatasync`, again and again.

use std::{io::Write, time::Instant};

use crate::TURN;

pub(crate) fn syncs_per_second() -> f64 {
    let mut file = tempfile::tempfile_in(bench_dir()).unwrap();
    let (record, started, mut count) = ([7; 600], Instant::now(), 0_u32);
    while started.elapsed() < TURN {
        file.write_all(&record).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    f64::from(count) / started.elapsed().as_secs_f64()
}

/// On the disk that the build is on: the folder for temporary files may lie in memory.
pub(crate) fn bench_dir() -> std::path::PathBuf {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).to_path_buf();
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
