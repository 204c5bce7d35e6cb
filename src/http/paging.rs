//! Pages of a list: in the order of the ids, with a cursor that nobody else can use.

use axum::response::Response;
use projections::Answer;

use super::{
    answer,
    caller::{self, Caller},
    problem::{self, Problem},
    reader::Reader,
};
use crate::app::App;

pub(super) const LIMIT_DEFAULT: usize = 100;
/// More are not sent in one page, whatever is asked.
pub(super) const LIMIT_MAX: usize = 1000;

/// Which page somebody asks for.
pub(super) struct Page {
    list: &'static str,
    /// The last id of the page before.
    pub(super) after: Option<String>,
    limit: usize,
}

/// A limit that is too large is only capped, however large it is.
fn limited(limit: &str) -> Result<usize, Problem> {
    let digits = limit.strip_prefix(['-', '+']).unwrap_or(limit);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(problem::malformed("A parameter of the query cannot be read."));
    }
    if limit.starts_with('-') || digits.bytes().all(|byte| byte == b'0') {
        return Err(problem::invalid("limit must be at least 1."));
    }
    Ok(digits.parse().map_or(LIMIT_MAX, |limit: usize| limit.min(LIMIT_MAX)))
}

impl Page {
    pub(super) fn asked(
        app: &App,
        caller: &Caller,
        list: &'static str,
        query: Option<&str>,
    ) -> Result<Self, Problem> {
        let limit = caller::parameter(query, "limit");
        let limit = limit.map_or(Ok(LIMIT_DEFAULT), |limit| limited(&limit))?;
        let cursor = caller::parameter(query, "cursor").filter(|cursor| !cursor.is_empty());
        let after = match cursor {
            None => None,
            Some(cursor) => {
                let opened = app.secrets.open_cursor(caller.client(), list, &cursor);
                Some(opened.ok_or_else(|| {
                    problem::invalid("SIX123: the cursor was not issued here for this list.")
                })?)
            }
        };
        Ok(Self { list, after, limit })
    }

    /// How many ids to ask for: one more than fit, to see whether it goes on.
    pub(super) fn wanted(&self) -> usize {
        self.limit + 1
    }

    /// The page, from the ids that were found and what each of them answers.
    pub(super) fn answer<I: ToString>(
        &self,
        app: &App,
        reader: &Reader,
        mut ids: Vec<I>,
        answer_of: impl Fn(&I) -> Result<Option<Answer>, Problem>,
    ) -> Result<Response, Problem> {
        let goes_on = ids.len() > self.limit;
        ids.truncate(self.limit);
        let mut answers = Vec::with_capacity(ids.len());
        for id in &ids {
            answers.extend(answer_of(id)?);
        }
        let next = ids.last().filter(|_| goes_on).map(ToString::to_string);
        let next = next.map(|last| app.secrets.cursor(reader.client(), self.list, &last));
        Ok(reader.list(&answer::bodies(answers), &next.unwrap_or_default()))
    }
}
