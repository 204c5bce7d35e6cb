//! A page for each kind of problem: when it happens, and what a developer does about it.

use axum::response::Response;

use super::{TEXT_POLICY, escaped, html, served};
use crate::{
    config::ProblemTypeStyle,
    http::problem::{self, Kind, Problem},
};

pub(super) fn page(name: &str, style: ProblemTypeStyle) -> Result<Response, Problem> {
    let kind = Kind::named(name).ok_or_else(problem::no_route)?;
    Ok(served("text/html; charset=utf-8", TEXT_POLICY, about(kind, style).into()))
}

fn about(kind: Kind, style: ProblemTypeStyle) -> String {
    let [name, other] = kind.spellings();
    let title = escaped(kind.title());
    let kinds = kind.with_those_told_as_it(style);
    let parts: String = kinds.into_iter().map(|kind| part(kind, style)).collect();
    let body = format!(
        "<p><code>{name}</code>, also spelt <code>{other}</code></p>
{parts}<p><a href=\"../docs\">The whole API</a></p>
"
    );
    html(&format!("{name}: {title}"), "", &body)
}

fn part(kind: Kind, style: ProblemTypeStyle) -> String {
    let [title, when, advice] = [kind.title(), kind.when(), kind.advice()].map(escaped);
    let examples = kind.examples(style);
    let statuses: Vec<_> = examples.iter().map(|example| example.status.to_string()).collect();
    let statuses = statuses.join(", ");
    let examples: Vec<_> =
        examples.iter().map(|example| escaped(&format!("{:#}", example.body))).collect();
    let examples = examples.join("</pre>\n<pre>");
    format!(
        "<h1>{title}</h1>
<p>Status {statuses}.</p>
<h2>When it happens</h2>
<p>{when}</p>
<h2>What to do</h2>
<p>{advice}</p>
<h2>How it looks</h2>
<pre>{examples}</pre>
"
    )
}
