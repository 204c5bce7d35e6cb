//! The newest records, still in memory: who follows the log closely need not ask the store.

use std::{collections::VecDeque, sync::Arc};

use crate::{id::Position, sync::RwLock};

/// Bytes of records that stay in memory, at most.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Records that stay in memory, at most.
const RECORDS_MAX: usize = 4096;

/// A record as it is stored.
pub(super) type Bytes = Arc<[u8]>;

pub(super) struct Recent(RwLock<Records>);

struct Records {
    /// Of the last record.
    end: Position,
    bytes: usize,
    newest_last: VecDeque<Bytes>,
}

/// Not derived: it would print what happened to whom.
impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

impl Recent {
    /// Of a log that reaches to `end` when it is opened.
    pub(super) fn new(end: Position) -> Self {
        Self(RwLock::new(Records { end, bytes: 0, newest_last: VecDeque::new() }))
    }

    /// Takes in the records of a commit, the last of which lies at `end`.
    pub(super) fn push(&self, end: Position, records: impl IntoIterator<Item = Bytes>) {
        let mut recent = self.0.write();
        for record in records {
            recent.bytes += record.len();
            recent.newest_last.push_back(record);
        }
        recent.end = end;
        while recent.bytes > BYTES_MAX || recent.newest_last.len() > RECORDS_MAX {
            let Some(oldest) = recent.newest_last.pop_front() else { break };
            recent.bytes -= oldest.len();
        }
    }

    /// The records from a position on, if all of them are here.
    pub(super) fn from(&self, next: Position) -> Option<Vec<Bytes>> {
        let recent = self.0.read();
        let wanted = usize::try_from((recent.end.0 + 1).checked_sub(next.0)?).ok()?;
        let skip = recent.newest_last.len().checked_sub(wanted)?;
        Some(recent.newest_last.iter().skip(skip).cloned().collect())
    }
}
