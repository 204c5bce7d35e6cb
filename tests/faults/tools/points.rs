//! The steps of backups, exports, restores and changes of keys: every call that changes a file or
//! syncs it.

use super::jobs::Job::{self, Export, FirstBackup, KeysExport, NextBackup, Restore, Rotate};
use crate::support::disk::Kind;

/// A call and a file, as the shim spells them.
pub(super) struct Point {
    pub(super) at: &'static str,
    pub(super) during: Job,
    /// Which of these calls it is, counted from 1.
    pub(super) nth: usize,
    /// Whether it may go through where the call fails.
    pub(super) goes_on: bool,
}

impl Point {
    pub(super) fn kinds(&self) -> impl Iterator<Item = Kind> {
        super::super::points::kinds_of(self.at)
    }

    const fn later(mut self, nth: usize) -> Self {
        self.nth = nth;
        self
    }

    const fn going_on(mut self) -> Self {
        self.goes_on = true;
        self
    }
}

const fn point(at: &'static str, during: Job) -> Point {
    Point { at, during, nth: 1, goes_on: false }
}

pub(super) const POINTS: &[Point] = &[
    // The first backup makes its folder; keys come before the events that need them.
    point("mkdir backup", FirstBackup),
    point("fsync .", FirstBackup),
    point("unlink backup/events.new.half", FirstBackup),
    point("write backup/events.new.half", FirstBackup),
    point("fsync backup/events.new.half", FirstBackup),
    point("rename backup/events.new", FirstBackup),
    point("unlink backup/keys.new.half", FirstBackup),
    point("write backup/keys.new.half", FirstBackup),
    point("fsync backup/keys.new.half", FirstBackup),
    point("rename backup/keys.new", FirstBackup),
    point("rename backup/keys.ndjson", FirstBackup),
    point("rename backup/events-*-*.ndjson", FirstBackup),
    point("fsync backup", FirstBackup),
    point("fsync backup", FirstBackup).later(2),
    point("fsync backup", FirstBackup).later(3),
    point("fsync backup", FirstBackup).later(4),
    // The next one puts an archive behind those that are there.
    point("unlink backup/events.new.half", NextBackup),
    point("write backup/events.new.half", NextBackup),
    point("fsync backup/events.new.half", NextBackup),
    point("rename backup/events.new", NextBackup),
    point("unlink backup/keys.new.half", NextBackup),
    point("write backup/keys.new.half", NextBackup),
    point("fsync backup/keys.new.half", NextBackup),
    point("rename backup/keys.new", NextBackup),
    point("rename backup/keys.ndjson", NextBackup),
    point("rename backup/events-*-*.ndjson", NextBackup),
    point("fsync backup", NextBackup),
    point("fsync backup", NextBackup).later(2),
    point("fsync backup", NextBackup).later(3),
    point("fsync backup", NextBackup).later(4),
    // Exports are files of their own, in the place of older ones.
    point("unlink archive.half", Export),
    point("write archive.half", Export),
    point("fsync archive.half", Export),
    point("rename archive", Export),
    point("fsync .", Export),
    point("unlink archive.half", KeysExport),
    point("write archive.half", KeysExport),
    point("fsync archive.half", KeysExport),
    point("rename archive", KeysExport),
    point("fsync .", KeysExport),
    // A restore says first that the folder is not whole, and last that it is.
    point("mkdir data", Restore),
    point("write data/format.half", Restore),
    point("fsync data/format.half", Restore),
    point("rename data/format", Restore),
    point("fsync data", Restore),
    point("fsync .", Restore),
    point("pwrite data/keys", Restore),
    point("fsync data/keys", Restore),
    point("mkdir data/log", Restore),
    point("mkdir data/log/blobs", Restore),
    point("write data/log/conf", Restore),
    point("fsync data/log/conf", Restore),
    point("fsync data/log/blobs", Restore),
    point("fsync data/log/db", Restore),
    point("fsync data/log", Restore),
    point("pwrite data/log/db", Restore),
    point("sync_file_range data/log/db", Restore),
    point("fdatasync data/log/db", Restore),
    point("pwrite data/head", Restore),
    point("fdatasync data/head", Restore),
    point("write data/format.half", Restore).later(2),
    point("fsync data/format.half", Restore).later(2),
    point("rename data/format", Restore).later(2),
    point("fsync data", Restore).later(2),
    point("fsync .", Restore).later(2),
    // Another master key: its file first, then every key under it, then the old bytes go.
    point("mkdir kept", Rotate),
    point("fsync .", Rotate),
    point("unlink kept/second.key.half", Rotate),
    point("write kept/second.key.half", Rotate),
    point("fsync kept/second.key.half", Rotate),
    point("rename kept/second.key", Rotate),
    point("fsync kept", Rotate),
    point("fsync kept/second.key", Rotate),
    point("pwrite data/keys.half", Rotate),
    point("fsync data/keys.half", Rotate),
    point("rename data/keys", Rotate),
    point("fsync data", Rotate),
    point("pwrite data/keys.gone", Rotate).going_on(),
    point("fsync data/keys.gone", Rotate).going_on(),
];
