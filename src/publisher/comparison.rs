//! What a comparison of stream and log has found, for people and for machines.

use std::fmt;

use events::id::Position;
use serde::{Deserialize, Serialize};

use super::{
    Difference,
    trouble::{Damage, Trouble},
};

/// Faults of a kind that are told one by one.
const TOLD_MAX: usize = 10;

/// The whole stream against the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    pub stream: String,
    pub log_ends_at: Position,
    pub messages: u64,
    /// The first position that the stream keeps.
    pub first: Option<Position>,
    pub last: Option<Position>,
    /// The same, if no limit of the stream explains that it begins there.
    pub cut_off: Option<Position>,
    /// Events in between that it does not hold, since they were forgotten.
    pub forgotten: u64,
    /// Positions in between that it should hold.
    pub missing: Faults,
    /// Positions that came again, or late.
    pub out_of_place: Faults,
    /// Positions whose message is of another event than the log's.
    pub differing: Faults,
    /// Positions that the log does not reach.
    pub ahead: Faults,
    /// Sequences of messages that are not events of dossier.
    pub foreign: Faults,
    /// Positions that were forgotten, and still have their body.
    pub unpurged: Faults,
    /// Events of the log after the last one that the stream holds.
    pub behind: u64,
    /// How many of those were published before this comparison was answered.
    pub published: u64,
    /// In what the stream is set up in another way than the configuration says.
    pub differences: Vec<Difference>,
    /// What a human must decide, and how.
    pub troubles: Vec<Trouble>,
}

/// How many there are, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    pub count: u64,
    pub first: Vec<u64>,
}

impl Faults {
    pub(super) fn note(&mut self, which: u64) {
        self.count += 1;
        if self.first.len() < TOLD_MAX {
            self.first.push(which);
        }
    }

    /// The first, if there is one.
    fn some(&self) -> Option<(Position, u64)> {
        self.first.first().map(|first| (Position(*first), self.count))
    }
}

impl Comparison {
    pub(super) fn of(stream: String) -> Self {
        Self { stream, ..Self::default() }
    }

    /// Whether the stream holds every event from its first one on once, in order, to the last.
    pub fn agrees(&self) -> bool {
        self.troubles.is_empty() && self.behind == self.published
    }

    /// Says what the faults mean, when the log ends there.
    pub(super) fn judge(&mut self, log_ends_at: Position) {
        self.log_ends_at = log_ends_at;
        self.behind = log_ends_at.0.saturating_sub(self.last.unwrap_or_default().0);
        let damages = [
            self.ahead.some().map(|(first, count)| Damage::Ahead { first, count }),
            self.differing.some().map(|(first, count)| Damage::Differs { first, count }),
            self.out_of_place.some().map(|(first, count)| Damage::Disorder { first, count }),
            self.missing.some().map(|(first, count)| Damage::Missing { first, count }),
            self.cut_off.map(|first| Damage::Beginning { first }),
            self.unpurged.some().map(|(first, count)| Damage::Unpurged { first, count }),
            self.foreign.some().map(|(first, count)| Damage::Foreign { first: first.0, count }),
        ];
        self.troubles = damages.iter().flatten().map(Damage::trouble).collect();
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, log_ends_at, messages, .. } = self;
        write!(f, "stream {stream}: {messages} messages")?;
        if let (Some(first), Some(last)) = (self.first, self.last) {
            write!(f, ", positions {first} to {last}")?;
        }
        writeln!(f, "; the log ends at {log_ends_at}")?;
        if self.forgotten > 0 {
            writeln!(f, "  {} events are not there, since they were forgotten", self.forgotten)?;
        }
        for (what, faults) in [
            ("lie beyond the end of the log", &self.ahead),
            ("differ from the log", &self.differing),
            ("came again, or late", &self.out_of_place),
            ("are missing in between", &self.missing),
            ("were forgotten, and still have their body", &self.unpurged),
        ] {
            told(f, "positions", what, faults)?;
        }
        told(f, "sequences", "are not events of dossier", &self.foreign)?;
        if self.behind > 0 {
            let Self { behind, published, .. } = self;
            writeln!(
                f,
                "  {behind} events are missing at its end; {published} were published now"
            )?;
        }
        for Difference { setting, found, wanted } in &self.differences {
            writeln!(f, "  its setting {setting} is {found}, not {wanted}; it is left as it is")?;
        }
        for Trouble { kind, what, remedy } in &self.troubles {
            writeln!(f, "{kind}: {what}\n  {remedy}")?;
        }
        let verdict = if self.agrees() { "stream and log agree" } else { "stream and log differ" };
        f.write_str(verdict)
    }
}

fn told(f: &mut fmt::Formatter<'_>, name: &str, what: &str, faults: &Faults) -> fmt::Result {
    if faults.count == 0 {
        return Ok(());
    }
    let first: Vec<_> = faults.first.iter().map(u64::to_string).collect();
    let told = u64::try_from(first.len()).unwrap_or(u64::MAX);
    let more = if faults.count > told { ", …" } else { "" };
    writeln!(f, "  {} {name} {what}: {}{more}", faults.count, first.join(", "))
}
