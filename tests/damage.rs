//! Any flipped bit and any torn tail in any file of the data folder: harmless, or found.
//!
//! By hand more of it: `DOSSIER_FLIPS=500 DOSSIER_SEED=7 cargo test --test main damage`.

mod ways_back;

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

use dossier::{app, config::Config, folder, journal, verify};
use events::{id::Position, log::Verified, seal::SecretKey};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::support::{
    app::{TestApp, configuration},
    bank::*,
    binary::{run, stdout},
    folder::close,
};

/// Writes under an idempotency key.
const RECEIPTS: u64 = 40;
/// Flips in each file, unless the environment says otherwise.
const FLIPS: usize = 3;

#[derive(Debug, PartialEq, Eq)]
struct Contents {
    records: Vec<Vec<u8>>,
    answers: [u8; 32],
    accesses: usize,
}

fn number(name: &str, default: usize) -> usize {
    env::var_os(name).map_or(default, |text| text.to_str().unwrap().parse().unwrap())
}

/// A folder as a bank leaves it: written to in two runs, so that the store has more than one part.
async fn filled() -> (tempfile::TempDir, Config) {
    let mut app = TestApp::start().await;
    for round in 0..2 {
        let alpha = app.client("alpha");
        for nth in 0..RECEIPTS / 2 {
            let ask = alpha.ask(reqwest::Method::POST, "/customers/C-1/addresses");
            let ask = ask.header("idempotency-key", &format!("{round}-{nth}"));
            ask.json(&new_address("Bern")).send().await.is(201);
        }
        app.restart().await;
    }
    app.stop().await;
    let dir = tempfile::tempdir().unwrap();
    copy(&app.config.data.dir, dir.path());
    app.restart().await;
    let config = configuration(dir.path());
    (dir, config)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(path, to).unwrap();
        }
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let (folders, mut found): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    found.extend(folders.iter().flat_map(|folder| files(folder)));
    found.retain(|file| fs::metadata(file).unwrap().len() > 0);
    found.sort();
    found
}

/// What a folder holds, or why it is not served.
async fn contents(config: &Config) -> anyhow::Result<Contents> {
    let log = folder::open_log(config, true, false)?;
    let records: Result<Vec<_>, _> =
        log.after(Position(0)).map(|record| record.map(|record| record.bytes().to_vec())).collect();
    let projections = app::open_projections(config, log.clone())?;
    app::caught_up(&projections, log.watermark()).await?;
    let answers = projections.digest()?;
    projections.close();
    drop(projections);
    close(config, log);
    let accesses =
        journal::search(&folder::journal_in(&config.data.dir), journal::Wanted::default())?;
    Ok(Contents { records: records?, answers, accesses: accesses.count() })
}

fn looked_at(config: &Config) -> anyhow::Result<Verified> {
    let digits = fs::read_to_string(config.data.dir.join("dev/master.key"))?;
    let master = SecretKey::from_hex(&digits).ok_or_else(|| anyhow::anyhow!("no key"))?;
    tokio::task::block_in_place(|| verify::folder(config, master, |_| ()))
}

/// Verified, and then served; a folder in which nothing was found holds what it held.
async fn check(config: &Config, whole: &Contents, told: &str) -> bool {
    let verified = looked_at(config);
    if told.contains("in log") {
        assert!(verified.is_ok(), "{told}: not looked at to the end: {:#}", verified.unwrap_err());
    }
    let found = verified.as_ref().map_or(true, |verified| !verified.findings.is_empty());
    let served = contents(config).await;
    match &served {
        Ok(served) if !found => {
            assert_eq!(served, whole, "{told}: nothing was found");
            assert_eq!(verified.unwrap().receipts, RECEIPTS, "{told}");
        }
        Ok(served) => {
            assert!(served.records.len() >= whole.records.len(), "{told}: it got shorter unseen");
        }
        Err(error) => assert!(found, "{told}: nothing was found, but {error:#}"),
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_in_any_file_is_harmless_or_found() {
    let (dir, config) = filled().await;
    let whole = contents(&config).await.unwrap();
    assert!(looked_at(&config).unwrap().findings.is_empty());
    let seed = u64::try_from(number("DOSSIER_SEED", 1)).unwrap();
    let flips = number("DOSSIER_FLIPS", FLIPS);
    writeln!(std::io::stderr(), "seed {seed}, {flips} flips a file").unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    let mut found = 0;
    for file in files(dir.path()) {
        let bytes = fs::read(&file).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(bytes.len(), |last| last + 1);
        let name = file.strip_prefix(dir.path()).unwrap();
        for nth in 0..flips {
            // Spread evenly, each somewhere in its part.
            let at = (used * nth + random.random_range(0..used)) / flips;
            let bit = random.random_range(0..8);
            let damaged = tempfile::tempdir().unwrap();
            copy(dir.path(), damaged.path());
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << bit;
            fs::write(damaged.path().join(name), bytes).unwrap();
            let told = format!("bit {bit} of byte {at} in {}", name.display());
            found += usize::from(check(&configuration(damaged.path()), &whole, &told).await);
        }
    }
    assert!(found > 0, "no flip was ever found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_tail_of_any_file_is_harmless_or_found() {
    let (dir, config) = filled().await;
    let whole = contents(&config).await.unwrap();
    for file in files(dir.path()) {
        let name = file.strip_prefix(dir.path()).unwrap();
        let length = fs::metadata(&file).unwrap().len();
        for left in [0, length / 2, length - 1] {
            let damaged = tempfile::tempdir().unwrap();
            copy(dir.path(), damaged.path());
            let torn = fs::File::options().write(true).open(damaged.path().join(name)).unwrap();
            torn.set_len(left).unwrap();
            // What a journal lost at a line's end, nobody can tell; its writer syncs every second.
            if name.starts_with("access") {
                continue;
            }
            let told = format!("{left} of {length} bytes of {}", name.display());
            check(&configuration(damaged.path()), &whole, &told).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_told_with_file_and_position_and_an_exit_code() {
    let (dir, _) = filled().await;
    let data = dir.path().to_str().unwrap();
    let told = run(&["verify", "--dev", "--data", data], 0);
    assert_eq!(stdout(&told), "");
    let mut keys = fs::read(dir.path().join("keys")).unwrap();
    keys[256 + 100] ^= 1;
    fs::write(dir.path().join("keys"), keys).unwrap();
    let told = run(&["verify", "--dev", "--data", data], 4);
    let told = stdout(&told);
    assert!(told.contains("keys: the key file is damaged at slot 1"), "{told}");
    assert!(told.contains("keys: position 1: "), "{told}");
    assert!(!dir.path().join("verify.scratch").exists());
    assert!(!dir.path().join("log.found").exists(), "looking changes nothing");
}
