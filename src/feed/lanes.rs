//! Lanes: lines about different things side by side, lines about the same thing in order.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, RandomState},
    io,
    sync::Arc,
    time::Duration,
};

use events::envelope::Cause;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{FeedError, Reason, Reject, Summary, command, reason};
use crate::{
    commands::{Command, CommandError, Commands, Done, Order},
    parse::feed::Line,
};

/// Commands under way at once; each waits for the same sync as the others.
const LANES: usize = 256;
/// Commands that may wait in one lane.
const LANE_LENGTH: usize = 8;

/// How long a line waits before it is tried again on a busy service.
const BUSY_WAIT: Duration = Duration::from_millis(5);

struct Job {
    line: u64,
    command: Command,
}

struct Outcome {
    line: u64,
    result: Result<Done, CommandError>,
}

pub(super) struct Lanes<R> {
    each: Vec<mpsc::Sender<Job>>,
    hasher: RandomState,
    outcomes: mpsc::Receiver<Outcome>,
    rejects: R,
    summary: Summary,
    /// Rejects, and lines that were not, until all before them are done.
    settled: BTreeMap<u64, Option<Vec<Reason>>>,
    under_way: BTreeSet<u64>,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

impl<R: FnMut(Reject) -> io::Result<()>> Lanes<R> {
    pub(super) fn start(commands: &Arc<Commands>, cause: &Cause, rejects: R) -> Self {
        let (done, outcomes) = mpsc::channel(LANES * LANE_LENGTH);
        let (each, tasks) = (0..LANES)
            .map(|_| {
                let (lane, jobs) = mpsc::channel(LANE_LENGTH);
                let run = run_lane(Arc::clone(commands), cause.clone(), jobs, done.clone());
                (lane, AbortOnDropHandle::new(tokio::spawn(run)))
            })
            .unzip();
        Self {
            each,
            hasher: RandomState::new(),
            outcomes,
            rejects,
            summary: Summary::default(),
            settled: BTreeMap::new(),
            under_way: BTreeSet::new(),
            _tasks: tasks,
        }
    }

    /// Sends a line on its way, and takes in what came of others meanwhile.
    pub(super) async fn take(
        &mut self,
        line: u64,
        parsed: Result<Line, Vec<Reason>>,
    ) -> Result<(), FeedError> {
        self.summary.lines += 1;
        self.under_way.insert(line);
        match parsed {
            Err(reasons) => self.settle(line, Some(reasons))?,
            Ok(parsed) => self.send(Job { line, command: command(parsed) }).await?,
        }
        while let Ok(outcome) = self.outcomes.try_recv() {
            self.note(outcome)?;
        }
        Ok(())
    }

    async fn send(&mut self, job: Job) -> Result<(), FeedError> {
        let lane = self.lane_of(&job.command);
        loop {
            tokio::select! {
                biased;
                permit = lane.reserve() => {
                    permit.expect("lanes run as long as there are jobs").send(job);
                    return Ok(());
                }
                Some(outcome) = self.outcomes.recv() => self.note(outcome)?,
            }
        }
    }

    fn lane_of(&self, command: &Command) -> mpsc::Sender<Job> {
        let lanes = u64::try_from(self.each.len()).unwrap_or(1);
        let nth = usize::try_from(self.hasher.hash_one(command.stream()) % lanes).unwrap_or(0);
        self.each[nth].clone()
    }

    /// Waits for everything that is under way.
    pub(super) async fn finish(mut self) -> Result<Summary, FeedError> {
        self.each.clear();
        while let Some(outcome) = self.outcomes.recv().await {
            self.note(outcome)?;
        }
        Ok(self.summary)
    }

    fn note(&mut self, outcome: Outcome) -> Result<(), FeedError> {
        let Outcome { line, result } = outcome;
        let reasons = match result {
            Ok(done) => {
                self.count(&done);
                None
            }
            Err(
                error @ (CommandError::Rejected(_)
                | CommandError::Refused(_)
                | CommandError::LostRace
                | CommandError::KeyReused),
            ) => Some(vec![reason(error.to_string())]),
            Err(
                source @ (CommandError::Busy
                | CommandError::DiskFull
                | CommandError::Failed(_)
                | CommandError::Unknown(_)
                | CommandError::Read(_)),
            ) => return Err(FeedError::Command { line, source }),
        };
        self.settle(line, reasons)
    }

    fn count(&mut self, done: &Done) {
        match done {
            Done::Now { events, position, .. } if !events.is_empty() => {
                self.summary.appended += u64::try_from(events.len()).unwrap_or(u64::MAX);
                self.summary.position = self.summary.position.max(*position);
            }
            Done::Now { .. } | Done::Before(_) => self.summary.unchanged += 1,
        }
    }

    /// Tells of rejects in the order of their lines.
    fn settle(&mut self, line: u64, reasons: Option<Vec<Reason>>) -> Result<(), FeedError> {
        self.summary.rejected += u64::from(reasons.is_some());
        self.under_way.remove(&line);
        self.settled.insert(line, reasons);
        let waiting = self.under_way.first().copied();
        while let Some(entry) = self.settled.first_entry() {
            if waiting.is_some_and(|waiting| waiting < *entry.key()) {
                break;
            }
            let (line, reasons) = entry.remove_entry();
            if let Some(reasons) = reasons {
                (self.rejects)(Reject { line, reasons }).map_err(FeedError::Read)?;
            }
        }
        Ok(())
    }
}

async fn run_lane(
    commands: Arc<Commands>,
    cause: Cause,
    mut jobs: mpsc::Receiver<Job>,
    done: mpsc::Sender<Outcome>,
) {
    while let Some(Job { line, command }) = jobs.recv().await {
        let order =
            Order { command, cause: cause.clone(), also: Vec::new(), until: None, receipt: None };
        let result = loop {
            match commands.execute(order.clone()).await {
                // Clients come first; the bank's statements can wait.
                Err(CommandError::Busy) => tokio::time::sleep(BUSY_WAIT).await,
                result => break result,
            }
        };
        if done.send(Outcome { line, result }).await.is_err() {
            return;
        }
    }
}
