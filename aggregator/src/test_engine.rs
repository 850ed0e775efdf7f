//! The aggregator's own engine for test runs: one check, made at once from this machine, behind the [`SsrfGuard`].

use crate::ssrf_guard::SsrfGuard;
use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    check::Check,
    observation::{Outcome, Sight},
    reason::Reason,
};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How many test runs this process makes at a time.
const CONCURRENT: usize = 8;

/// Runs checks once; clones share the limit.
#[derive(Clone, Debug)]
pub struct TestEngine(Arc<Semaphore>);

impl Default for TestEngine {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CONCURRENT)))
    }
}

/// Why a check was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// Too many run already.
    Busy,
    /// It would have dialled an address that the aggregator may not dial; which one, and why.
    TargetForbidden(String),
}

impl TestEngine {
    /// Makes one attempt of a check. The guard is asked at each dial, with the address that is dialled.
    pub async fn run(&self, check: &Check, timeout_ms: u32, guard: SsrfGuard) -> Result<Sight, NotRun> {
        let _permit = self.0.try_acquire().map_err(|_| NotRun::Busy)?;
        let may_dial = Arc::new(move |address| guard.check(address).map_err(|refused| refused.to_string()));
        let sight = run_check(check, timeout_ms, &NativePlatform::new(may_dial)).await;
        let forbidden = Outcome::Unmeasured {
            reason: Reason::TargetForbidden,
        };
        if sight.outcome == forbidden {
            return Err(NotRun::TargetForbidden(sight.message.unwrap_or_default()));
        }
        Ok(sight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_core::{
        engine::Engine,
        platform::{
            DialError, DialTarget, DnsAnswer, DnsQueryError, FetchError, NoFetch, Platform, ResolveError,
            StartTlsError,
        },
    };
    use edgewatch_protocol::{
        batch::Place,
        check::{HttpCheck, PhaseMode, shared::IpVersion},
    };
    use std::{
        net::{IpAddr, Ipv4Addr, SocketAddr},
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    const OPEN: SsrfGuard = SsrfGuard {
        allow_private_targets: true,
    };

    /// A server that answers everything with this, and counts the connections.
    async fn server(answer: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (address, connections)
    }

    fn get(url: &str) -> Check {
        Check::Http(HttpCheck::get(url))
    }

    #[tokio::test]
    async fn it_really_runs_what_the_guard_lets_pass() {
        let (address, connections) = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        let sight = TestEngine::default()
            .run(&get(&format!("http://{address}/")), 5000, OPEN)
            .await
            .unwrap();
        assert_eq!(sight.outcome, Outcome::Up, "{:?}", sight.message);
        assert_eq!(sight.http.unwrap().status, Some(200));
        assert_eq!(connections.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn nothing_is_dialled_that_the_guard_refuses() {
        let (address, connections) = server("").await;
        let port = address.port();
        for url in [
            format!("http://127.0.0.1:{port}/"),
            format!("http://localhost:{port}/"),
            format!("http://127.1:{port}/"),
            format!("http://2130706433:{port}/"),
            format!("http://[::ffff:127.0.0.1]:{port}/"),
            format!("http://[::1]:{port}/"),
            "http://169.254.169.254/latest/meta-data/".to_owned(),
        ] {
            let outcome = TestEngine::default()
                .run(&get(&url), 5000, SsrfGuard::default())
                .await;
            assert!(
                matches!(outcome, Err(NotRun::TargetForbidden(_))),
                "{url}: {outcome:?}"
            );
        }
        assert_eq!(connections.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_redirect_does_not_lead_past_the_guard() {
        let answer = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n";
        let (address, _) = server(answer).await;
        let outcome = TestEngine::default()
            .run(&get(&format!("http://{address}/")), 5000, OPEN)
            .await;
        assert!(
            matches!(&outcome, Err(NotRun::TargetForbidden(why)) if why.contains("metadata")),
            "{outcome:?}"
        );
    }

    /// A machine whose resolver gives another answer each time, and remembers what was dialled.
    struct Rebinding {
        native: NativePlatform,
        answers: Mutex<Vec<IpAddr>>,
    }

    impl Platform for Rebinding {
        type Stream = TcpStream;
        type FetchBody = NoFetch;
        fn now_ms(&self) -> i64 {
            self.native.now_ms()
        }
        fn monotonic_us(&self) -> u64 {
            self.native.monotonic_us()
        }
        fn fill_random(&self, bytes: &mut [u8]) {
            self.native.fill_random(bytes);
        }
        async fn sleep(&self, duration: Duration) {
            self.native.sleep(duration).await;
        }
        async fn resolve(&self, _: &str, _: IpVersion) -> Result<Vec<IpAddr>, ResolveError> {
            let mut answers = self.answers.lock().unwrap();
            Ok(vec![answers.pop().unwrap()])
        }
        async fn query_dns(&self, query: &[u8]) -> Result<DnsAnswer, DnsQueryError> {
            self.native.query_dns(query).await
        }
        async fn dial(&self, target: &DialTarget) -> Result<TcpStream, DialError> {
            self.native.dial(target).await
        }
        async fn dial_for_tls(&self, host: &str, port: u16) -> Result<TcpStream, DialError> {
            self.native.dial_for_tls(host, port).await
        }
        async fn start_tls(&self, stream: TcpStream, host: &str) -> Result<TcpStream, StartTlsError> {
            self.native.start_tls(stream, host).await
        }
        async fn fetch(
            &self,
            request: axum::http::Request<Vec<u8>>,
        ) -> Result<axum::http::Response<NoFetch>, FetchError> {
            self.native.fetch(request).await
        }
        fn offers(&self, mode: PhaseMode) -> bool {
            self.native.offers(mode)
        }
        fn host(&self) -> &'static str {
            self.native.host()
        }
        fn software(&self) -> String {
            self.native.software()
        }
        fn capabilities(&self) -> Vec<String> {
            self.native.capabilities()
        }
        fn place(&self) -> Place {
            self.native.place()
        }
        fn max_concurrent(&self) -> usize {
            self.native.max_concurrent()
        }
    }

    #[tokio::test]
    async fn a_name_that_changes_its_address_is_judged_by_the_address_that_is_dialled() {
        let (address, connections) = server(
            "HTTP/1.1 302 Found\r\nLocation: /again\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        )
        .await;
        // To tell the two answers apart on one machine: the first is allowed, the second is not.
        let allowed = IpAddr::from([127, 0, 0, 1]);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        let policy = Arc::new(move |address: IpAddr| {
            seen.lock().unwrap().push(address);
            if address == allowed {
                Ok(())
            } else {
                SsrfGuard::default()
                    .check(address)
                    .map_err(|refused| refused.to_string())
            }
        });
        let platform = Rebinding {
            native: NativePlatform::new(policy),
            answers: Mutex::new(vec![IpAddr::from([127, 0, 0, 2]), allowed]),
        };
        let url = format!("http://rebound.example:{}/", address.port());
        let sight = Engine::new(&platform).unwrap().run(&get(&url), 5000).await;
        assert_eq!(
            sight.outcome,
            Outcome::Unmeasured {
                reason: Reason::TargetForbidden
            },
            "{:?}",
            sight.message
        );
        assert_eq!(*asked.lock().unwrap(), [allowed, IpAddr::from([127, 0, 0, 2])]);
        assert_eq!(connections.load(Ordering::SeqCst), 1);
    }
}
