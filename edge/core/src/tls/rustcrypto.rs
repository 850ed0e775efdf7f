//! Cryptography of the checks' TLS in pure Rust, for hosts where nothing is compiled from C.
//!
//! Ciphers and hashes are those of `rustls-rustcrypto`. Key exchange and signatures are put together here from newer
//! crates of the same project: the curves of the older ones take 100 kB more of a bundle, and do not refuse a peer's key
//! that leads to a secret of zeros.

mod key_exchange;
mod signatures;

use rustls::{
    SupportedCipherSuite,
    crypto::{CryptoProvider, KeyProvider},
    pki_types::PrivateKeyDer,
    sign::SigningKey,
};
use rustls_rustcrypto as ciphers;
use std::sync::Arc;

/// All that is offered, the preferred ones first.
const CIPHER_SUITES: [SupportedCipherSuite; 9] = [
    ciphers::TLS13_AES_128_GCM_SHA256,
    ciphers::TLS13_AES_256_GCM_SHA384,
    ciphers::TLS13_CHACHA20_POLY1305_SHA256,
    ciphers::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ciphers::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ciphers::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ciphers::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ciphers::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ciphers::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// The provider for rustls.
pub fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: CIPHER_SUITES.to_vec(),
        kx_groups: key_exchange::GROUPS.to_vec(),
        signature_verification_algorithms: signatures::ALGORITHMS,
        secure_random: &ciphers::Provider,
        key_provider: &NoPrivateKeys,
    }
}

/// These hosts present no client certificates. What reads and uses private keys of every kind would take 80 kB of their
/// bundles.
#[derive(Debug)]
struct NoPrivateKeys;

impl KeyProvider for NoPrivateKeys {
    fn load_private_key(&self, _key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General(
            "this host presents no certificates".to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
    use rustls::{
        ClientConfig, ClientConnection, Connection, NamedGroup, RootCertStore, ServerConfig,
        ServerConnection, SupportedProtocolVersion,
        crypto::{SupportedKxGroup, ring},
        pki_types::{PrivatePkcs8KeyDer, SignatureVerificationAlgorithm, alg_id},
        version::{TLS12, TLS13},
    };

    type Versions = [&'static SupportedProtocolVersion; 1];

    fn ring_with(group: &'static dyn SupportedKxGroup) -> Arc<CryptoProvider> {
        Arc::new(CryptoProvider {
            kx_groups: vec![group],
            ..ring::default_provider()
        })
    }

    /// Shakes hands with a server that `ring` makes, and passes a message each way.
    fn talk(
        key: &KeyPair,
        group: &'static dyn SupportedKxGroup,
        versions: &Versions,
    ) -> Result<(), rustls::Error> {
        let certificate = CertificateParams::new(vec!["peer.test".to_owned()]).unwrap();
        let certificate = certificate.self_signed(key).unwrap().der().clone();
        let server = ServerConfig::builder_with_provider(ring_with(group))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "peer.test".try_into().unwrap();
        let mut client: Connection = ClientConnection::new(Arc::new(client), name).unwrap().into();
        let mut server: Connection = ServerConnection::new(Arc::new(server)).unwrap().into();
        let pass = |from: &mut Connection, to: &mut Connection| -> Result<(), rustls::Error> {
            let mut bytes = Vec::new();
            while from.wants_write() {
                from.write_tls(&mut bytes).unwrap();
            }
            let mut bytes = &bytes[..];
            while !bytes.is_empty() {
                to.read_tls(&mut bytes).unwrap();
                to.process_new_packets()?;
            }
            Ok(())
        };
        while client.is_handshaking() || server.is_handshaking() {
            pass(&mut client, &mut server)?;
            pass(&mut server, &mut client)?;
        }
        for is_request in [true, false] {
            let (from, to) = if is_request {
                (&mut client, &mut server)
            } else {
                (&mut server, &mut client)
            };
            std::io::Write::write_all(&mut from.writer(), b"message").unwrap();
            pass(from, to)?;
            let mut got = [0; 7];
            std::io::Read::read_exact(&mut to.reader(), &mut got).unwrap();
            assert_eq!(&got, b"message");
        }
        Ok(())
    }

    #[test]
    fn what_other_cryptography_makes_is_understood() {
        for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
            let key = KeyPair::generate_for(algorithm).unwrap();
            for group in ring::ALL_KX_GROUPS.iter().copied() {
                for versions in [[&TLS12], [&TLS13]] {
                    let talked = talk(&key, group, &versions);
                    assert_eq!(talked, Ok(()), "{algorithm:?}, {:?}, {versions:?}", group.name());
                }
            }
        }
    }

    #[test]
    fn a_signature_of_something_else_is_refused() {
        let all = signatures::ALGORITHMS.all;
        for (algorithm, public_key, signature) in [
            (&PKCS_ECDSA_P256_SHA256, alg_id::ECDSA_P256, alg_id::ECDSA_SHA256),
            (&PKCS_ECDSA_P384_SHA384, alg_id::ECDSA_P384, alg_id::ECDSA_SHA384),
            (&PKCS_ED25519, alg_id::ED25519, alg_id::ED25519),
        ] {
            let is_meant = |one: &&&'static dyn SignatureVerificationAlgorithm| {
                one.public_key_alg_id() == public_key && one.signature_alg_id() == signature
            };
            let verifier = all.iter().find(is_meant).unwrap();
            let key = KeyPair::generate_for(algorithm).unwrap();
            let signed = rcgen::SigningKey::sign(&key, b"message").unwrap();
            let public = rcgen::PublicKeyData::der_bytes(&key);
            let holds = |key: &[u8], message: &[u8]| verifier.verify_signature(key, message, &signed).is_ok();
            assert!(holds(public, b"message"));
            assert!(!holds(public, b"massage"));
            let other = KeyPair::generate_for(algorithm).unwrap();
            let other = rcgen::PublicKeyData::der_bytes(&other);
            assert!(!holds(other, b"message"));
        }
    }

    #[test]
    fn a_peers_key_that_is_none_is_refused() {
        for group in provider().kx_groups {
            let length = match group.name() {
                NamedGroup::X25519 => 32,
                NamedGroup::secp256r1 => 65,
                _ => 97,
            };
            // A point of small order; a point that is not on the curve; a key of another length.
            let mut off_curve = vec![1; length];
            off_curve[0] = 4;
            let not_keys = if length == 32 {
                [vec![0; 32], vec![0; 31]]
            } else {
                [off_curve, vec![4; 31]]
            };
            for key in not_keys {
                let refused = group.start().unwrap().complete(&key).err();
                assert!(refused.is_some(), "{:?}: {key:?}", group.name());
            }
        }
    }
}
