//! Who issues the tokens of clients, and how a token is read.

mod check;

use std::path::PathBuf;

use events::consent::Scope;
use serde::{Deserialize, Serialize};

use super::Secret;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    pub issuer: String,
    pub audiences: Vec<String>,
    pub leeway_s: u32,
    pub client_claim: String,
    pub scopes_claim: String,
    #[serde(serialize_with = "super::without_query")]
    pub jwks_url: String,
    pub jwks_file: PathBuf,
    pub algorithms: Vec<Algorithm>,
    pub jwt_type: String,
    pub jwks_refresh_s: u32,
    pub jwks_pause_s: u32,
    pub jwks_stale_h_max: u32,
    #[serde(serialize_with = "super::without_query")]
    pub introspection_url: String,
    pub introspection_client: String,
    pub introspection_secret: Secret,
    pub introspection_secret_file: PathBuf,
    pub introspection_cache_s: u32,
    pub introspections_max: usize,
    pub waiting_max: usize,
    pub waiting_per_sender_max: usize,
    pub fetch_ms_max: u32,
    pub fetch_bytes_max: usize,
    pub root_certificates: PathBuf,
    pub scopes: ScopeNames,
}

/// How signatures may be made. What is shared with the issuer, or no signature at all, has no name
/// here and so cannot be configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

/// What the issuer calls each scope.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeNames {
    pub customer_read: String,
    pub kyc_read: String,
    pub address_write: String,
    pub contact_write: String,
}

impl ScopeNames {
    pub fn of(&self, scope: Scope) -> &str {
        match scope {
            Scope::CustomerRead => &self.customer_read,
            Scope::KycRead => &self.kyc_read,
            Scope::AddressWrite => &self.address_write,
            Scope::ContactWrite => &self.contact_write,
        }
    }
}

/// The names of the development issuer, and of consents.
impl Default for ScopeNames {
    fn default() -> Self {
        let name = |scope: Scope| scope.as_str().to_owned();
        Self {
            customer_read: name(Scope::CustomerRead),
            kyc_read: name(Scope::KycRead),
            address_write: name(Scope::AddressWrite),
            contact_write: name(Scope::ContactWrite),
        }
    }
}

impl Access {
    /// Whether there is somebody whose tokens are believed.
    pub fn names_an_issuer(&self) -> bool {
        self.ways().into_iter().any(|(_, is_given)| is_given)
    }

    fn ways(&self) -> [(&'static str, bool); 3] {
        [
            ("access.jwks_url", !self.jwks_url.is_empty()),
            ("access.jwks_file", !self.jwks_file.as_os_str().is_empty()),
            ("access.introspection_url", !self.introspection_url.is_empty()),
        ]
    }
}
