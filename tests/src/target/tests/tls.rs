//! Certificates and handshakes.

use super::{about, authority, dial, exchange};
use crate::target::{Options, Target};
use std::{io, sync::Arc, time::Duration};
use tokio::{net::TcpStream, time::Instant};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, CertificateError, ClientConfig, ProtocolVersion, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

/// A TLS handshake with a listener, trusting the test authority alone.
async fn shake_hands(target: &Target, listener: &str) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let ca = target.addresses().ca.clone().unwrap();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let address = authority(&target.addresses().https[listener]).replace("localhost", "127.0.0.1");
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, dial(&address).await)
        .await
}

#[tokio::test]
async fn certificates_are_as_bad_as_they_are_said_to_be() {
    let directory = tempfile::tempdir().unwrap();
    let target = Target::start(Options {
        certificates: Some(directory.path().to_owned()),
        hold: Duration::from_millis(150),
        ..Options::default()
    })
    .await
    .unwrap();
    for listener in ["good", "expiring", "held", "tls12"] {
        let start = Instant::now();
        let mut stream = shake_hands(&target, listener).await.unwrap();
        assert_eq!(about(start.elapsed(), 150), listener == "held", "{listener}");
        let is_old = stream.get_ref().1.protocol_version() == Some(ProtocolVersion::TLSv1_2);
        assert_eq!(is_old, listener == "tls12");
        let file = CertificateDer::from_pem_file(directory.path().join(format!("{listener}.pem"))).unwrap();
        assert_eq!(stream.get_ref().1.peer_certificates().unwrap(), [file]);
        let answer = exchange(&mut stream, "GET /healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert_eq!(answer.status(), 200);
    }
    let mut stream = shake_hands(&target, "good").await.unwrap();
    let answer = exchange(&mut stream, "GET /rough/reset-in-body HTTP/1.1\r\n\r\n").await;
    assert_eq!(answer.end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);

    let refusal = async |listener| {
        let error = shake_hands(&target, listener)
            .await
            .unwrap_err()
            .into_inner()
            .unwrap();
        match *error.downcast::<rustls::Error>().unwrap() {
            rustls::Error::InvalidCertificate(why) => why,
            other => panic!("{listener}: {other}"),
        }
    };
    assert!(matches!(
        refusal("expired").await,
        CertificateError::ExpiredContext { .. }
    ));
    assert!(matches!(
        refusal("not_yet_valid").await,
        CertificateError::NotValidYetContext { .. }
    ));
    assert!(matches!(
        refusal("wrong_host").await,
        CertificateError::NotValidForNameContext { .. }
    ));
    assert_eq!(refusal("self_signed").await, CertificateError::UnknownIssuer);
}
