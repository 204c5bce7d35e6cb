//! What is wrong with a token: in detail for the operator, in three words for the client.

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is not valid")]
    Invalid,
    #[error("the token has expired")]
    Expired,
    /// Whoever could tell does not answer; the token may be good.
    #[error("nobody can tell now whether the token is valid")]
    Unavailable,
}

/// The one thing that was found wrong first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Malformed,
    Algorithm,
    Type,
    UnknownKey,
    Signature,
    Issuer,
    Audience,
    Expired,
    NotYetValid,
    Client,
    /// Bound to something other than a certificate, which is not checked here.
    Binding,
    /// The issuer says that it is none of its own, or no longer.
    Inactive,
    /// The issuer does not answer.
    Unreachable,
    /// Too many are waiting for the issuer.
    Busy,
}

impl Fault {
    pub(super) fn count(self) {
        metrics::counter!("dossier_tokens_refused_total", "reason" => self.name()).increment(1);
    }

    fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Algorithm => "algorithm",
            Self::Type => "type",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Client => "client",
            Self::Binding => "binding",
            Self::Inactive => "inactive",
            Self::Unreachable => "unreachable",
            Self::Busy => "busy",
        }
    }
}

impl From<Fault> for TokenError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Expired => Self::Expired,
            Fault::Unreachable | Fault::Busy => Self::Unavailable,
            Fault::Malformed
            | Fault::Algorithm
            | Fault::Type
            | Fault::UnknownKey
            | Fault::Signature
            | Fault::Issuer
            | Fault::Audience
            | Fault::NotYetValid
            | Fault::Client
            | Fault::Binding
            | Fault::Inactive => Self::Invalid,
        }
    }
}
