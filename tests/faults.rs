//! Wherever the process dies or the disk fails: what was acknowledged is there, what was refused
//! is not, nothing is there twice, and the projections are those that are built anew.

mod import;
mod points;
mod tools;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use dossier::{backup, verify};
use futures::{StreamExt, stream};
use serde_json::Value;
use tempfile::TempDir;

use self::{
    import::Import,
    points::{AfterError, During, ELSEWHERE, POINTS, Point},
};
use crate::support::{
    app::configuration,
    bank::*,
    binary::{Serving, serve, token},
    client::{Client, http},
    copy,
    disk::{Disk, Fault, Kind},
    folder,
    writers::{Written, add, write},
};

/// Rows of the table that are tried at the same time.
const AT_ONCE: usize = 4;
/// Acknowledged writes before the disk is to fail.
const ARMED_AFTER: usize = 8;
/// Writes of each client, where nothing keeps it from them.
const EACH: usize = 20;

/// How long it may take until something happens, and operators see what became of the service.
const SEEN_MAX: Duration = Duration::from_secs(20);

/// A bank in a folder that nobody serves, to be copied.
struct Bank {
    dir: TempDir,
    token: String,
    import: Import,
}

impl Bank {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut serving = Serving::start(dir.path());
        feed(&serving, &ndjson(lines())).await.unwrap();
        serving.interrupt();
        assert_eq!(serving.ended().code(), Some(0));
        let token = token(dir.path(), "alpha");
        let import = Import::into_a_copy_of(dir.path());
        Self { dir, token, import }
    }
}

/// What came of a row: what was written, and what the bank was told is recorded.
#[derive(Default)]
struct Outcome {
    written: Written,
    fed: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_step_a_death_or_a_failing_disk_loses_nothing_and_invents_nothing() {
    let bank = Arc::new(Bank::new().await);
    let rows = POINTS.iter().flat_map(|point| point.kinds().map(move |kind| (point, kind)));
    let tried = rows.map(|(point, kind)| {
        let bank = Arc::clone(&bank);
        let row = tokio::spawn(async move { row(&bank, point, kind).await });
        async move {
            row.await
                .map_err(|error| error.to_string())
                .flatten()
                .map_err(|why| format!("{} {kind:?} during {:?}: {why}", point.at, point.during))
        }
    });
    let tried: Vec<_> = stream::iter(tried).buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<_> = tried.iter().filter_map(|row| row.as_ref().err()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let called: BTreeSet<_> = tried.into_iter().flatten().flatten().collect();
    let named = POINTS.iter().map(|point| point.at).chain(ELSEWHERE);
    let named: BTreeSet<_> = named.map(str::to_owned).collect();
    assert_eq!(called, named, "a call that no row is about, or a row about no call");
}

/// Which calls were seen, or what went wrong.
async fn row(bank: &Bank, point: &Point, kind: Kind) -> Result<BTreeSet<String>, String> {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    if point.during != During::Start {
        copy::copy(bank.dir.path(), &data);
    }
    let nth = if point.during == During::Import { import::NTH } else { 1 };
    let disk = Disk::failing(&data, Fault { at: point.at, kind, nth });
    let disk = if is_of_names(point.at) { disk.with_names() } else { disk };
    let mut outcome = match point.during {
        During::Start | During::Restart => start(&disk, &data, point, kind).await?,
        During::Writes => writes(&disk, &data, bank, point, kind).await?,
        During::Stop => stop(&disk, &data, bank, kind).await?,
        During::Rebuild => rebuild(&disk, &data, bank, point, kind).await?,
        During::Import => import::broken_off(&disk, &data, &bank.import, (point, kind))?,
    };
    if !disk.has_failed() {
        return Err("the call was never made".to_owned());
    }
    if point.during == During::Import {
        import::again(&data, &bank.import)?;
    }
    check(&data, &mut outcome).await?;
    look_over(&data, kind)?;
    let mut calls = disk.calls();
    calls.retain(|call| !is_of_names(call) || call == point.at);
    Ok(calls)
}

/// Whether a call makes or removes a name; of these the table has some, not all.
fn is_of_names(call: &str) -> bool {
    call.starts_with("mkdir ") || call.starts_with("unlink")
}

fn serving_on(disk: &Disk, data: &Path) -> Result<Serving, String> {
    let mut command = serve(data, "off");
    command.env("DOSSIER__PROJECTIONS__WAIT_MS_MAX", "200");
    disk.lay_under(&mut command);
    Serving::run(command).map(|(serving, _)| serving)
}

/// A start: the first of all in an empty folder, or one like any other.
async fn start(disk: &Disk, data: &Path, point: &Point, kind: Kind) -> Result<Outcome, String> {
    disk.arm();
    let started = serving_on(disk, data);
    match (kind.kills(), point.after_error) {
        // Some things are done beside, when it serves already.
        (true, _) => soon(|| started.is_err() || disk.has_failed()).await,
        (false, AfterError::Ends) => {
            if started.is_ok() {
                return Err("it serves".to_owned());
            }
        }
        (false, after) => {
            let serving = started?;
            has_become(&serving, after).await?;
        }
    }
    Ok(Outcome::default())
}

/// In the middle of clients' writes, and of new persons from the bank.
async fn writes(
    disk: &Disk,
    data: &Path,
    bank: &Bank,
    point: &Point,
    kind: Kind,
) -> Result<Outcome, String> {
    let mut serving = serving_on(disk, data)?;
    let alpha = serving.client(bank.token.clone());
    let arm = |count| {
        if count == ARMED_AFTER {
            disk.arm();
        }
    };
    let (written, fed) = tokio::join!(write(&alpha, "w", EACH, arm), feed_persons(&serving));
    // Some things are done only when there is nothing else to do.
    soon(|| disk.has_failed()).await;
    if !kind.kills() {
        has_become(&serving, point.after_error).await?;
        reads_go_on(&alpha).await?;
        if point.after_error == AfterError::Stops {
            let refused = add(&alpha, "late").await.map_err(|error| error.to_string())?;
            refused.problem(503, "SERVICE_UNAVAILABLE");
        }
    }
    serving.kill();
    Ok(Outcome { written, fed })
}

/// While everything is brought onto the disk for a clean end.
async fn stop(disk: &Disk, data: &Path, bank: &Bank, kind: Kind) -> Result<Outcome, String> {
    let mut serving = serving_on(disk, data)?;
    let alpha = serving.client(bank.token.clone());
    let written = write(&alpha, "s", 2, |_| ()).await;
    disk.arm();
    serving.interrupt();
    let status = serving.ended();
    match (kind.kills(), status.code()) {
        (true, None) | (false, Some(0 | 1)) => Ok(Outcome { written, fed: Vec::new() }),
        (_, code) => Err(format!("it ended with {code:?}")),
    }
}

/// While the projections are built anew; where that fails they are served as before.
async fn rebuild(
    disk: &Disk,
    data: &Path,
    bank: &Bank,
    point: &Point,
    kind: Kind,
) -> Result<Outcome, String> {
    let mut serving = serving_on(disk, data)?;
    let alpha = serving.client(bank.token.clone());
    let written = write(&alpha, "r", 2, |_| ()).await;
    let ask = || http().post(format!("{}/projections/rebuild", serving.admin)).send();
    disk.arm();
    // Where it dies, maybe before it has answered.
    let asked = ask().await;
    soon(|| disk.has_failed()).await;
    if !kind.kills() {
        asked.map_err(|error| error.to_string())?;
        has_become(&serving, point.after_error).await?;
        // Answers that may be old are none.
        if point.after_error == AfterError::Recovers {
            reads_go_on(&alpha).await?;
            rebuilt(&serving, Value::is_string).await?;
            ask().await.map_err(|error| error.to_string())?;
            rebuilt(&serving, Value::is_null).await?;
        }
    }
    serving.kill();
    Ok(Outcome { written, fed: Vec::new() })
}

/// Waits until nothing is built anew any more, and operators see what came of it.
async fn rebuilt(serving: &Serving, is_so: impl Fn(&Value) -> bool) -> Result<(), String> {
    let started = Instant::now();
    while started.elapsed() < SEEN_MAX {
        let answer = http().get(format!("{}/readyz", serving.admin)).send().await;
        let ready: Value = match answer {
            Ok(answer) => answer.json().await.map_err(|error| error.to_string())?,
            Err(error) => return Err(error.to_string()),
        };
        let projections = &ready["projections"];
        if projections["rebuilding"].is_null() && is_so(&projections["rebuildFailed"]) {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    Err("operators do not see what came of the rebuild".to_owned())
}

/// New persons, one after the other, until a line is not acknowledged.
async fn feed_persons(serving: &Serving) -> Vec<String> {
    let mut fed = Vec::new();
    for nth in 0..EACH {
        let line = ndjson([person(&format!("P-new-{nth}"), &[("K-1", "new@example.com")])]);
        if feed(serving, &line).await.is_err() {
            break;
        }
        fed.push(line);
    }
    fed
}

/// What the feed answers; an error where it does not say that the lines are recorded.
async fn feed(serving: &Serving, lines: &str) -> reqwest::Result<Value> {
    let ask = http().post(format!("{}/feed", serving.admin)).body(lines.to_owned());
    ask.send().await?.error_for_status()?.json().await
}

/// Waits until something is so, but not for ever.
async fn soon(is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() && started.elapsed() < SEEN_MAX {
        tokio::task::yield_now().await;
    }
}

/// Waits until operators see what became of the service.
async fn has_become(serving: &Serving, after: AfterError) -> Result<(), String> {
    let started = Instant::now();
    while started.elapsed() < SEEN_MAX {
        let answer = http().get(format!("{}/readyz", serving.admin)).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let ready: Value = answer.json().await.map_err(|error| error.to_string())?;
        let stopped = |part: &str| ready[part]["stopped"].is_string();
        let expected = match after {
            AfterError::Stops => status == 503 && stopped("log"),
            AfterError::ShowsNothingNew => status == 503 && stopped("projections"),
            AfterError::Recovers => status == 200,
            AfterError::Ends => return Err("it serves".to_owned()),
        };
        if expected {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    Err(format!("operators do not see that it {after:?}"))
}

async fn reads_go_on(alpha: &Client) -> Result<(), String> {
    let read = alpha.get("/customers/C-1").await;
    if read.status == 200 { Ok(()) } else { Err(format!("{read:?}")) }
}

/// What an operator does with a folder that went through something: nothing is found in it, no
/// position is missing, and it can be backed up.
fn look_over(data: &Path, kind: Kind) -> Result<(), String> {
    let config = configuration(data);
    let master = dossier::folder::master_key(&config, true).unwrap();
    folder::wait_until_closed(data);
    let verified = tokio::task::block_in_place(|| verify::folder(&config, master, |_| ()));
    let mut findings = verified.map_err(|error| format!("{error:#}"))?.findings;
    // A line of the access journal in which the process was gone is told.
    findings.retain(|finding| kind != Kind::Torn || !finding.file.starts_with("access/"));
    if !findings.is_empty() {
        return Err(format!("{findings:?}"));
    }
    folder::wait_until_closed(data);
    let log = folder::open(&config);
    folder::records(&log);
    let backup = data.with_extension("backup");
    let added = backup::add(&backup, &log).and_then(|_| backup::check(&backup));
    let position = added.map_err(|error| format!("{error:#}"))?;
    let watermark = log.watermark();
    folder::close(&config, log);
    if position == watermark { Ok(()) } else { Err(format!("backed up to {position}")) }
}

/// Started again on a disk that is well.
async fn check(data: &Path, outcome: &mut Outcome) -> Result<(), String> {
    let mut serving = Serving::start(data);
    let token = token(data, "alpha");
    let failed = |error: reqwest::Error| error.to_string();
    feed(&serving, &ndjson(lines())).await.map_err(failed)?;
    for line in &outcome.fed {
        let again = feed(&serving, line).await.map_err(failed)?;
        if again["appended"] != 0 {
            return Err(format!("recorded, and not there: {line}"));
        }
    }
    outcome.written.check(&serving.client(token)).await?;
    serving.kill();
    Ok(())
}
