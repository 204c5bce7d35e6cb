//! Reading an archive back: nothing that is changed, missing, too much or cut off goes unseen.

use std::io::{self, BufRead, Read};

use aws_lc_rs::digest::{Context, SHA256};
use serde::Deserialize;

use super::{
    FORMAT, digest,
    line::{End, Header, Kind, Line},
    mac,
};
use crate::seal::SecretKey;

/// Bytes of a line, at most; a record in Base64 has far fewer.
const LINE_BYTES_MAX: u64 = 256 * 1024;

/// Why an archive is not what was written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    #[error("it is no archive of dossier: its first line says nothing of the kind")]
    Foreign,
    #[error("it has format {0}, this version of dossier reads formats up to {FORMAT}")]
    Format(u32),
    #[error("it is an archive of {found:?}, where one of {wanted:?} is needed")]
    Kind { found: Kind, wanted: Kind },
    #[error("line {0} cannot be read")]
    Line(u64),
    #[error("it is cut off: {0} lines are there, the last is not")]
    Cut(u64),
    #[error("it was changed: its lines are not those that its last line accounts for")]
    Changed,
    #[error("something stands behind its last line")]
    TooMuch,
}

/// An archive, read line by line.
pub struct Reader<R> {
    input: R,
    digest: Context,
    lines: u64,
    header: Header,
    end: Option<End>,
}

#[derive(Deserialize)]
struct Probe {
    archive: ProbedHeader,
}

/// What every format says of itself.
#[derive(Deserialize)]
struct ProbedHeader {
    format: u32,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    pub fn open(mut input: R, wanted: Kind) -> Result<Self, ArchiveError> {
        let bytes = read_line(&mut input, 1)?;
        let probe: Probe = serde_json::from_slice(&bytes).map_err(|_| ArchiveError::Foreign)?;
        if probe.archive.format != FORMAT {
            return Err(ArchiveError::Format(probe.archive.format));
        }
        let Ok(Line::Archive(header)) = serde_json::from_slice(&bytes) else {
            return Err(ArchiveError::Line(1));
        };
        if header.kind != wanted {
            return Err(ArchiveError::Kind { found: header.kind, wanted });
        }
        let mut digest = Context::new(&SHA256);
        digest.update(&bytes);
        Ok(Self { input, digest, lines: 1, header, end: None })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Of the line that was read last.
    pub(crate) fn number(&self) -> u64 {
        self.lines
    }

    /// The next line; none after the last, once all of them are accounted for.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, ArchiveError> {
        if self.end.is_some() {
            return Ok(None);
        }
        let bytes = read_line(&mut self.input, self.lines + 1)?;
        let line = serde_json::from_slice(&bytes);
        match line.map_err(|_| ArchiveError::Line(self.lines + 1))? {
            // To the letter, for nothing accounts for the last line itself.
            Line::End(end) if Line::End(end.clone()).encode() == bytes => {
                self.finish(end).map(|()| None)
            }
            Line::Archive(_) | Line::End(_) => Err(ArchiveError::Line(self.lines + 1)),
            line @ (Line::Event(_) | Line::Receipt(_) | Line::Keys(_)) => {
                self.digest.update(&bytes);
                self.lines += 1;
                Ok(Some(line))
            }
        }
    }

    fn finish(&mut self, end: End) -> Result<(), ArchiveError> {
        if end.lines != self.lines || end.digest != digest(self.digest.clone(), &end.mac) {
            return Err(ArchiveError::Changed);
        }
        if !self.input.fill_buf()?.is_empty() {
            return Err(ArchiveError::TooMuch);
        }
        self.end = Some(end);
        Ok(())
    }

    /// Whether the archive, read to its end, was made under the secret of a folder.
    pub(crate) fn is_made_under(&self, store: &SecretKey) -> bool {
        self.end.as_ref().is_some_and(|end| end.mac == mac(store, &self.digest))
    }
}

/// Reads an archive to its end, whatever it holds.
pub fn check(input: impl BufRead, wanted: Kind) -> Result<(), ArchiveError> {
    let mut reader = Reader::open(input, wanted)?;
    while reader.next()?.is_some() {}
    Ok(())
}

/// A whole line with its end.
fn read_line(input: &mut impl BufRead, number: u64) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = Vec::new();
    (&mut *input).take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes)?;
    match bytes.last() {
        Some(b'\n') => Ok(bytes),
        Some(_) if u64::try_from(bytes.len()) == Ok(LINE_BYTES_MAX) => {
            Err(ArchiveError::Line(number))
        }
        Some(_) | None if number == 1 => Err(ArchiveError::Foreign),
        Some(_) | None => Err(ArchiveError::Cut(number - 1)),
    }
}
