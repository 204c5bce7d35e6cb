//! What holds for the source itself: who may say what, and how every file begins.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A word, and the beginnings of the paths of the files that may say it.
const OWNERS: [(&str, &[&str]); 11] = [
    ("sled::", &["events/src/log/store.rs", "events/src/sync/model", "projections/src/store.rs"]),
    ("axum::", &["src/http", "src/admin", "src/listener"]),
    ("hyper::", &["src/listener"]),
    ("rustls::", &["src/listener/tls.rs"]),
    ("x509_parser::", &["src/listener/peer.rs"]),
    ("async_nats::", &["src/publisher", "src/intake"]),
    ("std::env", &["fuzz/src/main.rs", "src/config.rs"]),
    ("env::", &["fuzz/src/main.rs", "src/config.rs"]),
    ("clap::", &["src/cli"]),
    ("reqwest::", &["src/cli", "src/access"]),
    ("Utc::now", &["src/clock.rs", "events/src/log/writer.rs"]),
];

/// Which of our own crates each may name.
const DIRECTIONS: [(&str, &[&str]); 3] = [
    ("events/src/", &["projections::", "dossier::"]),
    ("projections/src/", &["dossier::"]),
    ("src/commands", &["projections::", "crate::http", "crate::app", "crate::publisher"]),
];

/// A file with its path from the root.
struct Source {
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "events", "fuzz", "projections", "tests", "benches"] {
        find(&root.join(folder), &mut files);
    }
    let source = |file: PathBuf| Source {
        path: file.strip_prefix(root).unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(&file).unwrap(),
    };
    let sources: Vec<_> = files.into_iter().map(source).collect();
    assert!(sources.len() > 100, "{} files", sources.len());
    sources
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

impl Source {
    fn is_product(&self) -> bool {
        let is_of_tests = self.path.split('/').any(|part| part == "tests" || part == "tests.rs");
        !is_of_tests && self.path.contains("src/")
    }

    /// Lines before the tests that a file may end in.
    fn product_lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"))
    }

    fn says(&self, word: &str) -> bool {
        let code = self.product_lines().filter(|line| !line.trim_start().starts_with("//"));
        code.flat_map(|line| line.match_indices(word).map(move |(at, _)| (line, at))).any(
            |(line, at)| {
                !line[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
            },
        )
    }
}

#[track_caller]
fn none_of(found: impl Iterator<Item = String>, what: &str) {
    let found: Vec<_> = found.collect();
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn every_outside_thing_has_one_door() {
    let sources = sources();
    for (word, owners) in OWNERS {
        let speakers = sources.iter().filter(|source| source.is_product() && source.says(word));
        let strangers =
            speakers.filter(|source| !owners.iter().any(|own| source.path.starts_with(own)));
        none_of(strangers.map(|source| source.path.clone()), word);
    }
}

#[test]
fn dependencies_point_at_the_past() {
    let sources = sources();
    for (folder, words) in DIRECTIONS {
        let own = sources.iter().filter(|source| source.path.starts_with(folder));
        for word in words {
            let wrong = own.clone().filter(|source| source.is_product() && source.says(word));
            none_of(wrong.map(|source| source.path.clone()), word);
        }
    }
}

#[test]
fn every_file_begins_with_what_it_is() {
    let sources = sources();
    let silent = sources
        .iter()
        .filter(|source| !source.path.ends_with("/tests.rs") && !source.text.starts_with("//! "));
    none_of(silent.map(|source| source.path.clone()), "without a first line");
    let named = sources.iter().filter(|source| source.path.ends_with("/mod.rs"));
    none_of(named.map(|source| source.path.clone()), "called mod.rs");
}

#[test]
fn nothing_is_left_lying_about() {
    let left = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["X", "XX"].concat()];
    let untidy = |line: &str| {
        line.ends_with(' ') || line.contains('\t') || left.iter().any(|word| line.contains(word))
    };
    let sources = sources();
    let lines = sources.iter().flat_map(|source| {
        let lines = source.text.lines().zip(1..).filter(|(line, _)| untidy(line));
        lines.map(|(line, number)| format!("{}:{number}: {line}", source.path))
    });
    none_of(lines, "untidy");
    let ends = sources
        .iter()
        .filter(|source| !source.text.ends_with('\n') || source.text.ends_with("\n\n"));
    none_of(ends.map(|source| source.path.clone()), "ends oddly");
}
