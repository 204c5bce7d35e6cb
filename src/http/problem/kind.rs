//! The kinds of problem, and how each is spelt.

use std::iter;

use crate::config::ProblemTypeStyle;

/// What stands before the name of a kind.
const PAGES: &str = "/problems/";

/// The kinds of problem, as they stand behind `/problems/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Kind {
    MalformedPayload,
    InvalidPayload,
    InvalidToken,
    ExpiredToken,
    InsufficientPrivileges,
    ResourceDoesNotExist,
    WrongMethod,
    OperationNotAllowed,
    PreconditionFailed,
    ResourceTooLarge,
    IdempotencyKeyReused,
    TooManyRequests,
    TechnicalError,
    ServiceUnavailable,
}

impl Kind {
    pub(in crate::http) fn name(self) -> &'static str {
        match self {
            Self::MalformedPayload => "MALFORMED_PAYLOAD",
            Self::InvalidPayload => "INVALID_PAYLOAD",
            Self::InvalidToken => "INVALID_TOKEN",
            Self::ExpiredToken => "EXPIRED_TOKEN",
            Self::InsufficientPrivileges => "INSUFFICIENT_PRIVILEGES",
            Self::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Self::WrongMethod => "WRONG_METHOD",
            Self::OperationNotAllowed => "OPERATION_NOT_ALLOWED",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
            Self::ResourceTooLarge => "RESOURCE_TOO_LARGE",
            Self::IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::TooManyRequests => "TOO_MANY_REQUESTS",
            Self::TechnicalError => "TECHNICAL_ERROR",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
        }
    }

    /// The `type` of a problem.
    pub(in crate::http) fn uri(self, style: ProblemTypeStyle) -> String {
        match style {
            ProblemTypeStyle::Blink => format!("{PAGES}{}", self.name()),
            ProblemTypeStyle::OpenWealth1 => camel_case(self.told_as(style).name()),
        }
    }

    /// The kind under whose name it leaves.
    fn told_as(self, style: ProblemTypeStyle) -> Self {
        match style {
            ProblemTypeStyle::Blink => self,
            ProblemTypeStyle::OpenWealth1 => self.of_openwealth(),
        }
    }

    /// Itself, and the other kinds that leave under its name.
    pub(in crate::http) fn with_those_told_as_it(self, style: ProblemTypeStyle) -> Vec<Self> {
        let others = Self::ALL.into_iter().filter(|kind| *kind != self);
        iter::once(self).chain(others.filter(|kind| kind.told_as(style) == self)).collect()
    }

    /// The nearest kind that OpenWealth 1.2.1 knows; the status tells the rest.
    fn of_openwealth(self) -> Self {
        match self {
            Self::PreconditionFailed | Self::IdempotencyKeyReused => Self::OperationNotAllowed,
            Self::TooManyRequests => Self::ServiceUnavailable,
            Self::MalformedPayload
            | Self::InvalidPayload
            | Self::InvalidToken
            | Self::ExpiredToken
            | Self::InsufficientPrivileges
            | Self::ResourceDoesNotExist
            | Self::WrongMethod
            | Self::OperationNotAllowed
            | Self::ResourceTooLarge
            | Self::TechnicalError
            | Self::ServiceUnavailable => self,
        }
    }

    pub(in crate::http) fn title(self) -> &'static str {
        match self {
            Self::MalformedPayload => "The request cannot be read",
            Self::InvalidPayload => "The request breaks a rule of the schema",
            Self::InvalidToken => "The access token is missing or not valid",
            Self::ExpiredToken => "The access token has expired",
            Self::InsufficientPrivileges => "Access is not granted",
            Self::ResourceDoesNotExist => "The resource does not exist",
            Self::WrongMethod => "The method is not allowed here",
            Self::OperationNotAllowed => "The operation is not allowed now",
            Self::PreconditionFailed => "The resource has changed",
            Self::ResourceTooLarge => "The request is too large",
            Self::IdempotencyKeyReused => "The idempotency key belongs to another request",
            Self::TooManyRequests => "Too many requests at once",
            Self::TechnicalError => "Technical error",
            Self::ServiceUnavailable => "The service is not available now",
        }
    }
}

/// `wrongMethod` for `WRONG_METHOD`.
pub(super) fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    for (nth, word) in name.split('_').enumerate() {
        let (initial, rest) = word.split_at(1);
        camel += if nth == 0 { initial.to_ascii_lowercase() } else { initial.to_owned() }.as_str();
        camel += &rest.to_ascii_lowercase();
    }
    camel
}
