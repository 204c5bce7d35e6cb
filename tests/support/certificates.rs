//! Authorities and certificates, made for the test that uses them.

use std::{fs, path::Path};

use aws_lc_rs::digest;
use dossier::config::Tls;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType,
};
use reqwest::{Certificate, ClientBuilder, Identity};

/// Whoever signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, in PEM.
pub(crate) struct Certified {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) fingerprint: [u8; 32],
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap());
        Self(own.unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// For a server on this machine.
    pub(crate) fn server(&self) -> Certified {
        self.certify(|params| {
            params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        })
    }

    /// For a client with a DNS name.
    pub(crate) fn client(&self, name: &str) -> Certified {
        self.certify(|params| {
            params.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
        })
    }

    /// For a client, unless what is changed says otherwise.
    pub(crate) fn certify(&self, change: impl FnOnce(&mut CertificateParams)) -> Certified {
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let fingerprint = digest::digest(&digest::SHA256, certificate.der());
        Certified {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            fingerprint: fingerprint.as_ref().try_into().unwrap(),
        }
    }

    /// An HTTP client that believes servers of this authority.
    pub(crate) fn trusting(&self) -> ClientBuilder {
        let own = Certificate::from_pem(self.pem().as_bytes()).unwrap();
        reqwest::Client::builder().no_proxy().tls_certs_only([own])
    }

    /// The same, showing a certificate.
    pub(crate) fn trusting_as(&self, client: &Certified) -> ClientBuilder {
        self.trusting().identity(client.identity())
    }
}

impl Certified {
    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(format!("{}{}", self.certificate, self.key).as_bytes()).unwrap()
    }

    pub(crate) fn pin(&self) -> String {
        format!("sha256:{}", hex::encode(self.fingerprint))
    }
}

/// Puts down what a listener needs: its own certificate, and whose clients it takes.
pub(crate) fn put(dir: &Path, own: &Certified, clients: &str) {
    fs::write(dir.join("key.pem"), &own.key).unwrap();
    fs::write(dir.join("certificate.pem"), &own.certificate).unwrap();
    fs::write(dir.join("clients.pem"), clients).unwrap();
}

/// Where `put` puts it.
pub(crate) fn settings(dir: &Path) -> Tls {
    Tls {
        certificate: dir.join("certificate.pem"),
        key: dir.join("key.pem"),
        client_authorities: dir.join("clients.pem"),
        clients: Vec::new(),
    }
}
