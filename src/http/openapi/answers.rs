//! Answers: headers, problems by status, and what succeeds.

use serde_json::{Value, json};

use super::{super::problem::Kind, bounds, examples, object, reference};
use crate::{app::Settings, config::ProblemTypeStyle};

/// What every problem carries besides the headers of its status.
const OF_PROBLEMS: [&str; 3] = ["Cache-Control", "Content-Language", "X-Correlation-ID"];

/// What the value of a header looks like.
enum Form {
    Text,
    Like(&'static str),
    Just(&'static str),
    Place,
    Seconds,
}

/// Headers that stand in some answers that name them only.
const OPTIONAL: [&str; 6] = [
    "Accept-Encoding",
    "Idempotency-Replayed",
    "X-Correlation-ID",
    "X-Ignored-Members",
    SHOWN_POSITION,
    SCOPE_CHALLENGE,
];

const HEADERS: [(&str, Form, &str); 18] = [
    ("Accept-Encoding", Form::Just("identity"), "How bodies are to be sent, where one was not."),
    ("Allow", Form::Text, "The methods that the path knows."),
    ("Cache-Control", Form::Text, "Who may keep the answer."),
    ("Content-Language", Form::Just("en"), "Problems are told in English."),
    ("Content-Security-Policy", Form::Text, "What the page may load: nothing from elsewhere."),
    ("ETag", Form::Like("^\"[!-~]+\"$"), "The version, for If-Match and If-None-Match."),
    ("Idempotency-Replayed", Form::Just("true"), "The answer was given before, under this key."),
    ("Location", Form::Place, "Where the new object is."),
    ("Retry-After", Form::Seconds, "How long to wait."),
    ("WWW-Authenticate", Form::Like("^Bearer "), "The challenge of RFC 6750."),
    (
        SCOPE_CHALLENGE,
        Form::Like("^Bearer "),
        "The challenge of RFC 6750, where it is the token that lacks the scope.",
    ),
    ("X-Content-Type-Options", Form::Just("nosniff"), "The document is what it says it is."),
    ("X-Correlation-ID", Form::Text, "That of the request, if it was valid."),
    (
        "X-Ignored-Members",
        Form::Text,
        "JSON Pointers to members of the body that nobody knows; commas and what a header may \
         not hold are percent-encoded. A last ... stands for those that a header has no room for.",
    ),
    ("X-Log-Position", Form::Like(POSITION), "Opaque: where the write stands in the log."),
    (
        SHOWN_POSITION,
        Form::Like(POSITION),
        "Opaque: how much of the log the answer shows, for who asked with X-Min-Log-Position.",
    ),
    ("X-Next-Cursor", Form::Like(CURSOR), "As nextCursor."),
    ("nextCursor", Form::Like(CURSOR), "Where the list goes on; empty at its end."),
];
/// What a token for a place in the log looks like.
pub(super) const POSITION: &str = "^[A-Za-z0-9_-]+$";
/// The entry of `X-Log-Position` in answers to reads.
pub(super) const SHOWN_POSITION: &str = "Shown-Log-Position";
/// The entry of `WWW-Authenticate` in answers that need not be about the token.
const SCOPE_CHALLENGE: &str = "Scope-Challenge";
const CURSOR: &str = "^[A-Za-z0-9_-]*$";

/// Every header of an answer.
pub(super) fn headers() -> Value {
    object(HEADERS.iter().map(|(name, form, about)| {
        let required = !OPTIONAL.contains(name);
        let header = json!({ "description": about, "required": required, "schema": form.schema() });
        (*name, header)
    }))
}

impl Form {
    fn schema(&self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Like(pattern) => json!({ "type": "string", "pattern": pattern }),
            Self::Just(value) => json!({ "type": "string", "const": value }),
            Self::Place => json!({ "type": "string", "format": "uri-reference" }),
            Self::Seconds => json!({ "type": "integer", "minimum": 0 }),
        }
    }
}

/// The problems, by status.
pub(super) fn problems(settings: &Settings) -> Value {
    let style = settings.problem_type_style;
    let examples = Kind::ALL.into_iter().flat_map(|kind| kind.examples(style));
    let mut statuses: Vec<_> = examples.map(|example| example.status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    object(statuses.into_iter().map(|status| {
        let mut problem = problem(status, style);
        if let (Some(bounds), Value::String(about)) =
            (bounds::of_status(status, settings), &mut problem["description"])
        {
            *about = format!("{about} {bounds}");
        }
        (status.to_string(), problem)
    }))
}

pub(super) fn problem_of(status: u16) -> Value {
    reference("responses", &status.to_string())
}

fn problem(status: u16, style: ProblemTypeStyle) -> Value {
    let kinds: Vec<_> = Kind::ALL
        .into_iter()
        .filter_map(|kind| {
            let example = kind.examples(style);
            let example = example.into_iter().find(|example| example.status == status)?;
            Some((kind, json!({ "summary": kind.title(), "value": example.body })))
        })
        .collect();
    let titles: Vec<_> = kinds.iter().map(|(kind, _)| kind.title()).collect();
    let types: Vec<_> = kinds.iter().map(|(kind, _)| kind.uri(style)).collect();
    let mut schema = json!({
        "$ref": "#/components/schemas/Problem",
        "properties": { "type": { "enum": types }, "status": { "const": status } },
    });
    if status == 400 {
        schema["required"] = json!(["violations"]);
        schema["properties"]["violations"] = json!({ "minItems": 1 });
    }
    let of_status: &[_] = match status {
        401 => &["WWW-Authenticate"],
        403 => &[SCOPE_CHALLENGE],
        405 => &["Allow"],
        // Of writes, once the body was judged.
        400 | 404 | 409 | 412 | 422 | 500 => &["X-Ignored-Members"],
        415 => &["Accept-Encoding"],
        429 => &["Retry-After"],
        503 => &["Retry-After", "X-Ignored-Members"],
        _ => &[],
    };
    let examples = object(kinds.into_iter().map(|(kind, example)| (kind.name(), example)));
    json!({
        "description": titles.join(", or: ") + ".",
        "headers": named_headers(&[&OF_PROBLEMS, of_status].concat()),
        "content": { "application/problem+json": { "schema": schema, "examples": examples } },
    })
}

/// An answer whose body has a schema.
pub(super) fn success(about: &str, headers: &[&str], schema: &str) -> Value {
    let content = json!({
        "schema": reference("schemas", schema),
        "example": examples::of(schema),
    });
    let mut answer = empty(about, headers);
    answer["content"] = json!({ "application/json": content });
    answer
}

/// A page of a list.
pub(super) fn page(item: &str) -> Value {
    let content = json!({
        "schema": { "type": "array", "items": reference("schemas", item) },
        "example": [examples::of(item)],
    });
    let mut answer = empty(
        "A page of the list, in the order of the ids.",
        &["Cache-Control", "nextCursor", SHOWN_POSITION, "X-Next-Cursor"],
    );
    answer["content"] = json!({ "application/json": content });
    answer
}

/// A document for people and their tools.
pub(super) fn document(media_type: &str) -> Value {
    let headers = ["Cache-Control", "Content-Security-Policy", "X-Content-Type-Options"];
    let schema = if media_type.ends_with("json") {
        json!({ "type": "object" })
    } else {
        json!({ "type": "string" })
    };
    let mut answer = empty("The document.", &headers);
    answer["content"] = object([(media_type, json!({ "schema": schema }))]);
    answer
}

pub(super) fn empty(about: &str, headers: &[&str]) -> Value {
    json!({
        "description": about,
        "headers": named_headers(&[headers, &["X-Correlation-ID"]].concat()),
    })
}

fn named_headers(names: &[&str]) -> Value {
    object(names.iter().map(|entry| {
        let name = match *entry {
            SHOWN_POSITION => "X-Log-Position",
            SCOPE_CHALLENGE => "WWW-Authenticate",
            name => name,
        };
        (name, reference("headers", entry))
    }))
}
