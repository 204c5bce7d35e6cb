//! Who is asking: a bearer token becomes a caller.

mod issuer;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use events::{consent::Scope, id::ClientId};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

pub use self::issuer::{AUDIENCE, Issuer, TOKEN_LIFE_S};
use crate::clock;

/// Tokens whose signature was checked and need not be again.
const KNOWN_TOKENS_MAX: usize = 4096;
/// Longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 8192;
/// How far clocks may differ.
const LEEWAY: Duration = Duration::from_secs(30);

/// What a token says, once its signature was checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    client_id: String,
    #[serde(default)]
    scope: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Who is asking, and what the token lets it ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub client: ClientId,
    pub scopes: Vec<Scope>,
    /// After the leeway.
    expires: DateTime<Utc>,
}

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is not valid")]
    Invalid,
    #[error("the token has expired")]
    Expired,
}

/// Checks tokens, and remembers those that it has checked.
#[derive(Debug)]
pub struct Tokens {
    key: DecodingKey,
    validation: Validation,
    known: Cache<Box<str>, Arc<Identity>>,
}

impl Tokens {
    /// Believes tokens that `issuer` signed.
    pub fn new(issuer: &Issuer) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[issuer::NAME]);
        validation.set_required_spec_claims(&["iss", "aud", "exp", "nbf"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY.as_secs();
        Self { key: issuer.public_key(), validation, known: Cache::new(KNOWN_TOKENS_MAX) }
    }

    /// Who sent this token, if it is still good now.
    pub fn identify(&self, token: &str) -> Result<Arc<Identity>, TokenError> {
        if let Some(identity) = self.known.get(token) {
            let good = clock::now() < identity.expires;
            return if good { Ok(identity) } else { Err(TokenError::Expired) };
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let identity = Arc::new(self.check(token)?);
        self.known.insert(token.into(), Arc::clone(&identity));
        Ok(identity)
    }

    fn check(&self, token: &str) -> Result<Identity, TokenError> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation)
            .map_err(|error| {
                if *error.kind() == ErrorKind::ExpiredSignature {
                    TokenError::Expired
                } else {
                    TokenError::Invalid
                }
            })?
            .claims;
        Ok(Identity {
            client: ClientId::parse(&claims.client_id).map_err(|_| TokenError::Invalid)?,
            scopes: claims.scope.split(' ').filter_map(Scope::parse).collect(),
            expires: claims
                .exp
                .checked_add_unsigned(LEEWAY.as_secs())
                .and_then(|expires| DateTime::from_timestamp(expires, 0))
                .ok_or(TokenError::Invalid)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup() -> (Issuer, Tokens) {
        let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
        let issuer = Issuer::new(pair.to_pkcs8v1().unwrap().as_ref()).unwrap();
        let tokens = Tokens::new(&issuer);
        (issuer, tokens)
    }

    fn alpha() -> ClientId {
        ClientId::parse("alpha").unwrap()
    }

    #[test]
    fn a_token_of_the_issuer_tells_client_and_scopes() {
        let (issuer, tokens) = setup();
        let token = issuer.token(&alpha(), &[Scope::CustomerRead], clock::now()).unwrap();
        for _first_checked_then_known in 0..2 {
            let identity = tokens.identify(&token).unwrap();
            assert_eq!(
                (&identity.client, &identity.scopes[..]),
                (&alpha(), &[Scope::CustomerRead][..])
            );
        }
    }

    #[test]
    fn an_old_token_has_expired() {
        let (issuer, tokens) = setup();
        let long_ago = clock::now() - Duration::from_hours(30 * 24);
        let token = issuer.token(&alpha(), &Scope::ALL, long_ago).unwrap();
        assert_eq!(tokens.identify(&token).unwrap_err(), TokenError::Expired);
    }

    #[test]
    fn a_token_from_the_future_is_not_valid_yet() {
        let (issuer, tokens) = setup();
        let later = clock::now() + Duration::from_hours(1);
        let token = issuer.token(&alpha(), &Scope::ALL, later).unwrap();
        assert_eq!(tokens.identify(&token).unwrap_err(), TokenError::Invalid);
    }

    #[test]
    fn another_issuers_token_is_not_valid() {
        let (_, tokens) = setup();
        let (stranger, _) = setup();
        let token = stranger.token(&alpha(), &Scope::ALL, clock::now()).unwrap();
        assert_eq!(tokens.identify(&token).unwrap_err(), TokenError::Invalid);
    }

    #[test]
    fn a_changed_token_is_not_valid() {
        let (issuer, tokens) = setup();
        let token = issuer.token(&alpha(), &Scope::ALL, clock::now()).unwrap();
        let (head, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        for wrong in [
            "",
            "x",
            "a.b.c",
            &token[1..],
            &format!("{head}..{signature}"),
            &format!("{token}x"),
            &format!("{head}.e30.{signature}"),
        ] {
            assert_eq!(tokens.identify(wrong).unwrap_err(), TokenError::Invalid, "{wrong}");
        }
    }
}
