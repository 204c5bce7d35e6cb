//! Power cuts: what was not synced is gone, and yet everything that was acknowledged is there, the
//! answers to retries too, and the stream on NATS agrees again by itself.
//!
//! On a real ext4 that is shut down under load where a file system may be mounted, and everywhere
//! on a disk that forgets what no sync has made lasting. `make power-cut` does it hundreds of times.

use std::{
    env,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::support::{
    app::configuration,
    bank::*,
    binary::{Serving, run, serve, stdout, token},
    client::http,
    disk::{Disk, Ext4, Fault, Kind, Survives, power_cut},
    folder,
    nats::{NatsServer, agree},
    writers::{Written, write},
};

/// Says how many cuts there are to be in each place; otherwise they are few.
const CUTS: &str = "DOSSIER_POWER_CUTS";
/// Acknowledged writes after which the power is cut, in turn; then a new folder is begun.
const CUT_AFTER: [usize; 6] = [40, 3, 120, 17, 1, 64];
/// How long the stream may take to be as long as the log.
const PUBLISHED_MAX: Duration = Duration::from_secs(30);

/// A place for a data folder whose power can be cut.
enum Place {
    Real(Ext4),
    Forgetting { dir: TempDir, survives: Survives },
}

impl Place {
    fn forgetting(survives: Survives) -> Self {
        Self::Forgetting { dir: tempfile::tempdir().unwrap(), survives }
    }

    fn data(&self) -> PathBuf {
        match self {
            Self::Real(ext4) => ext4.path().join("data"),
            Self::Forgetting { dir, .. } => dir.path().join("data"),
        }
    }

    /// Serves the folder; a disk of its own may lie, or keeps apart what is lasting.
    fn serve(&self, nats: &str, fault: Option<Fault>) -> Result<(Serving, Option<Disk>), String> {
        let data = self.data();
        let mut command = serve(&data, nats);
        let disk = match (self, fault) {
            (Self::Real(_), None) => None,
            (_, Some(fault)) => Some(Disk::failing(&data, fault)),
            (Self::Forgetting { .. }, None) => Some(Disk::under(&data)),
        };
        if let Some(disk) = &disk {
            disk.lay_under(&mut command);
            disk.arm();
        }
        if let (Self::Forgetting { .. }, Some(disk)) = (self, &disk) {
            disk.keep(&mut command);
        }
        Serving::run(command).map(|(serving, _)| (serving, disk))
    }

    /// The service feels the cut and then ends, as everything does.
    fn cut(&self, serving: &mut Serving) {
        if let Self::Real(ext4) = self {
            ext4.cut();
        }
        serving.kill();
    }

    /// What the disk holds when power is back.
    fn again(&self, disk: Option<&Disk>) {
        match (self, disk) {
            (Self::Real(ext4), _) => ext4.again(),
            (Self::Forgetting { survives, .. }, Some(disk)) => power_cut(disk, *survives),
            (Self::Forgetting { .. }, None) => unreachable!("it lies on a disk of its own"),
        }
    }
}

/// Cuts the power again and again; the first thing that does not agree with what was promised.
async fn cut_often(place: &Place, fault: Option<Fault>) -> Result<(), String> {
    let nats = NatsServer::start();
    let (mut serving, mut disk) = place.serve(&nats.url(), fault)?;
    let feed = http().post(format!("{}/feed", serving.admin)).body(ndjson(lines()));
    feed.send().await.unwrap().error_for_status().unwrap();
    let token = token(&place.data(), "alpha");
    let mut all = Written::default();
    for (round, cut_after) in CUT_AFTER.into_iter().enumerate() {
        let alpha = serving.client(token.clone());
        let cut = |count| {
            if count == cut_after {
                place.cut(&mut serving);
            }
        };
        let written = write(&alpha, &round.to_string(), usize::MAX, cut).await;
        all.extend(written);
        place.again(disk.as_ref());
        (serving, disk) = place.serve(&nats.url(), fault)?;
        all.check(&serving.client(token.clone())).await?;
    }
    caught_up(&serving).await?;
    serving.kill();
    folder::audit(&configuration(&place.data())).await;
    published(&place.data(), &nats).await;
    Ok(())
}

/// Waits until the stream holds everything; an error where the publisher has halted.
async fn caught_up(serving: &Serving) -> Result<(), String> {
    let started = Instant::now();
    loop {
        let ready = http().get(format!("{}/readyz", serving.admin)).send().await.unwrap();
        let ready: serde_json::Value = ready.json().await.unwrap();
        if ready["nats"]["state"] == "caught up" && ready["nats"]["lagEvents"] == 0 {
            return Ok(());
        }
        if ready["nats"]["halted"].is_string() || started.elapsed() > PUBLISHED_MAX {
            return Err(format!("the stream does not agree: {ready}"));
        }
        tokio::task::yield_now().await;
    }
}

async fn published(data: &Path, nats: &NatsServer) {
    let config = configuration(data);
    let log = folder::open(&config);
    agree(&log, &nats.read("DOSSIER").await);
    folder::close(&config, log);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_takes_nothing_that_was_acknowledged() {
    let cuts = env::var_os(CUTS).map(|cuts| cuts.to_str().unwrap().parse().unwrap());
    let cuts: usize = cuts.unwrap_or(CUT_AFTER.len());
    for _folder in 0..cuts.div_ceil(CUT_AFTER.len()) {
        let mut places =
            vec![Place::forgetting(Survives::Nothing), Place::forgetting(Survives::ByChance)];
        places.extend(Ext4::mounted().map(Place::Real));
        for place in places {
            cut_often(&place, None).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_the_access_journal_outlives_a_power_cut_once_it_was_synced() {
    let place = Place::forgetting(Survives::Nothing);
    // It is gone the moment it has synced what it noted.
    let synced = Fault { at: "fdatasync access/*.ndjson", kind: Kind::After, nth: 1 };
    let (mut serving, disk) = place.serve("off", Some(synced)).unwrap();
    let feed = http().post(format!("{}/feed", serving.admin)).body(ndjson(lines()));
    feed.send().await.unwrap().error_for_status().unwrap();
    let data = place.data();
    let alpha = serving.client(token(&data, "alpha"));
    alpha.get("/customers/C-1").await.is(200);
    assert_eq!(serving.ended().code(), None);
    place.again(disk.as_ref());
    let told = run(&["access", "--data", data.to_str().unwrap(), "--customer", "C-1"], 0);
    assert_eq!(stdout(&told).lines().count(), 1);
}

/// The proof that the test above can see: where a sync of the log's does nothing, what was
/// acknowledged is lost, and found to be.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_syncs_of_the_log_power_cuts_are_seen_to_take_something() {
    for at in ["fdatasync log/db", "fdatasync keys"] {
        let mut places = vec![Place::forgetting(Survives::Nothing)];
        places.extend(Ext4::mounted().map(Place::Real));
        for place in places {
            let found = cut_often(&place, Some(Fault { at, kind: Kind::Lie, nth: 1 })).await;
            assert!(found.is_err(), "without {at} something was lost, and the test did not see it");
        }
    }
}
