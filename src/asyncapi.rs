//! The AsyncAPI document, made from what is published: its types, its subjects, its headers.

mod channels;
mod compatible;
mod examples;
mod headers;
mod kinds;
mod messages;
pub mod schemas;

use serde_json::{Map, Value, json};

use crate::{
    app::Settings,
    publisher::{BodyClass, Published},
};

/// Where the document is served, below the base path.
pub const PATH: &str = "/asyncapi.json";

const ABOUT: &str = include_str!("asyncapi/about.md");
const CLASSES: [BodyClass; 4] =
    [BodyClass::Identity, BodyClass::Contact, BodyClass::Kyc, BodyClass::None];

/// The document of a service with these settings.
pub fn document(settings: &Settings) -> Value {
    let published = &settings.published;
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "dossier: events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": about(settings),
            "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": { "nats": server() },
        "channels": channels::all(published),
        "operations": channels::operations(),
        "components": {
            "schemas": schemas::components(),
            "parameters": channels::parameters(),
            "messages": messages::all(published),
            "securitySchemes": security_schemes(),
        },
    })
}

/// The document as it is served, printed and committed.
pub fn text(settings: &Settings) -> String {
    let text = serde_json::to_string_pretty(&document(settings));
    text.expect("the document is plain JSON") + "\n"
}

fn about(settings: &Settings) -> String {
    let published = &settings.published;
    ABOUT
        .replace("{stream}", &published.stream)
        .replace("{prefix}", &published.prefix)
        .replace("{docs}", &format!("{}/docs", settings.base_path))
        .replace("{withheld}", &withheld(published))
}

/// Which bodies are not published.
fn withheld(published: &Published) -> String {
    let kept = CLASSES.into_iter().filter(|class| !published.bodies.contains(class));
    let names: Vec<_> = kept.map(|class| format!("`{}`", kinds::class_name(class))).collect();
    if names.is_empty() {
        return "Here all are.".to_owned();
    }
    format!("Here those are of events of the class {}.", names.join(", "))
}

fn server() -> Value {
    let variable = |default: &str, about: &str| json!({ "default": default, "description": about });
    json!({
        "host": "{host}:{port}",
        "protocol": "nats",
        "description": "The bank's NATS server, with JetStream; from another machine under TLS.",
        "variables": {
            "host": variable("127.0.0.1", "The bank tells it."),
            "port": variable("4222", "The bank tells it."),
        },
        "security": security_schemes().keys().map(|name| reference("securitySchemes", name)).collect::<Vec<_>>(),
    })
}

/// The ways to be let in; the bank chooses.
fn security_schemes() -> Map<String, Value> {
    let scheme = |kind: &str, about: &str| json!({ "type": kind, "description": about });
    object([
        ("userPassword", scheme("userPassword", "A user and its password.")),
        ("credentials", scheme("asymmetricEncryption", "A credentials file: a JWT and its nkey.")),
        ("nkey", scheme("asymmetricEncryption", "An nkey.")),
        ("certificate", scheme("X509", "A certificate that the server maps to a user.")),
    ])
}

fn reference(section: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{section}/{name}") })
}

fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Value)>) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.into(), value)).collect()
}
