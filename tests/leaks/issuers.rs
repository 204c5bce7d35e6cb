//! What an issuer answers may be personal, too, most of all where it is not what was asked for.

use super::{FINEST, MARK};
use crate::support::{
    binary::{Serving, dossier},
    client::http,
    issuer::{AUDIENCE, CLIENT, Instead, Issuer, NAME, SECRET},
};

async fn metrics(service: &Serving) -> String {
    let answer = http().get(format!("{}/metrics", service.admin)).send().await.unwrap();
    answer.text().await.unwrap()
}

/// All log lines of a service that asks the issuer in this way, and is not told what it asked for.
async fn lines(what: &str, way: &[(&str, &str)]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let mut command = dossier(&["serve", "--nats", "off", "--data"]);
    command.arg(dir.path()).args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    command.env("DOSSIER__TELEMETRY__FILTER", FINEST);
    command.env("DOSSIER__KEYS__MASTER", "ab".repeat(32));
    for (name, value) in [("ISSUER", NAME), ("AUDIENCES", AUDIENCE)].iter().chain(way) {
        command.env(format!("DOSSIER__ACCESS__{name}"), value);
    }
    let (mut service, lines) = Serving::run(command).unwrap();
    let client = service.client(format!("{MARK}-token"));
    let answer = client.get("/customers/C-1").await;
    assert!(answer.status == 503 || answer.status == 401, "{answer:?}");
    let has_failed = |line: &str| {
        line.starts_with("dossier_issuer_fetches_total")
            && [what, "failed"].into_iter().all(|label| line.contains(&format!("\"{label}\"")))
    };
    let mut seen = metrics(&service).await;
    while !seen.lines().any(has_failed) {
        seen = metrics(&service).await;
    }
    service.interrupt();
    service.ended();
    let mut lines = lines.all();
    lines.push(seen);
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_issuer_answers_is_not_told() {
    let issuer = Issuer::start(&[]).await;
    let body = format!("\"{MARK}\"");
    issuer.answer_instead(Some(Instead { status: 200, location: None, body }));
    let (asked, keys) = (issuer.url("/introspect"), issuer.url("/jwks"));
    let introspection = [
        ("INTROSPECTION_URL", asked.as_str()),
        ("INTROSPECTION_CLIENT", CLIENT),
        ("INTROSPECTION_SECRET", SECRET),
    ];
    for (what, way) in [("introspection", &introspection[..]), ("jwks", &[("JWKS_URL", &keys)])] {
        let lines = lines(what, way).await;
        let told = lines.iter().filter(|line| line.contains("is not what was asked for"));
        assert!(told.count() > 0, "nothing was told of {what}");
        for line in lines {
            assert!(!line.contains(MARK) && !line.contains(SECRET), "{line}");
        }
    }
}
