//! A group: appends that share one commit, each judged as if those before it were done.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    AppendError, Appended, COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, Outcome, ReadError, Receipt,
    ReceiptKey, Shared,
    layout::{self, Tail},
    store::Batch,
    writer::{Answer, Request, Slot},
};
use crate::{
    id::{Position, StreamId, Version},
    keys::Minted,
    record::Draft,
};

pub(super) struct Group {
    shared: Arc<Shared>,
    time: DateTime<Utc>,
    next: Position,
    batch: Batch,
    events: usize,
    bytes: usize,
    /// Streams as they are after what is in the group.
    tails: HashMap<StreamId, Tail>,
    receipts: HashMap<ReceiptKey, Receipt>,
    minted: Vec<Minted>,
    last: Option<(Position, Vec<u8>)>,
    answers: Vec<(Answer, Result<Outcome, AppendError>)>,
}

impl Group {
    pub(super) fn new(shared: Arc<Shared>, time: DateTime<Utc>) -> Self {
        let next = shared.watermark.borrow().next();
        Self {
            shared,
            time,
            next,
            batch: Batch::default(),
            events: 0,
            bytes: 0,
            tails: HashMap::new(),
            receipts: HashMap::new(),
            minted: Vec::new(),
            last: None,
            answers: Vec::new(),
        }
    }

    pub(super) fn has_room_for(&self, request: &Request) -> bool {
        let bytes: usize = request.drafts.iter().map(Draft::record_bytes).sum();
        // Receipts count as events, so that a group of receipts alone is bounded too.
        let events = request.drafts.len().max(1);
        self.events + events <= COMMIT_EVENTS_MAX
            && self.bytes + bytes <= COMMIT_BYTES_MAX
            // Who was refused takes no room, but waits for an answer all the same.
            && self.answers.len() < COMMIT_EVENTS_MAX
    }

    /// Judges a request, and puts it into the group if nothing speaks against it.
    pub(super) fn take(&mut self, request: Request) {
        let outcome = match self.judge(&request) {
            Ok(Some(replayed)) => Ok(Outcome::Replayed(replayed)),
            Ok(None) => Ok(Outcome::Appended(self.place(&request))),
            Err(error) => Err(error),
        };
        self.answers.push((request.answer, outcome));
    }

    fn judge(&mut self, request: &Request) -> Result<Option<Receipt>, AppendError> {
        if let Some(new) = &request.receipt
            && let Some(kept) = self.receipt(&new.key)?
        {
            let same = kept.fingerprint == new.fingerprint;
            return if same { Ok(Some(kept)) } else { Err(AppendError::KeyReused) };
        }
        let version = self.version(&request.stream)?;
        // A stream has one slot, or destroying its keys would leave some behind.
        if version != request.expected || self.has_other_keys(request) {
            return Err(AppendError::Conflict(version));
        }
        for (stream, expected) in &request.also {
            if self.version(stream)? != *expected {
                return Err(AppendError::Moved(stream.clone()));
            }
        }
        Ok(None)
    }

    fn has_other_keys(&self, request: &Request) -> bool {
        let slot = self.tails.get(&request.stream).and_then(|tail| tail.slot);
        slot.is_some() && matches!(request.slot, Slot::Minted(_))
    }

    fn receipt(&self, key: &ReceiptKey) -> Result<Option<Receipt>, ReadError> {
        match self.receipts.get(key) {
            Some(receipt) => Ok(Some(receipt.clone())),
            None => self.shared.receipt(key),
        }
    }

    fn version(&mut self, stream: &StreamId) -> Result<Version, ReadError> {
        if let Some(tail) = self.tails.get(stream) {
            return Ok(tail.version);
        }
        let tail = self.shared.store.tail(stream)?;
        let version = tail.version;
        self.tails.insert(stream.clone(), tail);
        Ok(version)
    }

    /// Gives the events of a request their positions.
    fn place(&mut self, request: &Request) -> Appended {
        if let Slot::Minted(minted) = &request.slot {
            self.minted.push(minted.clone());
        }
        let tail = self.tails.entry(request.stream.clone()).or_default();
        tail.slot = tail.slot.or(request.slot.number());
        for draft in &request.drafts {
            let record = draft.place(self.next, self.time);
            self.bytes += record.len();
            self.batch.insert(layout::event_key(self.next), record.clone());
            self.last = Some((self.next, record));
            tail.push(self.next);
            // A chunk that is full will not be touched again in this group's end state.
            if tail.version.0.is_multiple_of(layout::CHUNK_EVENTS) {
                let (number, chunk) = tail.chunk();
                self.batch.insert(layout::chunk_key(&request.stream, number), chunk.encode());
            }
            self.next = self.next.next();
        }
        self.events += request.drafts.len().max(1);
        let appended = Appended { position: Position(self.next.0 - 1), version: tail.version };
        self.keep_receipt(request, appended);
        appended
    }

    fn keep_receipt(&mut self, request: &Request, appended: Appended) {
        let Some(new) = &request.receipt else { return };
        let receipt = Receipt {
            fingerprint: new.fingerprint,
            status: new.status,
            ids: new.ids.clone(),
            position: appended.position,
            stream: request.stream.clone(),
            version: appended.version,
            recorded_at: self.time.timestamp_micros(),
        };
        let bytes = minicbor::to_vec(&receipt).expect("writing to memory does not fail");
        self.batch.insert(layout::receipt_key(&new.key), bytes);
        self.receipts.insert(new.key, receipt);
    }

    /// Whether there is nothing to commit.
    pub(super) fn is_empty(&self) -> bool {
        self.last.is_none() && self.receipts.is_empty()
    }

    /// All that is to be committed, streams at their ends included.
    pub(super) fn batch(&mut self) -> Batch {
        let mut batch = std::mem::take(&mut self.batch);
        let first = *self.shared.watermark.borrow();
        for (stream, tail) in &self.tails {
            if tail.positions.last().is_some_and(|last| *last > first) {
                let (number, chunk) = tail.chunk();
                batch.insert(layout::chunk_key(stream, number), chunk.encode());
            }
        }
        batch
    }

    pub(super) fn minted(&self) -> &[Minted] {
        &self.minted
    }

    pub(super) fn last_record(&mut self) -> Option<(Position, Vec<u8>)> {
        self.last.take()
    }

    pub(super) fn time(&self) -> DateTime<Utc> {
        self.time
    }

    /// Tells everyone what came of it.
    pub(super) fn answer(self) {
        for (answer, outcome) in self.answers {
            // Who no longer listens has lost interest, not its events.
            let _ = answer.send(outcome);
        }
    }

    /// Tells everyone that nothing came of it.
    pub(super) fn refuse(self, error: &AppendError) {
        for (answer, _) in self.answers {
            let _ = answer.send(Err(error.clone()));
        }
    }
}
