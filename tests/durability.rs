//! DURABILITY.md names a test for each promise, and each test that it names is there.

use std::{fs, path::Path};

/// Promises of the document, at least: a table that is not read would hold nothing.
const PROMISES_MIN: usize = 20;

#[test]
fn every_promise_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(root.join("DURABILITY.md")).unwrap();
    let promises: Vec<_> =
        document.lines().filter(|line| line.starts_with("| ") && line.contains(".rs`")).collect();
    assert!(promises.len() >= PROMISES_MIN, "{} promises", promises.len());
    let rows = document.lines().filter(|line| line.starts_with("| ")).count();
    assert_eq!(rows, promises.len() + 1, "a promise that no test holds");
    for promise in promises {
        let held_by = promise.rsplit_once(" | ").unwrap().1.trim_end_matches(" |");
        for test in held_by.split(", ") {
            let mut words = test.split('`').filter(|word| !word.trim().is_empty());
            let (path, name) = (words.next().unwrap(), words.next().unwrap());
            let source = fs::read_to_string(root.join(path))
                .unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(source.contains(&format!("fn {name}(")), "{path} has no test {name}");
        }
    }
}
