//! A disk without room, or one that takes no writes: reads and health go on, nothing acknowledged
//! is lost, and operators see why writes are refused.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{
    app::configuration,
    bank::*,
    binary::{Serving, complaint, dossier, serve, token},
    client::{Client, http},
    disk::Ext4,
    folder,
    writers::{Written, add, write},
};

/// Below so many free bytes the guard of these tests refuses.
const FREE_BYTES_MIN: u64 = 32 * 1024 * 1024;
/// How long it may take until a change of the disk is felt.
const FELT_MAX: Duration = Duration::from_secs(20);

/// A bank on a file system of its own.
struct Bank {
    ext4: Ext4,
    free_bytes_min: u64,
}

impl Bank {
    fn serve(&self) -> Serving {
        let mut command = serve(&self.data(), "off");
        command.env("DOSSIER__LOG__FREE_BYTES_MIN", self.free_bytes_min.to_string());
        Serving::run(command).unwrap_or_else(|said| panic!("it does not serve: {said}")).0
    }

    /// The first start, with the small bank.
    async fn begin(&self) -> (Serving, Client) {
        let serving = self.serve();
        let feed = http().post(format!("{}/feed", serving.admin)).body(ndjson(lines()));
        feed.send().await.unwrap().error_for_status().unwrap();
        let alpha = serving.client(token(&self.data(), "alpha"));
        (serving, alpha)
    }

    /// Leaves no more room than so many bytes.
    fn fill(&self, left: u64) {
        let disk = rustix::fs::statvfs(self.ext4.path()).unwrap();
        let free = disk.f_bavail * disk.f_frsize;
        let file = File::create(self.ballast()).unwrap();
        let bytes = free.saturating_sub(left);
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes).unwrap();
        file.sync_all().unwrap();
    }

    /// Not a byte is left.
    fn fill_up(&self) {
        self.fill(1024 * 1024);
        let mut rest = File::create(self.ballast().with_extension("rest")).unwrap();
        while rest.write_all(&[1; 4096]).and_then(|()| rest.sync_data()).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
        // Only where it was full up.
        let _ = fs::remove_file(self.ballast().with_extension("rest"));
    }

    fn ballast(&self) -> PathBuf {
        self.ext4.path().join("ballast")
    }

    fn data(&self) -> PathBuf {
        self.ext4.path().join("data")
    }

    /// After a restart everything agrees with what clients were told.
    async fn check(&self, mut written: Written) {
        let mut serving = self.serve();
        let alpha = serving.client(token(&self.data(), "alpha"));
        written.check(&alpha).await.unwrap();
        serving.kill();
        folder::audit(&configuration(&self.data())).await;
    }
}

async fn ready(serving: &Serving) -> Value {
    let answer = http().get(format!("{}/readyz", serving.admin)).send().await.unwrap();
    answer.json().await.unwrap()
}

/// Writes until one is refused because there is no room, and tells its key.
async fn refused(alpha: &Client, keys: &str, written: &mut Written) -> String {
    let started = Instant::now();
    for nth in 0.. {
        let key = format!("{keys}-{nth}");
        written.asked.insert(key.clone());
        let answer = add(alpha, &key).await.unwrap();
        if answer.status != 201 {
            let refused = answer.problem(503, "SERVICE_UNAVAILABLE");
            assert_eq!(refused.text("/detail"), "There is no room for changes now.");
            return key;
        }
        written.acknowledged.insert(key, answer.location());
        assert!(started.elapsed() < FELT_MAX, "it writes on");
    }
    unreachable!("it writes until it is refused")
}

/// Asks for the same until there is room for it.
async fn accepted(alpha: &Client, key: &str) {
    let started = Instant::now();
    while add(alpha, key).await.unwrap().status != 201 {
        assert!(started.elapsed() < FELT_MAX, "it does not write again");
        tokio::task::yield_now().await;
    }
}

async fn reads_go_on(serving: &Serving, alpha: &Client) {
    alpha.get("/customers/C-1").await.is(200);
    alpha.get("/healthcheck").await.is(200);
    let live = http().get(format!("{}/livez", serving.admin)).send().await.unwrap();
    assert_eq!(live.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_almost_full_refuses_writes_until_there_is_room_again() {
    let Some(ext4) = Ext4::mounted() else { return };
    let bank = Bank { ext4, free_bytes_min: FREE_BYTES_MIN };
    let (mut serving, alpha) = bank.begin().await;
    let mut written = write(&alpha, "before", 3, |_| ()).await;
    for round in 0..3 {
        bank.fill(FREE_BYTES_MIN / 2);
        let key = refused(&alpha, &format!("full-{round}"), &mut written).await;
        reads_go_on(&serving, &alpha).await;
        let ready = ready(&serving).await;
        assert_eq!((&ready["ready"], &ready["log"]["stopped"]), (&true.into(), &Value::Null));
        // What was answered before is answered again: nothing need be written.
        let (known, location) = written.acknowledged.first_key_value().unwrap();
        assert_eq!(add(&alpha, known).await.unwrap().is(201).location(), *location);
        bank.make_room();
        accepted(&alpha, &key).await;
    }
    written.extend(write(&alpha, "after", 3, |_| ()).await);
    serving.kill();
    bank.check(written).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_stops_the_log_for_good_and_says_so() {
    let Some(ext4) = Ext4::mounted() else { return };
    let bank = Bank { ext4, free_bytes_min: 0 };
    let (mut serving, alpha) = bank.begin().await;
    bank.fill_up();
    // Some may find room in what the store had made before.
    let written = write(&alpha, "full", usize::MAX, |_| ()).await;
    stopped(&serving, &alpha).await;
    bank.make_room();
    add(&alpha, "later").await.unwrap().problem(503, "SERVICE_UNAVAILABLE");
    stopped(&serving, &alpha).await;
    serving.kill();
    bank.check(written).await;
}

/// The log has stopped, visibly, and what was written before is served.
async fn stopped(serving: &Serving, alpha: &Client) {
    let ready = ready(serving).await;
    assert_eq!(ready["ready"], false);
    assert!(ready["log"]["stopped"].is_string(), "{ready}");
    reads_go_on(serving, alpha).await;
    let metrics = http().get(format!("{}/metrics", serving.admin)).send().await.unwrap();
    assert!(metrics.text().await.unwrap().contains("dossier_log_stopped 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_finds_no_room_at_its_start_serves_once_there_is_some() {
    let Some(ext4) = Ext4::mounted() else { return };
    let bank = Bank { ext4, free_bytes_min: 0 };
    let (mut serving, alpha) = bank.begin().await;
    let written = write(&alpha, "before", 3, |_| ()).await;
    serving.kill();
    bank.fill_up();
    refuses_to_start(&bank.data());
    bank.make_room();
    bank.check(written).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_turns_read_only_stops_the_log_for_good_and_says_so() {
    let Some(ext4) = Ext4::mounted() else { return };
    let bank = Bank { ext4, free_bytes_min: 0 };
    let (mut serving, alpha) = bank.begin().await;
    let mut read_only = false;
    let written = write(&alpha, "ro", usize::MAX, |count| {
        if count == 10 {
            read_only = bank.ext4.abort();
        }
    });
    let written = written.await;
    assert!(read_only, "the file system takes writes");
    stopped(&serving, &alpha).await;
    serving.kill();
    refuses_to_start(&bank.data());
    bank.ext4.again();
    bank.check(written).await;
}

/// One line says why.
fn refuses_to_start(data: &Path) {
    let data = data.to_str().unwrap();
    let arguments = ["serve", "--dev", "--data", data, "--listen", "127.0.0.1:0"];
    let mut command = dossier(&arguments);
    let output = command.args(["--admin-listen", "127.0.0.1:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = complaint(&output);
    assert!(told.contains("No space left on device") || told.contains("Read-only"), "{told}");
}
