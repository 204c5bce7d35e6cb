//! What only a human can decide: why publishing halts, what is wrong with the stream, and what to do.

use std::{fmt::Display, sync::Arc};

use events::{causes, id::Position, log::ReadError};
use serde::{Deserialize, Serialize};

/// Every reason to halt, as metrics name it.
pub const HALTS: [&str; 5] = ["ahead", "differs", "foreign", "disorder", "log"];
/// Every kind of damage that publishing goes on beside, as metrics name it.
pub const DAMAGES: [&str; 8] =
    ["ahead", "differs", "disorder", "missing", "beginning", "unpurged", "foreign", "unexamined"];

const AHEAD: &str = "The log has lost events, or another dossier publishes into this stream. \
                     Restore the log, or stop the other one; only if the log is right as it is: \
                     stop the service, purge the stream and start it again; the stream is then \
                     filled from the log; have every subscriber begin anew.";

/// Something that only a human can decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// One word for it, one of `HALTS` or `DAMAGES`.
    pub kind: Arc<str>,
    /// What was found.
    pub what: Arc<str>,
    /// What can be done.
    pub remedy: Arc<str>,
}

impl Trouble {
    pub(super) fn new(kind: &'static str, what: impl Display, remedy: &'static str) -> Self {
        Self { kind: kind.into(), what: what.to_string().into(), remedy: remedy.into() }
    }
}

/// Why nothing may be published until somebody has looked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Halt {
    #[error(
        "the stream is ahead of the log: it holds position {found}, the log ends at {watermark}"
    )]
    Ahead { found: Position, watermark: Position },
    #[error("the stream differs from the log at position {0}: it mirrors another log")]
    Differs(Position),
    #[error(
        "the last message of the stream (sequence {sequence}, subject {subject}) is not an event \
         of dossier"
    )]
    Foreign { sequence: u64, subject: String },
    #[error(
        "the stream is out of order: position {position} lies behind position {before} \
         (sequence {sequence})"
    )]
    Disorder { position: Position, before: Position, sequence: u64 },
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
}

impl Halt {
    pub(super) fn trouble(&self) -> Trouble {
        let (kind, remedy) = match self {
            Self::Ahead { .. } => ("ahead", AHEAD),
            Self::Differs(_) => (
                "differs",
                "Another dossier publishes into this stream, or the log was replaced. Stop the \
                 other one, or give this one a stream and prefix of its own; only if this log is \
                 the right one: purge the stream, which is then filled from the log, and have \
                 every subscriber begin anew.",
            ),
            Self::Foreign { .. } => (
                "foreign",
                "Stop whoever publishes under the prefix of dossier, then purge that subject; if \
                 events of dossier lie under it too, they are found missing: then purge the whole \
                 stream, which is filled again from the log.",
            ),
            Self::Disorder { .. } => (
                "disorder",
                "Somebody sent events of dossier again. Stop that, then purge the stream: it is \
                 filled again from the log, and subscribers skip the positions that they know.",
            ),
            Self::Log(_) => (
                "log",
                "The log itself is damaged or was closed: see what the service says about it.",
            ),
        };
        Trouble::new(kind, causes::chain(self), remedy)
    }
}

/// What is wrong inside the stream; what comes after it is published all the same.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    #[error("the stream lacks {count} events of the log, the first of them at position {first}")]
    Missing { first: Position, count: u64 },
    #[error("the stream begins at position {first}, which no limit of it explains")]
    Beginning { first: Position },
    #[error("{count} messages are not events of dossier, the first of them at sequence {first}")]
    Foreign { first: u64, count: u64 },
    #[error(
        "{count} events that were forgotten still have their body in the stream, the first of \
         them at position {first}"
    )]
    Unpurged { first: Position, count: u64 },
    #[error("{count} messages are gone from inside the stream, too many to look at each time")]
    Unexamined { count: u64 },
    #[error(
        "{count} messages lie beyond the end of the log, the first of them at position {first}"
    )]
    Ahead { first: Position, count: u64 },
    #[error("{count} messages differ from the log, the first of them at position {first}")]
    Differs { first: Position, count: u64 },
    #[error("{count} events came again, or late, the first of them at position {first}")]
    Disorder { first: Position, count: u64 },
}

impl Damage {
    pub(super) fn trouble(&self) -> Trouble {
        let (kind, remedy) = match self {
            Self::Missing { .. } => (
                "missing",
                "Subscribers that read on from before it miss them, and see so by \
                 ce-previousposition. Nothing can be put between messages: to have them back, \
                 stop the service, purge the stream and start the service again; the stream is \
                 filled from the log, and subscribers skip the positions that they know.",
            ),
            Self::Beginning { .. } => (
                "beginning",
                "It was purged while events were published, or had limits before. New \
                 subscribers miss what comes before. To have it back, stop the service, purge \
                 the stream and start the service again; the stream is filled from the log, and \
                 subscribers skip the positions that they know.",
            ),
            Self::Foreign { .. } => (
                "foreign",
                "Subscribers should ignore what has no ce-position. Stop whoever publishes under \
                 the prefix of dossier, and purge that subject, if no events lie under it.",
            ),
            Self::Unpurged { .. } => ("unpurged", "Purge the subjects of what was forgotten."),
            Self::Unexamined { .. } => {
                ("unexamined", "Run `dossier reconcile`, which reads the whole stream.")
            }
            Self::Disorder { .. } => (
                "disorder",
                "Stop the service, purge the stream and start the service again: the stream is \
                 filled from the log, and subscribers skip the positions that they know.",
            ),
            Self::Ahead { .. } => ("ahead", AHEAD),
            Self::Differs { .. } => (
                "differs",
                "Stop the service, purge the stream and start the service again: the stream is \
                 filled from the log; have every subscriber that has read those positions begin \
                 anew.",
            ),
        };
        Trouble::new(kind, self, remedy)
    }
}
