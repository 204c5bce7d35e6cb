//! What there is to say about each kind of problem: once, for the document and for the pages.

use std::time::Duration;

use serde_json::Value;

use super::super::paging::LIMIT_UNREADABLE;
use super::kind::camel_case;
use super::{
    Faults, Kind, Problem, broken, changed_since, conflict, key_reused, lacks_scope, no_route,
    no_such, no_token, not_visible, too_large, too_many, unavailable, wrong_media_type,
    wrong_method,
};
use crate::{access::TokenError, config::ProblemTypeStyle, parse};

/// What a client might have called the call of an example.
const CORRELATION: &str = "f058ebd6-02f7-4d3f-942e-904344e8cde5";

impl Kind {
    pub(in crate::http) const ALL: [Self; 14] = [
        Self::MalformedPayload,
        Self::InvalidPayload,
        Self::InvalidToken,
        Self::ExpiredToken,
        Self::InsufficientPrivileges,
        Self::ResourceDoesNotExist,
        Self::WrongMethod,
        Self::OperationNotAllowed,
        Self::PreconditionFailed,
        Self::ResourceTooLarge,
        Self::IdempotencyKeyReused,
        Self::TooManyRequests,
        Self::TechnicalError,
        Self::ServiceUnavailable,
    ];

    /// The kind behind a name, in either spelling: `WRONG_METHOD` or `wrongMethod`.
    pub(in crate::http) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.spellings().iter().any(|one| one == name))
    }

    /// Its name as bLink spells it, and as OpenWealth does.
    pub(in crate::http) fn spellings(self) -> [String; 2] {
        [self.name().to_owned(), camel_case(self.name())]
    }

    /// When a client gets it.
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub(in crate::http) fn when(self) -> &'static str {
        match self {
            Self::MalformedPayload => {
                "400: the body is no JSON, ended before it was complete, did not come in time or \
                 is nested too deep, a member of it has another JSON type than it should or \
                 appears twice, or a parameter or header cannot be read. \
                 415: the body is not announced as application/json, or it is encoded."
            }
            Self::InvalidPayload => {
                "A member is missing, too long or outside what is allowed; it cannot be what it \
                 should be, such as an email address, a phone number or a country; two places \
                 disagree about it, one of them perhaps the path; or nobody knows it, where the \
                 service refuses such members. The cursor was not issued here for this client \
                 and list, or limit is below 1. The X-Correlation-ID is missing, empty, too \
                 long, not UTF-8 or has a control character in it. The Idempotency-Key is empty, too long or has a blank in it. The \
                 X-Min-Log-Position was not issued here to this client. A header or a parameter \
                 was sent twice. A request through an intermediary lacks X-CorAPI-Client-ID or \
                 User-Agent."
            }
            Self::InvalidToken => {
                "There is no bearer token, or it was not issued for this service, or it is \
                 damaged, or it belongs to another client than X-CorAPI-Client-ID names or the \
                 certificate of the connection stands for, or to another certificate."
            }
            Self::ExpiredToken => "The bearer token was good once.",
            Self::InsufficientPrivileges => {
                "403: the token lacks the scope of the operation, no consent covers it, or what \
                 the person is to the customer does not let its contact details change. \
                 404: there is no such customer or person, or no consent shows it to you; which \
                 of the two is never told."
            }
            Self::ResourceDoesNotExist => {
                "You may see the customer or person, but it has no such address, contact detail \
                 or KYC record."
            }
            Self::WrongMethod => "The path exists, but not with this method.",
            Self::OperationNotAllowed => {
                "The customer is closed, a bound is reached, or somebody else changed the same \
                 at the same time."
            }
            Self::PreconditionFailed => {
                "If-Match names an ETag that is no longer the object's: it has changed since you \
                 read it. Nothing was written."
            }
            Self::ResourceTooLarge => "The body has more bytes than this service accepts.",
            Self::IdempotencyKeyReused => {
                "You used the same Idempotency-Key before, for another path, body or If-Match. \
                 Nothing was written."
            }
            Self::TooManyRequests => {
                "You have sent more requests in a short time than is your share, or too many of \
                 yours wait for an X-Min-Log-Position at the same time."
            }
            Self::TechnicalError => {
                "404: there is nothing at this path. \
                 500: the service failed, and its operators are told."
            }
            Self::ServiceUnavailable => {
                "The service is starting, stopping or out of room; its disk has failed, perhaps in \
                 the middle of the change, so that it is not known whether it was made; more is \
                 asked than can be answered now; the request took too long; what \
                 X-Min-Log-Position names cannot be seen yet; the record is being repaired; or \
                 nobody can tell whether the token is good."
            }
        }
    }

    /// What a developer does about it.
    pub(in crate::http) fn advice(self) -> &'static str {
        match self {
            Self::MalformedPayload => {
                "Send JSON with Content-Type: application/json, not compressed. A 400 lists under violations \
                 all that is wrong: a member by its JSON Pointer, a parameter or a header by its \
                 name in the detail. Sending the same again does not help."
            }
            Self::InvalidPayload => {
                "Correct everything that is listed under violations; all of it is told at once, \
                 a member by its JSON Pointer, a parameter or a header by its name in the detail. \
                 Take cursors from nextCursor as they are, and begin again without one \
                 when one is refused."
            }
            Self::InvalidToken => {
                "Get a token from the bank's authorization server and send it as \
                 Authorization: Bearer. If you did, check that it was issued for this service, \
                 and to the client and for the certificate that send it."
            }
            Self::ExpiredToken => "Get a new token and repeat the request.",
            Self::InsufficientPrivileges => {
                "403: compare the scopes of your token with those of the operation; if they fit, \
                 ask the customer for a consent that covers it; no consent lets the contact \
                 details of a person change whose relation to the customer does not. \
                 404: check the id, then whether the customer's consent is in force."
            }
            Self::ResourceDoesNotExist => {
                "Read the customer or person again: its lists name what there is now."
            }
            Self::WrongMethod => "Use a method that the Allow header names.",
            Self::OperationNotAllowed => {
                "Read the detail. If a race was lost, read the object again and repeat the \
                 change; if the customer is closed, repeating does not help."
            }
            Self::PreconditionFailed => {
                "Read the object again, apply your change to what it is now, and send it with \
                 the new ETag."
            }
            Self::ResourceTooLarge => {
                "Send less: the document says how many bytes a body may have here."
            }
            Self::IdempotencyKeyReused => {
                "Take a new key for a new request, and repeat a request with all its bytes \
                 unchanged."
            }
            Self::TooManyRequests => {
                "Wait as many seconds as Retry-After says, then spread requests over time, and \
                 have fewer wait for an X-Min-Log-Position at once."
            }
            Self::TechnicalError => {
                "404: compare the path with the document; with a slash at its end it is another \
                 path. 500: tell the operators the instance; a write may be repeated under its \
                 Idempotency-Key."
            }
            Self::ServiceUnavailable => {
                "Wait as many seconds as Retry-After says and repeat the request; a write under \
                 its Idempotency-Key, so that it is done once."
            }
        }
    }

    /// One for each status that it comes with.
    pub(in crate::http) fn examples(self, style: ProblemTypeStyle) -> Vec<Example> {
        let problems = match self {
            Self::MalformedPayload => {
                vec![Faults::malformed(LIMIT_UNREADABLE).into(), wrong_media_type()]
            }
            Self::InvalidPayload => vec![refused_body()],
            Self::InvalidToken => vec![no_token()],
            Self::ExpiredToken => vec![TokenError::Expired.into()],
            Self::InsufficientPrivileges => vec![lacks_scope(), not_visible()],
            Self::ResourceDoesNotExist => vec![no_such("The customer has no such address.")],
            Self::WrongMethod => vec![wrong_method()],
            Self::OperationNotAllowed => vec![conflict("The customer is closed.")],
            Self::PreconditionFailed => vec![changed_since()],
            Self::ResourceTooLarge => vec![too_large()],
            Self::IdempotencyKeyReused => vec![key_reused()],
            Self::TooManyRequests => vec![too_many(
                "You have sent more requests than is your share.",
                Duration::from_secs(1),
            )],
            Self::TechnicalError => vec![no_route(), broken(String::new())],
            Self::ServiceUnavailable => vec![unavailable("There is no room for changes now.")],
        };
        problems.iter().map(|problem| Example::of(problem, style)).collect()
    }
}

/// A problem as it would leave.
pub(in crate::http) struct Example {
    pub(in crate::http) status: u16,
    pub(in crate::http) body: Value,
}

impl Example {
    fn of(problem: &Problem, style: ProblemTypeStyle) -> Self {
        let body = serde_json::to_value(problem.body(style, Some(CORRELATION)));
        Self { status: problem.0.status.as_u16(), body: body.expect("a problem is plain JSON") }
    }
}

/// What the parser itself says of a contact detail without content.
fn refused_body() -> Problem {
    match parse::contact::new(br#"{ "medium": "post", "contactContent": "" }"#) {
        Err(violations) => violations.into(),
        Ok(_) => Faults::invalid("a member is missing or not acceptable").into(),
    }
}
