//! The collection against the document: no operation is left out, and no error that one call can
//! bring about.

use std::{collections::BTreeSet, fs, path::Path};

use crate::support::document::{DOCUMENT, template};

/// What no call brings about alone: a share that is used up, and what is wrong with the service.
const OF_NO_CALL: [&str; 3] = ["429", "500", "503"];
const METHODS: [&str; 6] = ["get", "post", "put", "delete", "patch", "head"];

/// The requests of the collection.
fn requests() -> Vec<String> {
    let collection = Path::new(env!("CARGO_MANIFEST_DIR")).join("collection");
    let folders = ["1 operations", "2 beyond", "3 errors"].map(|name| collection.join(name));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

/// What stands behind this at the beginning of a line.
fn said<'t>(request: &'t str, name: &str) -> Option<&'t str> {
    request.lines().find_map(|line| line.trim_start().strip_prefix(name))
}

/// The name of the operation that a request calls.
fn called(request: &str) -> Option<&'static str> {
    let url = said(request, "url: {{base}}").unwrap();
    let path = template(url.split('?').next().unwrap())?;
    let method = METHODS.into_iter().find(|it| said(request, &format!("{it} {{")).is_some())?;
    DOCUMENT["paths"][path][method]["operationId"].as_str()
}

#[test]
fn every_operation_of_the_document_is_called() {
    let (requests, paths) = (requests(), DOCUMENT["paths"].as_object().unwrap());
    let called: BTreeSet<_> = requests.iter().filter_map(|request| called(request)).collect();
    let operations = paths.values().flat_map(|item| item.as_object().unwrap().values());
    let known: BTreeSet<_> = operations.filter_map(|it| it["operationId"].as_str()).collect();
    assert_eq!(known.difference(&called).collect::<Vec<_>>(), [&""; 0]);
}

#[test]
fn every_problem_that_a_call_can_bring_about_is_brought_about() {
    let problem = |request: &String| {
        let status = said(request, "res.status: eq ")?;
        Some((status.to_owned(), said(request, "res.body.type: eq /problems/")?.to_owned()))
    };
    let provoked: BTreeSet<_> = requests().iter().filter_map(problem).collect();
    for (status, response) in DOCUMENT["components"]["responses"].as_object().unwrap() {
        let examples = &response["content"]["application/problem+json"]["examples"];
        for kind in examples.as_object().unwrap().keys() {
            let can_be = !OF_NO_CALL.contains(&status.as_str());
            let is = provoked.contains(&(status.clone(), kind.clone()));
            assert_eq!(is, can_be, "{status} {kind}");
        }
    }
}
