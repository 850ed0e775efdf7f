//! Verification of signatures: of certificates, and of handshakes.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::{Pkcs1v15Sign, Pss, RsaPublicKey, pkcs1::DecodeRsaPublicKey as _};
use rustls::{
    SignatureScheme,
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id},
};
// Of the version that `rsa` and the ciphers have in them anyway.
use rsa::sha2::{Digest as _, Sha256, Sha384, Sha512};

/// What is understood, and which of it a scheme of TLS stands for. That of ECDSA names the curve in TLS 1.3 alone: before,
/// either curve goes with either hash.
pub const ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        ECDSA_P256_SHA256,
        ECDSA_P256_SHA384,
        ECDSA_P384_SHA256,
        ECDSA_P384_SHA384,
        ED25519,
        RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512,
        RSA_PSS_SHA256,
        RSA_PSS_SHA384,
        RSA_PSS_SHA512,
    ],
    mapping: &[
        (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &[ECDSA_P384_SHA384, ECDSA_P256_SHA384],
        ),
        (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &[ECDSA_P256_SHA256, ECDSA_P384_SHA256],
        ),
        (SignatureScheme::ED25519, &[ED25519]),
        (SignatureScheme::RSA_PSS_SHA512, &[RSA_PSS_SHA512]),
        (SignatureScheme::RSA_PSS_SHA384, &[RSA_PSS_SHA384]),
        (SignatureScheme::RSA_PSS_SHA256, &[RSA_PSS_SHA256]),
        (SignatureScheme::RSA_PKCS1_SHA512, &[RSA_PKCS1_SHA512]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[RSA_PKCS1_SHA384]),
        (SignatureScheme::RSA_PKCS1_SHA256, &[RSA_PKCS1_SHA256]),
    ],
};

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

const ECDSA_P256_SHA256: Algorithm = &Verifier {
    public_key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA256,
    verify: |key, message, signature| p256(key, &Sha256::digest(message), signature),
};
const ECDSA_P256_SHA384: Algorithm = &Verifier {
    public_key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA384,
    verify: |key, message, signature| p256(key, &Sha384::digest(message), signature),
};
const ECDSA_P384_SHA256: Algorithm = &Verifier {
    public_key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA256,
    verify: |key, message, signature| p384(key, &Sha256::digest(message), signature),
};
const ECDSA_P384_SHA384: Algorithm = &Verifier {
    public_key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA384,
    verify: |key, message, signature| p384(key, &Sha384::digest(message), signature),
};
const ED25519: Algorithm = &Verifier {
    public_key: alg_id::ED25519,
    signature: alg_id::ED25519,
    verify: ed25519,
};
const RSA_PKCS1_SHA256: Algorithm = &Verifier {
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA256,
    verify: |key, message, signature| {
        let scheme = Pkcs1v15Sign::new::<Sha256>();
        rsa(key).and_then(|key| key.verify(scheme, &Sha256::digest(message), signature).ok())
    },
};
const RSA_PKCS1_SHA384: Algorithm = &Verifier {
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA384,
    verify: |key, message, signature| {
        let scheme = Pkcs1v15Sign::new::<Sha384>();
        rsa(key).and_then(|key| key.verify(scheme, &Sha384::digest(message), signature).ok())
    },
};
const RSA_PKCS1_SHA512: Algorithm = &Verifier {
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA512,
    verify: |key, message, signature| {
        let scheme = Pkcs1v15Sign::new::<Sha512>();
        rsa(key).and_then(|key| key.verify(scheme, &Sha512::digest(message), signature).ok())
    },
};
const RSA_PSS_SHA256: Algorithm = &Verifier {
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PSS_SHA256,
    verify: |key, message, signature| {
        let scheme = Pss::new::<Sha256>();
        rsa(key).and_then(|key| key.verify(scheme, &Sha256::digest(message), signature).ok())
    },
};
const RSA_PSS_SHA384: Algorithm = &Verifier {
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PSS_SHA384,
    verify: |key, message, signature| {
        let scheme = Pss::new::<Sha384>();
        rsa(key).and_then(|key| key.verify(scheme, &Sha384::digest(message), signature).ok())
    },
};
const RSA_PSS_SHA512: Algorithm = &Verifier {
    public_key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PSS_SHA512,
    verify: |key, message, signature| {
        let scheme = Pss::new::<Sha512>();
        rsa(key).and_then(|key| key.verify(scheme, &Sha512::digest(message), signature).ok())
    },
};

/// A kind of key with a kind of signature.
#[derive(Debug)]
struct Verifier {
    public_key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    verify: Verify,
}

/// Takes key, message and signature; answers `None` when it does not hold.
type Verify = fn(&[u8], &[u8], &[u8]) -> Option<()>;

impl SignatureVerificationAlgorithm for Verifier {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        (self.verify)(public_key, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.public_key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

fn p256(key: &[u8], hashed: &[u8], signature: &[u8]) -> Option<()> {
    let signature = p256::ecdsa::Signature::from_der(signature).ok()?;
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    key.verify_prehash(hashed, &signature).ok()
}

fn p384(key: &[u8], hashed: &[u8], signature: &[u8]) -> Option<()> {
    let signature = p384::ecdsa::Signature::from_der(signature).ok()?;
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    key.verify_prehash(hashed, &signature).ok()
}

fn ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
    ed25519_dalek::Verifier::verify(&key, message, &signature).ok()
}

fn rsa(key: &[u8]) -> Option<RsaPublicKey> {
    RsaPublicKey::from_pkcs1_der(key).ok()
}
