//! The command line: what it refuses, in one line, and what it prints.

use std::{net::TcpListener, process::Stdio};

use crate::support::{
    binary::{complaint, dossier, file_with, run, run_with, stderr, stdout},
    certificates::Authority,
};

#[test]
fn what_may_not_be_served_is_refused_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = busy.local_addr().unwrap().to_string();
    let any = "127.0.0.1:0";
    let all = "0.0.0.0:0";
    let cases: [(&[&str], i32, &str); 9] = [
        (&["--listen", any, "--admin-listen", any], 2, "access.jwks_url"),
        (&["--dev", "--listen", all, "--admin-listen", any], 2, "--dev listens on loopback only"),
        (&["--dev", "--listen", any, "--admin-listen", all], 2, "--dev listens on loopback only"),
        (&["--listen", all, "--admin-listen", any], 2, "[http.tls]"),
        (&["--listen", "[::]:0", "--admin-listen", any], 2, "http.plain_beyond_loopback"),
        (&["--listen", any, "--admin-listen", all], 2, "[http.admin_tls]"),
        (&["--dev", "--listen", &busy, "--admin-listen", any], 1, &busy),
        (&["--dev", "--listen", any, "--admin-listen", &busy], 1, &busy),
        (
            &["--dev", "--listen", any, "--admin-listen", any, "--config", "/nowhere.toml"],
            2,
            "nowhere",
        ),
    ];
    for (args, exit, reason) in cases {
        let args = [&["serve", "--data", data, "--nats", "off"], args].concat();
        let told = complaint(&run(&args, exit));
        assert!(told.contains(reason), "{told}");
    }
    run(&["serve", "--listen", "here"], 2);
    run(&["dance"], 2);
}

/// An issuer that is right as far as the settings go.
const ISSUER: &str = "[access]\nissuer = \"https://as\"\naudiences = [\"a\"]\n";

#[test]
fn who_issues_tokens_is_decided_before_anything_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("dossier.toml"));
    let nowhere = dir.path().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    let introspection = "introspection_url = \"https://as\"\nintrospection_client = \"x\"";
    let jwks = "jwks_url = \"http://127.0.0.1:1/jwks\"";
    let cases = [
        // Two that could be believed.
        (jwks.to_owned(), &["--dev"][..], "leave one of the two out"),
        // What is named is not there.
        (format!("jwks_file = \"{nowhere}\""), &[], nowhere),
        (format!("{introspection}\nintrospection_secret_file = \"{nowhere}\""), &[], nowhere),
        (format!("{jwks}\nroot_certificates = \"{nowhere}\""), &[], nowhere),
        // What contradicts itself, all of it.
        ("jwks_url = \"http://as\"\nalgorithms = []".to_owned(), &[], "access.algorithms"),
        (format!("{jwks}\nalgorithms = [\"HS256\"]"), &[], "HS256"),
        (format!("{jwks}\nalgorithms = [\"none\"]"), &[], "none"),
    ];
    for (settings, args, reason) in cases {
        file_with(&file, format!("{ISSUER}{settings}").as_bytes());
        let any = "127.0.0.1:0";
        let serve = ["serve", "--nats", "off", "--listen", any, "--admin-listen", any, "--config"];
        let paths = [file.to_str().unwrap(), "--data", data.to_str().unwrap()];
        let told = complaint(&run(&[&serve[..], &paths, args].concat(), 2));
        assert!(told.contains(reason), "{told}");
        assert!(!data.exists(), "{told}");
    }
}

#[test]
fn tls_that_cannot_be_set_up_is_refused_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        file_with(&path, content.as_bytes());
        path.to_str().unwrap().to_owned()
    };
    let authority = Authority::new("both");
    let (own, other) = (authority.server(), authority.server());
    let [certificate, key, others, clients, nonsense] = [
        ("certificate.pem", &own.certificate),
        ("key.pem", &own.key),
        ("others.pem", &other.key),
        ("clients.pem", &authority.pem()),
        ("nonsense.pem", &"marker-of-a-secret".to_owned()),
    ]
    .map(|(name, content)| file(name, content));
    let data = dir.path().join("data");
    for (files, told) in [
        ([&certificate, &others, &clients], "cannot be used with its key"),
        ([&nonsense, &key, &clients], "holds no certificate"),
        ([&certificate, &nonsense, &clients], "holds no private key"),
        ([&certificate, &key, &nonsense], "holds no certificate"),
        ([&"/nowhere.pem".to_owned(), &key, &clients], "/nowhere.pem cannot be read"),
    ] {
        for section in ["TLS", "ADMIN_TLS"] {
            let mut command = dossier(&["serve", "--dev", "--nats", "off", "--data"]);
            command.arg(&data).args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
            for (name, file) in ["CERTIFICATE", "KEY", "CLIENT_AUTHORITIES"].iter().zip(files) {
                command.env(format!("DOSSIER__HTTP__{section}__{name}"), file);
            }
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
            assert!(complaint(&output).contains(told), "{}", stderr(&output));
            assert!(!stderr(&output).contains("marker"), "{}", stderr(&output));
        }
    }
    assert!(!data.exists(), "nothing was begun");
}

#[test]
fn a_folder_opens_with_its_own_master_key_only() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let with = |key: &str, args: &[&str]| {
        let mut command = dossier(&[args, &["--data", data]].concat());
        command.env("DOSSIER__KEYS__MASTER", key).stdin(Stdio::null()).output().unwrap()
    };
    let replay = |key: &str| with(key, &["replay"]);
    let (mine, other) = ("ab".repeat(32), "cd".repeat(32));
    assert_eq!(with(&mine, &["import", "-"]).status.code(), Some(0));
    assert_eq!(replay(&mine).status.code(), Some(0));
    let told = replay(&other);
    assert_eq!(told.status.code(), Some(2));
    assert!(complaint(&told).contains("master key"), "{}", stderr(&told));
    for key in [&mine[1..], "x"] {
        let told = replay(key);
        assert_eq!(told.status.code(), Some(2));
        assert!(complaint(&told).ends_with("is not 64 hexadecimal digits"));
    }
    assert_eq!(replay(&mine).status.code(), Some(0));
}

#[test]
fn a_server_that_cannot_be_published_to_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let any = "127.0.0.1:0";
    let serve = ["serve", "--dev", "--data", data, "--listen", any, "--admin-listen", any];
    let told = run(&[&serve[..], &["--nats", "http://me:marker@nats:4222"]].concat(), 2);
    assert!(complaint(&told).contains("nats://HOST:PORT"));
    assert!(!stderr(&told).contains("marker"));
}

#[test]
fn a_configuration_that_is_wrong_is_refused_and_one_that_is_right_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("dossier.toml");
    let path = file.to_str().unwrap();
    for wrong in
        ["[http]\nlistne = 1", "[x]", "x", "[http]\nbase_path = \"x\"", "[log]\nqueue_max = 0"]
    {
        file_with(&file, wrong.as_bytes());
        run(&["config", "--config", path], 2);
    }
    for (name, told) in [
        ("DOSSIER__HTTP__LISTNE", "listne"),
        ("DOSSIER_HTTP__LISTEN", "DOSSIER__HTTP__LISTEN"),
        ("DOSSIER__KEYS_MASTER_FILE", "DOSSIER__KEYS__MASTER_FILE"),
    ] {
        let misspelt = dossier(&["config"]).env(name, "marker").output().unwrap();
        assert_eq!(misspelt.status.code(), Some(2));
        assert!(complaint(&misspelt).contains(told), "{}", stderr(&misspelt));
        assert!(!stderr(&misspelt).contains("marker"));
    }

    let secret = "ab".repeat(32);
    file_with(
        &file,
        format!("[keys]\nmaster = \"{secret}\"\n[rules]\ncontacts_max = 7").as_bytes(),
    );
    let mut command = dossier(&["config", "--config", path, "--data", "/elsewhere"]);
    let printed = command.env("DOSSIER__HTTP__DRAIN_MS_MAX", "1").output().unwrap();
    let printed = stdout(&printed);
    for part in ["contacts_max = 7", "drain_ms_max = 1\n", "dir = \"/elsewhere\"", "(secret)"] {
        assert!(printed.contains(part), "{printed}");
    }
    assert!(!printed.contains(&secret));
    // What is printed can be read again.
    let all = printed.replace("(secret)", "");
    file_with(&file, all.as_bytes());
    run(&["config", "--config", path], 0);
}

#[test]
fn tokens_are_printed_for_development_only() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let told = run(&["token", "--client", "alpha", "--data", data], 2);
    assert!(complaint(&told).contains("--dev"));
    run_with(&["import", "-", "--dev", "--data", data], b"", 0);
    let args = ["token", "--dev", "--client", "alpha", "--data", data];
    let printed = run(&args, 0);
    assert_eq!(stdout(&printed).trim().split('.').count(), 3);
    run(&[&args[..], &["--scope", "customer:read"]].concat(), 0);
    run(&[&args[..], &["--scope", "everything"]].concat(), 2);
}

#[test]
fn the_command_line_teaches_itself() {
    let help = run(&["--help"], 0);
    for word in [
        "serve",
        "import",
        "sample",
        "replay",
        "token",
        "config",
        "openapi",
        "completions",
        "Exit codes",
    ] {
        assert!(stdout(&help).contains(word), "{word}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&run(&["completions", shell], 0)).contains("dossier"));
    }
    run(&["--version"], 0);
}
