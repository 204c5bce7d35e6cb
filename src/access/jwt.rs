//! Signed tokens: a signature by one of the issuer's keys, made in a way that is configured.

use std::sync::Arc;

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Header, Validation};

use super::{
    AccessError, Identity,
    claims::{Claims, Rules},
    fault::Fault,
    issuer::{self, Issuer},
    jwks::{Key, KeySet},
    keys::Keys,
};
use crate::{
    clock,
    config::{self, ScopeNames},
};

/// How far clocks may differ in development.
const DEVELOPMENT_LEEWAY: TimeDelta = TimeDelta::seconds(30);

#[derive(Debug)]
pub(super) struct Jwt {
    pub(super) keys: Arc<Keys>,
    algorithms: Vec<Algorithm>,
    /// What `typ` must be.
    kind: Option<String>,
    rules: Rules,
}

impl Jwt {
    pub(super) fn development(issuer: &Issuer) -> Self {
        let rules = Rules {
            issuer: issuer::NAME.to_owned(),
            audiences: vec![issuer::AUDIENCE.to_owned()],
            leeway: DEVELOPMENT_LEEWAY,
            client_claim: "client_id".to_owned(),
            scopes_claim: "scope".to_owned(),
            scopes: ScopeNames::default(),
            are_required: true,
        };
        let keys = Keys::fixed(KeySet::only(issuer.public_key()));
        Self { keys: Arc::new(keys), algorithms: vec![Algorithm::EdDSA], kind: None, rules }
    }

    pub(super) fn configured(settings: &config::Access) -> Result<Self, AccessError> {
        Ok(Self {
            keys: Arc::new(Keys::configured(settings)?),
            algorithms: settings.algorithms.iter().copied().map(Algorithm::from).collect(),
            kind: (!settings.jwt_type.is_empty()).then(|| settings.jwt_type.clone()),
            rules: Rules::of(settings, true),
        })
    }

    pub(super) async fn check(&self, token: &str) -> Result<Identity, Fault> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Fault::Malformed)?;
        self.check_header(&header)?;
        let key = self.keys.find(header.kid.as_deref(), header.alg).await?;
        self.rules.identity(&verified(token, &key, header.alg)?, clock::now())
    }

    fn check_header(&self, header: &Header) -> Result<(), Fault> {
        if !self.algorithms.contains(&header.alg) {
            return Err(Fault::Algorithm);
        }
        // What a header says must be understood, and nothing of that is understood here.
        if header.crit.is_some() {
            return Err(Fault::Malformed);
        }
        let kind = header.typ.as_deref().unwrap_or_default();
        let kind = kind.strip_prefix("application/").unwrap_or(kind);
        if self.kind.as_ref().is_some_and(|it| !it.eq_ignore_ascii_case(kind)) {
            return Err(Fault::Type);
        }
        Ok(())
    }
}

/// The claims, once the signature is found good; they themselves are judged elsewhere, by the same
/// rules as those of opaque tokens.
fn verified(token: &str, key: &Key, algorithm: Algorithm) -> Result<Claims, Fault> {
    let mut only_signature = Validation::new(algorithm);
    only_signature.required_spec_claims.clear();
    only_signature.validate_exp = false;
    only_signature.validate_aud = false;
    let verified = jsonwebtoken::decode(token, &key.decoding, &only_signature);
    verified.map(|token| token.claims).map_err(|_| Fault::Signature)
}

impl From<config::Algorithm> for Algorithm {
    fn from(algorithm: config::Algorithm) -> Self {
        match algorithm {
            config::Algorithm::RS256 => Self::RS256,
            config::Algorithm::RS384 => Self::RS384,
            config::Algorithm::RS512 => Self::RS512,
            config::Algorithm::PS256 => Self::PS256,
            config::Algorithm::PS384 => Self::PS384,
            config::Algorithm::PS512 => Self::PS512,
            config::Algorithm::ES256 => Self::ES256,
            config::Algorithm::ES384 => Self::ES384,
            config::Algorithm::EdDSA => Self::EdDSA,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(kind: Option<&str>) -> Jwt {
        let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
        let issuer = Issuer::new(pair.to_pkcs8v1().unwrap().as_ref()).unwrap();
        Jwt { kind: kind.map(str::to_owned), ..Jwt::development(&issuer) }
    }

    fn header(algorithm: Algorithm, kind: Option<&str>) -> Header {
        Header { typ: kind.map(str::to_owned), ..Header::new(algorithm) }
    }

    #[test]
    fn only_what_is_configured_may_have_signed() {
        let jwt = jwt(None);
        assert_eq!(jwt.check_header(&header(Algorithm::EdDSA, None)), Ok(()));
        for other in [Algorithm::HS256, Algorithm::HS512, Algorithm::ES256, Algorithm::RS256] {
            assert_eq!(jwt.check_header(&header(other, None)), Err(Fault::Algorithm));
        }
    }

    #[test]
    fn another_kind_of_token_is_refused_where_the_kind_counts() {
        let cases = [
            (None, None, Ok(())),
            (None, Some("anything"), Ok(())),
            (Some("at+jwt"), Some("at+jwt"), Ok(())),
            (Some("at+jwt"), Some("application/at+JWT"), Ok(())),
            (Some("at+jwt"), Some("JWT"), Err(Fault::Type)),
            (Some("at+jwt"), None, Err(Fault::Type)),
        ];
        for (wanted, named, found) in cases {
            let header = header(Algorithm::EdDSA, named);
            assert_eq!(jwt(wanted).check_header(&header), found, "{wanted:?} {named:?}");
        }
    }

    #[test]
    fn what_a_token_demands_beyond_that_is_not_understood() {
        let mut header = header(Algorithm::EdDSA, None);
        header.crit = Some(vec!["b64".to_owned()]);
        assert_eq!(jwt(None).check_header(&header), Err(Fault::Malformed));
    }

    #[tokio::test]
    async fn a_token_without_signature_is_malformed() {
        // {"alg":"none"} and {}
        assert_eq!(jwt(None).check("eyJhbGciOiJub25lIn0.e30.").await, Err(Fault::Malformed));
    }
}
