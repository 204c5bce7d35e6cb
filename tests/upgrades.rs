//! A data folder that a released format has written opens for ever; one of a newer format does not.
//!
//! `tests/folders` holds a folder of each format as text, with what it says; `make.sh` there has
//! written them.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;

use crate::support::{
    app::configuration,
    bank::*,
    binary::{Serving, complaint, run, stderr, stdout, token},
    folder,
};

/// What stands in `tests/folders` under a name.
struct Kept(String);

impl Kept {
    fn all() -> Vec<Self> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/folders");
        let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap());
        let all: Vec<_> =
            names.filter_map(|name| Some(Self(name.strip_suffix(".txt")?.to_owned()))).collect();
        assert!(!all.is_empty(), "no folder is kept");
        all
    }

    fn path(&self, ending: &str) -> PathBuf {
        let name = format!("tests/folders/{}.{ending}", self.0);
        Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
    }

    fn text(&self, ending: &str) -> String {
        fs::read_to_string(self.path(ending)).unwrap()
    }

    /// Puts the files where the text has them.
    fn unpack(&self, dir: &Path) {
        for file in self.text("txt").split("== ").skip(1) {
            let (name, lines) = file.split_once('\n').unwrap();
            let path = dir.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let packed = STANDARD.decode(lines.replace('\n', "")).unwrap();
            let mut bytes = Vec::new();
            GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn every_folder_that_was_ever_written_is_whole_and_says_what_it_said() {
    for kept in Kept::all() {
        let dir = tempfile::tempdir().unwrap();
        kept.unpack(dir.path());
        let verified = run(&["verify", "--dev", "--data", text(dir.path())], 0);
        // The keys of requests, which a service would forget for their age, are there, too.
        let told = stderr(&verified);
        assert!(told.contains(" 2 receipts") && told.contains("nothing found"), "{told}");
        let said = run(&["replay", "--dev", "--data", text(dir.path())], 0);
        assert_eq!(stdout(&said), kept.text("replay.ndjson"), "{}", kept.0);
    }
}

#[test]
fn every_archive_that_was_ever_written_is_restored() {
    for kept in Kept::all() {
        let (old, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        kept.unpack(old.path());
        fs::create_dir(dir.path().join("dev")).unwrap();
        fs::copy(old.path().join("dev/master.key"), dir.path().join("dev/master.key")).unwrap();
        let (events, keys) = (kept.path("events.ndjson"), kept.path("keys.ndjson"));
        let from = ["restore", text(&events), "--keys", text(&keys)];
        run(&[&from[..], &["--dev", "--data", text(dir.path())]].concat(), 0);
        let said = run(&["replay", "--dev", "--data", text(dir.path())], 0);
        assert_eq!(stdout(&said), kept.text("replay.ndjson"), "{}", kept.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_folder_that_was_ever_written_is_served_and_written_to() {
    for kept in Kept::all() {
        let dir = tempfile::tempdir().unwrap();
        kept.unpack(dir.path());
        let serving = Serving::start(dir.path());
        let client = serving.client(token(dir.path(), "wealthtech-alpha"));
        for path in ["/customers", "/customers/C-000001", "/persons", "/customers/C-000001/kyc"] {
            client.get(path).await.is(200);
        }
        client.post("/customers/C-000001/addresses", &new_address("Chur")).await.is(201);
        drop(serving);
        folder::wait_until_closed(dir.path());
        folder::audit(&configuration(dir.path())).await;
    }
}

#[test]
fn a_folder_of_a_newer_format_is_refused_with_a_clear_word() {
    for kept in Kept::all() {
        let dir = tempfile::tempdir().unwrap();
        kept.unpack(dir.path());
        fs::write(dir.path().join("format"), "dossier 2\n").unwrap();
        let before = fs::read(dir.path().join("log/db")).unwrap();
        let any = "127.0.0.1:0";
        let serve = ["serve", "--nats", "off", "--listen", any, "--admin-listen", any];
        for command in [&["replay"][..], &serve] {
            let told =
                complaint(&run(&[command, &["--dev", "--data", text(dir.path())]].concat(), 1));
            assert!(told.contains("the data folder has the format \"dossier 2\""), "{told}");
            assert!(told.contains("a newer one has written it"), "{told}");
        }
        assert_eq!(fs::read(dir.path().join("log/db")).unwrap(), before);
    }
}
