//! A store that was just closed is not free at once.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

const WAIT_MAX: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(1);

/// Waits for threads of sled's, which hold the file of a store a moment longer than the store
/// that this process closed. Where it stays held, opening says so itself.
pub fn wait(path: &Path) -> io::Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let deadline = Instant::now() + WAIT_MAX;
    while matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && Instant::now() < deadline {
        thread::sleep(STEP);
    }
    Ok(())
}
