//! `dossier import` and `dossier sample`, as operators type them.

use std::{fs, path::Path, process::Stdio};

use serde_json::Value;

use crate::support::{
    app::{TestApp, configuration},
    bank::*,
    binary::{complaint, dossier, file_with, run, run_with, stderr, stdout},
    folder,
};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_bank_goes_into_a_folder_through_a_pipe() {
    let dir = tempfile::tempdir().unwrap();
    let mut sample = dossier(&["sample", "--customers", "30", "--seed", "5"]);
    let mut sample = sample.stdout(Stdio::piped()).spawn().unwrap();
    let mut import = dossier(&["import", "-", "--dev", "--data", text(dir.path())]);
    let imported = import.stdin(sample.stdout.take().unwrap()).output().unwrap();
    assert!(sample.wait().unwrap().success());
    assert_eq!(imported.status.code(), Some(0), "{}", stderr(&imported));
    folder::audit(&configuration(dir.path())).await;

    let again = run(&["sample", "--customers", "30", "--seed", "5"], 0);
    let args = ["import", "-", "--dev", "--data", text(dir.path())];
    let unchanged = run_with(&args, &again.stdout, 0);
    assert!(complaint(&unchanged).contains(" 0 events appended, "), "{}", stderr(&unchanged));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_lines_are_told_where_the_operator_wants_them() {
    let dir = tempfile::tempdir().unwrap();
    let (feed, rejects) = (dir.path().join("feed"), dir.path().join("rejects"));
    file_with(&feed, format!("x\n{}\n{{}}\n", customer("C-1", &[])).as_bytes());
    let data = dir.path().join("data");
    let args = ["import", text(&feed), "--dev", "--data", text(&data)];
    let told = run(&[&args[..], &["--rejects", text(&rejects)]].concat(), 3);
    assert!(complaint(&told).contains("2 lines rejected"), "{}", stderr(&told));
    let lines = fs::read_to_string(&rejects).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines.iter().map(|line| line["line"].as_u64()).collect::<Vec<_>>(),
        [Some(1), Some(3)]
    );
    // Without a file they are told on standard error.
    let told = run(&args, 3);
    assert_eq!(stderr(&told).lines().filter(|line| line.starts_with("{\"line\":")).count(), 2);
}

#[test]
fn an_import_that_cannot_begin_says_why_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let data = text(dir.path());
    let cases: [(&[&str], i32, &str); 4] = [
        (&["import", "-", "--data", data], 2, "--dev"),
        (&["import", "/nowhere", "--dev", "--data", data], 1, "/nowhere cannot be read"),
        (&["import", "-", "--url", "http://127.0.0.1:1"], 1, "did not answer"),
        (&["import", "-", "--dev", "--data", "/dev/null/x"], 1, "/dev/null"),
    ];
    for (args, exit, reason) in cases {
        let told = complaint(&run_with(args, b"{}\n", exit));
        assert!(told.contains(reason), "{told}");
    }
    run(&["import", "-", "--url", "http://127.0.0.1:1", "--dev"], 2);
    run(&["import"], 2);
    // An older file of rejects is emptied by an import that begins, and by no other.
    let rejects = dir.path().join("rejects");
    file_with(&rejects, b"kept");
    run(&["import", "-", "--data", data, "--rejects", text(&rejects)], 2);
    assert_eq!(fs::read(&rejects).unwrap(), b"kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_takes_the_same_feed() {
    let app = TestApp::start().await;
    let sample = run(&["sample", "--customers", "500", "--seed", "2"], 0);
    assert!(sample.stdout.len() > 1024 * 1024, "more than one request");
    let long = "x".repeat(3 * 1024 * 1024) + "\n";
    let broken = [b"\nx\n".as_slice(), &sample.stdout, b"{}\n", long.as_bytes(), b"{}"].concat();
    let lines = stdout(&sample).lines().count();
    let url = app.admin();
    let import = move || run_with(&["import", "-", "--url", &url], &broken, 3);
    let imported = tokio::task::spawn_blocking(import).await.unwrap();
    let told: Vec<Value> =
        stderr(&imported).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let numbers: Vec<_> = told.iter().filter_map(|line| line["line"].as_u64()).collect();
    let after = u64::try_from(lines).unwrap() + 3;
    assert_eq!(numbers, [2, after, after + 1, after + 2]);
    let reason = told[2]["reasons"][0]["detail"].as_str().unwrap();
    assert!(reason.starts_with("is longer than"), "{reason}");
    let client = app.client("wealthtech-alpha");
    assert_eq!(client.walk("/customers", 1000).await.len(), 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_served_is_not_imported_into() {
    let app = TestApp::start().await;
    let data = text(&app.config.data.dir);
    for args in [
        &["import", "-", "--dev", "--data", data][..],
        &["replay", "--dev", "--data", data],
        &[
            "serve",
            "--dev",
            "--data",
            data,
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ],
    ] {
        let told = complaint(&run_with(args, b"{}\n", 1));
        assert!(told.contains("cannot be opened"), "{told}");
    }
}
