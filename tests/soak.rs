//! A long life in short: the same addresses are written over and over, by clients and by the bank,
//! while the service is killed and stopped, and then while it is left alone. Files grow as events
//! justify, memory and descriptors do not.
//!
//! `DOSSIER_SOAK_SECONDS` says for how long; every sample is then a line of `DOSSIER_SOAK_SAMPLES`.
#![expect(clippy::print_stdout, reason = "what was measured is for whoever runs it by hand")]

mod load;
mod sample;

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::time::sleep;

use self::{
    load::{Load, state_all},
    sample::{Sample, Samples},
};
use crate::support::{
    binary::{Serving, dossier, stdout, token},
    nats::NatsServer,
};

const SECONDS: u64 = 20;
/// Between two samples, in parts of the whole run.
const SAMPLES: u32 = 200;
/// Of a life that ends in a kill or a stop, at most.
const LIFE_MAX: Duration = Duration::from_secs(40);
/// Lives that end so, at least.
const LIVES_MIN: u32 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_long_life_grows_nothing_but_what_events_justify() {
    let whole = Duration::from_secs(number("DOSSIER_SOAK_SECONDS").unwrap_or(SECONDS));
    let mut stage = Stage::new(whole / SAMPLES).await;
    let mut load = Load::start(stage.serving.client(stage.token.clone()), &stage.serving.admin);
    let restarts = whole / 2;
    let life = LIFE_MAX.min(restarts / LIVES_MIN);
    let started = Instant::now();
    while started.elapsed() < restarts {
        stage.live(life, &load).await;
        stage.end_a_life();
        load.go_on(stage.serving.client(stage.token.clone()), &stage.serving.admin);
    }
    stage.live(whole.saturating_sub(restarts), &load).await;
    load.stop().await;
    stage.samples.print(load.answered());
    stage.samples.judge(load.answered());
    stage.verify();
}

fn number(variable: &str) -> Option<u64> {
    env::var_os(variable).map(|text| text.to_str().unwrap().parse().unwrap())
}

/// The service, its NATS server, and what was seen of them.
struct Stage {
    data: PathBuf,
    server: NatsServer,
    serving: Serving,
    token: String,
    life: u32,
    every: Duration,
    started: Instant,
    samples: Samples,
    told: Option<fs::File>,
    _dir: TempDir,
}

impl Stage {
    async fn new(every: Duration) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let server = NatsServer::start();
        let serving = Serving::publishing(&data, &server.url());
        state_all(&serving.admin).await;
        let token = token(&data, "alpha");
        let told = env::var_os("DOSSIER_SOAK_SAMPLES").map(|path| fs::File::create(path).unwrap());
        let (samples, started) = (Samples::default(), Instant::now());
        Self { data, server, serving, token, life: 0, every, started, samples, told, _dir: dir }
    }

    /// Looks at the service for a while.
    async fn live(&mut self, time: Duration, load: &Load) {
        let started = Instant::now();
        while started.elapsed() < time {
            sleep(self.every).await;
            load.is_well();
            let sample = Sample::of(&self.serving, &self.data, self.life, self.started).await;
            if let Some(told) = &mut self.told {
                writeln!(told, "{sample}").unwrap();
            }
            self.samples.push(sample);
        }
    }

    /// In turn as a power cut does, and as Ctrl-C does.
    fn end_a_life(&mut self) {
        if self.life.is_multiple_of(2) {
            self.serving.kill();
        } else {
            self.serving.interrupt();
            assert_eq!(self.serving.ended().code(), Some(0));
        }
        self.life += 1;
        self.serving = Serving::publishing(&self.data, &self.server.url());
    }

    /// Stopped, it is whole, and nothing lies about that was there for a while only.
    fn verify(mut self) {
        self.serving.interrupt();
        assert_eq!(self.serving.ended().code(), Some(0));
        for (part, bytes) in sample::parts(&self.data) {
            println!("{part}: {bytes} bytes after a clean stop");
        }
        assert_eq!(left_over(&self.data), Vec::<PathBuf>::new());
        let dir = self.data.to_str().unwrap();
        let verified = dossier(&["verify", "--dev", "--data", dir]).output().unwrap();
        assert!(verified.status.success(), "{}", stdout(&verified));
    }
}

/// Copies and half-made files, which only a start that is under way may need.
fn left_over(dir: &Path) -> Vec<PathBuf> {
    let mut left = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if [".found", ".generating", ".tmp", ".new"].iter().any(|end| name.ends_with(end)) {
            left.push(path);
        } else if path.is_dir() {
            left.extend(left_over(&path));
        }
    }
    left
}
