//! The admin port: nothing of it is public, and beyond loopback it is opened by its own keys only.

use std::{collections::BTreeSet, fs, path::Path};

use reqwest::{Method, StatusCode};

use crate::support::{
    app::TestApp,
    bank,
    binary::{complaint, dossier, file_with, run, stdout},
    certificates::{Authority, put, settings},
    client::http,
};

const TOKEN: &str = "an-operators-token-of-some-length";

/// Every route of the admin port, as its source spells them.
fn routes() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut source = fs::read_to_string(root.join("src/admin.rs")).unwrap();
    for file in fs::read_dir(root.join("src/admin")).unwrap() {
        source += &fs::read_to_string(file.unwrap().path()).unwrap();
    }
    let parts = source.split(".route(").skip(1);
    let path =
        |part: &str| part.trim_start().strip_prefix('"')?.split('"').next().map(str::to_owned);
    let routes: BTreeSet<_> = parts.map(|part| path(part).unwrap()).collect();
    assert!(routes.contains("/livez") && routes.contains("/feed"), "{routes:?}");
    routes
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_of_the_admin_port_is_there_for_clients() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    for route in routes() {
        let path = route.replace("{id}", "C-1");
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let ask = alpha.ask(method.clone(), &path).send().await;
            ask.problem(404, "TECHNICAL_ERROR");
        }
        // It is there for operators, if only with another method.
        let admin = http().get(format!("{}{path}", app.admin())).send().await.unwrap();
        assert_ne!(admin.status(), 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_token_is_configured_every_route_but_one_asks_for_it() {
    let app = TestApp::configured(|config| {
        config.http.admin_token = dossier::config::Secret::new(TOKEN.to_owned());
    });
    let app = app.await;
    for route in routes() {
        let ask = || http().get(format!("{}{}", app.admin(), route.replace("{id}", "C-1")));
        let open = route == "/livez";
        for wrong in [None, Some(""), Some(&TOKEN[1..]), Some("Bearer"), Some(&format!("{TOKEN}x"))]
        {
            let ask = wrong.into_iter().fold(ask(), reqwest::RequestBuilder::bearer_auth);
            let answer = ask.send().await.unwrap();
            assert_eq!(answer.status() == StatusCode::UNAUTHORIZED, !open, "{route} {wrong:?}");
        }
        // A client's token is none.
        let clients = ask().bearer_auth(app.client("alpha").token).send().await.unwrap();
        assert_eq!(clients.status() == StatusCode::UNAUTHORIZED, !open, "{route}");
        let right = ask().bearer_auth(TOKEN).send().await.unwrap();
        assert_ne!(right.status(), StatusCode::UNAUTHORIZED, "{route}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_have_authorities_of_their_own() {
    let [servers, clients, operators] = ["servers", "clients", "operators"].map(Authority::new);
    let [public, admin] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    put(public.path(), &servers.server(), &clients.pem());
    put(admin.path(), &servers.server(), &operators.pem());
    let app = TestApp::configured(|config| {
        config.http.tls = settings(public.path());
        config.http.admin_tls = settings(admin.path());
    });
    let app = app.await;
    let (client, operator) = (clients.client("alpha"), operators.client("anna"));
    let [public, admin] = [("public", "/healthcheck"), ("admin", "/readyz")].map(|(port, path)| {
        let service = app.service();
        let address = if port == "public" { service.public } else { service.admin };
        format!("https://{address}{path}")
    });
    for (who, url, is_let_in) in [
        (&client, &public, true),
        (&client, &admin, false),
        (&operator, &public, false),
        (&operator, &admin, true),
    ] {
        let answer = servers.trusting_as(who).build().unwrap().get(url).send().await;
        assert_eq!(answer.is_ok_and(|answer| answer.status() == 200), is_let_in, "{url}");
    }
    let nobody = servers.trusting().build().unwrap().get(&admin).send().await;
    assert!(nobody.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_brings_certificate_and_token() {
    let [servers, operators] = ["servers", "operators"].map(Authority::new);
    let files = tempfile::tempdir().unwrap();
    put(files.path(), &servers.server(), &operators.pem());
    let app = TestApp::configured(|config| {
        config.http.admin_tls = settings(files.path());
        config.http.admin_token = dossier::config::Secret::new(TOKEN.to_owned());
    });
    let app = app.await;
    let operator = operators.client("anna");
    let file = |name: &str, content: &str| {
        let path = files.path().join(name);
        file_with(&path, content.as_bytes());
        path.to_str().unwrap().to_owned()
    };
    let bank = file("bank.ndjson", &bank::ndjson(bank::lines()));
    let [token, ca, cert, key, other] = [
        ("token", format!("{TOKEN}\n")),
        ("ca.pem", servers.pem()),
        ("cert.pem", operator.certificate),
        ("operator-key.pem", operator.key),
        ("other-token", "x".repeat(40)),
    ]
    .map(|(name, content)| file(name, &content));
    let url = format!("https://{}", app.service().admin);
    let with = |token: &str| {
        ["--url", &url, "--admin-token-file", token, "--ca", &ca, "--cert", &cert, "--key", &key]
            .map(str::to_owned)
    };
    let run = |arguments: &[&str], how: &[String], exit| {
        let how: Vec<_> = how.iter().map(String::as_str).collect();
        tokio::task::block_in_place(|| run(&[arguments, &how].concat(), exit))
    };
    run(&["import", &bank], &with(&token), 0);
    let history = run(&["replay", "--stream", "customer/C-1"], &with(&token), 0);
    assert!(stdout(&history).lines().count() > 3);
    let listed = run(&["consent", "list", "--client", "beta"], &with(&token), 0);
    assert_eq!(stdout(&listed).lines().count(), 1);
    run(&["consent", "revoke", "N-2"], &with(&token), 0);
    // Without any one of them it is refused.
    let told = complaint(&run(&["replay"], &with(&other), 1));
    assert!(told.contains("401"), "{told}");
    run(&["replay"], &with(&token)[..6], 1);
    run(&["replay"], &[&with(&token)[..4], &with(&token)[6..]].concat(), 1);
    // The token may be configured as well.
    let mut command = dossier(&["replay"]);
    let [given @ .., _, _, _, _] = &with(&token);
    command.args(&given[..2]).args(["--ca", &ca, "--cert", &cert, "--key", &key]);
    command.env("DOSSIER__HTTP__ADMIN_TOKEN_FILE", &token);
    let replayed = tokio::task::block_in_place(|| command.output().unwrap());
    assert!(replayed.status.success(), "{replayed:?}");
}

#[test]
fn the_token_is_not_sent_in_the_clear() {
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    file_with(&token, TOKEN.as_bytes());
    let token = token.to_str().unwrap();
    let with = |url: &str| ["replay", "--url", url, "--admin-token-file", token].map(str::to_owned);
    let told = |url: &str, exit| {
        let arguments = with(url);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        complaint(&run(&arguments, exit))
    };
    assert!(told("http://192.0.2.1:9080", 2).contains("https"));
    // Nobody listens there, but it is this machine.
    assert!(told("http://127.0.0.1:1", 1).contains("did not answer"));
    file_with(Path::new(token), b"short");
    assert!(told("http://127.0.0.1:1", 2).contains("32 visible characters"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_web_page_can_use_the_port_through_an_operators_browser() {
    let app = TestApp::start().await;
    let before = app.watermark();
    let revoke = || http().post(format!("{}/consents/N-1/revoke", app.admin()));
    let metrics = || http().get(format!("{}/metrics", app.admin()));
    let pages = [
        revoke().header("origin", "https://page.example"),
        revoke().header("origin", "null"),
        revoke().header("sec-fetch-site", "cross-site"),
        // A name of the page's own that leads to this machine.
        metrics().header("host", "page.example:9080"),
        metrics().header("host", "127.0.0.1.page.example"),
    ];
    for page in pages {
        assert_eq!(page.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(app.watermark(), before);
    let own = metrics().header("host", "localhost:9080").send().await.unwrap();
    assert_eq!(own.status(), StatusCode::OK);
}
