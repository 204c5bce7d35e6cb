//! What a running service takes: memory, descriptors, and room on the disk, part by part.

use std::{
    collections::BTreeMap,
    fmt, fs,
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, Instant},
};

use crate::support::{binary::Serving, client::http};

/// Bytes of memory that may come and go between its peaks: the caches of sled fill slowly, and are
/// emptied by much at a time.
const MEMORY_SWAY: u64 = 64 * 1024 * 1024;
/// Descriptors that may come and go: connections, and files on their way.
const DESCRIPTORS_SWAY: u64 = 8;
/// Bytes of the log that an event of the soak justifies, the store's garbage and receipts included.
const LOG_BYTES_PER_EVENT: u64 = 1_500;
/// Bytes of the access journal that an answer to a client justifies.
const JOURNAL_BYTES_PER_ANSWER: u64 = 600;
/// Bytes of the store of projections that may come and go: some of its segments.
const PROJECTIONS_SWAY: u64 = 64 * 1024 * 1024;

/// Of one moment.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    at: Duration,
    life: u32,
    position: u64,
    memory: u64,
    descriptors: u64,
    parts: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
pub(super) struct Samples(Vec<Sample>);

impl Sample {
    pub(super) async fn of(serving: &Serving, data: &Path, life: u32, started: Instant) -> Self {
        let process = format!("/proc/{}", serving.id());
        Self {
            at: started.elapsed(),
            life,
            position: position(&serving.admin).await,
            memory: memory(&process),
            descriptors: fs::read_dir(format!("{process}/fd")).unwrap().count().try_into().unwrap(),
            parts: parts(data),
        }
    }

    fn part(&self, name: &str) -> u64 {
        self.parts.get(name).copied().unwrap_or_default()
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, life, position, memory, descriptors, parts } = self;
        write!(f, "{} s, life {life}, {position} events: ", at.as_secs())?;
        write!(f, "{} MB, {descriptors} descriptors", memory / 1_000_000)?;
        parts.iter().try_for_each(|(part, bytes)| write!(f, ", {part} {bytes}"))
    }
}

impl Samples {
    pub(super) fn push(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    /// Both halves of the last life.
    fn last_life(&self) -> (&[Sample], &[Sample]) {
        let life = self.0.last().unwrap().life;
        let first = self.0.iter().position(|sample| sample.life == life).unwrap();
        self.0[first..].split_at((self.0.len() - first) / 2)
    }

    pub(super) fn print(&self, answered: u64) {
        let step = (self.0.len() / 20).max(1);
        self.0.iter().step_by(step).chain(self.0.last()).for_each(|sample| println!("{sample}"));
        let (first, last) = (&self.0[0], self.0.last().unwrap());
        let events = last.position - first.position;
        println!("{events} events, {answered} answers to clients, {} lives", last.life + 1);
        for part in last.parts.keys() {
            let grown = last.part(part).saturating_sub(first.part(part));
            println!("{part}: {} bytes an event", grown / events);
        }
    }

    /// Panics where something grows that should not.
    pub(super) fn judge(&self, answered: u64) {
        let (half, last) = self.last_life();
        let memory = [half, last].map(|part| most(part, |sample| sample.memory));
        assert!(memory[1] <= memory[0] + MEMORY_SWAY, "memory grows: {memory:?}");
        let half = &self.0[self.0.len() / 4..self.0.len() / 2];
        let descriptors = [half, last].map(|part| most(part, |sample| sample.descriptors));
        let sway = descriptors[0] + DESCRIPTORS_SWAY;
        assert!(descriptors[1] <= sway, "descriptors are lost: {descriptors:?}");
        let rooms = [half, last].map(|part| most(part, |sample| sample.part("projections")));
        let room = rooms[0] + rooms[0] / 2 + PROJECTIONS_SWAY;
        assert!(rooms[1] <= room, "projections grow, though what they show does not: {rooms:?}");
        let (start, end) = (&half[0], self.0.last().unwrap());
        let grown = |part| end.part(part).saturating_sub(start.part(part));
        let justified = (end.position - start.position) * LOG_BYTES_PER_EVENT + PROJECTIONS_SWAY;
        assert!(grown("log") <= justified, "the log grows faster than its events: {self:?}");
        let justified = answered * JOURNAL_BYTES_PER_ANSWER + (1 << 20);
        assert!(grown("access") <= justified, "the journal grows faster than answers: {self:?}");
        let others = grown("keys") + grown("head") + grown("format");
        assert_eq!(others, 0, "grown though no stream came: {self:?}");
    }
}

fn most(samples: &[Sample], of: impl Fn(&Sample) -> u64) -> u64 {
    samples.iter().map(of).max().unwrap()
}

async fn position(admin: &str) -> u64 {
    let metrics = http().get(format!("{admin}/metrics")).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix("dossier_log_position "));
    line.unwrap().parse().unwrap()
}

/// Bytes that are in memory and belong to nobody else.
fn memory(process: &str) -> u64 {
    let status = fs::read_to_string(format!("{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Bytes that the files of a folder take on the disk, for each entry of it.
pub(super) fn parts(data: &Path) -> BTreeMap<String, u64> {
    let entries = fs::read_dir(data).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), on_disk(&entry.path())))
        .collect()
}

/// What goes while one looks takes no room.
fn on_disk(path: &Path) -> u64 {
    let own = fs::symlink_metadata(path).map_or(0, |file| file.blocks() * 512);
    let Ok(entries) = fs::read_dir(path) else { return own };
    entries.filter_map(Result::ok).map(|entry| on_disk(&entry.path())).sum::<u64>() + own
}
