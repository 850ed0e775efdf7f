//! The certificate that a check presents, and its key: read from PEM (RFC 7468).

use super::provider;
use edgewatch_protocol::check::shared::ClientCertificate;
use rustls::{
    InconsistentKeys,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};

/// The longest chain or key, in bytes of PEM.
const MAX_PEM_BYTES: usize = 64 << 10;

/// Why a client certificate cannot be used. Nothing of the PEM is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableCertificate {
    /// The field at fault: `certificate_pem` or `key_pem`.
    pub field: &'static str,
    /// What is wrong, one line.
    pub detail: &'static str,
}

/// Looks whether a client certificate can be presented.
///
/// # Errors
/// The field at fault.
pub fn validate(certificate: &ClientCertificate) -> Result<(), UnusableCertificate> {
    identity(certificate, &provider()).map(drop)
}

/// What rustls presents.
pub(super) fn identity(
    certificate: &ClientCertificate,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, UnusableCertificate> {
    let of_chain = |detail| UnusableCertificate {
        field: "certificate_pem",
        detail,
    };
    let of_key = |detail| UnusableCertificate {
        field: "key_pem",
        detail,
    };
    let ClientCertificate {
        certificate_pem,
        key_pem,
    } = certificate;
    if certificate_pem.len() > MAX_PEM_BYTES {
        return Err(of_chain("may have at most 65536 bytes"));
    }
    if key_pem.len() > MAX_PEM_BYTES {
        return Err(of_key("may have at most 65536 bytes"));
    }
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate_pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| of_chain("is not PEM: use the text from -----BEGIN CERTIFICATE----- on"))?;
    if chain.is_empty() {
        return Err(of_chain(
            "has no certificate: use the text from -----BEGIN CERTIFICATE----- on",
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| {
        of_key(
            "has no private key that can be read: use unencrypted PEM, from -----BEGIN PRIVATE KEY----- on",
        )
    })?;
    let key = provider.key_provider.load_private_key(key).map_err(|_| {
        of_key("is a kind of key that is not supported: use RSA, ECDSA P-256 or P-384, or Ed25519")
    })?;
    let identity = CertifiedKey::new(chain, key);
    match identity.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(identity),
        Err(rustls::Error::InconsistentKeys(_)) => Err(of_key("is not the key of this certificate")),
        Err(_) => Err(of_chain("does not begin with a certificate that can be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> ClientCertificate {
        let made = rcgen::generate_simple_self_signed(vec!["probe".to_owned()]).unwrap();
        ClientCertificate {
            certificate_pem: made.cert.pem(),
            key_pem: made.signing_key.serialize_pem(),
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        let good = made();
        assert_eq!(validate(&good), Ok(()));
        let field = |certificate_pem: &str, key_pem: &str| {
            validate(&ClientCertificate {
                certificate_pem: certificate_pem.to_owned(),
                key_pem: key_pem.to_owned(),
            })
            .unwrap_err()
            .field
        };
        let (chain, key) = (good.certificate_pem.as_str(), good.key_pem.as_str());
        assert_eq!(field("", key), "certificate_pem");
        assert_eq!(
            field("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----", key),
            "certificate_pem"
        );
        assert_eq!(field(&"x".repeat(MAX_PEM_BYTES + 1), key), "certificate_pem");
        let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(field(not_der, key), "certificate_pem");
        assert_eq!(field(chain, ""), "key_pem");
        assert_eq!(field(chain, chain), "key_pem");
        assert_eq!(
            field(chain, &made().key_pem),
            "key_pem",
            "the key of another certificate"
        );
    }
}
