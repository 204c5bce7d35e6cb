//! What operators do that may break off, and what must be so afterwards.

use std::{fs, path::Path, process::Command};

use events::log::{EventLog, OpenError};

use super::{Stage, State, text, under};
use crate::support::{
    binary::{dossier, stderr},
    copy,
    folder::wait_until_closed,
};

/// Names the file of the master key.
const MASTER_FILE: &str = "DOSSIER__KEYS__MASTER_FILE";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// Into a folder that is not there.
    FirstBackup,
    /// To a backup that has the one before in it.
    NextBackup,
    /// In the place of an export from before.
    Export,
    KeysExport,
    Restore,
    Rotate,
}

use Job::{Export, FirstBackup, KeysExport, NextBackup, Restore, Rotate};

impl Job {
    pub(super) const ALL: [Self; 6] =
        [FirstBackup, NextBackup, Export, KeysExport, Restore, Rotate];

    pub(super) fn prepare(self, stage: &Stage, root: &Path) {
        fs::create_dir_all(root).unwrap();
        match self {
            FirstBackup => {}
            NextBackup | Restore => copy::copy(&stage.path("base"), &root.join("backup")),
            Export | KeysExport => fs::write(root.join("archive"), "from before").unwrap(),
            Rotate => restore(stage, root, &stage.path("base"), 0),
        }
    }

    pub(super) fn arguments(self, stage: &Stage, root: &Path, command: &mut Command) {
        let (backup, data, archive) =
            (root.join("backup"), root.join("data"), root.join("archive"));
        let arguments = match self {
            FirstBackup | NextBackup => vec!["backup", text(&backup)],
            Export => vec!["export", text(&archive)],
            KeysExport => vec!["keys", "export", text(&archive)],
            Restore => vec!["restore", text(&backup), "--data", text(&data)],
            Rotate => vec!["keys", "rotate", "--data", text(&data), "--to"],
        };
        command.args(arguments);
        match self {
            Restore => {}
            Rotate => drop(command.arg(root.join("kept/second.key"))),
            FirstBackup | NextBackup | Export | KeysExport => {
                command.args(["--url", &stage.serving.admin]);
            }
        }
        command.env(MASTER_FILE, stage.path("first.key"));
    }

    /// What is there is what was there before, or all of the new; the new, if that was said.
    pub(super) async fn check(self, stage: &Stage, root: &Path, is_done: bool) {
        match self {
            FirstBackup | NextBackup => {
                let held = backup_in(stage, root).await;
                let before = (self == NextBackup).then_some(&stage.old);
                let is_old = !is_done && held.as_ref() == before;
                assert!(is_old || held.as_ref() == Some(&stage.new), "another backup");
            }
            Export | KeysExport => {
                let is_old = fs::read(root.join("archive")).unwrap() == b"from before";
                assert!(is_old && !is_done || self.archived(stage, root).await, "no archive");
            }
            Restore => restored(stage, root, is_done).await,
            Rotate => rotated(stage, root, is_done).await,
        }
    }

    /// Once more, on a disk that is well: now all is there.
    pub(super) async fn again(self, stage: &Stage, root: &Path) {
        let mut command = dossier(&[]);
        self.arguments(stage, root, &mut command);
        let output = command.output().unwrap();
        let told = stderr(&output);
        let was_done = match self {
            Restore => told.contains("the folder is not empty"),
            Rotate => told.contains("the master key is not the one"),
            FirstBackup | NextBackup | Export | KeysExport => false,
        };
        assert!(output.status.success() || was_done, "{told}");
        self.check(stage, root, true).await;
        let left: Vec<_> = leftovers(root);
        assert!(left.is_empty(), "{left:?}");
    }

    /// Whether an archive is there that the other half of the base backup can be restored with.
    async fn archived(self, stage: &Stage, root: &Path) -> bool {
        let backup = root.join("backup");
        copy::copy(&stage.path("base"), &backup);
        let archive = root.join("archive");
        if self == Export {
            // The keys of the backup are older than the last events.
            let keys = dossier(&["keys", "export", text(&backup.join("keys.ndjson"))])
                .args(["--url", &stage.serving.admin])
                .output()
                .unwrap();
            assert!(keys.status.success());
            remove_archives(&backup);
            fs::copy(&archive, backup.join("events-1-2.ndjson")).unwrap();
        } else {
            fs::copy(&archive, backup.join("keys.ndjson")).unwrap();
        }
        let held = backup_in(stage, root).await;
        fs::remove_dir_all(backup).unwrap();
        held.as_ref() == Some(if self == Export { &stage.new } else { &stage.old })
    }
}

fn remove_archives(backup: &Path) {
    for entry in fs::read_dir(backup).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_str().unwrap().starts_with("events-") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

/// What was written on the way and should be gone.
fn leftovers(root: &Path) -> Vec<String> {
    let mut left = Vec::new();
    for dir in [root.to_path_buf(), root.join("backup"), root.join("data"), root.join("kept")] {
        let Ok(entries) = fs::read_dir(dir) else { continue };
        left.extend(entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
    }
    let is_half_made = |name: &str| [".half", ".new"].iter().any(|end| name.ends_with(end));
    left.retain(|name| is_half_made(name));
    left
}

/// Restores a backup into `data`, and answers nothing but the code that it ends with.
fn restore(stage: &Stage, root: &Path, backup: &Path, exit: i32) {
    let mut command = dossier(&["restore", text(backup), "--data", text(&root.join("data"))]);
    let output = command.env(MASTER_FILE, stage.path("first.key")).output().unwrap();
    assert_eq!(output.status.code(), Some(exit), "{}", stderr(&output));
}

/// What comes out of the backup; none where there is none.
async fn backup_in(stage: &Stage, root: &Path) -> Option<State> {
    let backup = root.join("backup");
    let output = dossier(&["verify", "--backup", text(&backup)]).output().unwrap();
    if output.status.code() == Some(2) {
        restore(stage, root, &backup, 2);
        return None;
    }
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    restore(stage, root, &backup, 0);
    let found = State::of(&under(&stage.path("first.key"), &root.join("data"))).await;
    fs::remove_dir_all(root.join("data")).unwrap();
    Some(found)
}

/// A folder that is restored, or one that says that it is not.
async fn restored(stage: &Stage, root: &Path, is_done: bool) {
    let (key, data) = (stage.path("first.key"), root.join("data"));
    let opens = ["verify", "replay"].map(|word| {
        let mut command = dossier(&[word, "--data", text(&data)]);
        command.env(MASTER_FILE, &key).output().unwrap().status.success()
    });
    if is_done || opens == [true, true] {
        assert_eq!(State::of(&under(&key, &data)).await, stage.old);
    } else {
        assert_eq!(opens, [false, false], "half a folder opens");
    }
}

/// A folder that opens under the one key or the other, not under both, not under neither.
async fn rotated(stage: &Stage, root: &Path, is_done: bool) {
    let data = root.join("data");
    let keys = [stage.path("first.key"), root.join("kept/second.key")];
    let mut opening = Vec::new();
    for key in keys.iter().filter(|key| key.exists()) {
        wait_until_closed(&data);
        let config = under(key, &data);
        let settings = dossier::folder::log_settings(&config);
        let master = dossier::folder::master_key(&config, false).unwrap();
        match EventLog::open(&settings, master) {
            Ok(log) => {
                log.close();
                opening.push(key.clone());
            }
            Err(OpenError::Keys(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let [key] = &opening[..] else { panic!("it opens under {opening:?}") };
    assert!(!is_done || *key == keys[1], "it opens under the old key");
    wait_until_closed(&data);
    assert_eq!(State::of(&under(key, &data)).await, stage.old);
}
