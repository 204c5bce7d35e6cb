//! The development issuer: signs tokens with a key that lies in the data folder.

use anyhow::Context;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use chrono::{DateTime, Utc};
use events::{consent::Scope, id::ClientId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};

use super::Claims;

pub(super) const NAME: &str = "dossier-development";
/// Whom tokens are made for.
pub const AUDIENCE: &str = "dossier";
/// How long a token of the development issuer is good, in seconds.
pub const TOKEN_LIFE_S: i64 = 24 * 3600;

/// Signs tokens.
pub struct Issuer {
    signing: EncodingKey,
    public: Vec<u8>,
}

impl Issuer {
    /// Takes an Ed25519 key in PKCS #8.
    pub fn new(pkcs8: &[u8]) -> anyhow::Result<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8)
            .ok()
            .context("the development issuer's key is damaged")?;
        Ok(Self {
            signing: EncodingKey::from_ed_der(pkcs8),
            public: pair.public_key().as_ref().to_vec(),
        })
    }

    pub fn token(
        &self,
        client: &ClientId,
        scopes: &[Scope],
        now: DateTime<Utc>,
    ) -> anyhow::Result<String> {
        let claims = Claims {
            iss: NAME.to_owned(),
            aud: AUDIENCE.to_owned(),
            client_id: client.to_string(),
            scope: scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: now.timestamp() + TOKEN_LIFE_S,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.signing)
            .context("the token cannot be signed")
    }

    pub(super) fn public_key(&self) -> DecodingKey {
        DecodingKey::from_ed_der(&self.public)
    }
}
