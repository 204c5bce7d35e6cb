//! What was found on the way through a document, and where.

use std::fmt;

use super::{IGNORED_MAX, Kind, Parsed, VIOLATIONS_MAX, Violation, Violations};

/// Longest part of a member's name that is repeated; an answer stays small whatever was asked.
const NAME_CHARS_MAX: usize = 100;

#[derive(Default)]
pub(super) struct Findings {
    violations: Vec<Violation>,
    malformed: bool,
    ignored: Vec<String>,
}

impl Findings {
    pub(super) fn note(&mut self, kind: Kind, path: Path<'_>, detail: impl fmt::Display) {
        // Beyond the bound the kind still counts.
        self.malformed |= kind == Kind::Malformed;

        if self.violations.len() < VIOLATIONS_MAX {
            let (pointer, detail) = (path.to_string(), detail.to_string());
            self.violations.push(Violation { kind, pointer, detail });
        } else if self.violations.len() == VIOLATIONS_MAX {
            let (pointer, detail) = (String::new(), "more is wrong than is listed here".to_owned());
            self.violations.push(Violation { kind, pointer, detail });
        }
    }

    pub(super) fn ignore(&mut self, path: Path<'_>) {
        if self.ignored.len() < IGNORED_MAX {
            self.ignored.push(path.to_string());
        } else if self.ignored.len() == IGNORED_MAX {
            // Others, too.
            self.ignored.push("...".to_owned());
        }
    }

    /// A reader gives no value only where it has noted why.
    pub(super) fn judge<T>(self, value: Option<T>) -> Result<Parsed<T>, Violations> {
        match value {
            Some(value) if self.violations.is_empty() => {
                Ok(Parsed { value, ignored: self.ignored })
            }
            Some(_) | None => {
                debug_assert!(!self.violations.is_empty(), "no value, and no reason");
                let Self { violations: list, malformed, ignored } = self;
                Err(Violations { list, malformed, ignored })
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
    for (index, letter) in name.chars().enumerate() {
        match letter {
            _ if index == NAME_CHARS_MAX => return f.write_str("…"),
            '~' => f.write_str("~0")?,
            '/' => f.write_str("~1")?,
            letter => fmt::Write::write_char(f, letter)?,
        }
    }
    Ok(())
}
