//! One run of an HTTP(S) check: hop after hop, then the assertions.

use crate::{
    assertion::Evidence,
    attempt::{
        connect::{
            ConnectError, Connection, ConnectionFacts, Endpoint, Security, begin_tls, connect_own,
            connect_platform,
        },
        deadline::Deadline,
        excerpt::{Secrets, clip_message, excerpt_without},
        judge::{Judgement, judge},
        stop::Stop,
    },
    engine::Engine,
    http_client::{
        body::ReceivedBody,
        cookies::CookieJar,
        exchange::{self, Head, Received},
        fetch, proxy,
        request::{self, HopRequest},
    },
    platform::Platform,
    tls::{Verification, client_certificate},
};
use edgewatch_protocol::{
    assertion::{Assertion, Severity, StatusSet, Subject},
    check::{
        HttpCheck, PhaseMode,
        http::{HttpVersion, Proxy},
    },
    observation::{Hop, HttpFacts, Outcome, Sight},
    phase::{NotMeasurable, Phase, PhaseTime, PhaseTimes},
    reason::Reason,
};
use http::{HeaderMap, StatusCode};
use http_body_util::Full;

/// What came of a request and the redirects after it.
pub struct Answer {
    hops: Vec<Hop>,
    /// The phases of the last hop.
    phases: PhaseTimes,
    facts: ConnectionFacts,
    received: Received,
    /// Whether the platform's HTTP client looked, which hides the certificate.
    by_fetch: bool,
    ended: Result<(), Stop>,
    total_us: u32,
    /// When it ended, Unix milliseconds.
    now_ms: i64,
}

/// Makes one attempt.
pub async fn run<P: Platform>(engine: &Engine<'_, P>, check: &HttpCheck, timeout_ms: u32) -> Sight {
    let deadline = Deadline::after(engine.platform, timeout_ms);
    let mut jar = check.cookies.then(CookieJar::default);
    let answer = ask(engine, check, &deadline, jar.as_mut(), false).await;
    answer.sight(check, &Secrets::default())
}

/// Sends the request and follows its redirects. The body is kept whole if an assertion looks at it, or if told so.
pub async fn ask<P: Platform>(
    engine: &Engine<'_, P>,
    check: &HttpCheck,
    deadline: &Deadline,
    jar: Option<&mut CookieJar>,
    keep_body: bool,
) -> Answer {
    let platform = engine.platform;
    let start_us = platform.monotonic_us();
    let looks_at_body =
        |assertion: &Assertion| matches!(assertion.subject, Subject::Body { .. } | Subject::JsonPath { .. });
    let mut asking = Asking {
        engine,
        check,
        deadline,
        jar,
        keep_body: keep_body || check.assertions.iter().any(looks_at_body),
        hops: Vec::new(),
        phases: PhaseTimes::default(),
        facts: ConnectionFacts::default(),
        received: Received::new(ReceivedBody::new(0, false)),
        by_fetch: false,
    };
    let ended = asking.follow().await;
    let Asking {
        hops,
        phases,
        facts,
        received,
        by_fetch,
        ..
    } = asking;
    let total_us = platform.monotonic_us().saturating_sub(start_us);
    Answer {
        hops,
        phases,
        facts,
        received,
        by_fetch,
        ended,
        total_us: total_us.try_into().unwrap_or(u32::MAX),
        now_ms: platform.now_ms(),
    }
}

/// A request under way.
struct Asking<'a, P> {
    engine: &'a Engine<'a, P>,
    check: &'a HttpCheck,
    deadline: &'a Deadline,
    jar: Option<&'a mut CookieJar>,
    keep_body: bool,
    hops: Vec<Hop>,
    /// The phases of the hop under way.
    phases: PhaseTimes,
    facts: ConnectionFacts,
    received: Received,
    by_fetch: bool,
}

impl<P: Platform> Asking<'_, P> {
    /// Goes from hop to hop until an answer is not a redirect to follow.
    async fn follow(&mut self) -> Result<(), Stop> {
        let check = self.check;
        let mut hop = HopRequest::first(check).map_err(unusable)?;
        if let Some(certificate) = &check.client_certificate {
            client_certificate::validate(certificate).map_err(|error| {
                unusable(format!(
                    "the client certificate's {} {}",
                    error.field, error.detail
                ))
            })?;
        }
        let mut visited = vec![(hop.method.clone(), hop.url.clone())];
        loop {
            self.phases = PhaseTimes::default();
            self.facts = ConnectionFacts::default();
            self.received = Received::new(ReceivedBody::new(check.max_body_bytes, self.keep_body));
            self.one_hop(&hop).await?;

            let goes_on = |head: &mut Head| goes_on(check, head);
            let Some(head) = self.received.head.take_if(goes_on) else {
                return Ok(());
            };
            let status = head.status.as_u16();
            let shown_url = hop.shown_url();
            let next = hop.redirected(head.status, head.headers.get(http::header::LOCATION));
            let refusal = match &next {
                Err(_) => Some((
                    Reason::RedirectInvalid,
                    "leads nowhere that can be followed".to_owned(),
                )),
                // With cookies the same request may have another answer; the number of redirects bounds it all the same.
                Ok(next)
                    if self.jar.is_none() && visited.contains(&(next.method.clone(), next.url.clone())) =>
                {
                    Some((
                        Reason::RedirectLoop,
                        "leads back to where the check has been".to_owned(),
                    ))
                }
                Ok(_) if self.hops.len() >= usize::from(check.max_redirects) => Some((
                    Reason::TooManyRedirects,
                    format!("is one more than the {} that are followed", check.max_redirects),
                )),
                Ok(_) => None,
            };
            if let Some((reason, why)) = refusal {
                let message = format!("the redirect ({status}) from {shown_url} {why}");
                self.received.head = Some(head);
                return Err(Stop::down_by_rule(reason, message));
            }
            self.hops.push(Hop {
                url: shown_url,
                status,
                phases: self.phases,
            });
            if let Ok(next) = next {
                visited.push((next.method.clone(), next.url.clone()));
                hop = next;
            }
        }
    }

    /// One request and its answer, with the cookies that there are by now.
    async fn one_hop(&mut self, hop: &HopRequest) -> Result<(), Stop> {
        let now_ms = self.engine.platform.now_ms();
        let cookies = self.jar.as_ref().and_then(|jar| jar.header(&hop.url, now_ms));
        let result = self.exchange(&hop.clone().with_cookies(cookies.as_deref())).await;
        if let (Some(jar), Some(head)) = (&mut self.jar, &self.received.head) {
            jar.take(&hop.url, &head.headers, now_ms);
        }
        result
    }

    async fn exchange(&mut self, hop: &HopRequest) -> Result<(), Stop> {
        let Self {
            engine,
            check,
            deadline,
            ..
        } = *self;
        let platform = engine.platform;
        let endpoint = Endpoint::of_url(&hop.url, check.ip_version)
            .ok_or_else(|| Stop::unmeasured(Reason::Unsupported, "the URL has no host or no port"))?;
        let is_tls = hop.url.scheme() == "https";
        let mode = if platform.offers(check.phases) {
            check.phases
        } else {
            PhaseMode::Own
        };
        let security = is_tls.then(|| Security {
            verification: Verification::unless(check.accept_any_certificate),
            alpn: offered_protocols(check.http_version),
            client_certificate: check.client_certificate.as_ref().filter(|_| hop.is_at_home()),
            ..Security::to(&endpoint)
        });
        let connected = match (mode, &check.proxy) {
            (PhaseMode::Own, None) => {
                let (phases, facts) = (&mut self.phases, &mut self.facts);
                connect_own(engine, deadline, &endpoint, security, phases, facts).await
            }
            (PhaseMode::Own, Some(proxy)) => Box::pin(self.connect_by_proxy(proxy, hop, security)).await,
            (PhaseMode::Platform, _) => {
                connect_platform(engine, deadline, &endpoint, is_tls, &mut self.phases).await
            }
            (PhaseMode::Fetch, _) => return Box::pin(self.by_fetch(hop, NotMeasurable::Mode)).await,
        };
        match connected {
            Ok(connection) => self.over_connection(hop, connection, mode).await,
            Err(ConnectError::Stop(stop)) => Err(stop),
            Err(refusal @ (ConnectError::Forbidden(_) | ConnectError::Unexplained(_))) => {
                // The platform's own client does not do as it is told here, and would answer another question.
                let is_particular = !check.ip_version.is_any()
                    || check.http_version == HttpVersion::Http2
                    || check.client_certificate.is_some()
                    || check.proxy.is_some();
                if platform.offers(PhaseMode::Fetch) && !is_particular {
                    Box::pin(self.by_fetch(hop, NotMeasurable::PlatformForbids)).await
                } else {
                    Err(refusal.into_stop())
                }
            }
        }
    }

    async fn connect_by_proxy(
        &mut self,
        proxy: &Proxy,
        hop: &HopRequest,
        security: Option<Security<'_>>,
    ) -> Result<Connection<P::Stream>, ConnectError> {
        let (engine, deadline) = (self.engine, self.deadline);
        let (phases, facts) = (&mut self.phases, &mut self.facts);
        let stream = proxy::connect(engine, deadline, proxy, phases, facts).await?;
        let Some(security) = security else {
            phases.tls = PhaseTime::NotMeasurable(NotMeasurable::NotApplicable);
            return Ok(Connection::Plain(stream));
        };
        let stream = proxy::open_tunnel(engine, deadline, stream, proxy, &hop.url, phases).await?;
        let stream = begin_tls(engine, deadline, stream, &security, phases, facts).await?;
        Ok(Connection::Tls(Box::new(stream)))
    }

    async fn over_connection(
        &mut self,
        hop: &HopRequest,
        connection: Connection<P::Stream>,
        mode: PhaseMode,
    ) -> Result<(), Stop> {
        let check = self.check;
        let is_http2 = match &connection {
            Connection::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
            Connection::Plain(_) => {
                check.http_version == HttpVersion::Http2 && mode == PhaseMode::Own && check.proxy.is_none()
            }
        };
        if check.http_version == HttpVersion::Http2 && !is_http2 {
            return Err(match &connection {
                Connection::Tls(_) => Stop::down(
                    Reason::ProtocolError,
                    Phase::Tls,
                    "the server does not agree to speak HTTP/2 (ALPN)",
                ),
                Connection::Plain(_) => unusable("HTTP/2 cannot be spoken here".to_owned()),
            });
        }
        let wants_body = |head: &Head| !goes_on(check, head);
        if is_http2 {
            return Box::pin(self.over_http2(hop, connection, wants_body)).await;
        }
        let via_proxy = check.proxy.as_ref().filter(|_| hop.url.scheme() == "http");
        let request = match via_proxy {
            Some(proxy) => hop.to_proxy_form(proxy::authorization(proxy).map_err(unusable)?),
            None => hop.to_origin_form(),
        };
        let request = request
            .map_err(|error| cannot_be_made(&error))?
            .map(|body| Full::new(body.into()));
        let (received, phases) = (&mut self.received, &mut self.phases);
        let (platform, deadline) = (self.engine.platform, self.deadline);
        exchange::exchange(
            platform, deadline, connection, request, wants_body, received, phases,
        )
        .await?;
        match &self.received.head {
            Some(head) if via_proxy.is_some() && head.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Err(proxy::failed("it asks for other credentials (407)"))
            }
            _ => Ok(()),
        }
    }

    #[cfg(feature = "http2")]
    async fn over_http2(
        &mut self,
        hop: &HopRequest,
        connection: Connection<P::Stream>,
        wants_body: impl Fn(&Head) -> bool,
    ) -> Result<(), Stop> {
        let request = hop.to_http2_form().map_err(|error| cannot_be_made(&error))?;
        let (received, phases) = (&mut self.received, &mut self.phases);
        let (platform, deadline) = (self.engine.platform, self.deadline);
        let exchanged = crate::http_client::http2::exchange(
            platform, deadline, connection, request, wants_body, received, phases,
        );
        exchanged.await
    }

    #[cfg(not(feature = "http2"))]
    #[allow(clippy::unused_async, reason = "the same shape as with HTTP/2")]
    async fn over_http2(
        &mut self,
        _hop: &HopRequest,
        _connection: Connection<P::Stream>,
        _wants_body: impl Fn(&Head) -> bool,
    ) -> Result<(), Stop> {
        Err(unusable("this probe does not speak HTTP/2".to_owned()))
    }

    async fn by_fetch(&mut self, hop: &HopRequest, why: NotMeasurable) -> Result<(), Stop> {
        let check = self.check;
        self.by_fetch = true;
        self.phases = fetch::hidden_phases(why, hop.url.scheme() == "https");
        let wants_body = |head: &Head| !goes_on(check, head);
        let (received, phases) = (&mut self.received, &mut self.phases);
        let (platform, deadline) = (self.engine.platform, self.deadline);
        let exchanged = fetch::exchange(platform, deadline, hop, wants_body, received, phases).await;
        exchanged.map_err(|stop| match stop.outcome {
            Outcome::Down {
                reason: Reason::CertificateInvalid,
                ..
            } if check.accept_any_certificate => Stop::unmeasured(
                Reason::TargetForbidden,
                "the platform forbids the dial, and its own HTTP client does not take this certificate",
            ),
            _ => stop,
        })
    }
}

/// The protocols to offer by ALPN, the preferred one first.
fn offered_protocols(version: HttpVersion) -> &'static [&'static [u8]] {
    match version {
        HttpVersion::Auto if cfg!(feature = "http2") => &[b"h2", b"http/1.1"],
        HttpVersion::Auto | HttpVersion::Http1 => &[b"http/1.1"],
        HttpVersion::Http2 => &[b"h2"],
    }
}

/// Whether an answer is a redirect that the check follows rather than judges.
fn goes_on(check: &HttpCheck, head: &Head) -> bool {
    check.max_redirects > 0 && request::is_redirect(head.status)
}

fn unusable(message: String) -> Stop {
    Stop::unmeasured(Reason::Unsupported, message)
}

fn cannot_be_made(error: &http::Error) -> Stop {
    unusable(format!("the request cannot be made: {error}"))
}

impl Answer {
    /// Whether there is a whole answer to judge.
    pub fn is_whole(&self) -> bool {
        self.ended.is_ok() && self.received.head.is_some()
    }

    /// The fields of the final response.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.received.head.as_ref().map(|head| &head.headers)
    }

    /// What was kept of the final response's body.
    pub fn body(&self) -> &[u8] {
        self.received.body.kept()
    }

    /// Judges what came, and makes the sight of it; without the secrets.
    pub fn sight(&self, check: &HttpCheck, secrets: &Secrets) -> Sight {
        let (head, body) = (self.received.head.as_ref(), &self.received.body);
        let Judgement {
            outcome,
            message,
            failed_assertions,
        } = self.judge(check, secrets);
        let up = outcome == Outcome::Up;
        let shown_hop = |hop: &Hop| Hop {
            url: secrets.mask(&hop.url).into_owned(),
            ..hop.clone()
        };
        let http = (head.is_some() || !self.hops.is_empty()).then(|| HttpFacts {
            status: head.map(|head| head.status.as_u16()),
            protocol: head.map(|head| format!("{:?}", head.version)),
            body_bytes: body.bytes(),
            body_sha256: body.sha256(),
            excerpt: if up {
                None
            } else {
                excerpt_without(body.kept(), secrets)
            },
            hops: self.hops.iter().map(shown_hop).collect(),
        });
        let phases = self.hops.iter().map(|hop| hop.phases).chain([self.phases]);
        Sight {
            outcome,
            phases: phases.reduce(|sum, hop| sum.plus(&hop)).unwrap_or_default(),
            total_us: self.total_us,
            http,
            address: self.facts.address,
            certificate: self.facts.certificate().cloned(),
            facts: None,
            failed_assertions,
            message: message.map(|message| clip_message(&secrets.mask(&message))),
        }
    }

    fn judge(&self, check: &HttpCheck, secrets: &Secrets) -> Judgement {
        let head = match (&self.ended, &self.received.head) {
            (Err(stop), _) => return Judgement::stopped(stop.clone()),
            (Ok(()), None) => {
                return Judgement::stopped(unusable("the check ended without an answer".to_owned()));
            }
            (Ok(()), Some(head)) => head,
        };
        let success = Assertion {
            subject: Subject::Status {
                allowed: StatusSet::success(),
            },
            severity: Severity::Down,
        };
        let of_status = |assertion: &Assertion| matches!(assertion.subject, Subject::Status { .. });
        let implied = (!check.assertions.iter().any(of_status)).then_some(&success);
        let body = &self.received.body;
        let evidence = Evidence {
            status: Some(head.status.as_u16()),
            headers: Some(&head.headers),
            body: body.kept(),
            body_bytes: body.bytes(),
            certificate: self.facts.certificate(),
            certificate_hidden: self.by_fetch,
            secrets: Some(secrets),
            ..Evidence::at(self.now_ms, self.total_us)
        };
        judge(implied.into_iter().chain(&check.assertions), &evidence)
    }
}
