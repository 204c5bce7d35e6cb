//! The log as an archive: sealed as it is stored, receipts included, keys left out.

use super::{After, EventLog, ReadError, Receipt, layout, store::Pairs};
use crate::{
    archive::{Archive, EventLine, Header, Line, ReceiptLine},
    id::Position,
    record::LeafHash,
};

/// Why there is no archive that goes on from where another one ended.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("the log ends at position {watermark}, before position {after}: it has lost events")]
    Ahead { after: Position, watermark: Position },
    #[error("the log holds another record at position {0} than the archive before")]
    Differs(Position),
    #[error("the archive before is of another log")]
    Foreign,
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Where an archive ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub log: [u8; 32],
    pub position: Position,
    pub leaf: LeafHash,
}

impl Ended {
    /// As an archive says it of the one before.
    pub(super) fn before(header: &Header) -> Self {
        Self { log: header.log, position: header.after, leaf: header.after_hash }
    }
}

/// The lines of an archive, each with its end; after an error there is none.
pub struct Export {
    log: EventLog,
    after: Position,
    last: Position,
    archive: Option<Archive>,
    first: Option<Vec<u8>>,
    records: After,
    receipts: Pairs,
}

impl EventLog {
    /// Everything up to now, or everything since an earlier archive: records and receipts.
    pub fn export(&self, before: Option<Ended>) -> Result<Export, ExportError> {
        let identity = self.keys().identity();
        if before.is_some_and(|before| before.log != identity) {
            return Err(ExportError::Foreign);
        }
        let (after, leaf) = before.map_or_else(Default::default, |it| (it.position, it.leaf));
        if after > Position::ZERO {
            let watermark = self.watermark();
            let record = self.record(after)?.ok_or(ExportError::Ahead { after, watermark })?;
            if record.leaf_hash() != leaf {
                return Err(ExportError::Differs(after));
            }
        }
        let records = self.after(after);
        let last = records.end();
        let (archive, first) = Archive::begin(Header::events(identity, after, leaf));
        Ok(Export {
            log: self.clone(),
            after,
            last,
            archive: Some(archive),
            first: Some(first),
            records,
            receipts: self.shared.store.under(layout::RECEIPTS),
        })
    }
}

impl Export {
    fn line(&mut self) -> Option<Result<Line, ReadError>> {
        if let Some(record) = self.records.next() {
            return Some(record.map(|record| {
                let (position, hash) = (record.position(), record.leaf_hash());
                Line::Event(EventLine { position, hash, record: record.bytes().to_vec() })
            }));
        }
        loop {
            match self.receipts.next()?.map_err(ReadError::from).and_then(|it| self.receipt(it)) {
                Ok(None) => {}
                Ok(Some(line)) => return Some(Ok(line)),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// A receipt, if it is about what the archive holds.
    ///
    /// One of a command without events names the last event before it, so it can come twice.
    fn receipt(&self, (key, value): (Vec<u8>, Vec<u8>)) -> Result<Option<Line>, ReadError> {
        let receipt: Receipt = minicbor::decode(&value).map_err(|_| ReadError::Receipt)?;
        let key = key.strip_prefix(layout::RECEIPTS).and_then(|key| key.try_into().ok());
        let key = key.ok_or(ReadError::Receipt)?;
        let is_within = (self.after..=self.last).contains(&receipt.position);
        let is_safe = !self.log.shared.committing.read().contains(&key);
        Ok((is_within && is_safe).then_some(Line::Receipt(ReceiptLine { key, value })))
    }
}

impl Iterator for Export {
    type Item = Result<Vec<u8>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        let mut archive = self.archive.take()?;
        match self.line() {
            None => Some(Ok(archive.end(self.log.keys().store_key()))),
            Some(Err(error)) => Some(Err(error)),
            Some(Ok(line)) => {
                let bytes = archive.line(&line);
                self.archive = Some(archive);
                Some(Ok(bytes))
            }
        }
    }
}
