//! Who is at the other end of a connection, as far as TLS has proved it.

use std::{fmt, sync::Arc};

use aws_lc_rs::digest;
use hyper::{Request, http::Extensions};
use serde::{Deserialize, Serialize};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, time::ASN1Time,
};

/// What stands before a fingerprint.
const SHA256: &str = "sha256:";

/// Whoever connected.
#[derive(Debug, Clone)]
pub enum Peer {
    /// Nobody in particular: a connection that asked for no certificate.
    Plain,
    /// The owner of a certificate that an authority of ours vouches for.
    Certified(Arc<Certificate>),
}

impl Peer {
    /// Lets handlers know who is at the other end of a request's connection.
    pub(super) fn vouch_for<B>(&self, request: &mut Request<B>) {
        // Nobody needs no mention, which would cost an allocation.
        if let Self::Certified(_) = self {
            request.extensions_mut().insert(self.clone());
        }
    }

    /// Whoever is at the other end of a request's connection.
    pub fn of(extensions: &Extensions) -> &Self {
        extensions.get().unwrap_or(&Self::Plain)
    }
}

/// What is looked at of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of the whole, as RFC 8705 compares it.
    pub fingerprint: [u8; 32],
    /// DNS names in lower case and URIs.
    names: Vec<String>,
    /// Common names, only where no other name is given at all, of whatever kind.
    common: Vec<String>,
}

impl Certificate {
    /// None where it cannot be read.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let fingerprint = fingerprint(der);
        if let Some(alternative) = certificate.subject_alternative_name().ok()? {
            // An authority that checks these need not look at what else is asked for.
            let names = readable(&alternative.value.general_names);
            return Some(Self { fingerprint, names, common: Vec::new() });
        }
        let common = certificate.subject().iter_common_name();
        let common = common.filter_map(|name| name.as_str().ok()).map(str::to_owned).collect();
        Some(Self { fingerprint, names: Vec::new(), common })
    }
}

fn readable(names: &[GeneralName<'_>]) -> Vec<String> {
    let name = |name: &GeneralName<'_>| {
        if let GeneralName::DNSName(name) = name {
            Some(name.to_ascii_lowercase())
        } else if let GeneralName::URI(uri) = name {
            Some((*uri).to_owned())
        } else {
            None
        }
    };
    names.iter().filter_map(name).collect()
}

fn fingerprint(der: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, der);
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// When a certificate ends, in seconds since 1970; none where it cannot be read.
pub(super) fn ends_at(der: &[u8]) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(ASN1Time::timestamp(&certificate.validity().not_after))
}

/// What tells certificates apart in the configuration: a name of theirs, or their fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Pin {
    Name(String),
    Fingerprint([u8; 32]),
}

/// Why a text is no pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPin {
    #[error("the name of a certificate must not be empty")]
    Empty,
    #[error("after sha256: there must be 64 hexadecimal digits, with colons or without")]
    NoFingerprint,
    #[error("the name of a certificate must not begin or end with a blank or a point")]
    Edge,
}

impl Pin {
    pub fn fits(&self, certificate: &Certificate) -> bool {
        match self {
            Self::Name(name) if certificate.names.is_empty() => {
                certificate.common.iter().any(|it| it.eq_ignore_ascii_case(name))
            }
            Self::Name(_) | Self::Fingerprint(_) => self.fits_for_many(certificate),
        }
    }

    /// The same for whoever speaks for many: a common name alone, which is free text, makes nobody
    /// that.
    pub fn fits_for_many(&self, certificate: &Certificate) -> bool {
        match self {
            // Only URIs tell capitals from small letters.
            Self::Name(name) if name.contains(':') => certificate.names.contains(name),
            Self::Name(name) => certificate.names.iter().any(|it| it.eq_ignore_ascii_case(name)),
            Self::Fingerprint(fingerprint) => certificate.fingerprint == *fingerprint,
        }
    }
}

impl TryFrom<String> for Pin {
    type Error = NoPin;

    fn try_from(text: String) -> Result<Self, NoPin> {
        let prefix = text.get(..SHA256.len()).filter(|it| it.eq_ignore_ascii_case(SHA256));
        let Some(digits) = prefix.and_then(|prefix| text.get(prefix.len()..)) else {
            let edge = |letter: char| letter == '.' || letter.is_whitespace();
            return match text.as_str() {
                "" => Err(NoPin::Empty),
                _ if text.starts_with(edge) || text.ends_with(edge) => Err(NoPin::Edge),
                _ => Ok(Self::Name(text)),
            };
        };
        let bytes = hex::decode(digits.replace(':', "")).map_err(|_| NoPin::NoFingerprint)?;
        Ok(Self::Fingerprint(bytes.try_into().map_err(|_| NoPin::NoFingerprint)?))
    }
}

impl From<Pin> for String {
    fn from(pin: Pin) -> Self {
        pin.to_string()
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Fingerprint(fingerprint) => write!(f, "{SHA256}{}", hex::encode(fingerprint)),
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn certificate(common: &str, alternatives: Vec<SanType>) -> Certificate {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common);
        params.subject_alt_names = alternatives;
        let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Certificate::read(der.der()).unwrap()
    }

    fn named(name: &str) -> Pin {
        Pin::try_from(name.to_owned()).unwrap()
    }

    #[test]
    fn the_common_name_counts_only_where_there_is_no_other() {
        let dns = SanType::DnsName("Alpha.Example".try_into().unwrap());
        let uri = SanType::URI("spiffe://bank/Alpha".try_into().unwrap());
        let both = certificate("gateway", vec![dns, uri]);
        for (name, fits) in [
            ("alpha.example", true),
            ("spiffe://bank/Alpha", true),
            ("spiffe://bank/alpha", false),
            ("example", false),
            ("gateway", false),
        ] {
            assert_eq!(named(name).fits(&both), fits, "{name}");
        }
        assert!(named("ALPHA.Example").fits(&both));
        assert!(named("Beta.Example").fits(&certificate("bETA.example", vec![])));
        for edge in ["alpha.example.", " alpha.example", "alpha.example\t"] {
            assert_eq!(Pin::try_from(edge.to_owned()), Err(NoPin::Edge));
        }
        let mail = SanType::Rfc822Name("x@gateway.example".try_into().unwrap());
        for other in [SanType::IpAddress([127, 0, 0, 1].into()), mail] {
            assert!(!named("gateway").fits(&certificate("gateway", vec![other])));
        }
    }

    #[test]
    fn a_fingerprint_fits_one_certificate() {
        let [one, other] = [certificate("x", vec![]), certificate("x", vec![])];
        let digits = hex::encode_upper(one.fingerprint);
        let pairs: Vec<_> = digits.as_bytes().chunks(2).map(String::from_utf8_lossy).collect();
        for written in [format!("sha256:{digits}"), format!("SHA256:{}", pairs.join(":"))] {
            let pin = named(&written);
            assert!(pin.fits(&one) && !pin.fits(&other));
            assert_eq!(named(&pin.to_string()), pin);
        }
    }
}
