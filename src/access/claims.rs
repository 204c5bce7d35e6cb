//! What is said of a token, by itself or by its issuer, and whether that is good here and now.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use events::{consent::Scope, id::ClientId};
use serde_json::{Map, Value};

use super::{Identity, fault::Fault};
use crate::config::{self, ScopeNames};

pub(super) type Claims = Map<String, Value>;

/// What claims must be, and where client and scopes stand in them.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) issuer: String,
    pub(super) audiences: Vec<String>,
    pub(super) leeway: TimeDelta,
    pub(super) client_claim: String,
    pub(super) scopes_claim: String,
    pub(super) scopes: ScopeNames,
    /// Whether iss, aud, exp and nbf must be there; if not, they are checked where they are.
    pub(super) are_required: bool,
}

impl Rules {
    pub(super) fn of(settings: &config::Access, are_required: bool) -> Self {
        Self {
            issuer: settings.issuer.clone(),
            audiences: settings.audiences.clone(),
            leeway: TimeDelta::seconds(settings.leeway_s.into()),
            client_claim: settings.client_claim.clone(),
            scopes_claim: settings.scopes_claim.clone(),
            scopes: settings.scopes.clone(),
            are_required,
        }
    }

    /// Who the claims are about, if they are good now.
    pub(super) fn identity(&self, claims: &Claims, now: DateTime<Utc>) -> Result<Identity, Fault> {
        self.check_issuer(claims)?;
        self.check_audience(claims)?;
        self.check_beginning(claims, now)?;
        let expires = self.end(claims)?;
        if expires <= now {
            return Err(Fault::Expired);
        }
        let client = claims.get(&self.client_claim).and_then(Value::as_str);
        let client = client.and_then(|id| ClientId::parse(id).ok()).ok_or(Fault::Client)?;
        Ok(Identity {
            client,
            scopes: self.scopes(claims),
            certificate: certificate(claims)?,
            expires,
        })
    }

    fn check_issuer(&self, claims: &Claims) -> Result<(), Fault> {
        match claims.get("iss") {
            None if !self.are_required => Ok(()),
            Some(Value::String(issuer)) if *issuer == self.issuer => Ok(()),
            _ => Err(Fault::Issuer),
        }
    }

    fn check_audience(&self, claims: &Claims) -> Result<(), Fault> {
        let fits =
            |value: &Value| value.as_str().is_some_and(|it| self.audiences.iter().any(|a| a == it));
        match claims.get("aud") {
            None if !self.are_required => Ok(()),
            Some(Value::Array(several)) if several.iter().any(fits) => Ok(()),
            Some(one) if fits(one) => Ok(()),
            _ => Err(Fault::Audience),
        }
    }

    fn check_beginning(&self, claims: &Claims, now: DateTime<Utc>) -> Result<(), Fault> {
        match self.instant(claims, "nbf")? {
            Some(from) if now + self.leeway < from => Err(Fault::NotYetValid),
            Some(_) | None => Ok(()),
        }
    }

    /// The first instant at which the token is no longer good.
    fn end(&self, claims: &Claims) -> Result<DateTime<Utc>, Fault> {
        let Some(end) = self.instant(claims, "exp")? else { return Ok(DateTime::<Utc>::MAX_UTC) };
        Ok(end.checked_add_signed(self.leeway).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    fn instant(&self, claims: &Claims, name: &str) -> Result<Option<DateTime<Utc>>, Fault> {
        match claims.get(name) {
            None if !self.are_required => Ok(None),
            Some(Value::Number(number)) => {
                // Whole seconds, but RFC 7519 lets issuers write fractions.
                let text = number.to_string();
                let is_plain =
                    text.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte));
                let whole = text.split('.').next().filter(|_| is_plain);
                let whole = whole.and_then(|whole| whole.parse().ok());
                let instant = whole.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
                instant.map(Some).ok_or(Fault::Malformed)
            }
            _ => Err(Fault::Malformed),
        }
    }

    fn scopes(&self, claims: &Claims) -> Vec<Scope> {
        let named: Vec<&str> = match claims.get(&self.scopes_claim) {
            Some(Value::String(text)) => text.split(' ').collect(),
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let is_named = |scope: &Scope| named.contains(&self.scopes.of(*scope));
        Scope::ALL.into_iter().filter(is_named).collect()
    }
}

/// The certificate that the token is bound to.
///
/// One that is bound to anything else is refused: nobody here would check it, and it would pass as
/// if it were bound to nothing.
fn certificate(claims: &Claims) -> Result<Option<[u8; 32]>, Fault> {
    let Some(confirmation) = claims.get("cnf") else { return Ok(None) };
    let only = confirmation.as_object().filter(|members| members.len() == 1);
    let thumbprint = only.and_then(|members| members.get("x5t#S256")).and_then(Value::as_str);
    let bytes = thumbprint.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.map(Some).ok_or(Fault::Binding)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn rules() -> Rules {
        Rules {
            issuer: "https://as".to_owned(),
            audiences: vec!["one".to_owned(), "two".to_owned()],
            leeway: TimeDelta::seconds(30),
            client_claim: "azp".to_owned(),
            scopes_claim: "scp".to_owned(),
            scopes: ScopeNames { kyc_read: "cm.kyc".to_owned(), ..ScopeNames::default() },
            are_required: true,
        }
    }

    fn good() -> Value {
        json!({
            "iss": "https://as", "aud": "one", "azp": "alpha", "scp": "customer:read cm.kyc x",
            "nbf": NOW - 10, "exp": NOW + 300,
        })
    }

    fn identity(rules: &Rules, claims: &Value) -> Result<Identity, Fault> {
        rules.identity(claims.as_object().unwrap(), DateTime::from_timestamp(NOW, 0).unwrap())
    }

    /// The good claims, but for one; null takes it away.
    fn but(name: &str, value: Value) -> Value {
        let mut claims = good();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        claims
    }

    #[test]
    fn good_claims_name_client_and_scopes() {
        let found = identity(&rules(), &good()).unwrap();
        assert_eq!(found.client.as_str(), "alpha");
        assert_eq!(found.scopes, [Scope::CustomerRead, Scope::KycRead]);
        assert_eq!(found.certificate, None);
        assert_eq!(found.expires.timestamp(), NOW + 330);
    }

    #[test]
    fn what_is_acceptable_besides() {
        let cases = [
            ("aud", json!(["x", "two"])),
            ("exp", json!(NOW - 29)),
            ("exp", json!(1_800_000_300.75)),
            ("nbf", json!(NOW + 30)),
            ("scp", json!(["customer:read", "cm.kyc", 7])),
        ];
        for (name, value) in cases {
            assert!(identity(&rules(), &but(name, value.clone())).is_ok(), "{name} {value}");
        }
        for none in [json!(null), json!(7), json!(""), json!("kyc:read"), json!({})] {
            assert_eq!(identity(&rules(), &but("scp", none)).unwrap().scopes, []);
        }
    }

    #[test]
    fn each_wrong_claim_is_refused() {
        let cases = [
            ("iss", json!("https://as/"), Fault::Issuer),
            ("iss", json!(["https://as"]), Fault::Issuer),
            ("iss", json!(null), Fault::Issuer),
            ("aud", json!("ONE"), Fault::Audience),
            ("aud", json!([]), Fault::Audience),
            ("aud", json!({ "one": 1 }), Fault::Audience),
            ("aud", json!(null), Fault::Audience),
            ("exp", json!(NOW - 30), Fault::Expired),
            ("exp", json!("1900000000"), Fault::Malformed),
            ("exp", json!(1e300), Fault::Malformed),
            ("exp", json!(null), Fault::Malformed),
            ("nbf", json!(NOW + 31), Fault::NotYetValid),
            ("nbf", json!("x"), Fault::Malformed),
            ("nbf", json!(null), Fault::Malformed),
            ("azp", json!(""), Fault::Client),
            ("azp", json!("x".repeat(65)), Fault::Client),
            ("azp", json!(["alpha"]), Fault::Client),
            ("azp", json!(null), Fault::Client),
        ];
        for (name, value, fault) in cases {
            let found = identity(&rules(), &but(name, value.clone()));
            assert_eq!(found.unwrap_err(), fault, "{name} {value}");
        }
    }

    #[test]
    fn what_need_not_be_there_is_checked_where_it_is() {
        let lenient = Rules { are_required: false, ..rules() };
        for name in ["iss", "aud", "exp", "nbf"] {
            assert!(identity(&lenient, &but(name, json!(null))).is_ok(), "{name}");
            assert!(identity(&lenient, &but(name, json!("other"))).is_err(), "{name}");
        }
        assert!(identity(&lenient, &but("azp", json!(null))).is_err());
    }

    #[test]
    fn a_bound_token_names_its_certificate_and_nothing_else() {
        let thumbprint = URL_SAFE_NO_PAD.encode([7; 32]);
        let bound = identity(&rules(), &but("cnf", json!({ "x5t#S256": thumbprint }))).unwrap();
        assert_eq!(bound.certificate, Some([7; 32]));
        for wrong in [
            json!({}),
            json!("x"),
            json!({ "x5t#S256": "x" }),
            json!({ "x5t#S256": URL_SAFE_NO_PAD.encode([7; 31]) }),
            json!({ "jkt": thumbprint }),
            json!({ "x5t#S256": thumbprint, "jkt": thumbprint }),
        ] {
            let found = identity(&rules(), &but("cnf", wrong.clone()));
            assert_eq!(found.unwrap_err(), Fault::Binding, "{wrong}");
        }
    }
}
