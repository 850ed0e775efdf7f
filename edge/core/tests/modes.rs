//! The ways of looking, on a platform in memory with a clock that stands still unless somebody waits.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use edgewatch_core::{
    engine::Engine,
    platform::{
        DialError, DialTarget, DnsAnswer, DnsQueryError, FetchBody, FetchError, Platform, ResolveError,
        StartTlsError,
    },
};
use edgewatch_protocol::{
    assertion::Assertion,
    batch::Place,
    check::{Check, HttpCheck, PhaseMode, shared::IpVersion},
    observation::{Outcome, Sight},
    phase::{NotMeasurable, Phase, PhaseTime, PhaseTimes},
    reason::Reason,
};
use http::{Request, Response};
use std::{cell::RefCell, net::IpAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    time::{Instant, sleep},
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A dial that is never answered.
const SILENT: &str = "198.51.100.9";

/// Status, headers and body of an answer of the platform's HTTP client.
type Fetched = (u16, Vec<(&'static str, &'static str)>, &'static str);

struct World {
    origin: Instant,
    offers: Vec<PhaseMode>,
    addresses: Result<Vec<IpAddr>, ResolveError>,
    /// What a dial meets, by the address or name dialled; a connection if nothing is said.
    dials: Vec<(&'static str, DialError)>,
    start_tls: Option<StartTlsError>,
    /// What the peer says before it is asked.
    banner: Option<&'static str>,
    fetched: Result<Fetched, FetchError>,
    has_cloudflare_statuses: bool,
    log: RefCell<Vec<String>>,
}

struct Body(Option<&'static str>);

impl FetchBody for Body {
    async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        sleep(Duration::from_millis(3)).await;
        Ok(self.0.take().map(|text| text.as_bytes().to_vec()))
    }
}

impl World {
    fn new() -> Self {
        Self {
            origin: Instant::now(),
            offers: vec![PhaseMode::Own, PhaseMode::Platform, PhaseMode::Fetch],
            addresses: Ok(vec!["2001:db8::1".parse().unwrap(), "192.0.2.1".parse().unwrap()]),
            dials: Vec::new(),
            start_tls: None,
            banner: None,
            fetched: Ok((200, Vec::new(), "ok")),
            has_cloudflare_statuses: false,
            log: RefCell::default(),
        }
    }

    async fn see(&self, check: HttpCheck) -> Sight {
        Engine::new(self).unwrap().run(&Check::Http(check), 1000).await
    }

    fn note(&self, what: impl Into<String>) {
        self.log.borrow_mut().push(what.into());
    }

    async fn connect(&self, to: &str) -> Result<DuplexStream, DialError> {
        self.note(format!("dial {to}"));
        sleep(Duration::from_millis(20)).await;
        if to == SILENT {
            std::future::pending::<()>().await;
        }
        if let Some((_, error)) = self.dials.iter().find(|(name, _)| *name == to) {
            return Err(error.clone());
        }
        let (ours, mut theirs) = duplex(64 << 10);
        if let Some(banner) = self.banner {
            theirs.write_all(banner.as_bytes()).await.unwrap();
        }
        tokio::spawn(async move {
            let mut request = vec![0; 4096];
            let _ = theirs.read(&mut request).await;
            sleep(Duration::from_millis(50)).await;
            let _ = theirs.write_all(OK.as_bytes()).await;
        });
        Ok(ours)
    }
}

impl Platform for World {
    type Stream = DuplexStream;
    type FetchBody = Body;

    fn now_ms(&self) -> i64 {
        1_700_000_000_000 + i64::try_from(self.origin.elapsed().as_millis()).unwrap()
    }

    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }

    async fn resolve(&self, _host: &str, _: IpVersion) -> Result<Vec<IpAddr>, ResolveError> {
        sleep(Duration::from_millis(10)).await;
        self.addresses.clone()
    }

    async fn query_dns(&self, _query: &[u8]) -> Result<DnsAnswer, DnsQueryError> {
        Err(DnsQueryError("there is no resolver".to_owned()))
    }

    async fn dial(&self, target: &DialTarget) -> Result<DuplexStream, DialError> {
        let to = match target {
            DialTarget::Address(address) => address.ip().to_string(),
            DialTarget::Name(name, _) => name.clone(),
        };
        self.connect(&to).await
    }

    async fn dial_for_tls(&self, host: &str, _port: u16) -> Result<DuplexStream, DialError> {
        self.connect(host).await
    }

    async fn start_tls(&self, stream: DuplexStream, host: &str) -> Result<DuplexStream, StartTlsError> {
        self.note(format!("start_tls {host}"));
        sleep(Duration::from_millis(30)).await;
        self.start_tls.clone().map_or(Ok(stream), Err)
    }

    async fn fetch(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, FetchError> {
        self.note(format!("fetch {}", request.uri()));
        sleep(Duration::from_millis(70)).await;
        let (status, headers, body) = self.fetched.clone()?;
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        Ok(response.body(Body(Some(body))).unwrap())
    }

    fn offers(&self, mode: PhaseMode) -> bool {
        self.offers.contains(&mode)
    }

    fn fetch_has_cloudflare_statuses(&self) -> bool {
        self.has_cloudflare_statuses
    }

    fn host(&self) -> &'static str {
        "agent"
    }

    fn software(&self) -> String {
        "world/1".to_owned()
    }

    fn capabilities(&self) -> Vec<String> {
        Vec::new()
    }

    fn place(&self) -> Place {
        Place::default()
    }

    fn max_concurrent(&self) -> usize {
        2
    }
}

fn ms(ms: u32) -> PhaseTime {
    PhaseTime::Measured(ms * 1000)
}

fn hidden(why: NotMeasurable) -> PhaseTime {
    PhaseTime::NotMeasurable(why)
}

fn down(reason: Reason, phase: Phase) -> Outcome {
    let phase = Some(phase);
    Outcome::Down { reason, phase }
}

fn in_mode(url: &str, phases: PhaseMode) -> HttpCheck {
    HttpCheck {
        phases,
        ..HttpCheck::get(url)
    }
}

#[tokio::test(start_paused = true)]
async fn own_looks_up_dials_and_times_every_phase() {
    let world = World::new();
    let sight = world.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    let phases = PhaseTimes {
        dns: ms(10),
        tcp: ms(20),
        tls: hidden(NotMeasurable::NotApplicable),
        request: ms(0),
        ttfb: ms(50),
        body: ms(0),
    };
    assert_eq!((sight.phases, sight.total_us), (phases, 80_000));
    assert_eq!(*world.log.borrow(), ["dial 192.0.2.1"], "IPv4 first");
}

#[tokio::test(start_paused = true)]
async fn the_platforms_tls_shows_tcp_and_tls_apart_but_not_the_lookup() {
    let world = World::new();
    let sight = world
        .see(in_mode("https://example.com/", PhaseMode::Platform))
        .await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(sight.phases.dns, hidden(NotMeasurable::Mode));
    assert_eq!(
        (sight.phases.tcp, sight.phases.tls, sight.phases.ttfb),
        (ms(20), ms(30), ms(50))
    );
    assert_eq!((sight.certificate, sight.address), (None, None));
    assert_eq!(*world.log.borrow(), ["dial example.com", "start_tls example.com"]);

    let refused = World {
        start_tls: Some(StartTlsError::Certificate("it has expired".to_owned())),
        ..World::new()
    };
    let sight = refused
        .see(in_mode("https://example.com/", PhaseMode::Platform))
        .await;
    assert_eq!(sight.outcome, down(Reason::CertificateInvalid, Phase::Tls));
}

#[tokio::test(start_paused = true)]
async fn fetch_shows_the_first_byte_and_the_body() {
    let world = World::new();
    let sight = world
        .see(in_mode("https://example.com/a?b=c", PhaseMode::Fetch))
        .await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    let mode = hidden(NotMeasurable::Mode);
    let phases = PhaseTimes {
        dns: mode,
        tcp: mode,
        tls: mode,
        request: mode,
        ttfb: ms(70),
        body: ms(6),
    };
    assert_eq!(sight.phases, phases);
    assert_eq!(sight.http.unwrap().body_bytes, 2);
    assert_eq!(*world.log.borrow(), ["fetch https://example.com/a?b=c"]);
}

#[tokio::test(start_paused = true)]
async fn a_forbidden_dial_falls_back_to_fetch_and_says_so() {
    let forbidding = || World {
        dials: vec![(
            "192.0.2.1",
            DialError::Forbidden("an address of the platform's own".to_owned()),
        )],
        ..World::new()
    };
    let assertions: Vec<Assertion> =
        serde_json::from_str(r#"[{"on":"certificate_days","min_days":14}]"#).unwrap();
    let check = HttpCheck {
        assertions,
        ..HttpCheck::get("https://example.com/")
    };
    let world = forbidding();
    let sight = world.see(check.clone()).await;
    assert_eq!(
        sight.outcome,
        Outcome::Up,
        "a certificate that cannot be seen is no failure: {sight:?}"
    );
    let forbids = hidden(NotMeasurable::PlatformForbids);
    assert_eq!(
        [
            sight.phases.dns,
            sight.phases.tcp,
            sight.phases.tls,
            sight.phases.request
        ],
        [forbids; 4]
    );
    assert_eq!((sight.phases.ttfb, sight.phases.body), (ms(70), ms(6)));
    assert_eq!(
        *world.log.borrow(),
        ["dial 192.0.2.1", "fetch https://example.com/"]
    );

    let without_fetch = World {
        offers: vec![PhaseMode::Own],
        ..forbidding()
    };
    let reason = Reason::TargetForbidden;
    assert_eq!(
        without_fetch.see(check).await.outcome,
        Outcome::Unmeasured { reason }
    );
}

#[tokio::test(start_paused = true)]
async fn the_platforms_own_statuses_name_the_reason() {
    let world = |has_cloudflare_statuses| World {
        has_cloudflare_statuses,
        fetched: Ok((526, vec![("server", "cloudflare")], "error code: 526")),
        ..World::new()
    };
    let check = in_mode("https://example.com/", PhaseMode::Fetch);
    let sight = world(true).see(check.clone()).await;
    assert_eq!(sight.outcome, down(Reason::CertificateInvalid, Phase::Tls));
    assert_eq!(sight.http.unwrap().status, Some(526));
    let sight = world(false).see(check).await;
    assert_eq!(sight.message.as_deref(), Some("status (526) in 200-299"));

    // Who takes any certificate is not told that it is wrong; nobody could look.
    let any_certificate = HttpCheck {
        accept_any_certificate: true,
        ..HttpCheck::get("https://example.com/")
    };
    let forbidding = World {
        dials: vec![("192.0.2.1", DialError::Forbidden("not from here".to_owned()))],
        ..world(true)
    };
    let reason = Reason::TargetForbidden;
    assert_eq!(
        forbidding.see(any_certificate).await.outcome,
        Outcome::Unmeasured { reason }
    );
}

#[tokio::test(start_paused = true)]
async fn redirects_of_fetch_are_followed_by_the_core() {
    let world = World {
        fetched: Ok((302, vec![("location", "/")], "")),
        ..World::new()
    };
    let sight = world.see(in_mode("https://example.com/", PhaseMode::Fetch)).await;
    let (reason, phase) = (Reason::RedirectLoop, None);
    assert_eq!(sight.outcome, Outcome::Down { reason, phase }, "{sight:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_resolver_the_platform_dials_by_name() {
    let world = World {
        addresses: Err(ResolveError::Unavailable("no answer".to_owned())),
        ..World::new()
    };
    let sight = world.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(sight.phases.dns, hidden(NotMeasurable::ResolverUnavailable));
    assert_eq!(*world.log.borrow(), ["dial example.com"]);
}

#[tokio::test(start_paused = true)]
async fn lookups_fail_in_their_phase() {
    for (addresses, reason) in [
        (Err(ResolveError::NotFound), Reason::DnsNotFound),
        (Ok(Vec::new()), Reason::DnsNotFound),
        (
            Err(ResolveError::Failed("SERVFAIL".to_owned())),
            Reason::DnsFailed,
        ),
    ] {
        let world = World {
            addresses,
            ..World::new()
        };
        let sight = world.see(HttpCheck::get("http://example.com/")).await;
        assert_eq!(
            (sight.outcome, sight.phases.dns),
            (down(reason, Phase::Dns), PhaseTime::NotReached)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn further_addresses_are_tried_in_the_time_that_is_left() {
    let refusing = World {
        dials: vec![("192.0.2.1", DialError::Refused)],
        ..World::new()
    };
    let sight = refusing.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(
        (sight.outcome, sight.phases.tcp),
        (Outcome::Up, ms(40)),
        "{sight:?}"
    );
    assert_eq!(sight.address, Some("2001:db8::1".parse().unwrap()));

    let silent = World {
        addresses: Ok(vec![SILENT.parse().unwrap(), "192.0.2.1".parse().unwrap()]),
        ..World::new()
    };
    let sight = silent.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(
        (sight.outcome, sight.phases.tcp),
        (Outcome::Up, ms(495 + 20)),
        "half of 990 ms: {sight:?}"
    );

    let all_silent = World {
        addresses: Ok(vec![SILENT.parse().unwrap()]),
        ..World::new()
    };
    let sight = all_silent.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(
        (sight.outcome, sight.total_us),
        (down(Reason::Timeout, Phase::Tcp), 1_000_000)
    );

    for (error, outcome) in [
        (DialError::Refused, down(Reason::ConnectRefused, Phase::Tcp)),
        (
            DialError::Failed("unreachable".to_owned()),
            down(Reason::ConnectFailed, Phase::Tcp),
        ),
        (
            DialError::Limit("none left".to_owned()),
            Outcome::Unmeasured {
                reason: Reason::PlatformLimit,
            },
        ),
        (
            DialError::TargetForbidden("private".to_owned()),
            Outcome::Unmeasured {
                reason: Reason::TargetForbidden,
            },
        ),
    ] {
        let world = World {
            dials: vec![("192.0.2.1", error.clone()), ("2001:db8::1", error)],
            ..World::new()
        };
        assert_eq!(
            world.see(HttpCheck::get("http://example.com/")).await.outcome,
            outcome
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_speaks_first_fails_in_the_phase_of_its_answer() {
    let world = World {
        banner: Some("SSH-2.0-OpenSSH_9.2\r\n"),
        ..World::new()
    };
    let sight = world.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(
        sight.outcome,
        down(Reason::HttpMalformed, Phase::Ttfb),
        "{sight:?}"
    );
}
