//! The keys of an issuer: which of them can be used, and for what.

use std::sync::Arc;

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

/// A JWKS, without what cannot check a signature.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Arc<Key>>);

#[derive(Debug)]
pub(super) struct Key {
    jwk: Jwk,
    pub(super) decoding: DecodingKey,
}

/// Keys are taken one by one: one that nobody understands does not spoil the others.
#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<Self> {
        let document: Document = serde_json::from_slice(bytes)?;
        let jwks = document.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        Ok(Self(jwks.filter_map(Key::of).map(Arc::new).collect()))
    }

    pub(super) fn only(jwk: Jwk) -> Self {
        Self(Key::of(jwk).map(Arc::new).into_iter().collect())
    }

    /// The key that a token of this header was signed with.
    ///
    /// A token that names none means the only one that fits; among several it would be guessing.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<Key>> {
        let mut fitting = self.0.iter().filter(|key| key.fits(algorithm));
        let found = match id {
            Some(id) => fitting.find(|key| key.jwk.common.key_id.as_deref() == Some(id))?,
            None => fitting.next().filter(|_| fitting.next().is_none())?,
        };
        Some(Arc::clone(found))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.0.iter().map(|key| &key.jwk).eq(other.0.iter().map(|key| &key.jwk))
    }
}

impl Key {
    /// None if it is not for checking signatures of others.
    fn of(jwk: Jwk) -> Option<Self> {
        let common = &jwk.common;
        let is_for_signing =
            common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature);
        let operations = common.key_operations.as_ref();
        let may_verify = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
        let is_public = !algorithms(&jwk.algorithm).is_empty();
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        (is_for_signing && may_verify && is_public).then_some(Self { jwk, decoding })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        let named = self.jwk.common.key_algorithm;
        algorithms(&self.jwk.algorithm).contains(&algorithm)
            && named.is_none_or(|named| named == KeyAlgorithm::from(algorithm))
    }
}

/// What a key of this kind can check; nothing for a key that must be secret.
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there may be, now or later")]
fn algorithms(parameters: &AlgorithmParameters) -> &'static [Algorithm] {
    use AlgorithmParameters::{EllipticCurve as Ec, OctetKeyPair, RSA};
    match parameters {
        RSA(_) => AlgorithmFamily::Rsa.algorithms(),
        Ec(key) if key.curve == EllipticCurve::P256 => &[Algorithm::ES256],
        Ec(key) if key.curve == EllipticCurve::P384 => &[Algorithm::ES384],
        OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
    use jsonwebtoken::EncodingKey;
    use serde_json::json;

    use super::*;

    fn ed25519(id: Option<&str>) -> Value {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
        named(Jwk::from_encoding_key(&key, Algorithm::EdDSA).unwrap(), id)
    }

    fn p256(id: Option<&str>) -> Value {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        named(Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap(), id)
    }

    fn named(mut jwk: Jwk, id: Option<&str>) -> Value {
        jwk.common.key_id = id.map(str::to_owned);
        serde_json::to_value(jwk).unwrap()
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    fn set(keys: &[Value]) -> KeySet {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_key_is_found_by_its_id_and_its_algorithm() {
        let set = set(&[ed25519(Some("a")), p256(Some("a")), p256(Some("b"))]);
        for (id, algorithm, found) in [
            ("a", Algorithm::EdDSA, true),
            ("a", Algorithm::ES256, true),
            ("b", Algorithm::ES256, true),
            ("b", Algorithm::EdDSA, false),
            ("a", Algorithm::ES384, false),
            ("a", Algorithm::HS256, false),
            ("c", Algorithm::EdDSA, false),
        ] {
            assert_eq!(set.find(Some(id), algorithm).is_some(), found, "{id} {algorithm:?}");
        }
    }

    #[test]
    fn a_token_that_names_no_key_means_the_only_one() {
        let set = set(&[ed25519(Some("a")), p256(None), p256(Some("b"))]);
        assert!(set.find(None, Algorithm::EdDSA).is_some());
        assert!(set.find(None, Algorithm::ES256).is_none());
    }

    #[test]
    fn keys_for_other_purposes_are_left_out() {
        let key = || ed25519(Some("a"));
        let unusable = [
            json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "a" }),
            json!({ "kty": "new", "kid": "a" }),
            json!("nonsense"),
            with(key(), "use", json!("enc")),
            with(key(), "key_ops", json!(["sign"])),
            with(key(), "x", json!("not base64!")),
            with(key(), "crv", json!("X25519")),
            with(p256(Some("a")), "crv", json!("P-521")),
        ];
        assert_eq!(set(&unusable).len(), 0);
        let with_a_good_one = [&unusable[..], &[key()]].concat();
        assert_eq!(set(&with_a_good_one).len(), 1);
    }

    #[test]
    fn a_key_that_names_its_algorithm_is_for_no_other() {
        let set = set(&[with(p256(Some("a")), "alg", json!("ES384"))]);
        assert!(set.find(Some("a"), Algorithm::ES256).is_none());
    }

    #[test]
    fn what_is_no_set_of_keys_is_refused() {
        for wrong in ["", "[]", "{}", "{\"keys\":1}", "<html>"] {
            assert!(KeySet::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
