//! Asking the journal.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use chrono::{DateTime, SecondsFormat, Utc};
use events::id::{ClientId, CustomerId, PersonId};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    entry,
    files::{self, Begun},
};

/// What is looked for; what is not named may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    pub customer: Option<CustomerId>,
    pub person: Option<PersonId>,
    pub client: Option<ClientId>,
    /// The first instant.
    pub from: Option<DateTime<Utc>>,
    /// The first instant that is too late.
    pub to: Option<DateTime<Utc>>,
}

impl Wanted {
    /// Reads what pairs of names and values ask for.
    pub fn named<'a>(
        pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    ) -> Result<Self, String> {
        let mut wanted = Self::default();
        for (name, value) in pairs {
            let unfit = |error| format!("{name} {error}");
            let instant = || {
                let instant = DateTime::parse_from_rfc3339(&value);
                instant
                    .map(|at| at.to_utc())
                    .map_err(|_| format!("{name} is no instant of RFC 3339"))
            };
            match &*name {
                "customer" => wanted.customer = Some(CustomerId::parse(&value).map_err(unfit)?),
                "person" => wanted.person = Some(PersonId::parse(&value).map_err(unfit)?),
                "client" => wanted.client = Some(ClientId::parse(&value).map_err(unfit)?),
                "from" => wanted.from = Some(instant()?),
                "to" => wanted.to = Some(instant()?),
                _ => return Err("known are customer, person, client, from and to".to_owned()),
            }
        }
        Ok(wanted)
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An entry as a line of JSON, its time readable.
    Entry(String),
    /// A line that cannot be read.
    Damaged { file: PathBuf, line: u64 },
}

#[derive(Deserialize)]
struct Line {
    at: i64,
    client: String,
    person: Option<String>,
    customers: Vec<Through>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize, serde::Serialize)]
struct Through {
    customer: String,
    consent: String,
}

/// Entries of the journal in a folder, in the order of time; one without a folder is empty.
pub fn search(
    dir: &Path,
    wanted: Wanted,
) -> io::Result<impl Iterator<Item = io::Result<Found>> + Send + use<>> {
    let files = all(dir)?;
    let last = files.last().map(|last| last.path.clone());
    let within = part(files, &wanted);
    Ok(within.into_iter().flat_map(move |file| {
        let newest = Some(&file.path) == last.as_ref();
        entries(&file.path, newest, wanted.clone())
    }))
}

/// The lines of a journal that cannot be read, when nobody writes to it.
pub fn damaged(dir: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let mut damaged = Vec::new();
    for file in all(dir)? {
        for found in entries(&file.path, false, Wanted::default()) {
            if let Found::Damaged { file, line } = found? {
                damaged.push((file, line));
            }
        }
    }
    Ok(damaged)
}

fn all(dir: &Path) -> io::Result<Vec<Begun>> {
    match files::list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed,
    }
}

/// Files that may hold what is wanted: each ends where the next one begins.
fn part(files: Vec<Begun>, wanted: &Wanted) -> Vec<Begun> {
    let from = wanted.from.map_or(i64::MIN, |from| from.timestamp_micros());
    let to = wanted.to.map_or(i64::MAX, |to| to.timestamp_micros());
    let ends: Vec<i64> = files.iter().skip(1).map(|next| next.at).chain([i64::MAX]).collect();
    let within = files.into_iter().zip(ends).filter(|(file, end)| file.at < to && *end >= from);
    within.map(|(file, _)| file).collect()
}

fn entries(
    path: &Path,
    newest: bool,
    wanted: Wanted,
) -> Box<dyn Iterator<Item = io::Result<Found>> + Send> {
    let mut file = match File::open(path) {
        Ok(file) => BufReader::new(file),
        // Removed meanwhile, for its age.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Box::new(std::iter::empty());
        }
        Err(error) => return Box::new(std::iter::once(Err(error))),
    };
    let (path, mut line, mut bytes) = (path.to_path_buf(), 0, Vec::new());
    Box::new(std::iter::from_fn(move || {
        loop {
            bytes.clear();
            match file.read_until(b'\n', &mut bytes) {
                Ok(0) => return None,
                Err(error) => return Some(Err(error)),
                Ok(_) => {}
            }
            line += 1;
            if newest && bytes.last() != Some(&b'\n') {
                // It is being written.
                return None;
            }
            match judge(&bytes, &wanted) {
                Some(None) => {}
                Some(Some(entry)) => return Some(Ok(Found::Entry(entry))),
                None => return Some(Ok(Found::Damaged { file: path.clone(), line })),
            }
        }
    }))
}

/// None where the line cannot be read; nothing in it where it is not wanted.
#[expect(clippy::option_option, reason = "both are asked for at once")]
fn judge(bytes: &[u8], wanted: &Wanted) -> Option<Option<String>> {
    let line: Line = serde_json::from_slice(&entry::checked(bytes)?).ok()?;
    let at = DateTime::from_timestamp_micros(line.at)?;
    let is = |id: Option<&str>, text: &str| id.is_none_or(|id| id == text);
    let customer = wanted.customer.as_ref().map(CustomerId::as_str);
    let fits = is(wanted.client.as_ref().map(ClientId::as_str), &line.client)
        && wanted.person.as_ref().is_none_or(|id| line.person.as_deref() == Some(id.as_str()))
        && (customer.is_none() || line.customers.iter().any(|one| is(customer, &one.customer)))
        && wanted.from.is_none_or(|from| from <= at)
        && wanted.to.is_none_or(|to| at < to);
    Some(fits.then(|| readable(line, at, customer)))
}

/// Of a page of a list, the customer that was asked for.
fn readable(line: Line, at: DateTime<Utc>, customer: Option<&str>) -> String {
    let customers = line.customers.into_iter();
    let customers: Vec<_> =
        customers.filter(|one| customer.is_none_or(|id| id == one.customer)).collect();
    let mut entry = Map::new();
    entry.insert("at".to_owned(), at.to_rfc3339_opts(SecondsFormat::Micros, true).into());
    entry.insert("client".to_owned(), line.client.into());
    entry.extend(line.person.map(|person| ("person".to_owned(), person.into())));
    let customers = serde_json::to_value(customers).expect("ids are plain JSON");
    entry.insert("customers".to_owned(), customers);
    entry.extend(line.rest);
    Value::Object(entry).to_string()
}
