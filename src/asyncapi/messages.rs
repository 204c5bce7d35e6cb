//! The messages, one for each tag, with examples made from the golden events.

use serde_json::{Map, Value, json};

use super::{
    examples, headers,
    kinds::{self, Kind},
    object, reference,
};
use crate::publisher::Published;

pub(super) fn all(published: &Published) -> Map<String, Value> {
    object(kinds::all().into_iter().map(|kind| (kind.tag, message(published, &kind))))
}

fn message(published: &Published, kind: &Kind) -> Value {
    let mut message = json!({
        "name": kind.tag,
        "title": kind.tag,
        "summary": kind.summary,
        "description": body(published, kind),
        "headers": headers::of(published, kind),
        "examples": examples::of(published, kind),
    });
    if has_body(published, kind) {
        message["contentType"] = "application/json".into();
        message["payload"] = reference("schemas", kind.tag);
    }
    message
}

/// Whether a body may come with it at all.
pub(super) fn has_body(published: &Published, kind: &Kind) -> bool {
    kind.payload.is_some() && published.bodies.contains(&kind.class)
}

fn body(published: &Published, kind: &Kind) -> String {
    let class = kinds::class_name(kind.class);
    if kind.payload.is_none() {
        "The tag says it all: there is no body.".to_owned()
    } else if !has_body(published, kind) {
        format!(
            "Headers only: bodies of the class `{class}` are not published here. \
             They would be as in `components.schemas`, under this tag."
        )
    } else if class == "none" {
        "Not personal: it is never forgotten.".to_owned()
    } else {
        format!(
            "Of the class `{class}`: once that is forgotten, the body is empty and `ce-forgotten` \
             is there."
        )
    }
}
