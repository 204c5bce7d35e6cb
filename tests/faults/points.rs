//! The steps at which the disk is asked for something: every call that changes a file of the data
//! folder or syncs it.

use crate::support::disk::Kind;

/// When a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum During {
    /// The first start of all.
    Start,
    /// A start where there is something already.
    Restart,
    Writes,
    Stop,
    /// While the projections are built anew beside those that are served.
    Rebuild,
    /// An import into a folder that nobody serves.
    Import,
}

/// What a service becomes whose disk fails at a step, and does not take the process along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterError {
    /// It does not start.
    Ends,
    /// It takes no more writes until a restart.
    Stops,
    /// It shows nothing new until a restart; what is written is safe.
    ShowsNothingNew,
    /// It goes on by itself.
    Recovers,
}

/// A call and a file, as the shim spells them.
pub(super) struct Point {
    pub(super) at: &'static str,
    pub(super) during: During,
    pub(super) after_error: AfterError,
}

const WRITE: &[Kind] =
    &[Kind::Abort, Kind::Torn, Kind::After, Kind::Short, Kind::Eio, Kind::Enospc];
const SYNC: &[Kind] = &[Kind::Abort, Kind::After, Kind::Eio, Kind::Enospc];

impl Point {
    /// What can happen there.
    pub(super) fn kinds(&self) -> impl Iterator<Item = Kind> {
        kinds_of(self.at)
    }
}

/// What can happen at a call.
pub(super) fn kinds_of(call: &str) -> impl Iterator<Item = Kind> + use<> {
    let writes = call.starts_with("write") || call.starts_with("pwrite");
    (if writes { WRITE } else { SYNC }).iter().copied()
}

const fn point(at: &'static str, during: During, after_error: AfterError) -> Point {
    Point { at, during, after_error }
}

/// What is called only where something else has failed already.
pub(super) const ELSEWHERE: [&str; 1] = ["rename log.found"];

use AfterError::{Ends, Recovers, ShowsNothingNew, Stops};
use During::{Import, Rebuild, Restart, Start, Stop, Writes};

pub(super) const POINTS: &[Point] = &[
    // The folder, and the keys of the development mode.
    point("write dev/master.key.half", Start, Ends),
    point("fsync dev/master.key.half", Start, Ends),
    point("rename dev/master.key", Start, Ends),
    point("write dev/issuer.key.half", Start, Ends),
    point("fsync dev/issuer.key.half", Start, Ends),
    point("rename dev/issuer.key", Start, Ends),
    point("fsync dev", Start, Ends),
    point("write format", Start, Ends),
    point("fsync format", Start, Ends),
    point("fsync .", Start, Ends),
    // Key creation: first the key file, then the keys of a stream.
    point("pwrite keys", Start, Ends),
    point("fsync keys", Start, Ends),
    point("pwrite keys", Writes, Stops),
    point("fdatasync keys", Writes, Stops),
    // The copy of the store that is kept while it is opened.
    point("fsync log.half/conf", Restart, Ends),
    point("fsync log.half/db", Restart, Ends),
    point("fsync log.half", Restart, Ends),
    point("rename log.opening", Restart, Ends),
    point("fsync .", Restart, Ends),
    // It opened as it should: the copy goes, and never bit by bit under its own name.
    point("rename log.half", Restart, Ends),
    // The store of the log: made, then a group commit with its receipts, then its sync.
    point("write log/conf", Start, Ends),
    point("fsync log/conf", Start, Ends),
    point("fsync log/db", Start, Ends),
    point("fsync log/blobs", Start, Ends),
    point("fsync log", Start, Ends),
    point("write log/snap.*.generating", Restart, Ends),
    point("fsync log/snap.*.generating", Restart, Ends),
    point("rename log/snap.*", Restart, Ends),
    point("fsync log/snap.*", Restart, Ends),
    point("fsync log/db", Restart, Ends),
    point("pwrite log/db", Writes, Stops),
    point("sync_file_range log/db", Writes, Stops),
    point("fdatasync log/db", Writes, Stops),
    // The head mark, after which the watermark moves and clients are answered.
    point("pwrite head", Start, Ends),
    point("fdatasync head", Start, Ends),
    point("pwrite head", Restart, Ends),
    point("fdatasync head", Restart, Ends),
    point("pwrite head", Writes, Stops),
    point("fdatasync head", Writes, Stops),
    // The projections: made, or made anew where they do not open, then their checkpoint.
    point("write projections/build-*/key", Start, Ends),
    point("fsync projections/build-*/key", Start, Ends),
    point("fsync projections/build-*", Start, Ends),
    point("fsync projections", Start, Ends),
    point("write projections/build-*/store/conf", Start, Ends),
    point("fsync projections/build-*/store/conf", Start, Ends),
    point("fsync projections/build-*/store/db", Start, Ends),
    point("fsync projections/build-*/store/blobs", Start, Ends),
    point("fsync projections/build-*/store", Start, Ends),
    point("pwrite projections/build-*/store/db", Start, ShowsNothingNew),
    point("sync_file_range projections/build-*/store/db", Start, ShowsNothingNew),
    point("fdatasync projections/build-*/store/db", Start, ShowsNothingNew),
    point("write projections/build-*/store/snap.*.generating", Restart, Recovers),
    point("fsync projections/build-*/store/snap.*.generating", Restart, Recovers),
    point("rename projections/build-*/store/snap.*", Restart, Recovers),
    point("fsync projections/build-*/store/snap.*", Restart, Recovers),
    point("fsync projections/build-*/store/db", Restart, Recovers),
    point("pwrite projections/build-*/store/db", Stop, ShowsNothingNew),
    point("sync_file_range projections/build-*/store/db", Stop, ShowsNothingNew),
    point("fdatasync projections/build-*/store/db", Stop, ShowsNothingNew),
    // An import: the steps of many commits, and then the checkpoint of the projections.
    point("pwrite keys", Import, Ends),
    point("fdatasync keys", Import, Ends),
    point("pwrite log/db", Import, Ends),
    point("sync_file_range log/db", Import, Ends),
    point("fdatasync log/db", Import, Ends),
    point("pwrite head", Import, Ends),
    point("pwrite projections/build-*/store/db", Import, ShowsNothingNew),
    point("fdatasync projections/build-*/store/db", Import, ShowsNothingNew),
    // Projections built anew beside those that are served, which go once the others are in place.
    point("fsync projections/build-*/unfinished", Rebuild, Recovers),
    point("mkdir projections/build-*", Rebuild, Recovers),
    point("write projections/build-*/key", Rebuild, Recovers),
    point("fsync projections/build-*/key", Rebuild, Recovers),
    point("fsync projections/build-*", Rebuild, Recovers),
    point("fsync projections", Rebuild, Recovers),
    point("write projections/build-*/store/conf", Rebuild, Recovers),
    point("fsync projections/build-*/store/db", Rebuild, Recovers),
    point("pwrite projections/build-*/store/db", Rebuild, Recovers),
    point("fdatasync projections/build-*/store/db", Rebuild, Recovers),
    point("unlink projections/build-*/unfinished", Rebuild, ShowsNothingNew),
    point("unlink projections/build-*/key", Rebuild, ShowsNothingNew),
    point("unlinkat projections/build-*/store/db", Rebuild, ShowsNothingNew),
    // The access journal.
    point("fsync access", Start, Ends),
    point("write access/*.ndjson", Writes, Recovers),
    point("fdatasync access/*.ndjson", Writes, Recovers),
];
