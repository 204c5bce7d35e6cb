//! The thread that brings lines into files.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{GATHERED, JournalSettings, SYNC_AGE_MAX, Shared, WAITING_BYTES, files};
use crate::clock;

/// How long it waits after a failure before it tries again.
const RETRY: Duration = Duration::from_secs(1);
/// How often old files are looked for.
const REMOVE_EVERY: Duration = Duration::from_hours(1);

pub(super) fn start(
    shared: Arc<Shared>,
    dir: &Path,
    settings: JournalSettings,
) -> io::Result<JoinHandle<io::Result<()>>> {
    files::make_dir(dir)?;
    let file = files::begin(dir, clock::now())?;
    let mut run = Run {
        shared,
        dir: dir.to_path_buf(),
        settings,
        file,
        file_bytes: 0,
        lines: Vec::with_capacity(WAITING_BYTES),
        unsynced: None,
        removed: None,
    };
    thread::Builder::new().name("access-journal".to_owned()).spawn(move || run.run())
}

struct Run {
    shared: Arc<Shared>,
    dir: PathBuf,
    settings: JournalSettings,
    file: File,
    file_bytes: u64,
    /// Taken, and not yet in the file.
    lines: Vec<u8>,
    /// Since when there is something in the file that may not be on the disk.
    unsynced: Option<Instant>,
    /// When old files were looked for.
    removed: Option<Instant>,
}

impl Run {
    fn run(&mut self) -> io::Result<()> {
        loop {
            let (asked, closing) = self.take();
            let written = self.write(closing);
            self.tell(asked, closing, &written);
            if closing {
                return written;
            }
            if written.is_err() {
                thread::sleep(RETRY);
            }
        }
    }

    /// Waits for lines, or for what else there is to do, and takes them.
    fn take(&mut self) -> (u64, bool) {
        let shared = Arc::clone(&self.shared);
        let mut waiting = shared.waiting.lock();
        let idle = |waiting: &super::Waiting| {
            waiting.lines.is_empty() && waiting.asked == waiting.done && !waiting.closing
        };
        while self.lines.is_empty() && idle(&waiting) {
            match self.unsynced {
                None => shared.wanted.wait(&mut waiting),
                Some(since) => {
                    let left = SYNC_AGE_MAX.saturating_sub(since.elapsed());
                    if left.is_zero() || shared.wanted.wait_for(&mut waiting, left).timed_out() {
                        break;
                    }
                }
            }
        }
        if waiting.asked == waiting.done && !waiting.closing {
            // More will come at once; the one who is told is told of the end or of an asking.
            shared.wanted.wait_for(&mut waiting, GATHERED);
        }
        if self.lines.is_empty() {
            std::mem::swap(&mut self.lines, &mut waiting.lines);
        }
        (waiting.asked, waiting.closing)
    }

    fn write(&mut self, closing: bool) -> io::Result<()> {
        self.write_lines()?;
        if closing {
            // What came while the last lines were written.
            std::mem::swap(&mut self.lines, &mut self.shared.waiting.lock().lines);
            self.write_lines()?;
            return self.sync();
        }
        if self.unsynced.is_some_and(|since| since.elapsed() >= SYNC_AGE_MAX) {
            self.sync()?;
        }
        if self.file_bytes >= self.settings.file_bytes_max {
            self.sync()?;
            self.file = files::begin(&self.dir, clock::now())?;
            self.file_bytes = 0;
        }
        self.remove_old()
    }

    /// What a failure leaves is written first the next time, from where it stopped.
    fn write_lines(&mut self) -> io::Result<()> {
        while !self.lines.is_empty() {
            let count = match self.file.write(&self.lines) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.lines.drain(..count);
            self.file_bytes += u64::try_from(count).unwrap_or(u64::MAX);
            self.unsynced.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        self.unsynced = None;
        Ok(())
    }

    fn remove_old(&mut self) -> io::Result<()> {
        let Some(kept) = self.settings.kept else { return Ok(()) };
        if self.removed.is_some_and(|looked| looked.elapsed() < REMOVE_EVERY) {
            return Ok(());
        }
        files::remove_old(&self.dir, clock::now(), kept)?;
        self.removed = Some(Instant::now());
        Ok(())
    }

    fn tell(&self, asked: u64, closing: bool, written: &io::Result<()>) {
        let mut waiting = self.shared.waiting.lock();
        // After the end nobody answers who asks.
        waiting.done = if closing { waiting.asked } else { asked };
        let before = waiting.failed.take();
        match (written, before.is_some()) {
            (Ok(()), true) => tracing::info!("The access journal is written again."),
            (Ok(()), false) => {}
            (Err(error), known) => {
                if !known {
                    tracing::error!(%error, "The access journal cannot be written.");
                }
                waiting.failed = Some(error.to_string());
            }
        }
        self.shared.written.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_written_is_written_once_it_can_be() {
        let dir = tempfile::tempdir().unwrap();
        let full = File::options().append(true).open("/dev/full").unwrap();
        let shared = Arc::<Shared>::default();
        let mut run = Run {
            shared: Arc::clone(&shared),
            dir: dir.path().to_path_buf(),
            settings: JournalSettings { file_bytes_max: 1 << 20, kept: None },
            file: full,
            file_bytes: 0,
            lines: b"one\n".to_vec(),
            unsynced: None,
            removed: None,
        };
        for _attempt in 0..2 {
            let written = run.write(false);
            assert!(written.is_err());
            run.tell(0, false, &written);
            assert!(shared.waiting.lock().failed.is_some());
        }
        run.file = files::begin(dir.path(), clock::now()).unwrap();
        shared.waiting.lock().lines = b"two\n".to_vec();
        let written = run.write(true);
        assert!(written.is_ok());
        run.tell(0, true, &written);
        assert!(shared.waiting.lock().failed.is_none());
        let path = files::list(dir.path()).unwrap().pop().unwrap().path;
        assert_eq!(std::fs::read(path).unwrap(), b"one\ntwo\n");
    }
}
