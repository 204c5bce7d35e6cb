//! The bank's own statements, a line each: master data and consents.
//!
//! Lines are read in order and carried out side by side, but lines about the same customer,
//! person or consent go down the same lane, one after another.

mod lanes;
mod lines;

use std::{io, sync::Arc};

use events::{envelope::Cause, id::Position, log::NewReceipt};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncBufRead;

use self::lanes::Lanes;
pub(crate) use self::lines::append_line;
use crate::{
    commands::{
        Command, CommandError, Commands, consent::ConsentCommand, customer::CustomerCommand,
        person::PersonCommand,
    },
    parse::{
        Violations,
        feed::{self, Line},
    },
};

/// Lines that are parsed together, away from the tasks that wait for the disk.
const BATCH_LINES: usize = 128;
/// Batches that are parsed at once.
const BATCHES_AT_ONCE: usize = 2;

/// What became of a feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Lines that were read, blank ones left out.
    pub lines: u64,
    /// Events that were appended.
    pub appended: u64,
    /// Lines that stated nothing new.
    pub unchanged: u64,
    /// Lines that were rejected.
    pub rejected: u64,
    /// Of the last event that was appended.
    pub position: Position,
}

/// A line that was rejected, and every reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// Counted from 1.
    pub line: u64,
    pub reasons: Vec<Reason>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A JSON Pointer into the line.
    pub pointer: String,
    pub detail: String,
}

/// Why a feed was given up; what was appended until then stays.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("the feed could not be read")]
    Read(#[source] io::Error),
    #[error("what became of line {line} is not known")]
    Lost { line: u64 },
    #[error("line {line} could not be carried out")]
    Command { line: u64, source: CommandError },
}

/// Carries out every line, and tells of each one that was rejected, in order.
pub async fn run(
    commands: &Arc<Commands>,
    cause: &Cause,
    input: impl AsyncBufRead + Unpin,
    mut rejects: impl FnMut(Reject) -> io::Result<()>,
) -> Result<Summary, FeedError> {
    let mut lanes = Lanes::start(commands, cause, |line, reasons| match reasons {
        Some(reasons) => rejects(Reject { line, reasons }),
        None => Ok(()),
    });
    let parsed = lines::batches(input, BATCH_LINES)
        .map(|batch| tokio::task::spawn_blocking(|| Ok(parse_all(batch?))))
        .buffered(BATCHES_AT_ONCE);
    let mut parsed = std::pin::pin!(parsed);
    while let Some(batch) = parsed.next().await {
        let batch = batch.expect("parsing does not panic").map_err(FeedError::Read)?;
        for (line, parsed) in batch {
            lanes.take(line, parsed, None).await?;
        }
    }
    lanes.finish().await
}

/// Something that the bank states, with its number and how it is known again.
pub(crate) struct Statement {
    pub(crate) number: u64,
    pub(crate) text: Vec<u8>,
    pub(crate) receipt: NewReceipt,
}

/// Carries out statements, and tells in their order of each one that is settled: why it was
/// rejected, if so. What comes after one that could not be carried out is not settled.
pub(crate) async fn carry_out(
    commands: &Arc<Commands>,
    cause: &Cause,
    statements: Vec<Statement>,
    mut settled: impl FnMut(u64, Option<Vec<Reason>>),
) -> Result<(), FeedError> {
    let parse_all = || {
        let parse_one = |Statement { number, text, receipt }| {
            (parse(lines::Raw::bounded(number, text)), receipt)
        };
        statements.into_iter().map(parse_one).collect::<Vec<_>>()
    };
    let parsed = tokio::task::spawn_blocking(parse_all).await.expect("parsing does not panic");
    let mut lanes = Lanes::start(commands, cause, |number, reasons| {
        settled(number, reasons);
        Ok(())
    });
    for ((number, parsed), receipt) in parsed {
        lanes.take(number, parsed, Some(receipt)).await?;
    }
    lanes.finish().await?;
    Ok(())
}

/// Whether a text states something, right or wrong.
pub(crate) fn is_statement(text: &[u8]) -> bool {
    text.len() <= lines::LINE_BYTES_MAX && feed::line(text).is_ok()
}

type Parsed = (u64, Result<Line, Vec<Reason>>);

fn parse_all(batch: Vec<lines::Raw>) -> Vec<Parsed> {
    batch.into_iter().map(parse).collect()
}

fn parse(raw: lines::Raw) -> Parsed {
    let parsed = match &raw.text {
        Some(text) => feed::line(text).map(known).map_err(reasons),
        None => Err(vec![reason(format!("is longer than {} bytes", lines::LINE_BYTES_MAX))]),
    };
    (raw.number, parsed)
}

/// What is known of a line; the rest is counted, since it may be a known member misspelt.
fn known(parsed: crate::parse::Parsed<Line>) -> Line {
    let ignored = u64::try_from(parsed.ignored.len()).unwrap_or(u64::MAX);
    metrics::counter!("dossier_feed_ignored_members_total").increment(ignored);
    parsed.value
}

fn reasons(violations: Violations) -> Vec<Reason> {
    let reason = |violation: &crate::parse::Violation| Reason {
        pointer: violation.pointer.clone(),
        detail: violation.detail.clone(),
    };
    violations.as_slice().iter().map(reason).collect()
}

fn reason(detail: String) -> Reason {
    Reason { pointer: String::new(), detail }
}

/// What the bank's statement asks for.
fn command(line: Line) -> Command {
    match line {
        Line::Customer(line) => Command::Customer(line.id.clone(), CustomerCommand::State(line)),
        Line::Person(line) => Command::Person(line.id.clone(), PersonCommand::State(line)),
        Line::Address(line) => {
            let (address, change) = (line.id, line.change);
            Command::Customer(line.customer, CustomerCommand::StateAddress { address, change })
        }
        Line::Kyc(line) => Command::Customer(line.customer, CustomerCommand::StateKyc(line.kyc)),
        Line::Consent(line) => Command::Consent(line.id.clone(), ConsentCommand::State(line)),
    }
}
