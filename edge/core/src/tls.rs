//! TLS of the checks' own connections: rustls over the platform's byte stream.
//!
//! Which provider does the cryptography is hidden in [`provider`]: `ring` on native hosts, pure Rust on
//! WASM hosts (no C compiler; not audited, which is why nothing but checks goes through here).
//! The chain is verified against Mozilla's roots and those of the host, at the platform's time.

pub mod client_certificate;
mod flight;
#[cfg(all(
    not(feature = "ring"),
    any(target_family = "wasm", feature = "rustcrypto", test)
))]
mod rustcrypto;

use crate::{attempt::connect::Security, certificate};
use edgewatch_protocol::{observation::CertificateFacts, reason::Reason};
use flight::FlightStream;
#[cfg(all(not(feature = "ring"), any(target_family = "wasm", feature = "rustcrypto")))]
use rustcrypto::provider;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
    sign::SingleCertAndKey,
    time_provider::TimeProvider,
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

/// The TLS client of a probe: made once, used for many connections; clones share what it holds.
#[derive(Clone)]
pub struct TlsClient {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
}

/// What becomes of a chain that does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// The connection is refused.
    #[default]
    Required,
    /// It is told in [`Handshake::not_trusted`], and the connection is taken.
    Told,
    /// Nobody looks.
    Skipped,
}

impl Verification {
    /// Required, unless any certificate is to be taken.
    pub fn unless(accept_any_certificate: bool) -> Self {
        if accept_any_certificate {
            Self::Skipped
        } else {
            Self::Required
        }
    }
}

/// A connection with our own TLS.
pub type TlsStream<S> = tokio_rustls::client::TlsStream<FlightStream<S>>;

/// What came of a handshake.
pub struct Handshake<S> {
    /// The connection, or why there is none.
    pub stream: Result<TlsStream<S>, TlsFailure>,
    /// The peer's certificates as it presented them, leaf first, at most [`MAX_CHAIN`]; also of a chain that was refused.
    pub chain: Vec<CertificateFacts>,
    /// Why the chain does not hold, with [`Verification::Told`]; empty when it does.
    pub not_trusted: Vec<TlsFailure>,
}

/// The most certificates of a chain that are told.
pub const MAX_CHAIN: usize = 10;

/// Why there is no TLS connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFailure {
    /// One of the TLS, certificate and connection reasons.
    pub reason: Reason,
    /// One line for people.
    pub message: String,
}

#[cfg(not(all(not(feature = "ring"), any(target_family = "wasm", feature = "rustcrypto"))))]
fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

impl TlsClient {
    /// A client that trusts Mozilla's roots and further ones, given as DER.
    ///
    /// # Errors
    /// When one of the further roots is not a certificate.
    pub fn new(extra_roots: &[Vec<u8>]) -> Result<Self, String> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        for der in extra_roots {
            roots
                .add(CertificateDer::from(der.as_slice()))
                .map_err(|error| format!("an additional root certificate cannot be used: {error}"))?;
        }
        let provider = Arc::new(provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| format!("the root certificates cannot be used: {error}"))?;
        Ok(Self { provider, verifier })
    }

    /// Shakes hands, without resumption, so that each check sees a whole handshake.
    ///
    /// The handshake is carried to its end even when the chain does not hold, so that version and cipher can be told;
    /// then it is refused before a byte of the request is sent.
    pub async fn handshake<S>(&self, stream: S, security: &Security<'_>, now_ms: i64) -> Handshake<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let failed = |failure| Handshake {
            stream: Err(failure),
            chain: Vec::new(),
            not_trusted: Vec::new(),
        };
        let seen = Arc::new(Mutex::new(None));
        let verifier = CapturingVerifier {
            inner: Arc::clone(&self.verifier),
            verification: security.verification,
            seen: Arc::clone(&seen),
        };
        let builder =
            ClientConfig::builder_with_details(Arc::clone(&self.provider), Arc::new(FixedTime::at(now_ms)))
                .with_safe_default_protocol_versions();
        let builder = match builder {
            Ok(builder) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier)),
            Err(error) => return failed(TlsFailure::of(&error)),
        };
        let mut config = match security
            .client_certificate
            .map(|certificate| client_certificate::identity(certificate, &self.provider))
        {
            None => builder.with_no_client_auth(),
            Some(Ok(identity)) => {
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity)))
            }
            Some(Err(unusable)) => {
                return failed(TlsFailure {
                    reason: Reason::Unsupported,
                    message: format!("the client certificate cannot be used: {}", unusable.detail),
                });
            }
        };
        config.alpn_protocols = security.alpn.iter().map(|protocol| protocol.to_vec()).collect();
        config.resumption = Resumption::disabled();
        let host = security.name;
        let bare = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .trim_end_matches('.');
        let Ok(name) = ServerName::try_from(bare.to_owned()) else {
            return failed(TlsFailure {
                reason: Reason::CertificateWrongHost,
                message: format!("`{host}` is not a name that a certificate can be for"),
            });
        };

        let connecting = TlsConnector::from(Arc::new(config)).connect(name, FlightStream::new(stream));
        let connected = match connecting.into_fallible().await {
            Ok(mut stream) => {
                let flight = stream.get_mut().0;
                if security.speaks_first {
                    flight.hold();
                    Ok(stream)
                } else {
                    flight.release();
                    flight.flush().await.map(|()| stream)
                }
            }
            Err((error, mut flight)) => {
                // The alert, if there is one to send. That it cannot be sent is not why it failed.
                flight.release();
                let _ = flight.flush().await;
                Err(error)
            }
        };
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (protocol, cipher) = match &connected {
            Ok(stream) => {
                let connection = stream.get_ref().1;
                (
                    connection.protocol_version().and_then(|v| v.as_str()),
                    connection
                        .negotiated_cipher_suite()
                        .and_then(|s| s.suite().as_str()),
                )
            }
            Err(_) => (None, None),
        };
        // rustls writes `TLSv1_3`.
        let version = protocol.unwrap_or_default().replace('_', ".");
        let facts = |der: &CertificateDer<'_>| certificate::facts(der, &version, cipher.unwrap_or_default());
        let (chain, refused): (Vec<_>, _) = match seen {
            Some(Seen { chain, refused }) => (chain.iter().filter_map(facts).collect(), refused),
            None => (Vec::new(), Vec::new()),
        };
        let mut refused: Vec<_> = refused.iter().map(TlsFailure::of).collect();
        let not_trusted = match security.verification {
            Verification::Told => std::mem::take(&mut refused),
            _ => Vec::new(),
        };
        let stream = match (connected, refused.pop()) {
            (Err(error), _) => Err(TlsFailure::of_io(&error)),
            (Ok(_), Some(failure)) => Err(failure),
            (Ok(stream), None) => Ok(stream),
        };
        Handshake {
            stream: refuse_weak(stream, security.verification, chain.first()),
            chain,
            not_trusted,
        }
    }
}

/// Refuses a certificate whose key or signature is too weak to vouch for anybody. Some providers of cryptography do it
/// themselves, and say less of why.
fn refuse_weak<S>(
    stream: Result<S, TlsFailure>,
    verification: Verification,
    leaf: Option<&CertificateFacts>,
) -> Result<S, TlsFailure> {
    let is_broken = matches!(&stream, Err(failure) if failure.reason == Reason::ConnectionReset);
    match leaf.and_then(|leaf| certificate::weakness(leaf, true)) {
        Some(message) if verification == Verification::Required && !is_broken => Err(TlsFailure {
            reason: Reason::CertificateWeak,
            message,
        }),
        _ => stream,
    }
}

impl TlsFailure {
    /// What an I/O error within a TLS connection means.
    pub fn of_io(error: &io::Error) -> Self {
        if let Some(tls) = rustls_error(error) {
            return Self::of(tls);
        }
        Self {
            reason: Reason::ConnectionReset,
            message: match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    "the peer closed the connection during the TLS handshake".to_owned()
                }
                _ => format!("the connection broke during the TLS handshake: {error}"),
            },
        }
    }

    fn of(error: &rustls::Error) -> Self {
        use CertificateError as C;
        let reason = match error {
            rustls::Error::InvalidCertificate(error) => match error {
                C::Expired | C::ExpiredContext { .. } => Reason::CertificateExpired,
                C::NotValidYet | C::NotValidYetContext { .. } => Reason::CertificateNotYetValid,
                C::NotValidForName | C::NotValidForNameContext { .. } => Reason::CertificateWrongHost,
                C::UnknownIssuer => Reason::CertificateUntrusted,
                // What webpki says of a self-signed certificate that is marked as a CA, which is what `openssl req
                // -x509` makes.
                C::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                    Reason::CertificateUntrusted
                }
                _ => Reason::CertificateInvalid,
            },
            rustls::Error::NoCertificatesPresented => Reason::CertificateInvalid,
            _ => Reason::TlsHandshake,
        };
        let message = match error {
            rustls::Error::InvalidCertificate(C::UnknownIssuer) => {
                "the certificate's chain does not lead to a trusted root".to_owned()
            }
            rustls::Error::InvalidMessage(_) => "the peer answers with bytes that are not TLS".to_owned(),
            rustls::Error::General(what) => what.clone(),
            error => error.to_string(),
        };
        Self { reason, message }
    }
}

/// The TLS error inside an I/O error, if it is one.
pub fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// The time of one handshake, taken from the platform.
#[derive(Debug)]
struct FixedTime(UnixTime);

impl FixedTime {
    fn at(now_ms: i64) -> Self {
        let seconds = u64::try_from(now_ms / 1000).unwrap_or_default();
        Self(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl TimeProvider for FixedTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// What the verifier saw.
#[derive(Debug)]
struct Seen {
    chain: Vec<CertificateDer<'static>>,
    refused: Vec<rustls::Error>,
}

/// Verifies the chain as webpki does, and keeps the chain and the verdict for after the handshake.
#[derive(Debug)]
struct CapturingVerifier {
    inner: Arc<WebPkiServerVerifier>,
    verification: Verification,
    seen: Arc<Mutex<Option<Seen>>>,
}

impl CapturingVerifier {
    /// Verifies the handshake's signature, but where any certificate is taken: there is nobody to authenticate, and
    /// certificates too old or odd for webpki to read are among those that must be taken. Where faults are told, one here
    /// is a fault like those of the chain.
    fn authenticate(
        &self,
        verify: impl FnOnce(&WebPkiServerVerifier) -> Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.verification == Verification::Skipped {
            return Ok(HandshakeSignatureValid::assertion());
        }
        match (verify(&self.inner), self.verification) {
            (Err(error), Verification::Told) => {
                if let Some(seen) = &mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner) {
                    let what = format!("the peer's signature of the handshake does not verify: {error}");
                    seen.refused.push(rustls::Error::General(what));
                }
                Ok(HandshakeSignatureValid::assertion())
            }
            (verified, _) => verified,
        }
    }
}

impl ServerCertVerifier for CapturingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut refused = Vec::new();
        if self.verification != Verification::Skipped {
            let verified =
                self.inner
                    .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
            refused.extend(verified.err());
            // The verifier looks at names last, and not at all when it found something else.
            if self.verification == Verification::Told && !refused.is_empty() {
                let named = ParsedCertificate::try_from(end_entity)
                    .and_then(|certificate| verify_server_name(&certificate, server_name));
                refused.extend(named.err().filter(|error| !refused.contains(error)));
            }
        }
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen {
            chain: std::iter::once(end_entity)
                .chain(intermediates)
                .take(MAX_CHAIN)
                .map(|certificate| certificate.clone().into_owned())
                .collect(),
            refused,
        });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authenticate(|inner| inner.verify_tls12_signature(message, certificate, signature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authenticate(|inner| inner.verify_tls13_signature(message, certificate, signature))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
