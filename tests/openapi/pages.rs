//! The page that shows the document, and the pages about problems.

use dossier::{config::ProblemTypeStyle, http::openapi};
use serde_json::Value;

use crate::support::app::TestApp;

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
    for unknown in ["/docs/index.html", "/docs/%FF"] {
        client.get(unknown).await.problem(404, "TECHNICAL_ERROR");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_every_problem_leads_to_its_page_in_either_spelling() {
    check_pages(ProblemTypeStyle::Blink).await;
    let app = TestApp::empty().await;
    let client = app.client("alpha");
    let unknown =
        ["/problems/", "/problems/wrong_method", "/problems/%3Cb%3E", "/problems/%FF", "/problems"];
    for unknown in unknown {
        client.get(unknown).await.problem(404, "TECHNICAL_ERROR");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_stands_for_more_than_its_name_leads_to_a_page_about_all_of_it() {
    check_pages(ProblemTypeStyle::OpenWealth1).await;
}

async fn check_pages(style: ProblemTypeStyle) {
    let app = TestApp::configured(|config| config.http.problem_type_style = style).await;
    let client = app.client("alpha");
    let document = openapi::document(&app.service().app.settings);
    let types = &document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    for kind in types.as_array().unwrap() {
        let kind = kind.as_str().unwrap();
        let name = kind.rsplit('/').next().unwrap();
        let page = client.get(&format!("/problems/{name}")).await.is(200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let html = std::str::from_utf8(&page.body).unwrap();
        let spelt = between(html, "<code>");
        assert_eq!(spelt[1].to_lowercase(), spelt[0].replace('_', "").to_lowercase());
        assert!(spelt.contains(&name), "{spelt:?}");
        for other in spelt {
            let same = client.get(&format!("/problems/{other}")).await.is(200);
            assert_eq!(same.body, page.body);
        }
        for part in ["When it happens", "What to do", "How it looks"] {
            assert!(html.contains(part), "{part}: {html}");
        }
        let examples = between(html, "<pre>").into_iter();
        let examples = examples.map(|text| serde_json::from_str::<Value>(text).unwrap());
        let mut shown: Vec<_> = examples.map(|example| example["status"].to_string()).collect();
        shown.sort_unstable();
        assert_eq!(shown, statuses(&document, kind), "{html}");
    }
}

/// What stands in elements that begin so.
fn between<'a>(html: &'a str, tag: &str) -> Vec<&'a str> {
    html.split(tag).skip(1).map(|rest| rest.split("</").next().unwrap()).collect()
}

/// The statuses that a problem comes with.
fn statuses(document: &Value, kind: &str) -> Vec<String> {
    let types = |response: &Value| {
        let schema = &response["content"]["application/problem+json"]["schema"];
        schema["properties"]["type"]["enum"].as_array().unwrap().contains(&kind.into())
    };
    let responses = document["components"]["responses"].as_object().unwrap().iter();
    responses.filter(|(_, response)| types(response)).map(|(status, _)| status.clone()).collect()
}
