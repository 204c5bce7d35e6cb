//! The development issuer: signs tokens with a key that lies in the data folder.

use anyhow::Context;
use chrono::{DateTime, Utc};
use events::{consent::Scope, id::ClientId};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde::Serialize;

pub(super) const NAME: &str = "dossier-development";
/// Whom tokens are made for.
pub const AUDIENCE: &str = "dossier";
/// How long a token of the development issuer is good, in seconds.
pub const TOKEN_LIFE_S: i64 = 24 * 3600;

/// Signs tokens.
pub struct Issuer {
    signing: EncodingKey,
    public: Jwk,
}

/// What its tokens say.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    client_id: &'a str,
    scope: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Issuer {
    /// Takes an Ed25519 key in PKCS #8.
    pub fn new(pkcs8: &[u8]) -> anyhow::Result<Self> {
        let signing = EncodingKey::from_ed_der(pkcs8);
        let public = Jwk::from_encoding_key(&signing, Algorithm::EdDSA)
            .context("the development issuer's key is damaged")?;
        Ok(Self { signing, public })
    }

    pub fn token(
        &self,
        client: &ClientId,
        scopes: &[Scope],
        now: DateTime<Utc>,
    ) -> anyhow::Result<String> {
        let claims = Claims {
            iss: NAME,
            aud: AUDIENCE,
            client_id: client.as_str(),
            scope: scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: now.timestamp() + TOKEN_LIFE_S,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.signing)
            .context("the token cannot be signed")
    }

    pub(super) fn public_key(&self) -> Jwk {
        self.public.clone()
    }
}
