//! The page that shows the document, and the pages about problems.

use serde_json::Value;

use crate::support::{app::TestApp, document::DOCUMENT};

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_all_its_files_come_from_this_service() {
    let app = TestApp::empty().await;
    let client = app.client("alpha");
    let page = client.get("/docs").await.is(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let html = std::str::from_utf8(&page.body).unwrap();
    let parts = html.split(['"']).filter(|part| part.starts_with("docs/"));
    let mut files = 0;
    for part in parts {
        let file = client.get(&format!("/{part}")).await.is(200);
        assert!(!file.body.is_empty());
        files += 1;
    }
    assert_eq!(files, 3);
    assert!(!html.contains("//"), "{html}");
    client.get("/docs/index.html").await.problem(404, "TECHNICAL_ERROR");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_every_problem_leads_to_its_page_in_either_spelling() {
    let app = TestApp::empty().await;
    let client = app.client("alpha");
    let types = &DOCUMENT["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    let types: Vec<_> = types.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    for path in &types {
        let page = client.get(path).await.is(200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let html = std::str::from_utf8(&page.body).unwrap();
        let name = path.rsplit('/').next().unwrap();
        let other = html.split("also spelt <code>").nth(1).unwrap().split('<').next().unwrap();
        assert_eq!(other.to_lowercase(), name.replace('_', "").to_lowercase());
        let same = client.get(&format!("/problems/{other}")).await.is(200);
        assert_eq!(same.body, page.body);
        for part in ["When it happens", "What to do", "How it looks", name] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert_eq!(html.matches("<pre>{").count(), statuses(path), "{html}");
    }
    for unknown in ["/problems/", "/problems/wrong_method", "/problems/%3Cb%3E", "/problems"] {
        client.get(unknown).await.problem(404, "TECHNICAL_ERROR");
    }
}

/// How many statuses a problem comes with.
fn statuses(kind: &str) -> usize {
    let responses = DOCUMENT["components"]["responses"].as_object().unwrap().values();
    let types = |response: &Value| {
        let schema = &response["content"]["application/problem+json"]["schema"];
        schema["properties"]["type"]["enum"].as_array().unwrap().contains(&kind.into())
    };
    responses.filter(|response| types(response)).count()
}
