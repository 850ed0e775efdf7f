//! Certificates of authorities of our own: good ones and each kind of bad one.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm,
};
use std::{fs, io, path::Path};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

/// The names that the good certificate is for.
pub(super) const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "loopback.test"];

/// Keys of the target alone, which nobody trusts but its own tests.
const RSA_2048: &str = include_str!("keys/rsa_2048.pem");
const RSA_1536: &[u8] = include_bytes!("keys/rsa_1536.pem");

/// The extension `authorityInfoAccess`.
const AUTHORITY_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];

/// An authority: one that is trusted, one below it, or a stranger.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

/// A certificate of a server or a client, with its key.
pub(super) struct Certified {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKeyDer<'static>,
    pem: String,
}

/// What a certificate says.
pub(super) struct Content<'a> {
    pub(super) names: &'a [&'a str],
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    pub(super) key: Key,
    /// Whether it names where its revocation could be asked for.
    pub(super) tells_revocation: bool,
}

/// The kind of a server's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// Ed25519.
    Ed25519,
    /// RSA of 2048 bits: always the same key, since making one takes seconds.
    Rsa2048,
    /// RSA of 1536 bits, which is too short to be trusted.
    Rsa1536,
}

impl Authority {
    /// An authority that nobody stands above.
    pub(super) fn new(name: &str, now: OffsetDateTime) -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let params = authority_params(name, now, Duration::days(1_000));
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    /// An authority below this one that lasts so long.
    pub(super) fn intermediate(&self, name: &str, now: OffsetDateTime, lasts: Duration) -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let params = authority_params(name, now, lasts);
        let certificate = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    /// Its own certificate.
    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    /// A certificate signed by this authority.
    pub(super) fn issue(&self, content: &Content<'_>) -> io::Result<Certified> {
        if content.key == Key::Rsa1536 {
            let certificate = content.params()?.signed_by(&WeakKey, &self.issuer);
            let key = PrivateKeyDer::from_pem_slice(RSA_1536).map_err(io::Error::other)?;
            return Ok(Certified::new(certificate.map_err(io::Error::other)?, key));
        }
        let key = content.key.pair()?;
        let certificate = content.params()?.signed_by(&key, &self.issuer);
        Certified::with_pair(certificate.map_err(io::Error::other)?, &key)
    }

    /// A certificate for a client, signed by this authority.
    pub(super) fn issue_to_client(&self, now: OffsetDateTime) -> io::Result<Certified> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::new(vec!["probe.test".to_owned()]).map_err(io::Error::other)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = now - Duration::days(1);
        params.not_after = now + Duration::days(30);
        let certificate = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        Certified::with_pair(certificate, &key)
    }

    /// Writes `{name}.pem`.
    pub(super) fn write(&self, directory: &Path, name: &str) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        fs::write(directory.join(format!("{name}.pem")), self.certificate.pem())
    }
}

fn authority_params(name: &str, now: OffsetDateTime, lasts: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now - Duration::days(1_000);
    params.not_after = now + lasts;
    params
}

impl Key {
    /// A pair of this kind.
    fn pair(self) -> io::Result<KeyPair> {
        match self {
            Self::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
            Self::Ed25519 => KeyPair::generate_for(&PKCS_ED25519),
            Self::Rsa2048 | Self::Rsa1536 => KeyPair::from_pem(RSA_2048),
        }
        .map_err(io::Error::other)
    }
}

/// The public half of [`RSA_1536`], which the library that issues certificates does not take for a key.
struct WeakKey;

impl PublicKeyData for WeakKey {
    fn der_bytes(&self) -> &[u8] {
        include_bytes!("keys/rsa_1536.public.der")
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl Content<'_> {
    fn params(&self) -> io::Result<CertificateParams> {
        let names: Vec<_> = self.names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, self.names[0]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = self.not_before;
        params.not_after = self.not_after;
        if self.tells_revocation {
            params.crl_distribution_points = vec![CrlDistributionPoint {
                uris: vec!["http://127.0.0.1:9/revoked.crl".to_owned()],
            }];
            params.custom_extensions.push(CustomExtension::from_oid_content(
                AUTHORITY_ACCESS,
                ocsp_responder(),
            ));
        }
        Ok(params)
    }
}

/// The extension that names a responder for OCSP (RFC 5280, 4.2.2.1), in DER.
fn ocsp_responder() -> Vec<u8> {
    const OCSP: [u8; 10] = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01];
    const URL: &[u8] = b"http://127.0.0.1:9/ocsp";
    // Both are far shorter than 128 bytes, so that a length is one byte.
    let tagged = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
    let location = tagged(0x86, URL);
    tagged(0x30, &tagged(0x30, &[&OCSP[..], &location].concat()))
}

impl Certified {
    /// A certificate that nobody else signed.
    pub(super) fn self_signed(content: &Content<'_>) -> io::Result<Self> {
        let key = content.key.pair()?;
        let certificate = content.params()?.self_signed(&key).map_err(io::Error::other)?;
        Self::with_pair(certificate, &key)
    }

    fn with_pair(certificate: rcgen::Certificate, key: &KeyPair) -> io::Result<Self> {
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
        Ok(Self::new(certificate, key))
    }

    fn new(certificate: rcgen::Certificate, key: PrivateKeyDer<'static>) -> Self {
        Self {
            pem: certificate.pem(),
            certificate: certificate.into(),
            key,
        }
    }

    /// Writes `{name}.pem`.
    pub(super) fn write(&self, directory: &Path, name: &str) -> io::Result<()> {
        fs::write(directory.join(format!("{name}.pem")), &self.pem)
    }

    /// Writes `{name}.pem` and `{name}.key`.
    pub(super) fn write_with_key(&self, directory: &Path, name: &str) -> io::Result<()> {
        self.write(directory, name)?;
        let key = STANDARD.encode(self.key.secret_der());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
        fs::write(directory.join(format!("{name}.key")), pem)
    }
}
