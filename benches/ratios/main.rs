//! What durability and history cost: each row a ratio to a baseline in the same run.
//!
//! Machines are shared and noisy, so no figure stands alone: baseline and dossier take turns, the
//! median of the rounds counts, and the disk's own `fdatasync` rate stands beside it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a benchmark may stop where it stands, and shows figures"
)]

mod append;
mod bank;
#[path = "../../tests/support/copy.rs"]
mod copy;
mod floor;
mod load;
#[path = "../../tests/support/nats.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod nats;
mod publish;
mod read;
mod subjects;
mod write;

use std::time::Duration;

/// Callers at once.
const CLIENTS: usize = 64;
/// How often baseline and dossier take turns.
const ROUNDS: usize = 5;
/// How long each turn is.
const TURN: Duration = Duration::from_millis(1500);

/// One row: what was done per second, round by round.
struct Row {
    name: &'static str,
    reach: f64,
    baseline: Vec<f64>,
    dossier: Vec<f64>,
}

impl Row {
    fn ratio(&self) -> f64 {
        let rounds = self.baseline.iter().zip(&self.dossier);
        median(rounds.map(|(baseline, dossier)| dossier / baseline).collect())
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    // `cargo bench --bench ratios append` measures that row alone; cargo adds words of its own.
    let asked: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if asked == ["subjects"] {
        return runtime.block_on(subjects::measure());
    }
    println!("fdatasync of 600 bytes: {:.0}/s (before)", floor::syncs_per_second());
    let rows =
        runtime.block_on(rows(|name| asked.is_empty() || asked.iter().any(|one| one == name)));
    println!("fdatasync of 600 bytes: {:.0}/s (after)\n", floor::syncs_per_second());
    println!("| row | baseline/s | dossier/s | ratio | to reach |");
    println!("|---|---|---|---|---|");
    for row in rows {
        println!(
            "| {} | {:.0} | {:.0} | {:.2} | {:.2} |",
            row.name,
            median(row.baseline.clone()),
            median(row.dossier.clone()),
            row.ratio(),
            row.reach
        );
    }
}

async fn rows(asked: impl Fn(&str) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    if asked("post") || asked("get") {
        let bank = bank::Bank::open().await;
        if asked("post") {
            rows.push(write::row(&bank).await);
        }
        if asked("get") {
            rows.push(read::row(&bank).await);
        }
        bank.close().await;
    }
    if asked("append") {
        rows.push(append::row().await);
    }
    if asked("publish") {
        rows.extend(publish::rows().await);
    }
    rows
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
