//! TLS listeners: one for each kind of certificate, one that holds the handshake, one that speaks TLS 1.2 alone.

use super::{
    Options, bind,
    certificate::{Authority, Content, NAMES, ServerCertificate},
    clock,
    connection::serve_tls,
    site::Site,
};
use std::{collections::BTreeMap, io, sync::Arc, time::Duration};
use time::Duration as Span;
use tokio::task::JoinSet;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{self, ServerConfig, SupportedProtocolVersion, version},
};

/// How long the certificate that is about to expire is still valid: three days, for half a day to come.
const EXPIRES_IN: Span = Span::hours(84);

/// Starts the TLS listeners and answers with their origins.
pub(super) async fn listen(
    options: &Options,
    port: u16,
    site: &Arc<Site>,
    listeners: &mut JoinSet<()>,
) -> io::Result<BTreeMap<&'static str, String>> {
    let authority = Authority::new(clock::now())?;
    if let Some(directory) = &options.certificates {
        authority.write(directory)?;
    }
    let mut origins = BTreeMap::new();
    for kind in KINDS {
        if options.demo && kind.name != "expiring" {
            continue;
        }
        let certificate = kind.certificate(&authority)?;
        if let Some(directory) = &options.certificates {
            certificate.write(directory, kind.name)?;
        }
        let hold = if kind.is_held {
            options.hold
        } else {
            Duration::ZERO
        };
        let (listener, address) = bind(port).await?;
        listeners.spawn(serve_tls(
            listener,
            acceptor(certificate, kind.versions)?,
            hold,
            Arc::clone(site),
        ));
        origins.insert(kind.name, format!("https://localhost:{}", address.port()));
    }
    Ok(origins)
}

struct Kind {
    name: &'static str,
    names: &'static [&'static str],
    /// Validity, from now.
    valid: (Span, Span),
    is_self_signed: bool,
    is_held: bool,
    versions: &'static [&'static SupportedProtocolVersion],
}

const GOOD: Kind = Kind {
    name: "good",
    names: &NAMES,
    valid: (Span::days(-30), Span::days(60)),
    is_self_signed: false,
    is_held: false,
    versions: rustls::ALL_VERSIONS,
};

const KINDS: &[Kind] = &[
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
        is_self_signed: true,
        ..GOOD
    },
    Kind {
        name: "held",
        is_held: true,
        ..GOOD
    },
    Kind {
        name: "tls12",
        versions: &[&version::TLS12],
        ..GOOD
    },
];

impl Kind {
    fn certificate(&self, authority: &Authority) -> io::Result<ServerCertificate> {
        let now = clock::now();
        let content = Content {
            names: self.names,
            not_before: now + self.valid.0,
            not_after: now + self.valid.1,
        };
        if self.is_self_signed {
            ServerCertificate::self_signed(&content)
        } else {
            authority.issue(&content)
        }
    }
}

fn acceptor(
    certificate: ServerCertificate,
    versions: &[&'static SupportedProtocolVersion],
) -> io::Result<TlsAcceptor> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.certificate], certificate.key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
