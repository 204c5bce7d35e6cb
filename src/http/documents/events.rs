//! The page that shows the AsyncAPI document: made here, so that it runs no script.

mod members;

use std::collections::BTreeMap;

use pulldown_cmark::Parser;
use serde_json::{Map, Value};

use self::members::table;
use super::{escaped, html};

const HEAD: &str = "<link rel=\"icon\" href=\"data:,\">
<link rel=\"stylesheet\" href=\"events.css\">
";

/// All that the document says.
pub(super) fn page(document: &Value) -> String {
    let title = escaped(text(&document["info"]["title"]));
    let about = markdown(text(&document["info"]["description"]));
    let messages = by_aggregate(document);
    let links: String = messages.iter().map(|(aggregate, tags)| links(aggregate, tags)).collect();
    let events: String = messages
        .iter()
        .map(|(aggregate, tags)| aggregate_part(document, aggregate, tags))
        .collect();
    let version = escaped(text(&document["info"]["version"]));
    let connecting = connecting(document);
    let body = format!(
        "<nav>
{links}<strong>Elsewhere</strong>
<ul>
<li><a href=\"../asyncapi.json\">The AsyncAPI document</a></li>
<li><a href=\"../docs\">The HTTP API</a></li>
</ul>
</nav>
<main>
<h1>{title}</h1>
<p class=\"faint\">Version {version}</p>
{about}{connecting}{events}</main>
"
    );
    html(&title, HEAD, &body)
}

/// The tags of each aggregate.
fn by_aggregate(document: &Value) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (tag, _) in members_of(&document["components"]["messages"]) {
        let aggregate = tag.split('.').next().unwrap_or_default();
        found.entry(aggregate).or_default().push(tag);
    }
    found
}

fn links(aggregate: &str, tags: &[&str]) -> String {
    let item = |tag: &&str| {
        let short = tag.split_once('.').map_or(*tag, |(_, after)| after);
        format!("<li><a href=\"#{tag}\">{short}</a></li>\n")
    };
    let items: String = tags.iter().map(item).collect();
    format!("<strong>{aggregate}</strong>\n<ul>\n{items}</ul>\n")
}

fn connecting(document: &Value) -> String {
    let server = &document["servers"]["nats"];
    let ways = members_of(&document["components"]["securitySchemes"]);
    let ways: Vec<_> = ways.map(|(_, way)| escaped(text(&way["description"]))).collect();
    let ways = ways.join("</li>\n<li>");
    let about = escaped(text(&server["description"]));
    format!(
        "<h2>Connecting</h2>\n<p>{about} One of these ways lets you in:</p>\n<ul>\n<li>{ways}</li>\n</ul>\n"
    )
}

fn aggregate_part(document: &Value, aggregate: &str, tags: &[&str]) -> String {
    let sections: String = tags.iter().map(|tag| section(document, tag)).collect();
    format!("<h2>Events of a {aggregate}</h2>\n{sections}")
}

fn section(document: &Value, tag: &str) -> String {
    let message = &document["components"]["messages"][tag];
    let event = tag.rsplit_once('.').map_or(tag, |(event, _)| event);
    let address = escaped(text(&document["channels"][event]["address"]));
    let summary = escaped(text(&message["summary"]));
    let about = markdown(text(&message["description"]));
    let headers = table(&message["headers"]);
    let body = body(document, message, tag);
    let examples: String = list(&message["examples"]).iter().map(example).collect();
    format!(
        "<section id=\"{tag}\">
<h3>{tag}</h3>
<p>{summary}</p>
<p>Subject <code>{address}</code></p>
{about}{body}<details><summary>Headers</summary>{headers}</details>
<details><summary>Examples</summary>{examples}</details>
</section>
"
    )
}

fn body(document: &Value, message: &Value, tag: &str) -> String {
    if message.get("payload").is_none() {
        return String::new();
    }
    let rows = table(&document["components"]["schemas"][tag]);
    let link = format!("<a href=\"../schemas/{tag}.json\">its JSON Schema</a>");
    format!("<details><summary>Body</summary><p>As in {link}:</p>{rows}</details>\n")
}

fn example(example: &Value) -> String {
    let summary = escaped(text(&example["summary"]));
    let headers = members_of(&example["headers"]);
    let mut lines: Vec<_> =
        headers.map(|(name, value)| format!("{name}: {}", escaped(text(value)))).collect();
    if let Some(body) = example.get("payload") {
        lines.extend([String::new(), escaped(&format!("{body:#}"))]);
    }
    format!("<p>{summary}</p>\n<pre>{}</pre>\n", lines.join("\n"))
}

/// The texts of the document are ours, and hold no HTML.
fn markdown(source: &str) -> String {
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, Parser::new(source));
    out
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn members_of(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}
