//! The history, as an auditor reads it.

use serde_json::Value;

use crate::support::{
    app::TestApp,
    bank::*,
    binary::{complaint, run, stdout},
};

/// Whether a line belongs to a part.
type Wanted = fn(&Value) -> bool;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn replay(args: &[&str]) -> String {
    let args: Vec<String> = ["replay"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    let run = move || {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        stdout(&run(&args, 0)).to_owned()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_and_its_folder_tell_the_same_history() {
    let mut app = TestApp::start().await;
    app.client("alpha").add_address("C-1", &new_address("Bern")).await;
    let served = replay(&["--url", &app.admin()]).await;
    let end = app.watermark().0;
    app.stop().await;
    let data = app.config.data.dir.to_str().unwrap().to_owned();
    let kept = replay(&["--dev", "--data", &data]).await;
    assert_eq!(served, kept);
    let lines = lines(&kept);
    let positions = lines.iter().map(|line| line["position"].as_u64().unwrap());
    assert!(positions.eq(1..=end));
    for line in &lines {
        assert_eq!(line["recordHash"].as_str().unwrap().len(), 64);
        assert!(line.get("forgotten").is_none());
    }
    let times: Vec<_> = lines.iter().map(|line| line["recordedAt"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "time goes back");
    app.restart().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_history_is_named_by_stream_and_positions() {
    let app = TestApp::start().await;
    app.client("alpha").add_address("C-1", &new_address("Bern")).await;
    let whole = lines(&replay(&["--url", &app.admin()]).await);
    let end = app.watermark().0.to_string();
    let cases: [(&[&str], Wanted); 7] = [
        (&["--from", "5"], |line| line["position"].as_u64() >= Some(5)),
        (&["--to", "5"], |line| line["position"].as_u64() <= Some(5)),
        (&["--from", "5", "--to", "5"], |line| line["position"] == 5),
        (&["--from", "6", "--to", "5"], |_| false),
        (&["--from", &end], |line| line["consent"] == "N-1"),
        (&["--stream", "customer/C-1"], |line| line["stream"] == "customer/C-1"),
        (&["--stream", "consent/N-9"], |_| false),
    ];
    for (args, wanted) in cases {
        let part = replay(&[&["--url", &app.admin()], args].concat()).await;
        let expected: Vec<_> = whole.iter().filter(|line| wanted(line)).cloned().collect();
        assert_eq!(lines(&part), expected, "{args:?}");
    }
    let mut args = vec!["--stream", "customer/C-1", "--from", &end];
    let url = app.admin();
    args.extend(["--url", &url]);
    assert_eq!(lines(&replay(&args).await), whole[whole.len() - 1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_read_the_changes_of_one_customer_or_person_in_order() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let ask = alpha.ask(reqwest::Method::PUT, "/customers/C-1/addresses").json(&change(1, "Bern"));
    ask.header("x-correlation-id", "why").send().await.is(204);
    let history = app.history("customers/C-1").await;
    let tags: Vec<_> = history.iter().map(|line| line["tag"].as_str().unwrap()).collect();
    let linked = "customer.person-linked.v1";
    let added = "customer.address-added.v1";
    let changed = "customer.address-changed.v1";
    assert_eq!(tags.len(), 7);
    assert_eq!(tags[..3], ["customer.opened.v1", linked, linked]);
    assert_eq!(tags.iter().filter(|tag| **tag == added).count(), 2);
    assert_eq!(tags[6], changed);
    assert!(history.iter().map(|line| line["version"].as_u64().unwrap()).eq(1..=7));
    let last = &history[6];
    assert_eq!((&last["correlation"], &last["object"]), (&"why".into(), &"1".into()));
    assert_eq!(last["payload"]["details"]["townName"], Value::Null);
    assert!(last["payload"].to_string().contains("Bern"), "{last}");
    assert!(app.history("customers/C-9").await.is_empty());
    assert_eq!(app.history("persons/P-1").await.len(), 3);
}

#[test]
fn a_history_that_cannot_be_read_is_told_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let cases: [(&[&str], i32); 4] = [
        (&["replay", "--data", data], 2),
        (&["replay", "--dev", "--data", data, "--stream", "C-1"], 2),
        (&["replay", "--url", "http://127.0.0.1:1"], 1),
        (&["replay", "--url", "http://127.0.0.1:1", "--stream", "dog/1"], 2),
    ];
    for (args, exit) in cases {
        complaint(&run(args, exit));
    }
    run(&["replay", "--dev", "--data", data, "--from", "x"], 2);
}

#[test]
fn a_folder_that_holds_nothing_is_no_empty_history() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("misspelt");
    let told = complaint(&run(&["replay", "--dev", "--data", data.to_str().unwrap()], 2));
    assert!(told.contains("holds no data of dossier"), "{told}");
    let token = ["token", "--client", "alpha", "--dev", "--data", data.to_str().unwrap()];
    run(&token, 2);
    assert!(!data.exists(), "nothing is made");
}
