//! Built anew beside what is served, and put in its place once it knows as much.

use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use events::{id::Position, room};

use crate::{ProjectionError, Projections, Running, build};

/// How often it is looked whether what is being built has caught up.
const STEP: Duration = Duration::from_millis(10);

impl Projections {
    /// Builds everything anew, and serves that once it knows as much as what is served. Blocks.
    ///
    /// Streams that are parked are tried again. False where it was closed before it was done.
    pub fn rebuild(&self) -> Result<bool, ProjectionError> {
        let one_at_a_time = self.folder.rebuilding.try_lock();
        let _one_at_a_time = one_at_a_time.ok_or(ProjectionError::Rebuilding)?;
        let rebuilt = self.check_room().and_then(|()| self.rebuild_beside());
        *self.folder.failed.lock() = rebuilt.as_ref().err().map(|it| events::causes::chain(it));
        rebuilt
    }

    /// How far what is being built beside has come, if anything is.
    pub fn rebuilding(&self) -> Option<Position> {
        self.folder.next.lock().as_ref().map(|next| next.applied.position())
    }

    /// Why they were not built anew when that was last tried, if so.
    pub fn rebuild_failed(&self) -> Option<String> {
        self.folder.failed.lock().clone()
    }

    /// Whether a rebuild may begin: no other one runs, and there is room for as much as is served.
    pub fn can_rebuild(&self) -> Result<(), ProjectionError> {
        if self.folder.rebuilding.is_locked() {
            return Err(ProjectionError::Rebuilding);
        }
        self.check_room()
    }

    fn check_room(&self) -> Result<(), ProjectionError> {
        self.has_room_for(room::bytes_of(&self.folder.settings.dir)?)
    }

    fn has_room_for(&self, bytes: u64) -> Result<(), ProjectionError> {
        let settings = &self.folder.settings;
        let needed = settings.free_bytes_min.saturating_add(bytes);
        match room::free_bytes(&settings.dir) {
            Some(free) if free < needed => Err(ProjectionError::Room { free, needed }),
            Some(_) | None => Ok(()),
        }
    }

    fn rebuild_beside(&self) -> Result<bool, ProjectionError> {
        let dir = &self.folder.settings.dir;
        let number = build::next_number(dir)?;
        let switched = self.build_and_switch(number);
        *self.folder.next.lock() = None;
        if !matches!(switched, Ok(true))
            && let Err(error) = build::remove(dir, |other| other == number)
        {
            tracing::warn!(%error, build = number, "What was not built to its end stays until a start.");
        }
        switched
    }

    fn build_and_switch(&self, number: u64) -> Result<bool, ProjectionError> {
        let build = build::beside(&self.folder.settings, &self.folder.log, number)?;
        let mut beside = Running::start(&self.folder, build, false)?;
        *self.folder.next.lock() = Some(Arc::clone(&beside.shared));
        let switched = self.switch_when_caught_up(&mut beside);
        // Now what was served before, if it was replaced.
        beside.thread.close();
        if !matches!(switched, Ok(true)) {
            return switched;
        }
        // Who still waits for the old one is to ask the new one, which removes the old one's folder.
        beside.shared.applied.give_up();
        drop(beside);
        let running = self.running.read();
        running.shared.serves.store(true, Ordering::Release);
        running.thread.wake();
        Ok(true)
    }

    fn switch_when_caught_up(&self, beside: &mut Running) -> Result<bool, ProjectionError> {
        while !self.folder.closing.load(Ordering::Acquire) {
            if let Some(reason) = beside.shared.stopped.get() {
                return Err(ProjectionError::Stopped(reason.clone()));
            }
            if beside.shared.ready.load(Ordering::Acquire) && self.switch(beside) {
                return Ok(true);
            }
            self.has_room_for(0)?;
            thread::sleep(STEP);
        }
        Ok(false)
    }

    /// Puts what was built in the place of what is served, unless that knows more or is closed.
    fn switch(&self, beside: &mut Running) -> bool {
        let mut running = self.running.write();
        let old = Arc::clone(&running.shared);
        let _it_stays_where_it_is = old.moving.lock();
        let is_late = beside.shared.applied.position() < old.applied.position();
        // Whoever closes says so first, and then closes what is served: no other may be by then.
        if is_late || self.folder.closing.load(Ordering::Acquire) {
            return false;
        }
        std::mem::swap(&mut *running, beside);
        true
    }
}
