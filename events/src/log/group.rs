//! A group: appends that share one commit, each judged as if those before it were done.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use rustc_hash::FxHashMap;

use super::{
    AppendError, Appended, COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, Outcome, ReadError, Receipt,
    ReceiptKey, Shared,
    index::Due,
    layout::{self, Tail},
    recent::Bytes,
    store::Batch,
    writer::{Answer, Request, Slot},
};
use crate::{
    id::{Position, StreamId, Version},
    keys::Minted,
    record::Draft,
};

/// The end of a stream that the group looked at.
struct End {
    tail: Tail,
    /// The first event of the group in it.
    first: Option<Position>,
}

pub(super) struct Group {
    shared: Arc<Shared>,
    /// When its events are recorded: never before those before them.
    time: DateTime<Utc>,
    /// What the clock says, which somebody may have set back.
    now: DateTime<Utc>,
    next: Position,
    batch: Batch,
    events: usize,
    bytes: usize,
    /// Streams as they are after what is in the group.
    ends: FxHashMap<StreamId, End>,
    receipts: HashMap<ReceiptKey, Receipt>,
    /// Streams whose ends go into the store with the group.
    written: Vec<(StreamId, Arc<Tail>)>,
    /// How far the index is whole with the group; none when nothing of it is written.
    whole: Option<Position>,
    minted: Vec<Minted>,
    records: Vec<Bytes>,
    pub(super) answers: Vec<(Answer, Result<Outcome, AppendError>)>,
}

impl Group {
    pub(super) fn new(shared: Arc<Shared>, now: DateTime<Utc>, last: DateTime<Utc>) -> Self {
        let next = shared.watermark.borrow().next();
        Self {
            shared,
            time: now.max(last),
            now,
            next,
            batch: Batch::default(),
            events: 0,
            bytes: 0,
            ends: FxHashMap::default(),
            receipts: HashMap::new(),
            written: Vec::new(),
            whole: None,
            minted: Vec::new(),
            records: Vec::new(),
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
        if request.until.is_some_and(|until| until <= self.now) {
            return Err(AppendError::TooLate);
        }
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
        let slot = self.ends.get(&request.stream).and_then(|end| end.tail.slot);
        slot.is_some() && matches!(request.slot, Slot::Minted(_))
    }

    fn receipt(&self, key: &ReceiptKey) -> Result<Option<Receipt>, ReadError> {
        match self.receipts.get(key) {
            Some(receipt) => Ok(Some(receipt.clone())),
            None => self.shared.receipt(key),
        }
    }

    fn version(&mut self, stream: &StreamId) -> Result<Version, ReadError> {
        if let Some(end) = self.ends.get(stream) {
            return Ok(end.tail.version);
        }
        let tail = Tail::clone(&*self.shared.tail(stream)?);
        let version = tail.version;
        self.ends.insert(stream.clone(), End { tail, first: None });
        Ok(version)
    }

    /// Gives the events of a request their positions.
    fn place(&mut self, request: &Request) -> Appended {
        if let Slot::Minted(minted) = &request.slot {
            self.minted.push(minted.clone());
        }
        let none = || End { tail: Tail::default(), first: None };
        let End { tail, first } = self.ends.entry(request.stream.clone()).or_insert_with(none);
        tail.slot = tail.slot.or(request.slot.number());
        if !request.drafts.is_empty() {
            first.get_or_insert(self.next);
        }
        for draft in &request.drafts {
            let record: Bytes = draft.place(self.next, self.time).into();
            self.bytes += record.len();
            self.batch.insert(&layout::event_key(self.next), &record);
            self.records.push(record);
            tail.push(self.next);
            // Ends in memory hold a stream's last chunk only.
            if tail.version.0.is_multiple_of(layout::CHUNK_EVENTS) {
                let (number, chunk) = tail.chunk();
                self.batch.insert(&layout::chunk_key(&request.stream, number), &chunk.encode());
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
        self.batch.insert(&layout::receipt_key(&new.key), &bytes);
        self.receipts.insert(new.key, receipt);
    }

    /// Whether there is nothing to commit.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.receipts.is_empty()
    }

    /// All that is to be committed, with the part of the index whose time it is.
    pub(super) fn batch(&mut self) -> Batch {
        let mut batch = std::mem::take(&mut self.batch);
        let before = self.shared.watermark.borrow().next();
        let Due { ends, whole } = self.shared.ends.due(before);
        for (stream, tail) in ends {
            // Whoever is written is written as of this group.
            let end = self.ends.remove(&stream).map_or(tail, |end| Arc::new(end.tail));
            let (number, chunk) = end.chunk();
            batch.insert(&layout::chunk_key(&stream, number), &chunk.encode());
            self.written.push((stream, end));
        }
        self.whole = whole;
        if let Some(whole) = whole {
            batch.insert(layout::INDEX_MARK, &whole.0.to_be_bytes());
        }
        batch
    }

    /// After the commit: where the streams end now.
    pub(super) fn move_ends(&mut self) {
        let ends = &self.shared.ends;
        for (stream, End { tail, first }) in self.ends.drain() {
            match first {
                Some(first) => ends.moved(stream, first, tail),
                None => ends.keep(stream, tail),
            }
        }
        for (stream, tail) in self.written.drain(..) {
            ends.wrote(stream, tail);
        }
        if let Some(whole) = self.whole {
            ends.wrote_up_to(whole);
        }
    }

    pub(super) fn receipt_keys(&self) -> impl Iterator<Item = ReceiptKey> {
        self.receipts.keys().copied()
    }

    pub(super) fn minted(&self) -> &[Minted] {
        &self.minted
    }

    /// The records that were committed, and the position of the last one.
    pub(super) fn records(&mut self) -> (Position, Vec<Bytes>) {
        (Position(self.next.0 - 1), std::mem::take(&mut self.records))
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

    /// Tells everyone why it was not acknowledged.
    pub(super) fn refuse(self, error: &AppendError) {
        for (answer, _) in self.answers {
            let _ = answer.send(Err(error.clone()));
        }
    }
}
