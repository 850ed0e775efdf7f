//! Each behaviour, seen by a client that only knows sockets.

use super::{Options, Switch, Target, tcp::BANNER};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hickory_proto::{
    op::{Message, Query, ResponseCode},
    rr::{Name, RecordType},
};
use std::{io, str::FromStr as _, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, CertificateError, ClientConfig, ProtocolVersion, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

/// Longer than anything that is not held for ever.
const PATIENCE: Duration = Duration::from_millis(400);

/// What came back, and when.
#[derive(Debug)]
struct Answer {
    bytes: Vec<u8>,
    first_byte: Duration,
    total: Duration,
    /// How the connection ended.
    end: io::Result<()>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn body(&self) -> String {
        self.text()
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
            .unwrap()
    }

    fn status(&self) -> u16 {
        self.text()[9..12].parse().unwrap()
    }
}

fn start() -> impl Future<Output = io::Result<Target>> {
    Target::start(Options::default())
}

fn authority(origin: &str) -> &str {
    origin
        .split_once("://")
        .map_or(origin, |(_, authority)| authority)
}

async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &str) -> Answer {
    let start = Instant::now();
    let mut answer = Answer {
        bytes: Vec::new(),
        first_byte: Duration::ZERO,
        total: Duration::ZERO,
        end: Ok(()),
    };
    stream.write_all(request.as_bytes()).await.unwrap();
    loop {
        match stream.read_buf(&mut answer.bytes).await {
            Ok(0) => break,
            Ok(read) if answer.bytes.len() == read => answer.first_byte = start.elapsed(),
            Ok(_) => {}
            Err(error) => {
                answer.end = Err(error);
                break;
            }
        }
    }
    answer.total = start.elapsed();
    answer
}

async fn dial(address: &str) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn request(target: &Target, request: &str) -> Answer {
    exchange(&mut dial(authority(&target.addresses().http)).await, request).await
}

async fn get(target: &Target, path: &str) -> Answer {
    request(target, &format!("GET {path} HTTP/1.1\r\nHost: target\r\n\r\n")).await
}

fn about(measured: Duration, wanted_ms: u64) -> bool {
    (wanted_ms..wanted_ms + 100).contains(&(measured.as_millis() as u64))
}

#[tokio::test]
async fn statuses_and_documents() {
    let target = start().await.unwrap();
    for (path, status) in [
        ("/healthy", 200),
        ("/failing", 503),
        ("/flapping", 200),
        ("/status/418", 418),
        ("/leak", 500),
        ("/nowhere", 404),
        ("/rough/nowhere", 404),
    ] {
        assert_eq!(get(&target, path).await.status(), status, "{path}");
    }
    assert!(
        get(&target, "/json")
            .await
            .body()
            .contains(r#""queue":{"length":7"#)
    );
    assert_eq!(get(&target, "/large/100000").await.body().len(), 100_000);
    let headers = get(&target, "/headers?X-One=1&X-Two=2&X-One=3")
        .await
        .text()
        .to_lowercase();
    assert!(
        headers.contains("x-one: 1\r\nx-one: 3\r\nx-two: 2")
            || headers.contains("x-one: 1\r\nx-two: 2\r\nx-one: 3")
    );
    assert_eq!((target.hits("/failing"), target.hits("/never-asked")), (1, 0));
}

#[tokio::test]
async fn delays_are_where_they_are_said_to_be() {
    let target = start().await.unwrap();
    let first_byte = get(&target, "/delay/150").await;
    assert!(about(first_byte.first_byte, 150), "{first_byte:?}");
    let body = get(&target, "/slow-body/150").await;
    assert!(about(body.first_byte, 0) && about(body.total, 150), "{body:?}");
    assert_eq!(body.body().len(), 128);
    let drip = get(&target, "/rough/drip/20").await;
    assert!(
        about(drip.first_byte, 0) && (200..500).contains(&drip.total.as_millis()),
        "{drip:?}"
    );
    let slow = get(&target, "/slow").await;
    assert!((600..1000).contains(&slow.first_byte.as_millis()), "{slow:?}");
}

#[tokio::test]
async fn redirects() {
    let target = start().await.unwrap();
    for (path, status, location) in [
        ("/redirect/2", 302, Some("/redirect/1?status=302")),
        ("/redirect/1?status=307", 307, Some("/redirect/0?status=307")),
        ("/redirect/0?status=307", 200, None),
        ("/redirect-loop", 307, Some("/redirect-loop")),
        ("/redirect-nowhere", 302, None),
        (
            "/redirect-to?url=http://other.test/x",
            302,
            Some("http://other.test/x"),
        ),
    ] {
        let answer = get(&target, path).await;
        assert_eq!(answer.status(), status, "{path}");
        let text = answer.text();
        let found = text.lines().find_map(|line| line.strip_prefix("location: "));
        assert_eq!(found, location, "{path}");
    }
}

#[tokio::test]
async fn requests_are_echoed_and_credentials_asked_for() {
    let target = start().await.unwrap();
    let echo = request(
        &target,
        "PATCH /echo?a=b HTTP/1.1\r\nHost: target\r\nX-Mine: 1\r\nContent-Length: 4\r\n\r\nbody",
    );
    let echo: serde_json::Value = serde_json::from_str(&echo.await.body()).unwrap();
    assert_eq!(
        (&echo["method"], &echo["path"]),
        (&"PATCH".into(), &"/echo".into())
    );
    assert_eq!((&echo["query"], &echo["body"]), (&"a=b".into(), &"body".into()));
    assert!(
        echo["headers"]
            .as_array()
            .unwrap()
            .contains(&serde_json::json!(["x-mine", "1"]))
    );

    for (path, credentials, status) in [
        ("/basic-auth/ann/pass", "Basic YW5uOnBhc3M=", 200),
        ("/basic-auth/ann/pass", "Basic YW5uOnBhc3Q=", 401),
        ("/bearer/token", "Bearer token", 200),
        ("/bearer/token", "Bearer other", 401),
    ] {
        let asked = format!("GET {path} HTTP/1.1\r\nHost: target\r\nAuthorization: {credentials}\r\n\r\n");
        assert_eq!(
            request(&target, &asked).await.status(),
            status,
            "{path} {credentials}"
        );
    }
}

#[tokio::test]
async fn a_switch_is_turned_from_within_and_from_without() {
    let target = start().await.unwrap();
    assert_eq!(get(&target, "/switch/a").await.status(), 200);
    let body = r#"{"status":503,"delay_ms":150}"#;
    let length = body.len();
    let put = format!(
        "PUT /control/switch/a HTTP/1.1\r\nHost: target\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    assert_eq!(request(&target, &put).await.body(), body);
    let down = get(&target, "/switch/a").await;
    assert!(down.status() == 503 && about(down.first_byte, 150), "{down:?}");
    assert_eq!(get(&target, "/switch/b").await.status(), 200);
    target.set_switch("a", Switch::default());
    assert_eq!(get(&target, "/switch/a").await.status(), 200);
    let hits = get(&target, "/control/hits").await.body();
    assert_eq!(hits, r#"{"/switch/a":3,"/switch/b":1}"#);
}

#[tokio::test]
async fn rough_answers_break_where_they_are_said_to() {
    let target = start().await.unwrap();
    for (behaviour, beginning, is_reset) in [
        ("reset", "", true),
        ("close", "", false),
        ("close-in-head", "HTTP/1.1 200 OK\r\nContent-Le", false),
        (
            "reset-in-body",
            "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxxx",
            true,
        ),
        (
            "close-in-body",
            "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxxx",
            false,
        ),
        (
            "bad-chunk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz",
            false,
        ),
        (
            "two-lengths",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n",
            false,
        ),
        (
            "early-hints",
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK",
            false,
        ),
        ("until-close", "HTTP/1.0 200 OK\r\n\r\nuntil", false),
        ("no-reason", "HTTP/1.1 200\r\n", false),
    ] {
        let answer = get(&target, &format!("/rough/{behaviour}")).await;
        let text = answer.text();
        assert!(
            text.starts_with(beginning) && text.is_empty() == beginning.is_empty(),
            "{behaviour}: {text}"
        );
        assert!(text.len() < 300, "{behaviour}");
        let reset = answer.end.map_err(|error| error.kind()) == Err(io::ErrorKind::ConnectionReset);
        assert_eq!(reset, is_reset, "{behaviour}");
    }
}

#[tokio::test]
async fn what_hangs_hangs_and_what_is_endless_does_not_end() {
    let target = start().await.unwrap();
    let address = authority(&target.addresses().http).to_owned();
    for (behaviour, least, most) in [
        ("hang", 0, 0),
        ("hang-in-head", 20, 100),
        ("hang-in-body", 100, 200),
        ("not-http", 10, 100),
        ("endless-head", 100_000, usize::MAX),
        ("endless-body", 100_000, usize::MAX),
    ] {
        let mut stream = dial(&address).await;
        let asked = format!("GET /rough/{behaviour} HTTP/1.1\r\nHost: target\r\n\r\n");
        stream.write_all(asked.as_bytes()).await.unwrap();
        let mut received = 0;
        let mut buffer = vec![0; 64 << 10];
        let ended = timeout(PATIENCE, async {
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                received += read;
            }
        });
        assert!(ended.await.is_err(), "{behaviour} has ended");
        assert!((least..=most).contains(&received), "{behaviour}: {received}");
    }
}

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

#[tokio::test]
async fn connections_fail_as_they_are_said_to() {
    let target = start().await.unwrap();
    let address = |name: &str| target.addresses().tcp[name].clone();

    let refused = TcpStream::connect(address("refused")).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

    let mut byte = [0];
    let reset = dial(&address("reset")).await.read(&mut byte).await.unwrap_err();
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(dial(&address("closed")).await.read(&mut byte).await.unwrap(), 0);

    let mut banner = vec![0; BANNER.len()];
    let mut stream = dial(&address("banner")).await;
    stream.read_exact(&mut banner).await.unwrap();
    assert_eq!(banner, BANNER);
    assert!(timeout(PATIENCE, stream.read(&mut byte)).await.is_err());

    let mut silent = dial(&address("silent")).await;
    silent.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(timeout(PATIENCE, silent.read(&mut byte)).await.is_err());

    let never = TcpStream::connect(address("connect_never"));
    assert!(timeout(PATIENCE, never).await.is_err());
}

#[tokio::test]
async fn a_slow_connection_takes_a_second_for_everybody_who_dials_together() {
    let target = start().await.unwrap();
    let address = target.addresses().tcp["connect_slow"].clone();
    for _ in 0..2 {
        let dials: Vec<_> = (0..3)
            .map(|_| {
                let address = address.clone();
                tokio::spawn(async move {
                    let start = Instant::now();
                    let mut stream = dial(&address).await;
                    let connected = start.elapsed();
                    let answer = exchange(&mut stream, "GET /healthy HTTP/1.1\r\n\r\n").await;
                    (connected, answer.status())
                })
            })
            .collect();
        for dial in dials {
            let (connected, status) = dial.await.unwrap();
            assert!(about(connected, 1000), "{connected:?}");
            // HTTP/1.1 asks for a Host; the answer shows that it is the same site.
            assert_eq!(status, 200);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Asks the resolver and answers with the HTTP status and the DNS response, if it is one.
async fn resolve(target: &Target, name: &str, kind: RecordType) -> (u16, Option<Message>) {
    let mut question = Message::query();
    question.add_query(Query::query(Name::from_str(name).unwrap(), kind));
    let dns = URL_SAFE_NO_PAD.encode(question.to_vec().unwrap());
    let answer = get(target, &format!("/dns-query?dns={dns}")).await;
    let head = answer
        .bytes
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .unwrap();
    (answer.status(), Message::from_vec(&answer.bytes[head + 4..]).ok())
}

#[tokio::test]
async fn names_resolve_as_they_say() {
    let target = start().await.unwrap();
    let addresses = async |name, kind| {
        let response = resolve(&target, name, kind).await.1.unwrap();
        let data = response.answers.iter().map(|record| record.data.to_string());
        (
            response.metadata.response_code,
            data.collect::<Vec<_>>().join(" "),
        )
    };
    for (name, kind, code, data) in [
        (
            "loopback.test.",
            RecordType::A,
            ResponseCode::NoError,
            "127.0.0.1",
        ),
        (
            "LoopBack.test.",
            RecordType::A,
            ResponseCode::NoError,
            "127.0.0.1",
        ),
        ("loopback.test.", RecordType::AAAA, ResponseCode::NoError, ""),
        ("v6.test.", RecordType::AAAA, ResponseCode::NoError, "::1"),
        ("v6.test.", RecordType::A, ResponseCode::NoError, ""),
        (
            "many.test.",
            RecordType::A,
            ResponseCode::NoError,
            "127.0.0.2 127.0.0.3 127.0.0.1",
        ),
        (
            "alias.test.",
            RecordType::A,
            ResponseCode::NoError,
            "loopback.test. 127.0.0.1",
        ),
        (
            "metadata.test.",
            RecordType::A,
            ResponseCode::NoError,
            "169.254.169.254",
        ),
        ("nobody.test.", RecordType::A, ResponseCode::NXDomain, ""),
        ("servfail.test.", RecordType::A, ResponseCode::ServFail, ""),
        ("refused.test.", RecordType::A, ResponseCode::Refused, ""),
    ] {
        assert_eq!(addresses(name, kind).await, (code, data.to_owned()), "{name}");
    }
    let (status, message) = resolve(&target, "garbage.test.", RecordType::A).await;
    assert!(status == 200 && message.is_none());
    assert_eq!(resolve(&target, "http-503.test.", RecordType::A).await.0, 503);

    let start = Instant::now();
    assert_eq!(addresses("delay-150.test.", RecordType::A).await.1, "127.0.0.1");
    assert!(about(start.elapsed(), 150));
    let never = resolve(&target, "never.test.", RecordType::A);
    assert!(timeout(PATIENCE, never).await.is_err());
}

#[tokio::test]
async fn a_demo_offers_what_it_watches_and_no_more() {
    let target = Target::start(Options {
        demo: true,
        ..Options::default()
    })
    .await
    .unwrap();
    let addresses = target.addresses();
    assert_eq!(addresses.https.keys().collect::<Vec<_>>(), [&"expiring"]);
    assert!(addresses.tcp.is_empty());
    let port = |origin: &str| origin.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    assert_eq!(port(&addresses.https["expiring"]), port(&addresses.http) + 1);
}
