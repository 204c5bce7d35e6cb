//! The OpenAPI document as a judge: of every answer that a test gets, and of every body that the
//! service took.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use dossier::{
    app::Settings,
    config::{Config, ProblemTypeStyle},
    http::openapi,
};
use jsonschema::{Draft, Validator};
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};

use super::answer::Answer;

/// What stands before every path where tests set something.
pub(crate) const BASE_PATH: &str = "/blink/v1";

/// Headers of HTTP itself, which a document does not name.
const OF_HTTP: [&str; 4] = ["connection", "content-length", "content-type", "date"];

pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::document(&settings()));

/// That of a service that spells types of problems as OpenWealth does.
static OPENWEALTH: LazyLock<Value> = LazyLock::new(|| {
    openapi::document(&Settings { problem_type_style: ProblemTypeStyle::OpenWealth1, ..settings() })
});

/// What a service says of itself that spells types of problems so.
pub(crate) fn spelling(style: ProblemTypeStyle) -> &'static Value {
    match style {
        ProblemTypeStyle::Blink => &DOCUMENT,
        ProblemTypeStyle::OpenWealth1 => &OPENWEALTH,
    }
}

/// Those of a service that nobody has configured.
pub(crate) fn settings() -> Settings {
    Settings::of(&Config::load(None).unwrap())
}

/// Validators that were made, by the schema they are made of.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// One call, as far as the document speaks about it.
pub(crate) struct Call<'a> {
    pub(crate) document: &'static Value,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) body: Option<&'a [u8]>,
}

impl Call<'_> {
    /// Panics where the answer is not what the document says.
    pub(crate) fn judge(&self, answer: &Answer) {
        let Some(item) = self.path_item() else {
            let unknown = &self.document["components"]["responses"]["404"];
            assert_eq!(answer.status, 404, "a path that the document does not know: {answer:?}");
            return self.check(unknown, answer);
        };
        let method = if self.method == Method::HEAD { "get" } else { self.method.as_str() };
        let method = method.to_ascii_lowercase();
        let Some(operation) = item.get(&method) else {
            return self.check_unknown_method(item, answer);
        };
        let response = operation["responses"].get(answer.status.to_string());
        let response = response.unwrap_or_else(|| panic!("not in the document: {answer:?}"));
        self.check(response, answer);
        if (200..300).contains(&answer.status) {
            self.check_what_was_taken(operation);
        }
    }

    fn check_unknown_method(&self, item: &'static Value, answer: &Answer) {
        assert_eq!(answer.status, 405, "a method that the document does not know: {answer:?}");
        let methods = item.as_object().unwrap();
        let mut documented: Vec<_> = methods.keys().map(|name| name.to_ascii_uppercase()).collect();
        if methods.contains_key("get") {
            documented.push("HEAD".to_owned());
        }
        documented.sort_unstable();
        let mut allowed: Vec<_> = answer.header("allow").unwrap().split(',').collect();
        allowed.sort_unstable();
        assert_eq!(allowed, documented, "{answer:?}");
        self.check(&self.document["components"]["responses"]["405"], answer);
    }

    fn check(&self, response: &'static Value, answer: &Answer) {
        let response = resolved_in(self.document, response);
        self.check_headers(response, answer);
        let Some(contents) = response.get("content").and_then(Value::as_object) else {
            assert!(
                answer.body.is_empty() && answer.header("content-type").is_none(),
                "{answer:?}"
            );
            return;
        };
        let media_type = answer.header("content-type").unwrap_or_else(|| panic!("{answer:?}"));
        let media_type = media_type.split(';').next().unwrap();
        let content = contents.get(media_type).or_else(|| contents.get("*/*"));
        let content = content.unwrap_or_else(|| panic!("another media type: {answer:?}"));
        if media_type.ends_with("json") && self.method != Method::HEAD {
            self.assert_valid(&content["schema"], &answer.json(), &format!("{answer:?}"));
        }
    }

    /// The schema refuses nothing that the service takes.
    fn check_what_was_taken(&self, operation: &Value) {
        let content = operation.pointer("/requestBody/content/application~1json");
        if let (Some(content), Some(body)) = (content, self.body) {
            let body = serde_json::from_slice(body).unwrap();
            self.assert_valid(&content["schema"], &body, "it was taken");
        }
    }

    fn check_headers(&self, response: &'static Value, answer: &Answer) {
        let declared = response["headers"].as_object().unwrap();
        for (name, value) in &answer.headers {
            if !OF_HTTP.contains(&name.as_str()) {
                let found = declared.iter().find(|(it, _)| it.eq_ignore_ascii_case(name.as_str()));
                let (_, header) = found.unwrap_or_else(|| panic!("{name}: {answer:?}"));
                let schema = &resolved_in(self.document, header)["schema"];
                self.assert_valid(
                    schema,
                    &header_value(schema, value),
                    &format!("{name}: {answer:?}"),
                );
            }
        }
        for (name, header) in declared {
            let is_required = resolved_in(self.document, header)["required"] == true;
            assert!(!is_required || answer.headers.contains_key(name), "no {name}: {answer:?}");
        }
    }

    /// What the document says of a path, however it is spelt.
    fn path_item(&self) -> Option<&'static Value> {
        let path = self.path.strip_prefix(BASE_PATH).unwrap_or(self.path);
        template(path).map(|template| &self.document["paths"][template])
    }

    #[track_caller]
    fn assert_valid(&self, schema: &Value, value: &Value, what: &str) {
        assert_valid_in(self.document, schema, value, what);
    }
}

fn header_value(schema: &Value, value: &HeaderValue) -> Value {
    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
    match schema["type"].as_str() {
        Some("integer") => text.parse::<i64>().map_or(Value::Null, Value::from),
        _ => text.into(),
    }
}

/// The path of the document that stands for this one; every document has the same.
pub(crate) fn template(path: &str) -> Option<&'static str> {
    let known = || DOCUMENT["paths"].as_object().unwrap().keys();
    let found = known().find(|known| *known == path);
    found.or_else(|| known().find(|known| fits(known, path))).map(String::as_str)
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(expected, segment)| {
            expected == segment || (expected.starts_with('{') && !segment.is_empty())
        })
}

/// What a reference leads to; anything else as it is.
pub(crate) fn resolved(value: &'static Value) -> &'static Value {
    resolved_in(&DOCUMENT, value)
}

fn resolved_in(document: &'static Value, value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

#[track_caller]
pub(crate) fn assert_valid(schema: &Value, value: &Value, what: &str) {
    assert_valid_in(&DOCUMENT, schema, value, what);
}

#[track_caller]
fn assert_valid_in(document: &'static Value, schema: &Value, value: &Value, what: &str) {
    let validator = validator_in(document, schema);
    let errors: Vec<_> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}\n{what}", errors.join("\n"));
}

/// Of a schema of the document, made once.
pub(crate) fn validator(schema: &Value) -> Arc<Validator> {
    validator_in(&DOCUMENT, schema)
}

/// The same of another document, which is there to the end.
pub(crate) fn validator_in(document: &'static Value, schema: &Value) -> Arc<Validator> {
    let mut validators = VALIDATORS.lock().unwrap();
    let name = format!("{document:p} {schema}");
    let validator = validators.entry(name).or_insert_with(|| {
        let mut schema = schema.clone();
        schema["components"] = json!({ "schemas": document["components"]["schemas"] });
        let options = jsonschema::options().with_draft(Draft::Draft202012);
        options.should_validate_formats(true).build(&schema).unwrap().into()
    });
    Arc::clone(validator)
}
