//! Keys that sign tokens, made when they are needed.

use aws_lc_rs::{
    encoding::AsDer,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair,
    },
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};

pub(crate) struct SigningKey {
    pub(crate) id: &'static str,
    algorithm: Algorithm,
    private: EncodingKey,
}

impl SigningKey {
    pub(crate) fn ed25519(id: &'static str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let private = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
        Self { id, algorithm: Algorithm::EdDSA, private }
    }

    pub(crate) fn p256(id: &'static str) -> Self {
        Self::ecdsa(id, Algorithm::ES256, &ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    pub(crate) fn p384(id: &'static str) -> Self {
        Self::ecdsa(id, Algorithm::ES384, &ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    fn ecdsa(
        id: &'static str,
        algorithm: Algorithm,
        curve: &'static EcdsaSigningAlgorithm,
    ) -> Self {
        let pair = EcdsaKeyPair::generate(curve).unwrap();
        let private = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        Self { id, algorithm, private }
    }

    pub(crate) fn rsa(id: &'static str, algorithm: Algorithm) -> Self {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let label = "PRIVATE KEY";
        let lines = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n");
        Self { id, algorithm, private: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap() }
    }

    /// The public half, as an issuer publishes it.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.private, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.id.to_owned());
        serde_json::to_value(jwk).unwrap()
    }

    /// A token that says this.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_under(self.header(), claims)
    }

    pub(crate) fn header(&self) -> Header {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.to_owned());
        header
    }

    pub(crate) fn token_under(&self, header: Header, claims: &Value) -> String {
        jsonwebtoken::encode(&header, claims, &self.private).unwrap()
    }

    /// What somebody without the key can make: no signature at all.
    pub(crate) fn unsigned(&self, claims: &Value) -> String {
        let header = json!({ "alg": "none", "typ": "JWT", "kid": self.id });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&header), part(claims))
    }

    /// Or one with the public key as if it were a secret that both share, in each form in which a
    /// careless library may hold that key.
    pub(crate) fn signed_with_public_key(&self, claims: &Value) -> Vec<String> {
        let jwk = self.jwk();
        let member = |name: &str| {
            let text = jwk.get(name).and_then(Value::as_str).unwrap_or_default();
            URL_SAFE_NO_PAD.decode(text).unwrap()
        };
        let point = [&[4][..], &member("x"), &member("y")].concat();
        let secrets = [jwk.to_string().into_bytes(), member("n"), member("x"), point];
        let header = Header { kid: Some(self.id.to_owned()), ..Header::new(Algorithm::HS256) };
        let sign = |secret: Vec<u8>| {
            jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(&secret)).unwrap()
        };
        secrets.into_iter().map(sign).collect()
    }
}
