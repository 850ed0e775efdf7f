//! Certificates of an authority of our own: good ones and each kind of bad one.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::{fs, io, path::Path};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The names that the good certificate is for.
pub(super) const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "loopback.test"];

/// The test authority.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
}

/// A server's certificate with its key.
pub(super) struct ServerCertificate {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKeyDer<'static>,
    pem: String,
}

/// What a certificate says.
pub(super) struct Content<'a> {
    pub(super) names: &'a [&'a str],
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
}

impl Authority {
    pub(super) fn new(now: OffsetDateTime) -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Edgewatch test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = now - Duration::days(1_000);
        params.not_after = now + Duration::days(1_000);
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// A certificate signed by this authority.
    pub(super) fn issue(&self, content: &Content<'_>) -> io::Result<ServerCertificate> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = content.params()?.signed_by(&key, &self.issuer);
        ServerCertificate::new(certificate.map_err(io::Error::other)?, &key)
    }

    /// Writes `ca.pem`.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        fs::write(directory.join("ca.pem"), &self.certificate_pem)
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
        Ok(params)
    }
}

impl ServerCertificate {
    /// A certificate that nobody else signed.
    pub(super) fn self_signed(content: &Content<'_>) -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = content.params()?.self_signed(&key).map_err(io::Error::other)?;
        Self::new(certificate, &key)
    }

    fn new(certificate: rcgen::Certificate, key: &KeyPair) -> io::Result<Self> {
        Ok(Self {
            pem: certificate.pem(),
            certificate: certificate.into(),
            key: PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?,
        })
    }

    /// Writes `{name}.pem`.
    pub(super) fn write(&self, directory: &Path, name: &str) -> io::Result<()> {
        fs::write(directory.join(format!("{name}.pem")), &self.pem)
    }
}
