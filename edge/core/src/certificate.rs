//! What a certificate says, read from its DER bytes (RFC 5280).

use crate::attempt::excerpt::clip;
use edgewatch_protocol::{digest::sha256_hex, observation::CertificateFacts};
use std::net::IpAddr;
use x509_cert::{
    Certificate,
    der::{
        Decode as _, Encode as _, Reader as _, SliceReader,
        asn1::{
            Ia5StringRef, ObjectIdentifier, PrintableStringRef, TeletexStringRef, UintRef, Utf8StringRef,
        },
    },
    ext::pkix::{SubjectAltName, name::GeneralName},
    name::Name,
    spki::SubjectPublicKeyInfoOwned,
    time::Time,
};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

/// The most names that are told of one certificate.
const MAX_NAMES: usize = 100;

/// The longest name that is told, in bytes: that of a DNS name. Whoever makes a certificate may write more.
const MAX_NAME_BYTES: usize = 255;

/// The facts of a certificate; `None` when its bytes cannot be read.
pub fn facts(der: &[u8], tls_version: &str, cipher_suite: &str) -> Option<CertificateFacts> {
    let certificate = Certificate::from_der(der).ok()?;
    let body = &certificate.tbs_certificate;
    let names = match body.get::<SubjectAltName>() {
        Ok(Some((_, names))) => names
            .0
            .iter()
            .filter_map(general_name)
            .map(|name| clip(&name, MAX_NAME_BYTES).to_owned())
            .take(MAX_NAMES)
            .collect(),
        _ => Vec::new(),
    };
    let (key_algorithm, key_bits) = key(&body.subject_public_key_info);
    Some(CertificateFacts {
        fingerprint: sha256_hex(der),
        subject: attribute(&body.subject, COMMON_NAME)
            .or_else(|| names.first().cloned())
            .unwrap_or_default(),
        issuer: attribute(&body.issuer, COMMON_NAME)
            .or_else(|| attribute(&body.issuer, ORGANISATION))
            .unwrap_or_default(),
        names,
        not_before_ms: unix_ms(body.validity.not_before),
        not_after_ms: unix_ms(body.validity.not_after),
        tls_version: tls_version.to_owned(),
        cipher_suite: cipher_suite.to_owned(),
        key_algorithm,
        key_bits,
        signature_algorithm: signature_algorithm(certificate.signature_algorithm.oid),
    })
}

/// The kind of a key, and its length where that is not part of the kind.
fn key(key: &SubjectPublicKeyInfoOwned) -> (String, Option<u32>) {
    let bytes = key.subject_public_key.raw_bytes();
    let curve = || {
        let parameters = key.algorithm.parameters.as_ref()?;
        parameters.decode_as::<ObjectIdentifier>().ok()
    };
    match key.algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => ("RSA".to_owned(), modulus_bits(bytes)),
        "1.2.840.10045.2.1" => {
            let name = match curve().map(|curve| curve.to_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => "EC P-256".to_owned(),
                Some("1.3.132.0.34") => "EC P-384".to_owned(),
                Some("1.3.132.0.35") => "EC P-521".to_owned(),
                Some(other) => format!("EC {other}"),
                None => "EC".to_owned(),
            };
            (name, None)
        }
        "1.3.101.112" => ("Ed25519".to_owned(), None),
        "1.3.101.113" => ("Ed448".to_owned(), None),
        other => (other.to_owned(), None),
    }
}

/// The length of the modulus of an RSA key (RFC 8017, A.1.1).
fn modulus_bits(key: &[u8]) -> Option<u32> {
    let modulus = SliceReader::new(key).ok()?.sequence(|reader| {
        let modulus: UintRef<'_> = reader.decode()?;
        let _exponent: UintRef<'_> = reader.decode()?;
        Ok(modulus)
    });
    let modulus = modulus.ok()?;
    let unused = modulus.as_bytes().first()?.leading_zeros();
    Some(u32::try_from(modulus.as_bytes().len()).ok()?.checked_mul(8)? - unused)
}

fn signature_algorithm(algorithm: ObjectIdentifier) -> String {
    let text = algorithm.to_string();
    let name = match text.as_str() {
        "1.2.840.113549.1.1.2" => "RSA MD2",
        "1.2.840.113549.1.1.4" => "RSA MD5",
        "1.2.840.113549.1.1.5" => "RSA SHA-1",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "RSA SHA-256",
        "1.2.840.113549.1.1.12" => "RSA SHA-384",
        "1.2.840.113549.1.1.13" => "RSA SHA-512",
        "1.2.840.10040.4.3" => "DSA SHA-1",
        "1.2.840.10045.4.1" => "ECDSA SHA-1",
        "1.2.840.10045.4.3.2" => "ECDSA SHA-256",
        "1.2.840.10045.4.3.3" => "ECDSA SHA-384",
        "1.2.840.10045.4.3.4" => "ECDSA SHA-512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ => return text,
    };
    name.to_owned()
}

/// Why a certificate's key or signature is weak, in a few words: RSA below 2048 bits, MD5, SHA-1. `is_leaf` tells whether
/// it is the peer's own: what an authority signs itself with is of no consequence.
pub fn weakness(certificate: &CertificateFacts, is_leaf: bool) -> Option<String> {
    let subject = &certificate.subject;
    match certificate.key_bits {
        Some(bits) if certificate.key_algorithm == "RSA" && bits < 2048 => {
            return Some(format!("the RSA key of {subject} has only {bits} bits"));
        }
        _ => {}
    }
    let signature = &certificate.signature_algorithm;
    let is_weak = ["MD2", "MD5", "SHA-1"]
        .iter()
        .any(|hash| signature.ends_with(hash));
    let is_own = !is_leaf && certificate.subject == certificate.issuer;
    (is_weak && !is_own).then(|| format!("the certificate of {subject} is signed with {signature}"))
}

fn unix_ms(time: Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX)
}

fn general_name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => match bytes.as_bytes() {
            [a, b, c, d] => Some(IpAddr::from([*a, *b, *c, *d]).to_string()),
            bytes => <[u8; 16]>::try_from(bytes)
                .ok()
                .map(|v6| IpAddr::from(v6).to_string()),
        },
        _ => None,
    }
}

fn attribute(name: &Name, wanted: ObjectIdentifier) -> Option<String> {
    let attribute = name
        .0
        .iter()
        .flat_map(|set| set.0.iter())
        .find(|attribute| attribute.oid == wanted)?;
    // The encodings that RFC 5280 allows for a DirectoryString, but for the two that nobody uses.
    let der = attribute.value.to_der().ok()?;
    if let Ok(text) = Utf8StringRef::from_der(&der) {
        return Some(clip(text.as_str(), MAX_NAME_BYTES).to_owned());
    }
    if let Ok(text) = PrintableStringRef::from_der(&der) {
        return Some(clip(text.as_str(), MAX_NAME_BYTES).to_owned());
    }
    if let Ok(text) = Ia5StringRef::from_der(&der) {
        return Some(clip(text.as_str(), MAX_NAME_BYTES).to_owned());
    }
    TeletexStringRef::from_der(&der)
        .ok()
        .map(|text| clip(text.as_str(), MAX_NAME_BYTES).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_a_certificate() {
        let mut parameters =
            rcgen::CertificateParams::new(vec!["example.com".to_owned(), "192.0.2.7".to_owned()]).unwrap();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters
            .distinguished_name
            .push(rcgen::DnType::OrganizationName, "Example Ltd");
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2052, 1, 1);
        let certificate = parameters
            .self_signed(&rcgen::KeyPair::generate().unwrap())
            .unwrap();
        let facts = facts(certificate.der(), "TLSv1.3", "TLS13_AES_128_GCM_SHA256").unwrap();
        assert_eq!(facts.subject, "example.com");
        assert_eq!(facts.issuer, "Example Ltd");
        assert_eq!(facts.names, ["example.com", "192.0.2.7"]);
        assert_eq!(facts.not_before_ms, 1_767_225_600_000);
        assert_eq!(facts.not_after_ms, 2_587_680_000_000);
        assert_eq!(facts.fingerprint, sha256_hex(certificate.der()));
        assert_eq!(
            (&*facts.key_algorithm, facts.key_bits, &*facts.signature_algorithm),
            ("EC P-256", None, "ECDSA SHA-256")
        );
        assert!(super::facts(b"no certificate", "", "").is_none());
    }
}
