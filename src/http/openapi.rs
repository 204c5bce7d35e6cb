//! The OpenAPI document, made from what the server enforces: its types, its bounds, its catalogue
//! of problems.

mod answers;
mod bounds;
mod examples;
mod operations;
mod parameters;
mod schemas;
mod shape;
mod written;

use serde_json::{Map, Value, json};

use crate::app::Settings;

/// Where the document is served, below the base path.
pub const PATH: &str = "/openapi.json";

const ABOUT: &str = "\
What a bank knows about its customers, for those to whom its customers have opened it: the \
Customer Management API of SIX bLink and OpenWealth.

Every request names itself with an X-Correlation-ID, which its answer sends back.
A request that names its client in X-CorAPI-Client-ID brings a token of that client; through an \
intermediary it must, and must send a User-Agent.
A header or a parameter that holds one value is sent once, the header Host too, which names one host.
No value is ever null: what is not known is left out.
Where GET is answered, HEAD is too.
What happens is also published as [events](docs/events).
The paths of addresses are also served below /customer/, in the singular: an alias for clients \
that go by the module page, better not used by others.

Errors are application/problem+json; below /problems/ a page for each `type` says what to do.
What is no HTTP, has a head that is too large or tells a length that no body can have, or comes \
when there is no room for its connection, does not come as far as that: it is answered with 400, \
414, 431 or 503, without a body.
";

/// The document of a service with these settings.
pub fn document(settings: &Settings) -> Value {
    let base_path = settings.base_path.as_str();
    let server = if base_path.is_empty() { "/" } else { base_path };
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "dossier: Customer Management",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A bank's customers, their persons, addresses and KYC records.",
            "description": about(settings),
            "license": { "name": "Apache-2.0", "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "servers": [{ "url": server }],
        "tags": operations::TAGS.map(|(name, about)| json!({ "name": name, "description": about })),
        "paths": operations::paths(settings),
        "components": {
            "schemas": schemas::all(settings),
            "parameters": parameters::all(settings),
            "headers": answers::headers(),
            "responses": answers::problems(settings),
            "securitySchemes": { "bearer": bearer() },
        },
    })
}

fn about(settings: &Settings) -> String {
    ABOUT.to_owned() + &bounds::of_head(settings)
}

/// The document as it is served, printed and committed.
pub fn text(settings: &Settings) -> String {
    let text = serde_json::to_string_pretty(&document(settings));
    text.expect("the document is plain JSON") + "\n"
}

fn bearer() -> Value {
    json!({
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of the bank's authorization server. Each operation names the \
            scope that it needs; what a client sees depends on the customers' consents, too.",
    })
}

fn reference(section: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{section}/{name}") })
}

fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Value)>) -> Value {
    Value::Object(
        members.into_iter().map(|(name, value)| (name.into(), value)).collect::<Map<_, _>>(),
    )
}
