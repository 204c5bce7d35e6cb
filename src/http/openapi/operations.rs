//! What the document says of an operation: what those of one shape have in common, said once.

mod table;

use events::consent::Scope;
use serde_json::{Map, Value, json};

use self::table::OPERATIONS;
pub(super) use self::table::TAGS;
use super::{
    super::{CUSTOMERS, CUSTOMERS_ALIAS},
    answers, examples, parameters, reference,
};
use crate::{app::Settings, config::UnknownMembers, parse::DEPTH_MAX};

/// One operation.
struct Operation {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    description: &'static str,
    shape: Shape,
}

/// What kind of operation it is, with what differs from others of its kind.
#[derive(Clone, Copy)]
enum Shape {
    List(Scope, &'static str),
    Object(Scope, &'static str),
    /// A body, what is answered, and how to read it again.
    Add(Scope, &'static str, &'static str, Link),
    /// A body, and what is answered, if anything.
    Replace(Scope, &'static str, Option<&'static str>),
    Health,
    Document(&'static str),
}

/// The operation that reads what was added, and the parameter that names it in the answer.
#[derive(Clone, Copy)]
struct Link {
    operation: &'static str,
    owner: &'static str,
    parameter: &'static str,
    member: &'static str,
}

/// Everything that clients can reach.
pub(super) fn paths(settings: &Settings) -> Value {
    let mut paths = Map::new();
    for operation in &OPERATIONS {
        let document = operation.document(settings);
        if let Some(alias) = operation.alias() {
            let item = paths.entry(alias).or_insert_with(|| json!({}));
            item[operation.method] = aliased(document.clone());
        }
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        item[operation.method] = document;
    }
    paths.into()
}

/// The same operation, under a path that is there for those who know no other.
fn aliased(mut document: Value) -> Value {
    let id = document["operationId"].as_str().unwrap_or_default();
    document["operationId"] = format!("{id}InSingular").into();
    document["deprecated"] = true.into();
    document
}

impl Operation {
    /// The other path at which it is served, if there is one.
    fn alias(&self) -> Option<String> {
        let below = self.path.strip_prefix(CUSTOMERS).filter(|_| self.tag == "Addresses")?;
        Some(format!("{CUSTOMERS_ALIAS}{below}"))
    }

    fn document(&self, settings: &Settings) -> Value {
        let mut document = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "parameters": self.parameters(),
            "responses": self.responses(),
            "security": [],
        });
        let mut description = self.description.to_owned();
        if let Some(scope) = self.scope() {
            let name = settings.scopes.of(scope);
            document["security"] = json!([{ "bearer": [name] }]);
            let space = if description.is_empty() { "" } else { " " };
            description = format!("{description}{space}Needs the scope `{name}`.");
        }
        if !description.is_empty() {
            document["description"] = description.into();
        }
        if let Shape::Add(_, body, ..) | Shape::Replace(_, body, _) = self.shape {
            document["requestBody"] = request(body, settings);
        }
        document
    }

    fn scope(&self) -> Option<Scope> {
        match self.shape {
            Shape::List(scope, _)
            | Shape::Object(scope, _)
            | Shape::Add(scope, ..)
            | Shape::Replace(scope, ..) => Some(scope),
            Shape::Health | Shape::Document(_) => None,
        }
    }

    fn parameters(&self) -> Vec<Value> {
        let named = |lists: [&[&str]; 3]| -> Vec<Value> {
            lists.concat().into_iter().map(|name| reference("parameters", name)).collect()
        };
        let (calls, through) = (&parameters::OF_CALLS, &parameters::FROM_INTERMEDIARIES);
        let mut all = parameters::in_path(self.path);
        all.extend(match self.shape {
            Shape::List(..) => named([calls, &parameters::OF_LISTS, through]),
            Shape::Object(..) => named([calls, &parameters::OF_OBJECTS, through]),
            Shape::Add(..) | Shape::Replace(..) => named([calls, &parameters::OF_WRITES, through]),
            Shape::Health => named([&[parameters::OPTIONAL_CORRELATION], through, &[]]),
            Shape::Document(_) => named([&[parameters::OPTIONAL_CORRELATION], &[], &[]]),
        });
        if self.id == "getAddressByCustomerId" {
            all.push(reference("parameters", "addressIdentification"));
        }
        all
    }

    fn responses(&self) -> Value {
        let mut responses = self.successes();
        for status in self.problems() {
            responses.insert(status.to_string(), answers::problem_of(*status));
        }
        responses.into()
    }

    fn problems(&self) -> &'static [u16] {
        match self.shape {
            Shape::List(..) => &[400, 401, 403, 405, 429, 500, 503],
            Shape::Object(..) => &[400, 401, 403, 404, 405, 429, 500, 503],
            Shape::Add(..) | Shape::Replace(..) => {
                &[400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 500, 503]
            }
            Shape::Document(_) if self.path.ends_with('}') => &[400, 404, 405, 500, 503],
            Shape::Health | Shape::Document(_) => &[400, 405, 500, 503],
        }
    }

    fn successes(&self) -> Map<String, Value> {
        let kept = ["Cache-Control", "ETag", answers::SHOWN_POSITION];
        let written = ["Idempotency-Replayed", "X-Ignored-Members", "X-Log-Position"];
        let answers = match self.shape {
            Shape::List(_, item) => vec![(200, answers::page(item))],
            Shape::Object(_, answer) => vec![
                (200, answers::success("As it is now.", &kept, answer)),
                (304, answers::empty("The caller has it already.", &kept)),
            ],
            Shape::Add(_, _, answer, link) => {
                let of_object: &[_] =
                    if answer == "ContactDetail" { &["ETag", "Location"] } else { &["Location"] };
                let headers = [&written, of_object].concat();
                let mut added = answers::success("Added.", &headers, answer);
                added["links"] = link.document();
                vec![(201, added)]
            }
            Shape::Replace(_, _, Some(answer)) => {
                let headers = [&written[..], &["ETag"]].concat();
                vec![(200, answers::success("As it is now.", &headers, answer))]
            }
            Shape::Replace(_, _, None) => vec![(204, answers::empty("It is so now.", &written))],
            Shape::Health => {
                vec![(200, answers::success("It answers.", &["Cache-Control"], "Health"))]
            }
            Shape::Document(media_type) => vec![(200, answers::document(media_type))],
        };
        answers.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect()
    }
}

impl Link {
    fn document(self) -> Value {
        let parameters = super::object([
            (self.owner, format!("$request.path.{}", self.owner).into()),
            (self.parameter, format!("$response.body#/{}", self.member).into()),
        ]);
        let link = json!({
            "operationId": self.operation,
            "parameters": parameters,
            "description": "What was added.",
        });
        json!({ "added": link })
    }
}

fn request(schema: &str, settings: &Settings) -> Value {
    let unknown = match settings.unknown_members {
        UnknownMembers::Ignore => "ignored and named in X-Ignored-Members",
        UnknownMembers::Reject => "refused",
    };
    let about = format!(
        "At most {} bytes, nested at most {DEPTH_MAX} levels deep, without a Content-Encoding. \
         Members that nobody knows are {unknown}; no member may appear twice; an escape that \
         stands for no character is no JSON.",
        settings.body_bytes_max
    );
    let content =
        json!({ "schema": reference("schemas", schema), "example": examples::of(schema) });
    json!({ "description": about, "required": true, "content": { "application/json": content } })
}
