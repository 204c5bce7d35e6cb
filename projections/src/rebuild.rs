//! Built anew beside what is served, and put in its place once it knows as much.

use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use events::id::Position;

use crate::{ProjectionError, Projections, Running, build};

/// How often it is looked whether what is being built has caught up.
const STEP: Duration = Duration::from_millis(10);

impl Projections {
    /// Builds everything anew, and serves that once it knows as much as what is served. Blocks.
    ///
    /// Streams that are parked are tried again. False where it was closed before it was done.
    pub fn rebuild(&self) -> Result<bool, ProjectionError> {
        let mut next = self.folder.next.lock();
        if next.is_some() {
            return Err(ProjectionError::Rebuilding);
        }
        let build = build::beside(&self.folder.settings, &self.folder.log)?;
        let number = build.number;
        let beside = Running::start(&self.folder, build, false)?;
        *next = Some(Arc::clone(&beside.shared));
        drop(next);
        let switched = self.switch_when_caught_up(beside);
        *self.folder.next.lock() = None;
        if !matches!(switched, Ok(true)) {
            build::remove(&self.folder.settings.dir, |other| other == number)?;
        }
        switched
    }

    /// How far what is being built beside has come, if anything is.
    pub fn rebuilding(&self) -> Option<Position> {
        self.folder.next.lock().as_ref().map(|next| next.applied.position())
    }

    fn switch_when_caught_up(&self, mut beside: Running) -> Result<bool, ProjectionError> {
        loop {
            if self.folder.closing.load(Ordering::Relaxed) {
                beside.thread.close();
                return Ok(false);
            }
            if let Some(reason) = beside.shared.stopped.get() {
                return Err(ProjectionError::Stopped(reason.clone()));
            }
            if beside.shared.ready.load(Ordering::Relaxed) && self.switch(&mut beside) {
                break;
            }
            thread::sleep(STEP);
        }
        // Who still waits for the old one is to ask the new one, which removes the old one's folder.
        beside.thread.close();
        beside.shared.applied.give_up();
        drop(beside);
        let running = self.running.read();
        running.shared.serves.store(true, Ordering::Release);
        running.thread.wake();
        Ok(true)
    }

    /// Puts what was built in the place of what is served, unless that knows more.
    fn switch(&self, beside: &mut Running) -> bool {
        let mut running = self.running.write();
        let old = Arc::clone(&running.shared);
        let _it_stays_where_it_is = old.moving.lock();
        if beside.shared.applied.position() < old.applied.position() {
            return false;
        }
        std::mem::swap(&mut *running, beside);
        true
    }
}
