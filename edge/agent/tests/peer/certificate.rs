//! Certificates for peers.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::sync::Arc;
use time::OffsetDateTime;

/// A certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a server presents, and its key.
pub struct Chain {
    pub certificates: Vec<Vec<u8>>,
    key: KeyPair,
}

/// How a leaf is made.
#[derive(Clone, Copy)]
pub struct Leaf {
    pub host: &'static str,
    /// Days from now.
    pub begins: i32,
    /// Days from now.
    pub ends: i32,
}

pub const GOOD: Leaf = Leaf {
    host: "127.0.0.1",
    begins: -1,
    ends: 90,
};

fn named(name: &str, ends: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = OffsetDateTime::now_utc();
    params.not_before = now - time::Duration::DAY;
    params.not_after = now + time::Duration::DAY * ends;
    params
}

impl Authority {
    pub fn new() -> Self {
        Self::called("Test root")
    }

    pub fn called(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(named(name, 3650), key).unwrap())
    }

    pub fn root_der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    /// A leaf alone.
    pub fn issue(&self, leaf: Leaf) -> Chain {
        let key = KeyPair::generate().unwrap();
        let certificate = params(leaf).signed_by(&key, &self.0).unwrap();
        Chain {
            certificates: vec![certificate.der().to_vec()],
            key,
        }
    }

    /// A leaf that an intermediate authority issued, which ends in so many days; and that one's certificate.
    pub fn issue_by_intermediate(&self, leaf: Leaf, ends: i32) -> Chain {
        let key = KeyPair::generate().unwrap();
        let intermediate =
            CertifiedIssuer::signed_by(named("Test intermediate", ends), key, &self.0).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params(leaf).signed_by(&key, &intermediate).unwrap();
        Chain {
            certificates: vec![certificate.der().to_vec(), intermediate.der().to_vec()],
            key,
        }
    }
}

fn params(leaf: Leaf) -> CertificateParams {
    let mut params = CertificateParams::new(vec![leaf.host.to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, leaf.host);
    let now = OffsetDateTime::now_utc() + time::Duration::HOUR;
    params.not_before = now + time::Duration::DAY * leaf.begins;
    params.not_after = now + time::Duration::DAY * leaf.ends;
    params
}

/// A certificate that signed itself.
pub fn self_signed(leaf: Leaf) -> Chain {
    let key = KeyPair::generate().unwrap();
    let certificate = params(leaf).self_signed(&key).unwrap();
    Chain {
        certificates: vec![certificate.der().to_vec()],
        key,
    }
}

impl Chain {
    /// Presents a further certificate.
    pub fn with(mut self, der: Vec<u8>) -> Self {
        self.certificates.push(der);
        self
    }

    pub fn fingerprint(&self, index: usize) -> String {
        edgewatch_protocol::digest::sha256_hex(&self.certificates[index])
    }

    pub fn server_config(&self, alpn: &[&str]) -> ServerConfig {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let chain: Vec<CertificateDer<'static>> = self
            .certificates
            .iter()
            .cloned()
            .map(CertificateDer::from)
            .collect();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}
