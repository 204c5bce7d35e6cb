//! Files that hold secrets: nobody else's to read, and told of where they are.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use super::names;
use crate::support::binary::{Serving, dossier, file_with, run, stderr};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn make(data: &Path) {
    let mut service = Serving::start(data);
    service.interrupt();
    service.ended();
}

#[test]
fn what_the_process_writes_is_for_its_own_user() {
    let dir = tempfile::tempdir().unwrap();
    make(&dir.path().join("data"));
    for path in names(dir.path()) {
        assert_eq!(mode(&path) & 0o077, 0, "{} is open to others", path.display());
    }
}

#[test]
fn a_new_master_key_is_written_to_no_file_that_somebody_laid_out() {
    let dir = tempfile::tempdir().unwrap();
    let (data, to) = (dir.path().join("data"), dir.path().join("new.key"));
    make(&data);
    fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
    let half = dir.path().join("new.key.half");
    file_with(&half, b"");
    fs::set_permissions(&half, Permissions::from_mode(0o666)).unwrap();
    let foreseen = File::open(&half).unwrap();
    let [to_path, data] = [&to, &data].map(|path| path.to_str().unwrap());
    let rotated = run(&["keys", "rotate", "--to", to_path, "--dev", "--data", data], 0);
    assert_eq!(fs::read_to_string(&to).unwrap().trim().len(), 64);
    assert_eq!(mode(&to), 0o600);
    assert_eq!(std::io::read_to_string(foreseen).unwrap(), "");
    assert!(stderr(&rotated).contains("Others may write to this folder"));
}

#[test]
fn a_folder_that_others_may_write_to_is_told_however_a_new_key_in_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    make(&data);
    let rotate = |to: &str, mode| {
        fs::set_permissions(dir.path(), Permissions::from_mode(mode)).unwrap();
        let mut command = dossier(&["keys", "rotate", "--dev", "--to", to, "--data"]);
        let rotated = command.arg(&data).current_dir(dir.path()).output().unwrap();
        assert_eq!(rotated.status.code(), Some(0), "{}", stderr(&rotated));
        fs::copy(dir.path().join(to), data.join("dev").join("master.key")).unwrap();
        stderr(&rotated).contains("Others may write to this folder")
    };
    assert!(rotate("1.key", 0o777), "a bare name");
    assert!(rotate("./2.key", 0o777));
    assert!(!rotate("3.key", 0o700));
}

#[test]
fn files_with_secrets_that_others_may_read_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    make(&data);
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        file_with(&path, content.as_bytes());
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        path
    };
    let config = format!("[http]\nadmin_token = \"{}\"", "x".repeat(40));
    let [config, password, key] =
        [("own.toml", config.as_str()), ("password", "secret"), ("key.pem", "secret")]
            .map(|(name, content)| file(name, content));
    let certificate = file("certificate.pem", "public");
    let keys = ["master.key", "issuer.key"].map(|name| data.join("dev").join(name));
    for key in &keys {
        fs::set_permissions(key, Permissions::from_mode(0o640)).unwrap();
    }
    let told = |arguments: &[&str]| {
        let mut command = dossier(arguments);
        command.args(["--dev", "--data"]).arg(&data).arg("--config").arg(&config);
        command.env("DOSSIER__NATS__URLS", "nats://127.0.0.1:1").env("DOSSIER__NATS__USER", "me");
        command.env("DOSSIER__NATS__PASSWORD_FILE", &password).env("DOSSIER__NATS__KEY", &key);
        command.env("DOSSIER__NATS__CERTIFICATE", &certificate);
        stderr(&command.output().unwrap()).to_owned()
    };
    let told = told(&["reconcile", "--dry-run"]) + &told(&["token", "--client", "alpha"]);
    let is_told = |path: &Path| {
        let path = path.to_str().unwrap();
        told.lines().any(|line| line.contains("Others may read this file") && line.contains(path))
    };
    for path in [&config, &password, &key, &keys[0], &keys[1]] {
        assert!(is_told(path), "{}: {told}", path.display());
    }
    assert!(!is_told(&certificate), "{told}");
}
