//! 400: all that is wrong with a request, in its body and around it, told at once.

use axum::http::StatusCode;

use super::{Kind, Problem};
use crate::parse::{self, IGNORED_BEYOND, Violation, Violations};

/// What is wrong with parameters and headers; never empty.
#[derive(Debug, Clone)]
pub(in crate::http) struct Faults(Vec<Violation>);

impl Faults {
    /// A parameter or header that cannot be read; the detail names it.
    pub(in crate::http) fn malformed(detail: &str) -> Self {
        Self::of(parse::Kind::Malformed, detail)
    }

    /// One that can be read, and is not acceptable.
    pub(in crate::http) fn invalid(detail: &str) -> Self {
        Self::of(parse::Kind::Invalid, detail)
    }

    fn of(kind: parse::Kind, detail: &str) -> Self {
        let (pointer, detail) = (String::new(), detail.to_owned());
        Self(vec![Violation { kind, pointer, detail }])
    }

    /// Behind others, if there are any.
    pub(in crate::http) fn after(mut self, others: Option<&Self>) -> Self {
        self.0.splice(..0, others.into_iter().flat_map(|others| others.0.clone()));
        self
    }

    fn is_malformed(&self) -> bool {
        self.0.iter().any(|fault| fault.kind == parse::Kind::Malformed)
    }

    /// `The parameter limit must be at least 1; the header … .`
    fn sentence(&self) -> String {
        let details: Vec<_> = self.0.iter().map(|fault| fault.detail.as_str()).collect();
        let mut sentence = details.join("; ") + ".";
        if let Some(initial) = sentence.get_mut(..1) {
            initial.make_ascii_uppercase();
        }
        sentence
    }
}

/// Both, or all that is wrong with either.
pub(in crate::http) fn both<A, B>(
    one: Result<A, Faults>,
    other: Result<B, Faults>,
) -> Result<(A, B), Faults> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(faults), Ok(_)) | (Ok(_), Err(faults)) => Err(faults),
        (Err(one), Err(other)) => Err(other.after(Some(&one))),
    }
}

impl From<Faults> for Problem {
    fn from(faults: Faults) -> Self {
        let kind = kind(faults.is_malformed());
        let mut problem = Self::new(StatusCode::BAD_REQUEST, kind, faults.sentence());
        problem.0.violations = faults.0;
        problem
    }
}

impl From<Violations> for Problem {
    fn from(violations: Violations) -> Self {
        let malformed = violations.is_malformed();
        let detail = if malformed {
            "The body is not JSON, or a member has the wrong type."
        } else {
            "A member is missing or not acceptable."
        };
        let mut problem = Self::new(StatusCode::BAD_REQUEST, kind(malformed), detail);
        problem.0.violations = violations.as_slice().to_vec();
        problem
    }
}

pub(in crate::http) fn unknown_members(pointers: &[String]) -> Problem {
    let detail = "There are members that nobody knows.";
    Problem::new(StatusCode::BAD_REQUEST, Kind::InvalidPayload, detail).and_unknown(pointers)
}

impl Problem {
    /// The same, and members that nobody knows besides.
    pub(in crate::http) fn and_unknown(mut self, pointers: &[String]) -> Self {
        self.0.violations.extend(pointers.iter().map(|pointer| match pointer.as_str() {
            IGNORED_BEYOND => Violation::beyond(),
            pointer => Violation {
                kind: parse::Kind::Invalid,
                pointer: pointer.to_owned(),
                detail: "is unknown here".to_owned(),
            },
        }));
        self
    }

    /// What is wrong with a body, and what is wrong around it.
    pub(in crate::http) fn and(mut self, faults: Faults) -> Self {
        if faults.is_malformed() {
            self.0.kind = Kind::MalformedPayload;
        }
        self.0.detail = format!("{} {}", self.0.detail, faults.sentence()).into();
        self.0.violations.extend(faults.0);
        self
    }
}

fn kind(malformed: bool) -> Kind {
    if malformed { Kind::MalformedPayload } else { Kind::InvalidPayload }
}
