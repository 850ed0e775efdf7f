//! What a certificate says, read from its DER bytes (RFC 5280).

use crate::attempt::excerpt::clip;
use edgewatch_protocol::{digest::sha256_hex, observation::CertificateFacts};
use std::net::IpAddr;
use x509_cert::{
    Certificate,
    der::{
        Decode as _, Encode as _,
        asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, TeletexStringRef, Utf8StringRef},
    },
    ext::pkix::{SubjectAltName, name::GeneralName},
    name::Name,
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
    })
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
        assert!(super::facts(b"no certificate", "", "").is_none());
    }
}
