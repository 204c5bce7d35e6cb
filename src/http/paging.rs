//! Pages of a list: in the order of the ids, with a cursor that nobody else can use.

use axum::response::Response;
use projections::Answer;

use super::{
    answer,
    caller::{self, Caller},
    problem::{Faults, Problem, both},
    reader::Reader,
};
use crate::app::App;

pub(super) const LIMIT_DEFAULT: usize = 100;
/// More are not sent in one page, whatever is asked.
pub(super) const LIMIT_MAX: usize = 1000;
/// A page that has grown to so many bytes ends there: what nobody reads lies in memory.
pub(super) const PAGE_BYTES: usize = 512 * 1024;
pub(super) const LIMIT_UNREADABLE: &str = "the parameter limit is not a whole number";

/// Which page somebody asks for.
pub(super) struct Page {
    list: &'static str,
    /// The last id of the page before.
    pub(super) after: Option<String>,
    limit: usize,
}

/// A limit that is too large is only capped, however large it is.
fn limited(limit: &str) -> Result<usize, Faults> {
    let digits = limit.strip_prefix(['-', '+']).unwrap_or(limit);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Faults::malformed(LIMIT_UNREADABLE));
    }
    if limit.starts_with('-') || digits.bytes().all(|byte| byte == b'0') {
        return Err(Faults::invalid("the parameter limit must be at least 1"));
    }
    Ok(digits.parse().map_or(LIMIT_MAX, |limit: usize| limit.min(LIMIT_MAX)))
}

impl Page {
    pub(super) fn asked(
        app: &App,
        caller: &Caller,
        list: &'static str,
        query: Option<&str>,
    ) -> Result<Self, Faults> {
        let limit = caller::parameter(query, "limit")
            .and_then(|limit| limit.map_or(Ok(LIMIT_DEFAULT), |limit| limited(&limit)));
        let opened = |cursor: String| {
            let opened = app.secrets.open_cursor(caller.client(), list, &cursor);
            let detail = "SIX123: the parameter cursor was not issued here for this list";
            opened.ok_or_else(|| Faults::invalid(detail))
        };
        let after = caller::parameter(query, "cursor")
            .and_then(|cursor| cursor.filter(|cursor| !cursor.is_empty()).map(opened).transpose());
        let (limit, after) = both(limit, after)?;
        Ok(Self { list, after, limit })
    }

    /// Behind which id to look, and for how many: one more than fit, to see whether it goes on.
    pub(super) fn wanted<'a, I>(&self, after: Option<&'a I>) -> (Option<&'a I>, usize) {
        (after, self.limit + 1)
    }

    /// The page, from the ids that were found and what each of them answers.
    pub(super) fn answer<I: ToString>(
        &self,
        app: &App,
        reader: &Reader,
        ids: Vec<I>,
        answer_of: impl Fn(&I) -> Result<Option<Answer>, Problem>,
    ) -> Result<Response, Problem> {
        let items_max = ids.len().min(self.limit);
        let mut answers = Vec::with_capacity(items_max);
        let (mut bytes, mut looked_at) = (0, 0);
        for id in ids.iter().take(items_max) {
            if bytes >= PAGE_BYTES {
                break;
            }
            let answer = answer_of(id)?;
            bytes += answer.as_ref().map_or(0, |answer| answer.body.len());
            answers.extend(answer);
            looked_at += 1;
        }
        let last = ids.get(..looked_at).and_then(<[_]>::last).filter(|_| looked_at < ids.len());
        let next =
            last.map(|last| app.secrets.cursor(reader.client(), self.list, &last.to_string()));
        Ok(reader.list(&answer::bodies(answers), &next.unwrap_or_default()))
    }
}
