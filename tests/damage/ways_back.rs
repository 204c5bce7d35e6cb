//! The ways back from damage, as the README has them: what an operator has is the folder, the
//! master key, and a backup from before the last writes.

use std::{fs, path::PathBuf, process::Output};

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{copy, filled};
use crate::support::{
    bank::*,
    binary::{Serving, complaint, dossier, run, run_with, serve, stderr, stdout},
    folder::wait_until_closed,
};

/// Flips anywhere in the store, each with its way back.
const FLIPS: usize = 5;

struct Stage {
    dir: tempfile::TempDir,
    /// Every event, as the archive of a sound folder has it.
    whole: Vec<String>,
}

impl Stage {
    async fn new() -> Self {
        let (bank, _config) = filled().await;
        let dir = tempfile::tempdir().unwrap();
        copy(bank.path(), &dir.path().join("data"));
        let mut stage = Self { dir, whole: Vec::new() };
        stage.tool("data", &["backup", &stage.text("backup")], 0);
        let lines =
            (1..=3).map(|nth| person(&format!("P-later-{nth}"), &[("K-1", "later@example.com")]));
        let arguments = ["import", "-", "--dev", "--data", &stage.text("data")];
        run_with(&arguments, ndjson(lines).as_bytes(), 0);
        stage.whole = stage.events("data");
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The binary, over a folder.
    #[track_caller]
    fn tool(&self, data: &str, arguments: &[&str], exit: i32) -> Output {
        run(&[arguments, &["--dev", "--data", &self.text(data)]].concat(), exit)
    }

    fn events(&self, data: &str) -> Vec<String> {
        let archive = self.tool(data, &["export", "-"], 0);
        let lines = stdout(&archive).lines().filter(|line| line.starts_with("{\"event\""));
        lines.map(str::to_owned).collect()
    }

    /// A copy of the folder in which a bit of a file is another one.
    fn damaged(&self, name: &str, file: &str, at: usize) {
        let path = self.path(name);
        fs::remove_dir_all(&path).ok();
        copy(&self.path("data"), &path);
        let mut bytes = fs::read(path.join(file)).unwrap();
        bytes[at] ^= 4;
        fs::write(path.join(file), bytes).unwrap();
    }

    /// What is left is added to a copy of the backup, and that is restored.
    fn salvage(&self, damaged: &str) -> Vec<String> {
        for name in ["added", "again"] {
            fs::remove_dir_all(self.path(name)).ok();
        }
        copy(&self.path("backup"), &self.path("added"));
        self.tool(damaged, &["backup", &self.text("added"), "--salvage"], 0);
        copy(&self.path("data/dev"), &self.path("again/dev"));
        self.tool("again", &["restore", &self.text("added")], 0);
        self.tool("again", &["verify"], 0);
        self.events("again")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_does_not_open_comes_back_whole_from_a_backup_and_what_is_left() {
    let stage = Stage::new().await;
    // Behind it sled knows of nothing.
    stage.damaged("damaged", "log/db", 200);
    stage.tool("damaged", &["verify"], 4);
    let refused = Serving::run(serve(&stage.path("damaged"), "off")).err().unwrap();
    assert!(refused.contains("A copy of the log is kept as it was found."), "{refused}");
    assert_eq!(stage.salvage("damaged"), stage.whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_log_that_does_not_open_is_served_on_the_operators_word() {
    let stage = Stage::new().await;
    let last = fs::read(stage.path("data/log/db")).unwrap();
    let used = last.iter().rposition(|byte| *byte != 0).unwrap();
    stage.damaged("damaged", "log/db", used / 2);
    let data = stage.path("damaged");
    assert!(Serving::run(serve(&data, "off")).is_err());
    let mut command = serve(&data, "off");
    command.arg("--accept-loss");
    let (mut serving, _) = Serving::run(command).unwrap();
    serving.interrupt();
    assert_eq!(serving.ended().code(), Some(0));
    wait_until_closed(&data);
    let left = stage.events("damaged");
    assert!(!left.is_empty() && stage.whole.starts_with(&left), "{} are left", left.len());
    assert!(data.join("log.found-1/db").exists());
    assert!(!data.join("log.found").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_anywhere_in_the_store_costs_no_event_that_can_still_be_read() {
    let stage = Stage::new().await;
    let bytes = fs::read(stage.path("data/log/db")).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let mut random = StdRng::seed_from_u64(3);
    let mut whole = 0;
    for _ in 0..FLIPS {
        let at = random.random_range(0..used);
        stage.damaged("damaged", "log/db", at);
        let came_back = stage.salvage("damaged");
        assert!(stage.whole.starts_with(&came_back), "byte {at}");
        whole += usize::from(came_back == stage.whole);
    }
    assert!(whole > FLIPS / 2, "{whole} came back whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_is_mended_from_a_backup_that_is_older_than_other_keys() {
    let stage = Stage::new().await;
    let archive = stage.text("backup/keys.ndjson");
    let length = fs::metadata(stage.path("data/keys")).unwrap().len();
    let last = usize::try_from(length / 256).unwrap() - 1;
    for slot in [0, 1] {
        stage.damaged("damaged", "keys", slot * 256 + 100);
        stage.tool("damaged", &["verify"], 4);
        stage.tool("damaged", &["keys", "mend", &archive], 0);
        stage.tool("damaged", &["verify"], 0);
        assert_eq!(stage.events("damaged"), stage.whole);
    }
    stage.damaged("damaged", "keys", last * 256 + 100);
    let told = stage.tool("damaged", &["keys", "mend", &archive], 1);
    assert!(complaint(&told).contains(&format!("slots [{last}] are damaged")), "{}", stderr(&told));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_a_copy_nothing_is_looked_at() {
    let (bank, _config) = filled().await;
    let mut command = dossier(&["verify", "--dev", "--data", bank.path().to_str().unwrap()]);
    let told = command.env("DOSSIER__LOG__FREE_BYTES_MIN", "1000000000000000").output().unwrap();
    assert_eq!(told.status.code(), Some(1));
    assert!(complaint(&told).contains("there is no room for a copy"), "{}", stderr(&told));
    assert!(!bank.path().join("verify.scratch").exists());
}
