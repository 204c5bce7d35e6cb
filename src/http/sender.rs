//! Whoever sends a request, and whether its token, its headers and its connection speak of the same.

use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};
use events::id::ClientId;
use projections::Projections;

use super::{
    caller::{Again, single},
    problem::{self, Faults, Problem, both},
};
use crate::{
    access::{Identity, SenderKey},
    app::Settings,
    listener::{Certificate, Peer, Pin},
};

pub(super) const CLIENT: HeaderName = HeaderName::from_static("x-corapi-client-id");

/// The other end of a connection, as the configuration sees it.
#[derive(Clone, Copy)]
enum Standing<'a> {
    /// Nobody that is known.
    Plain,
    /// A client itself.
    Direct(&'a Certificate),
    /// Somebody who speaks for clients.
    Intermediary(&'a Certificate),
}

/// A request's sender, before its token was looked at.
pub(super) struct Sender<'a> {
    standing: Standing<'a>,
    /// The client that the request names.
    named: Option<&'a HeaderValue>,
}

impl<'a> Sender<'a> {
    /// Refuses a request that lacks what its kind of sender must send.
    pub(super) fn of(
        extensions: &'a Extensions,
        headers: &'a HeaderMap,
        settings: &Settings,
    ) -> Result<Self, Faults> {
        let standing = match Peer::of(extensions) {
            Peer::Plain => Standing::Plain,
            Peer::Certified(certificate) => {
                let speaks =
                    settings.intermediaries.iter().any(|pin| pin.fits_for_many(certificate));
                if speaks {
                    Standing::Intermediary(certificate)
                } else {
                    Standing::Direct(certificate)
                }
            }
        };
        let named = single(headers, &CLIENT)
            .map_err(|Again| Faults::invalid("the header X-CorAPI-Client-ID must be sent once"))?;
        if let Standing::Intermediary(_) = standing {
            let user_agent = headers.get(header::USER_AGENT);
            both(
                named.ok_or_else(|| Faults::invalid("the header X-CorAPI-Client-ID is required")),
                user_agent.ok_or_else(|| Faults::invalid("the header User-Agent is required")),
            )?;
        }
        Ok(Self { standing, named })
    }

    /// What it is told apart by from others, before its token is known: its certificate, and
    /// through an intermediary the client that it names, if that is one that anybody knows.
    pub(super) fn key(&self, projections: &Projections) -> SenderKey {
        let named = self.named.and_then(|named| ClientId::parse(named.to_str().ok()?).ok());
        match (self.standing, named.filter(|client| projections.knows(client))) {
            (Standing::Plain, _) => None,
            (Standing::Intermediary(certificate), Some(client)) => {
                Some([&certificate.fingerprint, client.as_str().as_bytes()].concat())
            }
            (Standing::Direct(certificate) | Standing::Intermediary(certificate), _) => {
                Some(certificate.fingerprint.to_vec())
            }
        }
    }

    /// Refuses a token that belongs to another client than the one that sends it.
    ///
    /// Every refusal reads the same, so that none tells whose the token is.
    pub(super) fn may_bring(&self, token: &Identity, settings: &Settings) -> Result<(), Problem> {
        let client = token.client.as_str();
        let names_it = self.named.is_none_or(|named| named.as_bytes() == client.as_bytes());
        let shows_it = match (self.standing, token.certificate) {
            // The certificate that a token is bound to ended at the intermediary.
            (Standing::Intermediary(_), _) | (Standing::Plain, None) => true,
            // There is no certificate that it could be bound to.
            (Standing::Plain, Some(_)) => false,
            (Standing::Direct(certificate), bound) => {
                bound.is_none_or(|bound| bound == certificate.fingerprint)
                    && is_bound_to(certificate, client, settings)
            }
        };
        if names_it && shows_it { Ok(()) } else { Err(problem::token_of_another()) }
    }
}

/// Whether a certificate may bring tokens of this client. A certificate that stands for clients
/// brings theirs only, and a client that certificates stand for comes with one of them only.
fn is_bound_to(certificate: &Certificate, client: &str, settings: &Settings) -> bool {
    let concerned =
        |(pin, bound): &(&Pin, &ClientId)| pin.fits(certificate) || bound.as_str() == client;
    let mut concerned = settings.client_certificates.iter().filter(concerned).peekable();
    let agrees =
        |(pin, bound): (&Pin, &ClientId)| pin.fits(certificate) && bound.as_str() == client;
    concerned.peek().is_none() || concerned.any(agrees)
}
