//! Everything in a log looked at, and what is wrong with it.

use std::{collections::BTreeSet, fmt};

use rustc_hash::FxHashMap;

use super::{EventLog, OpenError, ReadError, Receipt, layout};
use crate::{
    causes,
    envelope::PayloadKind,
    id::{Position, StreamId, Version},
    keys::KeyError,
    record::Record,
};

/// Findings that are told one by one.
const FINDINGS_MAX: usize = 1000;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In the data folder.
    pub file: String,
    pub position: Option<Position>,
    pub what: String,
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    pub events: u64,
    pub receipts: u64,
    /// Streams that have keys.
    pub keys: u64,
    pub findings: Vec<Finding>,
    /// Findings beyond those that are told.
    pub more: u64,
}

impl Finding {
    pub fn new(
        file: impl Into<String>,
        position: Option<Position>,
        what: impl Into<String>,
    ) -> Self {
        Self { file: file.into(), position, what: what.into() }
    }

    /// What an error of opening says of the folder; none where it is no damage.
    pub fn of(error: &OpenError) -> Option<Self> {
        let (file, position) = match error {
            OpenError::InUse | OpenError::Io(_) | OpenError::Restoring | OpenError::Upcast(_) => {
                return None;
            }
            OpenError::Keys(KeyError::Io(_) | KeyError::WrongMaster) => return None,
            OpenError::Format(_) => ("format", None),
            OpenError::Keys(KeyError::Damaged { .. }) => ("keys", None),
            OpenError::Blobs(_) => ("log/blobs", None),
            OpenError::Store(_) => ("log", None),
            OpenError::Behind { .. } | OpenError::Index(_) => ("log/db", None),
            OpenError::Damaged { position, .. } | OpenError::Hole(position) => {
                ("log/db", Some(*position))
            }
        };
        Some(Self::new(file, position, causes::chain(error)))
    }

    fn of_read(position: Position, error: &ReadError) -> Self {
        let file = if matches!(error, ReadError::Keys(_)) { "keys" } else { "log/db" };
        Self::new(file, Some(position), causes::chain(error))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{}: position {position}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

impl Verified {
    pub fn find(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }
}

impl EventLog {
    /// Reads everything: records, payloads, keys, the index of streams and receipts. Blocks.
    ///
    /// `tell` hears how far it has come.
    pub fn verify(&self, mut tell: impl FnMut(Position)) -> Verified {
        let mut walk = Walk {
            log: self,
            damaged: BTreeSet::new(),
            streams: FxHashMap::default(),
            found: Verified::default(),
        };
        walk.keys();
        for number in 1..=self.watermark().0 {
            walk.event(Position(number));
            tell(Position(number));
        }
        walk.ends();
        walk.others();
        walk.found
    }
}

struct Walk<'a> {
    log: &'a EventLog,
    /// Slots that nothing was found to need so far: a write of one may have been cut off.
    damaged: BTreeSet<u32>,
    streams: FxHashMap<StreamId, Version>,
    found: Verified,
}

impl Walk<'_> {
    fn keys(&mut self) {
        let keys = self.log.keys();
        for slot in 1..keys.end() {
            match keys.check(slot) {
                Ok(used) => self.found.keys += u64::from(used),
                Err(KeyError::Damaged { slot }) => {
                    self.damaged.insert(slot);
                }
                Err(error) => self.find("keys", None, causes::chain(&error)),
            }
        }
    }

    fn event(&mut self, position: Position) {
        let record = match self.log.record(position) {
            Ok(Some(record)) => record,
            Ok(None) => return self.find("log/db", Some(position), "it is missing from the log"),
            Err(error) => return self.found.find(Finding::of_read(position, &error)),
        };
        self.found.events += 1;
        self.place(&record);
        if let PayloadKind::Sealed { slot, .. } = record.envelope().head.payload
            && self.damaged.remove(&slot)
        {
            self.find("keys", None, causes::chain(&KeyError::Damaged { slot }));
        }
        if let Err(error) = self.log.recorded(record) {
            self.found.find(Finding::of_read(position, &error));
        }
    }

    /// Whether an event follows the one before in its stream, and is found where it lies.
    fn place(&mut self, record: &Record) {
        let (position, head) = (record.position(), &record.envelope().head);
        let last = self.streams.entry(head.stream.clone()).or_default();
        let expected = last.next();
        *last = head.version;
        if head.version != expected {
            let what =
                format!("{} goes from version {} to {}", head.stream, expected.0 - 1, head.version);
            self.find("log/db", Some(position), what);
        }
        match self.log.shared.position_of(&head.stream, head.version) {
            Ok(Some(found)) if found == position => {}
            Ok(_) => {
                let what = format!("the index of {} leads elsewhere", head.stream);
                self.find("log/db", Some(position), what);
            }
            Err(error) => self.found.find(Finding::of_read(position, &error)),
        }
    }

    /// Whether the index of each stream ends where the stream does.
    fn ends(&mut self) {
        for (stream, version) in std::mem::take(&mut self.streams) {
            match self.log.shared.tail(&stream) {
                Ok(tail) if tail.version == version => {}
                Ok(_) => self.find("log/db", None, format!("the index of {stream} ends elsewhere")),
                Err(error) => self.find("log/db", None, causes::chain(&error)),
            }
            self.streams.insert(stream, version);
        }
    }

    /// Receipts, and what nobody has put there.
    fn others(&mut self) {
        for entry in self.log.shared.store.under(b"") {
            let (key, value) = match entry {
                Ok(entry) => entry,
                Err(error) => return self.find("log/db", None, causes::chain(&error)),
            };
            if key.starts_with(layout::RECEIPTS) {
                self.receipt(&key, &value);
            } else if !self.is_known(&key) {
                self.find(
                    "log/db",
                    None,
                    format!("nothing is kept under the key {}", hex::encode(key)),
                );
            }
        }
    }

    fn receipt(&mut self, key: &[u8], value: &[u8]) {
        self.found.receipts += 1;
        let receipt: Option<Receipt> = minicbor::decode(value).ok();
        let fits = receipt.is_some_and(|receipt| {
            let version = self.streams.get(&receipt.stream).copied().unwrap_or_default();
            receipt.position <= self.log.watermark() && receipt.version <= version
        });
        if !fits || key.len() != layout::RECEIPTS.len() + 32 {
            self.find("log/db", None, "a receipt is damaged, or about an event that is not there");
        }
    }

    fn is_known(&self, key: &[u8]) -> bool {
        match layout::event_position(key) {
            Some(position) => (Position(1)..=self.log.watermark()).contains(&position),
            None => {
                key == layout::INDEX_MARK
                    || layout::stream_in(key).is_some_and(|(stream, chunk)| {
                        let version = self.streams.get(&stream);
                        version.is_some_and(|version| chunk <= layout::chunk_of(*version))
                    })
            }
        }
    }

    fn find(&mut self, file: &'static str, position: Option<Position>, what: impl Into<String>) {
        self.found.find(Finding::new(file, position, what));
    }
}
