//! Going through a proxy.

use super::{
    http_server::{Authority, HttpServer, Speaks, answer},
    see,
};
use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    check::{
        Check, HttpCheck,
        http::{HttpVersion, Proxy},
    },
    observation::{Outcome, Sight},
    reason::Reason,
};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

/// A proxy that notes the heads of what it is asked, and tunnels for whoever has the right credentials, if any are asked
/// for. Requests in absolute form it answers itself.
struct TestProxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl TestProxy {
    async fn start(credentials: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, credentials, Arc::clone(&noted)));
            }
        });
        Self { port, heads }
    }

    fn settings(&self, credentials: Option<(&str, &str)>) -> Proxy {
        Proxy {
            url: format!("http://127.0.0.1:{}", self.port),
            username: credentials.map(|(username, _)| username.to_owned()),
            password: credentials.map(|(_, password)| password.to_owned()),
        }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, credentials: Option<&str>, heads: Arc<Mutex<Vec<String>>>) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(bytes).unwrap();
    heads.lock().unwrap().push(head.clone());
    let allowed = credentials.is_none_or(|credentials| {
        head.to_lowercase()
            .contains(&format!("proxy-authorization: {}", credentials.to_lowercase()))
    });
    let target = head.split(' ').nth(1).unwrap().to_owned();
    if !allowed {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        let _ = stream.write_all(refusal).await;
    } else if head.starts_with("CONNECT ") {
        match TcpStream::connect(&target).await {
            Ok(mut onward) => {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
                    .await;
                let _ = copy_bidirectional(&mut stream, &mut onward).await;
            }
            Err(_) => {
                let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
            }
        }
    } else {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy")
            .await;
    }
}

fn unmeasured(sight: &Sight) -> &str {
    let reason = Reason::ProxyFailed;
    assert_eq!(sight.outcome, Outcome::Unmeasured { reason }, "{sight:?}");
    sight.message.as_deref().unwrap()
}

#[tokio::test]
async fn a_tunnel_for_https() {
    let authority = Authority::new();
    let platform = NativePlatform::unrestricted().with_extra_roots(vec![authority.root_der()]);
    let proxy = TestProxy::start(Some("Basic dXNlcjpzM2NyZXQ=")).await;
    for (version, spoken) in [(HttpVersion::Auto, "HTTP/2.0"), (HttpVersion::Http1, "HTTP/1.1")] {
        let tls = authority.tls(&[b"h2", b"http/1.1"], false);
        let server = HttpServer::start(tls, |_| answer(200, &[], "target")).await;
        let check = HttpCheck {
            proxy: Some(proxy.settings(Some(("user", "s3cret")))),
            http_version: version,
            ..HttpCheck::get(server.url("/"))
        };
        let sight = run_check(&Check::Http(check), 2000, &platform).await;
        assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
        let http = sight.http.unwrap();
        assert_eq!((http.body_bytes, http.protocol.as_deref()), (6, Some(spoken)));
        assert!(sight.certificate.is_some(), "the target's, through the tunnel");
        assert!(sight.phases.tcp.measured_us().is_some() && sight.phases.tls.measured_us().is_some());
        let head = proxy.heads().pop().unwrap();
        assert!(
            head.starts_with(&format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\n", server.port())),
            "{head}"
        );
        assert!(server.seen()[0].header("proxy-authorization").is_none());
    }
}

#[tokio::test]
async fn absolute_form_for_http() {
    let proxy = TestProxy::start(None).await;
    let check = HttpCheck {
        proxy: Some(proxy.settings(None)),
        ..HttpCheck::get("http://target.invalid:8080/a?b=c")
    };
    let sight = see(check).await;
    assert_eq!(
        sight.outcome,
        Outcome::Up,
        "the proxy looks the name up: {sight:?}"
    );
    assert_eq!(sight.http.unwrap().body_bytes, 5);
    let head = proxy.heads().pop().unwrap().to_lowercase();
    assert!(
        head.starts_with("get http://target.invalid:8080/a?b=c http/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("host: target.invalid:8080\r\n"), "{head}");
}

#[tokio::test]
async fn what_the_proxy_does_wrong_says_nothing_of_the_target() {
    let strict = TestProxy::start(Some("Basic dXNlcjpzM2NyZXQ=")).await;
    for url in ["https://127.0.0.1:1/", "http://127.0.0.1:1/"] {
        let check = HttpCheck {
            proxy: Some(strict.settings(Some(("user", "wr0ng")))),
            ..HttpCheck::get(url)
        };
        let sight = see(check).await;
        let message = unmeasured(&sight);
        assert!(message.contains("407") && !message.contains("wr0ng"), "{message}");
    }

    let open = TestProxy::start(None).await;
    let unreachable = HttpCheck {
        proxy: Some(open.settings(None)),
        ..HttpCheck::get("https://127.0.0.1:1/")
    };
    assert!(unmeasured(&see(unreachable).await).contains("502"));

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut nowhere = open.settings(None);
    nowhere.url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let check = HttpCheck {
        proxy: Some(nowhere),
        ..HttpCheck::get("https://127.0.0.1:1/")
    };
    assert!(unmeasured(&see(check).await).contains("refused"));

    // A server that is no proxy.
    let server = HttpServer::start(Speaks::Http2, |_| answer(200, &[], "")).await;
    let check = HttpCheck {
        proxy: Some(Proxy {
            url: server.url("/"),
            username: None,
            password: None,
        }),
        ..HttpCheck::get("https://127.0.0.1:1/")
    };
    unmeasured(&see(check).await);
}
