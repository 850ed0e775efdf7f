//! The kinds of TLS listeners: what is special about each.

use super::certificate::{Key, NAMES};
use std::time::Duration;
use time::Duration as Span;
use tokio_rustls::rustls::{self, CipherSuite, NamedGroup, SupportedProtocolVersion, version};

/// How long the certificate that is about to expire is still valid: three days, for half a day to come.
pub(super) const EXPIRES_IN: Span = Span::hours(84);

/// A kind of listener.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// The names that its certificate is for.
    pub(super) names: &'static [&'static str],
    /// Validity, from now.
    pub(super) valid: (Span, Span),
    pub(super) key: Key,
    pub(super) signer: Signer,
    /// Whether the certificate names where its revocation could be asked for.
    pub(super) tells_revocation: bool,
    /// The only name that it is shown for; whoever asks for another, or for none, sees a certificate for `elsewhere.test`.
    pub(super) shown_for: Option<&'static str>,
    /// Whether the handshake is held.
    pub(super) is_held: bool,
    /// Whether a client has to present a certificate of the trusted authority.
    pub(super) wants_client_certificate: bool,
    pub(super) versions: &'static [&'static SupportedProtocolVersion],
    /// The protocols that it agrees to speak (ALPN); none stands for whatever is asked for.
    pub(super) alpn: &'static [&'static [u8]],
    /// The only cipher suites; none stands for all.
    pub(super) suites: &'static [CipherSuite],
    /// The only groups of the key exchange; none stands for all.
    pub(super) groups: &'static [NamedGroup],
}

/// Who signed a certificate, and which chain is presented.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    /// The trusted authority, which needs not be presented.
    Trusted,
    /// An authority below it, presented.
    Intermediate,
    /// An authority below it that ends in three days, presented.
    ExpiringIntermediate,
    /// An authority below it, not presented.
    MissingIntermediate,
    /// An authority that nobody knows, presented.
    Stranger,
    /// Itself.
    Itself,
}

const GOOD: Kind = Kind {
    name: "good",
    names: &NAMES,
    valid: (Span::days(-30), Span::days(60)),
    key: Key::P256,
    signer: Signer::Trusted,
    tells_revocation: false,
    shown_for: None,
    is_held: false,
    wants_client_certificate: false,
    versions: rustls::ALL_VERSIONS,
    alpn: &[],
    suites: &[],
    groups: &[],
};

const TLS12_ALONE: &[&SupportedProtocolVersion] = &[&version::TLS12];
const TLS13_ALONE: &[&SupportedProtocolVersion] = &[&version::TLS13];

/// One that speaks TLS 1.2 with one suite alone.
const fn tls12(name: &'static str, key: Key, suites: &'static [CipherSuite]) -> Kind {
    Kind {
        name,
        key,
        suites,
        versions: TLS12_ALONE,
        ..GOOD
    }
}

/// One that speaks TLS 1.3 with one suite alone.
const fn tls13(name: &'static str, suites: &'static [CipherSuite]) -> Kind {
    Kind {
        name,
        suites,
        versions: TLS13_ALONE,
        ..GOOD
    }
}

/// One that exchanges keys in one group alone.
const fn group(name: &'static str, groups: &'static [NamedGroup]) -> Kind {
    Kind { name, groups, ..GOOD }
}

pub(super) const KINDS: &[Kind] = &[
    GOOD,
    Kind {
        name: "expired",
        valid: (Span::days(-90), Span::days(-1)),
        ..GOOD
    },
    Kind {
        name: "not_yet_valid",
        valid: (Span::days(1), Span::days(90)),
        ..GOOD
    },
    Kind {
        name: "expiring",
        valid: (Span::days(-87), EXPIRES_IN),
        ..GOOD
    },
    Kind {
        name: "wrong_host",
        names: &["elsewhere.test"],
        ..GOOD
    },
    Kind {
        name: "self_signed",
        signer: Signer::Itself,
        ..GOOD
    },
    Kind {
        name: "chain",
        signer: Signer::Intermediate,
        ..GOOD
    },
    Kind {
        name: "expiring_chain",
        signer: Signer::ExpiringIntermediate,
        ..GOOD
    },
    Kind {
        name: "http2",
        alpn: &[b"h2", b"http/1.1"],
        ..GOOD
    },
    Kind {
        name: "missing_intermediate",
        signer: Signer::MissingIntermediate,
        ..GOOD
    },
    Kind {
        name: "unknown_root",
        signer: Signer::Stranger,
        ..GOOD
    },
    Kind {
        name: "wildcard",
        names: &["*.wild.test"],
        ..GOOD
    },
    Kind {
        name: "sni",
        names: &["sni.test"],
        shown_for: Some("sni.test"),
        ..GOOD
    },
    Kind {
        name: "names_only",
        names: &["localhost", "loopback.test"],
        ..GOOD
    },
    Kind {
        name: "revocable",
        tells_revocation: true,
        ..GOOD
    },
    Kind {
        name: "held",
        is_held: true,
        ..GOOD
    },
    Kind {
        name: "client_certificate",
        wants_client_certificate: true,
        ..GOOD
    },
    Kind {
        name: "p384",
        key: Key::P384,
        ..GOOD
    },
    Kind {
        name: "ed25519",
        key: Key::Ed25519,
        ..GOOD
    },
    Kind {
        name: "rsa",
        key: Key::Rsa2048,
        ..GOOD
    },
    Kind {
        name: "weak_key",
        key: Key::Rsa1536,
        ..GOOD
    },
    Kind {
        name: "tls12",
        versions: TLS12_ALONE,
        ..GOOD
    },
    tls12(
        "ecdsa_aes128",
        Key::P256,
        &[CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
    ),
    tls12(
        "ecdsa_aes256",
        Key::P384,
        &[CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384],
    ),
    tls12(
        "ecdsa_chacha",
        Key::P256,
        &[CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256],
    ),
    tls12(
        "rsa_aes128",
        Key::Rsa2048,
        &[CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256],
    ),
    tls12(
        "rsa_aes256",
        Key::Rsa2048,
        &[CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384],
    ),
    tls12(
        "rsa_chacha",
        Key::Rsa2048,
        &[CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256],
    ),
    tls13("tls13_aes128", &[CipherSuite::TLS13_AES_128_GCM_SHA256]),
    tls13("tls13_aes256", &[CipherSuite::TLS13_AES_256_GCM_SHA384]),
    tls13("tls13_chacha", &[CipherSuite::TLS13_CHACHA20_POLY1305_SHA256]),
    group("x25519", &[NamedGroup::X25519]),
    group("secp256r1", &[NamedGroup::secp256r1]),
    group("secp384r1", &[NamedGroup::secp384r1]),
];

impl Kind {
    /// How long its handshake is held.
    pub(super) fn hold(&self, hold: Duration) -> Duration {
        if self.is_held { hold } else { Duration::ZERO }
    }
}
