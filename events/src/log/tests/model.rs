//! The log is a list: whatever is appended, refused, raced for, stopped and killed, it holds what
//! a `Vec` would. Segments are small, so that the store turns them over.

use std::collections::BTreeMap;

use proptest::{collection, prelude::*};

use super::*;
use crate::envelope::Recorded;

/// Small enough to be filled often, and still larger than what a commit here writes.
const SEGMENT_BYTES: usize = 64 * 1024;
const STREAMS: u8 = 4;
const KEYS: u8 = 6;

#[derive(Debug, Clone)]
enum Step {
    /// Some events on a version that is the stream's, or is too high.
    Append {
        stream: u8,
        events: u8,
        too_high: bool,
    },
    /// The same under an idempotency key; another stream is another request.
    Keyed {
        stream: u8,
        key: u8,
    },
    /// Several that decided on the same version.
    Race {
        stream: u8,
        writers: u8,
    },
    Reopen,
    /// What a kill leaves is what the files hold.
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    let stream = 0..STREAMS;
    prop_oneof![
        6 => (stream.clone(), 1..9_u8, prop::bool::weighted(0.2))
            .prop_map(|(stream, events, too_high)| Step::Append { stream, events, too_high }),
        4 => (stream.clone(), 0..KEYS).prop_map(|(stream, key)| Step::Keyed { stream, key }),
        3 => (stream, 2..5_u8).prop_map(|(stream, writers)| Step::Race { stream, writers }),
        1 => Just(Step::Reopen),
        2 => Just(Step::Kill),
    ]
}

/// The log, and what it must hold.
struct Both {
    folder: Folder,
    log: EventLog,
    events: Vec<(StreamId, Version, Event)>,
    receipts: BTreeMap<u8, (u8, Position)>,
}

fn settings(folder: &Folder) -> LogSettings {
    LogSettings { segment_bytes: SEGMENT_BYTES, ..folder.settings() }
}

fn open(folder: &Folder) -> EventLog {
    EventLog::open(&settings(folder), master()).unwrap()
}

fn name(stream: u8) -> StreamId {
    person(&format!("P-{stream}"))
}

impl Both {
    fn new() -> Self {
        let folder = Folder::new();
        let log = open(&folder);
        Self { folder, log, events: Vec::new(), receipts: BTreeMap::new() }
    }

    fn version(&self, stream: u8) -> u64 {
        let all = self.events.iter().filter(|(of, ..)| *of == name(stream));
        all.count().try_into().unwrap()
    }

    fn head(&self) -> Position {
        Position(self.events.len().try_into().unwrap())
    }

    fn push(&mut self, stream: u8, events: Vec<Event>) {
        for event in events {
            let version = Version(self.version(stream) + 1);
            self.events.push((name(stream), version, event));
        }
    }

    /// As no other event is, and sealed.
    fn event(&self, nth: u8) -> Event {
        reached(&format!("K-{}-{nth}", self.events.len()))
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Append { stream, events, too_high } => {
                self.append(stream, events, too_high).await;
            }
            Step::Keyed { stream, key } => self.keyed(stream, key).await,
            Step::Race { stream, writers } => self.race(stream, writers).await,
            Step::Reopen => {
                self.log.close();
                self.go_on_in_a_copy();
            }
            Step::Kill => self.go_on_in_a_copy(),
        }
        assert_eq!(self.log.watermark(), self.head());
    }

    async fn append(&mut self, stream: u8, events: u8, too_high: bool) {
        let expected = self.version(stream) + u64::from(too_high);
        let events: Vec<_> = (0..events).map(|nth| self.event(nth)).collect();
        let asked = append(name(stream), expected, events.clone());
        let outcome = self.log.append(asked).await;
        if too_high {
            assert!(matches!(outcome, Err(AppendError::Conflict(_))), "{outcome:?}");
            return;
        }
        self.push(stream, events);
        let version = Version(self.version(stream));
        assert_eq!(appended(outcome), Appended { position: self.head(), version });
    }

    async fn keyed(&mut self, stream: u8, key: u8) {
        let receipt =
            NewReceipt { key: [key; 32], fingerprint: [stream; 32], status: 201, ids: Vec::new() };
        let event = self.event(0);
        let asked = append(name(stream), self.version(stream), vec![event.clone()]);
        let outcome = self.log.append(Append { receipt: Some(receipt), ..asked }).await;
        match self.receipts.get(&key) {
            None => {
                self.push(stream, vec![event]);
                assert_eq!(appended(outcome).position, self.head());
                self.receipts.insert(key, (stream, self.head()));
            }
            Some((known, position)) if *known == stream => {
                let Ok(Outcome::Replayed(receipt)) = outcome else { panic!("{outcome:?}") };
                assert_eq!(receipt.position, *position);
            }
            Some(_) => assert!(matches!(outcome, Err(AppendError::KeyReused)), "{outcome:?}"),
        }
    }

    async fn race(&mut self, stream: u8, writers: u8) {
        let expected = self.version(stream);
        let ask = |nth| self.log.append(append(name(stream), expected, vec![self.event(nth)]));
        let outcomes = together((0..writers).map(ask).collect()).await;
        let won: Vec<_> = (0..writers).zip(&outcomes).filter(|(_, it)| it.is_ok()).collect();
        assert_eq!(won.len(), 1, "{outcomes:?}");
        let event = self.event(won[0].0);
        self.push(stream, vec![event]);
    }

    /// The files as they are now.
    fn go_on_in_a_copy(&mut self) {
        let left = Folder::new();
        copy_folder(&self.folder.path(""), &left.path(""));
        self.log.close();
        self.log = open(&left);
        self.folder = left;
    }

    fn check(&self) {
        let records = all(&self.log);
        let found = records.into_iter().map(|record| {
            let Recorded { envelope, event } = self.log.recorded(record).unwrap();
            (envelope.head.stream, envelope.head.version, event)
        });
        assert_eq!(found.collect::<Vec<_>>(), self.events);
        for stream in 0..STREAMS {
            let expected: Vec<_> = (1..=self.version(stream)).collect();
            assert_eq!(versions(&self.log, &name(stream)), expected);
        }
        for (key, (_, position)) in &self.receipts {
            let receipt = self.log.receipt(&[*key; 32]).unwrap().unwrap();
            assert_eq!(receipt.position, *position);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn the_log_is_a_list_whatever_happens(steps in collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut both = Both::new();
        for step in steps {
            runtime.block_on(both.take(step));
        }
        both.check();
        both.go_on_in_a_copy();
        both.check();
        both.log.close();
    }
}
