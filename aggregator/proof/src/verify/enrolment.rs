//! Who a probe is: its key, and the request by which it enrolled.

use super::{Finding, evidence::Evidence, signed::Signed};
use crate::{
    bundle::{EnrolmentRecord, ProbeRecord},
    leaf::{LeafData, SignatureFields},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::VerifyingKey;
use edgewatch_protocol::{identity::Fingerprint, path};

/// The key of a probe, as far as it is one.
pub fn key_of(probe: &ProbeRecord, findings: &mut Vec<Finding>) -> Option<VerifyingKey> {
    let altered = |detail: &str| Finding::KeyAltered {
        probe: probe.fingerprint.clone(),
        region: probe.region.clone(),
        detail: detail.to_owned(),
    };
    let key = STANDARD
        .decode(&probe.public_key)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    let Some(key) = key else {
        findings.push(altered("it is no Ed25519 key"));
        return None;
    };
    if Fingerprint::of(&key) != probe.fingerprint {
        findings.push(altered("its fingerprint is another"));
    }
    Some(key)
}

/// Whether the request by which a probe enrolled is here and holds.
pub fn check_enrolment(
    probe: &ProbeRecord,
    key: &VerifyingKey,
    evidence: &mut Evidence,
    findings: &mut Vec<Finding>,
) -> bool {
    let Some(enrolment) = &probe.enrolment else {
        findings.push(Finding::EnrolmentNotKept {
            probe: probe.fingerprint.clone(),
            region: probe.region.clone(),
        });
        return false;
    };
    match enrolment_signature(enrolment, key) {
        Ok(body_sha256) => {
            if let Some(leaf) = enrolment.leaf {
                let data = LeafData::Enrolment {
                    probe: &probe.fingerprint.0,
                    region: probe.region.as_str(),
                    public_key: key.as_bytes(),
                    body_sha256: &body_sha256,
                    fields: SignatureFields {
                        signature_input: &enrolment.signature_input,
                        signature: &enrolment.signature,
                        authority: &enrolment.authority,
                    },
                };
                evidence.leaves.push((leaf, data.hash(), probe.enrolled_ms));
            }
            true
        }
        Err(detail) => {
            findings.push(Finding::EnrolmentInvalid {
                probe: probe.fingerprint.clone(),
                region: probe.region.clone(),
                detail,
            });
            false
        }
    }
}

fn enrolment_signature(enrolment: &EnrolmentRecord, key: &VerifyingKey) -> Result<[u8; 32], String> {
    let sha256 = hex::decode(&enrolment.body_sha256)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .ok_or("the hash of its body is none")?;
    let signed = Signed {
        path: path::ENROLMENTS,
        authority: &enrolment.authority,
        signature_input: &enrolment.signature_input,
        signature: &enrolment.signature,
        content_encoding: enrolment.content_encoding.as_deref(),
        sha256,
    };
    signed.verify(key).map(|_| sha256)
}
