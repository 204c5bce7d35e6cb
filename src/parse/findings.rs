//! What was found on the way through a document, and where.

use std::fmt;

use super::{IGNORED_BEYOND, Kind, Parsed, TOLD_BYTES_MAX, Violation, Violations};

#[derive(Default)]
pub(super) struct Findings {
    violations: Told<Violation>,
    malformed: bool,
    ignored: Told<String>,
}

/// What is told, whole, as long as there is room.
///
/// Nothing is even written once something did not fit: a name that is long and stands far up
/// comes again in the pointer to everything below it.
struct Told<T> {
    list: Vec<T>,
    bytes: usize,
    is_full: bool,
}

impl<T> Default for Told<T> {
    fn default() -> Self {
        Self { list: Vec::new(), bytes: 0, is_full: false }
    }
}

impl<T> Told<T> {
    /// Takes something with its bytes, or what stands for all that does not fit.
    fn tell(&mut self, write: impl FnOnce() -> (T, usize), beyond: impl FnOnce() -> T) {
        if self.is_full {
            return;
        }
        let (one, bytes) = write();
        self.bytes += bytes;
        self.is_full = self.bytes > TOLD_BYTES_MAX;
        self.list.push(if self.is_full { beyond() } else { one });
    }
}

impl Findings {
    pub(super) fn note(&mut self, kind: Kind, path: Path<'_>, detail: impl fmt::Display) {
        // Beyond the bound the kind still counts.
        self.malformed |= kind == Kind::Malformed;
        let write = || {
            let (pointer, detail) = (path.to_string(), detail.to_string());
            let bytes = pointer.len() + detail.len();
            (Violation { kind, pointer, detail }, bytes)
        };
        self.violations.tell(write, Violation::beyond);
    }

    pub(super) fn ignore(&mut self, path: Path<'_>) {
        let write = || {
            let pointer = path.to_string();
            let bytes = pointer.len();
            (pointer, bytes)
        };
        self.ignored.tell(write, || IGNORED_BEYOND.to_owned());
    }

    /// A reader gives no value only where it has noted why.
    pub(super) fn judge<T>(self, value: Option<T>) -> Result<Parsed<T>, Violations> {
        match value {
            Some(value) if self.violations.list.is_empty() => {
                Ok(Parsed { value, ignored: self.ignored.list })
            }
            Some(_) | None => {
                debug_assert!(!self.violations.list.is_empty(), "no value, and no reason");
                let Self { violations, malformed, ignored } = self;
                Err(Violations { list: violations.list, malformed, ignored: ignored.list })
            }
        }
    }
}

/// Where a value stands in its document; written as a JSON Pointer.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Member(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Item(list, index) => write!(f, "{list}/{index}"),
            Self::Member(object, name) => {
                write!(f, "{object}/")?;
                write_escaped(name, f)
            }
        }
    }
}

fn write_escaped(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for letter in name.chars() {
        match letter {
            '~' => f.write_str("~0")?,
            '/' => f.write_str("~1")?,
            letter => fmt::Write::write_char(f, letter)?,
        }
    }
    Ok(())
}
