//! TLS listeners: one for each kind of `tls_kinds.rs`.

use super::{
    Options, bind,
    certificate::{Authority, Certified, Content, Key},
    clock,
    connection::serve_tls,
    site::Site,
    talk::Acceptors,
    tls_kinds::{EXPIRES_IN, KINDS, Kind, Signer},
};
use std::{collections::BTreeMap, io, sync::Arc};
use time::Duration as Span;
use tokio::task::JoinSet;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::CertificateDer,
        server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier},
        sign::CertifiedKey,
    },
};

/// How long an authority lasts that is not about to end.
const LASTING: Span = Span::days(1_000);

/// Who signs.
struct Authorities {
    trusted: Authority,
    intermediate: Authority,
    expiring: Authority,
    stranger: Authority,
}

/// Starts the TLS listeners and answers with their origins, and with what shakes hands as they do.
pub(super) async fn listen(
    options: &Options,
    port: u16,
    site: &Arc<Site>,
    listeners: &mut JoinSet<()>,
) -> io::Result<(BTreeMap<&'static str, String>, Acceptors)> {
    let now = clock::now();
    let trusted = Authority::new("Edgewatch test authority", now)?;
    let authorities = Authorities {
        intermediate: trusted.intermediate("Edgewatch test intermediate", now, LASTING)?,
        expiring: trusted.intermediate("Edgewatch expiring intermediate", now, EXPIRES_IN)?,
        stranger: Authority::new("Nobody's authority", now)?,
        trusted,
    };
    if let Some(directory) = &options.certificates {
        authorities.trusted.write(directory, "ca")?;
        authorities.intermediate.write(directory, "intermediate")?;
        authorities
            .trusted
            .issue_to_client(now)?
            .write_with_key(directory, "client")?;
    }
    let mut origins = BTreeMap::new();
    let mut acceptors = Acceptors::new();
    for kind in KINDS {
        if options.demo && kind.name != "expiring" {
            continue;
        }
        let certificate = authorities.certificate(kind)?;
        if let Some(directory) = &options.certificates {
            certificate.write(directory, kind.name)?;
        }
        let (listener, address) = bind(port).await?;
        let acceptor = authorities.acceptor(kind, certificate)?;
        acceptors.insert(kind.name, acceptor.clone());
        let hold = kind.hold(options.hold);
        listeners.spawn(serve_tls(listener, acceptor, hold, Arc::clone(site)));
        origins.insert(kind.name, format!("https://localhost:{}", address.port()));
    }
    Ok((origins, acceptors))
}

impl Authorities {
    fn certificate(&self, kind: &Kind) -> io::Result<Certified> {
        let content = content(kind, kind.names);
        match kind.signer {
            Signer::Trusted => self.trusted.issue(&content),
            Signer::Intermediate | Signer::MissingIntermediate => self.intermediate.issue(&content),
            Signer::ExpiringIntermediate => self.expiring.issue(&content),
            Signer::Stranger => self.stranger.issue(&content),
            Signer::Itself => Certified::self_signed(&content),
        }
    }

    /// The chain that is presented.
    fn chain(&self, kind: &Kind, leaf: CertificateDer<'static>) -> Vec<CertificateDer<'static>> {
        let above = match kind.signer {
            Signer::Trusted | Signer::MissingIntermediate | Signer::Itself => None,
            Signer::Intermediate => Some(self.intermediate.certificate()),
            Signer::ExpiringIntermediate => Some(self.expiring.certificate()),
            Signer::Stranger => Some(self.stranger.certificate()),
        };
        std::iter::once(leaf).chain(above).collect()
    }

    fn acceptor(&self, kind: &Kind, certificate: Certified) -> io::Result<TlsAcceptor> {
        let provider = Arc::new(provider(kind));
        let certified = |chain, key| CertifiedKey::from_der(chain, key, &provider).map_err(io::Error::other);
        let other = if kind.shown_for.is_some() {
            let other = self.trusted.issue(&content(kind, &["elsewhere.test"]))?;
            Some(Arc::new(certified(vec![other.certificate], other.key)?))
        } else {
            None
        };
        let chain = self.chain(kind, certificate.certificate);
        let shown = Shown {
            to: kind.shown_for,
            certificate: Arc::new(certified(chain, certificate.key)?),
            other,
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(kind.versions)
            .map_err(io::Error::other)?;
        let builder = if kind.wants_client_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.trusted.certificate()).map_err(io::Error::other)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(io::Error::other)?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = kind.alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn content<'a>(kind: &Kind, names: &'a [&'a str]) -> Content<'a> {
    let now = clock::now();
    Content {
        names,
        not_before: now + kind.valid.0,
        not_after: now + kind.valid.1,
        key: kind.key,
        tells_revocation: kind.tells_revocation,
    }
}

/// What does a listener's cryptography. `ring` signs with no key that is too short.
fn provider(kind: &Kind) -> CryptoProvider {
    let mut provider = match kind.key {
        Key::Rsa1536 => rustls_rustcrypto::provider(),
        _ => ring::default_provider(),
    };
    if !kind.suites.is_empty() {
        provider
            .cipher_suites
            .retain(|suite| kind.suites.contains(&suite.suite()));
    }
    if !kind.groups.is_empty() {
        provider
            .kx_groups
            .retain(|group| kind.groups.contains(&group.name()));
    }
    provider
}

/// The certificate that is shown, and the other one for whoever did not ask for this one's name.
#[derive(Debug)]
struct Shown {
    to: Option<&'static str>,
    certificate: Arc<CertifiedKey>,
    other: Option<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match &self.other {
            Some(other) if hello.server_name() != self.to => Some(Arc::clone(other)),
            _ => Some(Arc::clone(&self.certificate)),
        }
    }
}
