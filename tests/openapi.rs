//! The document of the API: the committed one, what holds within it, and how it is served.

mod bodies;
mod collection;
mod contents;
mod ids;
mod pages;
mod settings;
mod texts;

use std::{collections::BTreeSet, fs, path::Path};

use dossier::http::openapi;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    binary::{bare_dossier, stdout},
    document::{BASE_PATH, DOCUMENT, assert_valid, resolved, settings},
};

/// The operations of the document, each with its path.
fn operations() -> impl Iterator<Item = (&'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().values().map(move |operation| (path.as_str(), operation))
    })
}

/// Every object within a value.
fn objects(value: &Value) -> Vec<&Value> {
    let below: Vec<&Value> = match value {
        Value::Object(members) => members.values().collect(),
        Value::Array(items) => items.iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return vec![],
    };
    let below = below.into_iter().flat_map(objects);
    std::iter::once(value).filter(|value| value.is_object()).chain(below).collect()
}

#[test]
fn the_committed_document_is_the_one_that_the_service_makes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let committed = fs::read_to_string(file).unwrap_or_default();
    let hint = "openapi.json is out of date: cargo run -- openapi > openapi.json";
    assert!(committed == openapi::text(&settings()), "{hint}");
    assert_eq!(stdout(&bare_dossier(&["openapi"]).output().unwrap()), committed);
}

#[test]
fn every_reference_leads_somewhere_and_every_part_is_led_to() {
    let mut named = BTreeSet::new();
    for object in objects(&DOCUMENT) {
        if let Some(reference) = object["$ref"].as_str() {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(DOCUMENT.pointer(pointer).is_some(), "{reference}");
            named.insert(pointer);
        }
    }
    for section in ["schemas", "parameters", "headers", "responses"] {
        for name in DOCUMENT["components"][section].as_object().unwrap().keys() {
            let pointer = format!("/components/{section}/{name}");
            assert!(named.contains(pointer.as_str()), "nothing leads to {pointer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_context_that_cannot_be_read_is_ignored_as_the_document_says() {
    let app = TestApp::start().await;
    let alpha = app.client("alpha");
    let schema = &DOCUMENT["components"]["parameters"]["traceparent"]["schema"];
    for trace in ["", "no trace", &"x".repeat(129)] {
        assert_valid(schema, &json!(trace), "it was taken");
        alpha.ask(Method::GET, "/customers").header("traceparent", trace).send().await.is(200);
    }
}

#[test]
fn every_example_is_valid() {
    let mut seen = 0;
    for object in objects(&DOCUMENT).into_iter().filter(|object| object.get("schema").is_some()) {
        let many = object.get("examples").and_then(Value::as_object);
        let many = many.into_iter().flatten().map(|(_, example)| &example["value"]);
        for example in many.chain(object.get("example")) {
            assert_valid(&object["schema"], example, &example.to_string());
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen} examples");
    for (path, operation) in
        operations().filter(|(_, operation)| operation["tags"][0] != "Documents")
    {
        let bodies = operation["responses"].as_object().unwrap().values().map(resolved);
        let bodies = bodies.chain(operation.get("requestBody"));
        let contents = bodies.filter_map(|body| body["content"].as_object()).flatten();
        for (media_type, content) in contents {
            let shown = content.get("example").or_else(|| content.get("examples"));
            assert!(shown.is_some_and(|it| !it.is_null()), "{path}: {media_type} without example");
        }
    }
}

#[test]
fn every_operation_has_a_name_and_what_it_needs_is_said() {
    let mut ids = BTreeSet::new();
    for (path, operation) in operations() {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{path}");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{path}");
        let parameters = operation["parameters"].as_array().unwrap().iter().map(resolved);
        let in_path: Vec<_> = parameters
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap()))
            .collect();
        let expected: Vec<_> = path.split('/').filter(|part| part.starts_with('{')).collect();
        assert_eq!(in_path, expected, "{path}");
    }
}

#[test]
fn what_was_added_is_linked_to_the_operation_that_reads_it() {
    let mut linked = 0;
    for (path, operation) in operations() {
        let Some(added) = operation["responses"].get("201") else { continue };
        let link = &added["links"]["added"];
        let find = |id: &Value| operations().find(|(_, it)| it["operationId"] == *id).unwrap();
        let (target, _) = find(&link["operationId"]);
        let values = link["parameters"].as_object().unwrap();
        let filled = values
            .keys()
            .fold(target.to_owned(), |path, name| path.replace(&format!("{{{name}}}"), "x"));
        assert!(!filled.contains('{'), "{path} does not say all that {target} needs");
        linked += 1;
    }
    assert_eq!(linked, 3);
}

#[test]
fn what_is_served_in_the_singular_too_is_the_same_and_deprecated() {
    let mut paths = 0;
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        let Some(below) = path.strip_prefix("/customer/") else { continue };
        let mut plural = DOCUMENT["paths"][format!("/customers/{below}")].clone();
        for operation in plural.as_object_mut().unwrap().values_mut() {
            let id = operation["operationId"].as_str().unwrap();
            operation["operationId"] = format!("{id}InSingular").into();
            operation["deprecated"] = true.into();
        }
        assert_eq!(*item, plural, "{path}");
        paths += 1;
    }
    assert_eq!(paths, 2);
}

/// A method that no path knows is answered with those that it does know: `Call::judge` compares.
#[tokio::test(flavor = "multi_thread")]
async fn every_path_of_the_document_is_served_with_its_methods() {
    let app = TestApp::empty().await;
    let client = app.client("alpha");
    for path in DOCUMENT["paths"].as_object().unwrap().keys() {
        let path = path.replace(['{', '}'], "");
        client.ask(Method::DELETE, &path).send().await.problem(405, "WRONG_METHOD");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_served_to_everybody_and_says_where_the_api_is() {
    let app = TestApp::empty().await;
    let bare = |app: &TestApp, path: &str| {
        let ask = app.client("alpha").ask(Method::GET, path);
        ask.without("authorization").without("x-correlation-id").send()
    };
    let served = bare(&app, "/openapi.json").await.is(200);
    assert_eq!(served.body, openapi::text(&settings()));
    assert_eq!(served.at("/servers/0/url"), "/");

    let app = TestApp::configured(|config| config.http.base_path = BASE_PATH.to_owned()).await;
    for path in ["/openapi.json", "/blink/v1/openapi.json"] {
        let served = bare(&app, path).await.is(200);
        assert_eq!(served.at("/servers/0/url"), BASE_PATH);
        assert_eq!(served.at("/paths"), DOCUMENT["paths"]);
    }
    for path in
        ["/docs", "/blink/v1/docs", "/problems/WRONG_METHOD", "/blink/v1/problems/wrongMethod"]
    {
        bare(&app, path).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correlation_id_of_a_document_is_reflected_or_refused() {
    let app = TestApp::empty().await;
    let ask = || app.client("alpha").ask(Method::GET, "/openapi.json");
    ask().header("x-correlation-id", "mine").send().await.is(200);
    let refused = ask().header("x-correlation-id", &"x".repeat(65)).send().await;
    refused.problem(400, "INVALID_PAYLOAD");
}
