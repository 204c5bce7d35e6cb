//! Where a backup comes from: a folder, or a running service.

use std::{
    fmt,
    io::{BufWriter, Write},
};

use events::{
    id::Position,
    log::{Ended, EventLog, Salvage},
};
use serde::Deserialize;

/// Whoever can tell the history and the keys.
pub trait Source {
    /// Writes the archive of what came after another one.
    fn events(&self, before: Option<Ended>, out: &mut dyn Write) -> anyhow::Result<()>;
    /// Writes the archive of the keys.
    fn keys(&self, out: &mut dyn Write) -> anyhow::Result<()>;
}

impl Source for EventLog {
    fn events(&self, before: Option<Ended>, out: &mut dyn Write) -> anyhow::Result<()> {
        write(out, self.export(before)?)
    }

    fn keys(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        write(out, self.keys().export()?)
    }
}

/// What is left of a damaged folder: its events, as far as none is missing, and no receipts.
impl Source for Salvage {
    fn events(&self, before: Option<Ended>, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 20, out);
        self.export(before, &mut out)?;
        Ok(out.flush()?)
    }

    fn keys(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        write(out, self.keys().export()?)
    }
}

fn write<E>(
    out: &mut dyn Write,
    lines: impl Iterator<Item = Result<Vec<u8>, E>>,
) -> anyhow::Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut out = BufWriter::with_capacity(1 << 20, out);
    for line in lines {
        out.write_all(&line?)?;
    }
    Ok(out.flush()?)
}

/// Where the archive before ended, as a query says it: all of it, or nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndedQuery {
    log: Option<String>,
    after: Option<u64>,
    hash: Option<String>,
}

impl From<Option<Ended>> for EndedQuery {
    fn from(before: Option<Ended>) -> Self {
        Self {
            log: before.map(|before| hex::encode(before.log)),
            after: before.map(|before| before.position.0),
            hash: before.map(|before| hex::encode(before.leaf)),
        }
    }
}

impl fmt::Display for EndedQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.log, self.after, &self.hash) {
            (Some(log), Some(after), Some(hash)) => {
                write!(f, "log={log}&after={after}&hash={hash}")
            }
            _ => Ok(()),
        }
    }
}

impl TryFrom<EndedQuery> for Option<Ended> {
    type Error = &'static str;

    fn try_from(query: EndedQuery) -> Result<Self, Self::Error> {
        let bytes = |digits: &str| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(digits, &mut bytes).map(|()| bytes)
        };
        let wrong = "log and hash have 64 hexadecimal digits";
        match (query.log, query.after, query.hash) {
            (None, None, None) => Ok(None),
            (Some(log), Some(after), Some(hash)) => Ok(Some(Ended {
                log: bytes(&log).map_err(|_| wrong)?,
                position: Position(after),
                leaf: bytes(&hash).map_err(|_| wrong)?,
            })),
            _ => Err("log, after and hash belong together"),
        }
    }
}
