//! Lanes: lines about different things side by side, lines about the same thing in order.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, RandomState},
    io,
    sync::Arc,
    time::Duration,
};

use events::{envelope::Cause, log::NewReceipt};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::task::AbortOnDropHandle;

use super::{FeedError, Reason, Summary, command, reason};
use crate::{
    commands::{Command, CommandError, Commands, Done, Order},
    parse::feed::Line,
};

/// Commands under way at once; each waits for the same sync as the others.
const LANES: usize = 256;
/// Commands that may wait in one lane.
const LANE_LENGTH: usize = 8;

/// Of the receipt of a line that was rejected.
const REJECTED: u16 = 422;

/// How long a line waits before it is tried again on a busy service.
const BUSY_WAIT: Duration = Duration::from_millis(5);

struct Job {
    line: u64,
    command: Command,
    receipt: Option<NewReceipt>,
}

struct Outcome {
    line: u64,
    result: Result<Done, CommandError>,
}

pub(super) struct Lanes<S> {
    each: Vec<mpsc::Sender<Job>>,
    hasher: RandomState,
    outcomes: mpsc::Receiver<Outcome>,
    tell: S,
    summary: Summary,
    /// Why lines were rejected, or that they were not, until all before them are done.
    settled: BTreeMap<u64, Option<Vec<Reason>>>,
    under_way: BTreeSet<u64>,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

impl<S: FnMut(u64, Option<Vec<Reason>>) -> io::Result<()>> Lanes<S> {
    /// `tell` hears of every line in order, with the reasons if it was rejected.
    pub(super) fn start(commands: &Arc<Commands>, cause: &Cause, tell: S) -> Self {
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
            tell,
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
        receipt: Option<NewReceipt>,
    ) -> Result<(), FeedError> {
        self.summary.lines += 1;
        self.under_way.insert(line);
        match parsed {
            Err(reasons) => self.settle(line, Some(reasons))?,
            Ok(parsed) => self.send(Job { line, command: command(parsed), receipt }).await?,
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
                    let Ok(permit) = permit else { return Err(self.ended(job.line)) };
                    permit.send(job);
                    return Ok(());
                }
                Some(outcome) = self.outcomes.recv() => self.note(outcome)?,
            }
        }
    }

    /// Why a lane has ended: what failed in it was told before it did, unless it panicked.
    fn ended(&mut self, line: u64) -> FeedError {
        while let Ok(outcome) = self.outcomes.try_recv() {
            if let Err(error) = self.note(outcome) {
                return error;
            }
        }
        FeedError::Lost { line }
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
        // Of a lane that panicked nobody heard.
        match self.under_way.first() {
            Some(line) => Err(FeedError::Lost { line: *line }),
            None => Ok(self.summary),
        }
    }

    fn note(&mut self, outcome: Outcome) -> Result<(), FeedError> {
        let Outcome { line, result } = outcome;
        let reasons = match result {
            Ok(Done::Before(receipt)) if receipt.status == REJECTED => {
                Some(vec![reason("was rejected when it came first".to_owned())])
            }
            Ok(done) => {
                self.count(&done);
                None
            }
            Err(CommandError::KeyReused) => {
                Some(vec![reason("its id is that of another statement".to_owned())])
            }
            Err(error) if is_rejection(&error) => Some(vec![reason(error.to_string())]),
            Err(source) => return Err(FeedError::Command { line, source }),
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

    /// Tells of lines in their order.
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
            (self.tell)(line, reasons).map_err(FeedError::Read)?;
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
    while let Some(Job { line, command, receipt }) = jobs.recv().await {
        let order = Order { command, cause: cause.clone(), also: Vec::new(), until: None, receipt };
        let result = carry_out(&commands, order).await;
        // What was stated later must not come before what failed.
        let is_over = matches!(&result, Err(error) if !is_rejection(error));
        if done.send(Outcome { line, result }).await.is_err() || is_over {
            return;
        }
    }
}

/// Clients come first; the bank's statements can wait.
async fn carry_out(commands: &Commands, order: Order) -> Result<Done, CommandError> {
    let result = loop {
        match commands.execute(order.clone()).await {
            // A statement is not wrong since somebody else was first.
            Err(CommandError::Busy | CommandError::LostRace) => sleep(BUSY_WAIT).await,
            result => break result,
        }
    };
    let Err(error) = result else { return result };
    if !is_rejection(&error) {
        return Err(error);
    }
    // What was rejected once stays so, whatever is stated before it comes again.
    if let Some(receipt) = order.receipt.clone() {
        let receipt = Some(NewReceipt { status: REJECTED, ..receipt });
        let order = Order { receipt, ..order };
        while let Err(error) = commands.keep_rejection(order.clone()).await {
            let (CommandError::Busy | CommandError::LostRace) = error else { return Err(error) };
            sleep(BUSY_WAIT).await;
        }
    }
    Err(error)
}

/// Whether the line is at fault; else the service is, and the line may be tried again.
fn is_rejection(error: &CommandError) -> bool {
    match error {
        CommandError::Rejected(_) | CommandError::Refused(_) | CommandError::KeyReused => true,
        CommandError::Busy
        | CommandError::LostRace
        | CommandError::DiskFull
        | CommandError::Failed(_)
        | CommandError::Unknown(_)
        | CommandError::Read(_) => false,
    }
}
