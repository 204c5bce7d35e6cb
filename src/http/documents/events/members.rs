//! What a schema says, as a table: a row for each member, however deep.

use events::text::PLAIN_PATTERN;
use serde_json::Value;

use super::{escaped, list, members_of, text};

pub(super) fn table(schema: &Value) -> String {
    let mut rows = Vec::new();
    push_members(&mut rows, "", schema);
    let rows = rows.concat();
    format!(
        "<table><thead><tr><th>Member</th><th>Value</th><th>Meaning</th></tr></thead>\
         <tbody>{rows}</tbody></table>\n"
    )
}

fn push_members(rows: &mut Vec<String>, path: &str, schema: &Value) {
    let required = list(&schema["required"]);
    for (name, member) in members_of(&schema["properties"]) {
        let path = format!("{path}{name}");
        let must = required.iter().any(|required| required == name);
        rows.push(row(&path, member, must));
        push_within(rows, &path, member);
    }
    for choice in list(&schema["oneOf"]) {
        push_members(rows, path, choice);
    }
}

fn push_within(rows: &mut Vec<String>, path: &str, schema: &Value) {
    push_members(rows, &format!("{path}."), schema);
    if let Some(items) = schema.get("items") {
        push_within(rows, &format!("{path}[]"), items);
    }
}

fn row(path: &str, schema: &Value, must: bool) -> String {
    let value = value(schema);
    // A line may break where a member is within another.
    let path = path.replace('.', ".<wbr>");
    let optional = if must { "" } else { " <span class=\"faint\">may be absent</span>" };
    let about = escaped(text(&schema["description"]));
    format!("<tr><td><code>{path}</code>{optional}</td><td>{value}</td><td>{about}</td></tr>\n")
}

/// Its type and its bounds, in words.
fn value(schema: &Value) -> String {
    if let Some(only) = schema.get("const") {
        return code(only);
    }
    if schema.get("enum").is_some() {
        let names: Vec<_> = list(&schema["enum"]).iter().map(code).collect();
        return names.join(", ");
    }
    if let Some(items) = schema.get("items") {
        return format!("list of: {}", value(items));
    }
    let format = schema.get("format").map(|format| format!(" ({})", text(format)));
    let mut parts = vec![format!("{}{}", text(&schema["type"]), format.unwrap_or_default())];
    let bounds = [("minLength", "from"), ("maxLength", "up to")];
    for (keyword, word) in bounds {
        if let Some(bound) = schema.get(keyword) {
            parts.push(format!("{word} {bound} characters"));
        }
    }
    if let Some(pattern) = schema.get("pattern") {
        let is_plain = pattern == PLAIN_PATTERN;
        parts.push(if is_plain { "no control characters".to_owned() } else { code(pattern) });
    }
    parts.join(", ")
}

fn code(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!("<code>{}</code>", escaped(&text))
}
