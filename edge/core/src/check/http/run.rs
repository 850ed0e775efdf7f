//! The HTTP(S) check: hop after hop, then the assertions.

use crate::{
    assertion::Evidence,
    attempt::{
        connect::{
            ConnectError, Connection, ConnectionFacts, Endpoint, Security, connect_own, connect_platform,
        },
        deadline::Deadline,
        excerpt::{clip_message, excerpt},
        judge::{Judgement, judge},
        stop::Stop,
    },
    check::unsupported,
    engine::Engine,
    http_client::{
        body::ReceivedBody,
        exchange::{Head, Received, exchange},
        fetch,
        request::{self, HopRequest},
    },
    platform::Platform,
    tls::Verification,
};
use edgewatch_protocol::{
    assertion::{Assertion, Severity, StatusSet, Subject},
    check::{HttpCheck, PhaseMode},
    observation::{Hop, HttpFacts, Outcome, Sight},
    phase::{NotMeasurable, PhaseTimes},
    reason::Reason,
};
use http_body_util::Full;

/// What is known of a check while it runs, and of its last hop when it ends.
struct Progress {
    hops: Vec<Hop>,
    /// The phases of the hop under way.
    phases: PhaseTimes,
    facts: ConnectionFacts,
    received: Received,
    /// Whether the platform's HTTP client looked, which hides the certificate.
    by_fetch: bool,
}

/// Makes one attempt.
pub async fn run<P: Platform>(engine: &Engine<'_, P>, check: &HttpCheck, timeout_ms: u32) -> Sight {
    let first = match HopRequest::first(check) {
        Ok(first) => first,
        Err(message) => return unsupported(&message),
    };
    let platform = engine.platform;
    let start_us = platform.monotonic_us();
    let deadline = Deadline::after(platform, timeout_ms);
    let mut progress = Progress {
        hops: Vec::new(),
        phases: PhaseTimes::default(),
        facts: ConnectionFacts::default(),
        received: Received::new(new_body(check)),
        by_fetch: false,
    };
    let ended = follow(engine, check, &deadline, first, &mut progress).await;
    let total_us = platform
        .monotonic_us()
        .saturating_sub(start_us)
        .try_into()
        .unwrap_or(u32::MAX);
    sight(check, &progress, ended, total_us, platform.now_ms())
}

fn new_body(check: &HttpCheck) -> ReceivedBody {
    let keep_whole = check
        .assertions
        .iter()
        .any(|assertion| matches!(assertion.subject, Subject::Body { .. } | Subject::JsonPath { .. }));
    ReceivedBody::new(check.max_body_bytes, keep_whole)
}

/// Goes from hop to hop until an answer is not a redirect to follow.
async fn follow<P: Platform>(
    engine: &Engine<'_, P>,
    check: &HttpCheck,
    deadline: &Deadline,
    mut hop: HopRequest,
    progress: &mut Progress,
) -> Result<(), Stop> {
    let mut visited = vec![(hop.method.clone(), hop.url.clone())];
    loop {
        progress.phases = PhaseTimes::default();
        progress.facts = ConnectionFacts::default();
        progress.received = Received::new(new_body(check));
        one_hop(engine, check, deadline, &hop, progress).await?;

        let Some(head) = progress.received.head.take_if(|head| goes_on(check, head)) else {
            return Ok(());
        };
        let seen_hops = progress.hops.len();
        let shown_url = hop.shown_url();
        let next = hop.redirected(head.status, head.headers.get(http::header::LOCATION));
        let refusal = match &next {
            Err(_) => Some((
                Reason::RedirectInvalid,
                "leads nowhere that can be followed".to_owned(),
            )),
            Ok(next) if visited.contains(&(next.method.clone(), next.url.clone())) => Some((
                Reason::RedirectLoop,
                "leads back to where the check has been".to_owned(),
            )),
            Ok(_) if seen_hops >= usize::from(check.max_redirects) => Some((
                Reason::TooManyRedirects,
                format!("is one more than the {} that are followed", check.max_redirects),
            )),
            Ok(_) => None,
        };
        if let Some((reason, why)) = refusal {
            let message = format!("the redirect ({}) from {shown_url} {why}", head.status.as_u16());
            progress.received.head = Some(head);
            return Err(Stop::down_by_rule(reason, message));
        }
        progress.hops.push(Hop {
            url: shown_url,
            status: head.status.as_u16(),
            phases: progress.phases,
        });
        if let Ok(next) = next {
            visited.push((next.method.clone(), next.url.clone()));
            hop = next;
        }
    }
}

/// Whether an answer is a redirect that the check follows rather than judges.
fn goes_on(check: &HttpCheck, head: &Head) -> bool {
    check.max_redirects > 0 && request::is_redirect(head.status)
}

async fn one_hop<P: Platform>(
    engine: &Engine<'_, P>,
    check: &HttpCheck,
    deadline: &Deadline,
    hop: &HopRequest,
    progress: &mut Progress,
) -> Result<(), Stop> {
    let platform = engine.platform;
    let endpoint = Endpoint::of_url(&hop.url, check.ip_version)
        .ok_or_else(|| Stop::unmeasured(Reason::Unsupported, "the URL has no host or no port"))?;
    let is_tls = hop.url.scheme() == "https";
    let mode = if platform.offers(check.phases) {
        check.phases
    } else {
        PhaseMode::Own
    };
    let (phases, facts) = (&mut progress.phases, &mut progress.facts);
    let connected = match mode {
        PhaseMode::Own => {
            let security = is_tls.then(|| Security {
                verification: Verification::unless(check.accept_any_certificate),
                ..Security::to(&endpoint)
            });
            connect_own(engine, deadline, &endpoint, security, phases, facts).await
        }
        PhaseMode::Platform => connect_platform(engine, deadline, &endpoint, is_tls, phases).await,
        PhaseMode::Fetch => {
            return by_fetch(engine, check, deadline, hop, NotMeasurable::Mode, progress).await;
        }
    };
    match connected {
        Ok(connection) => over_connection(engine, check, deadline, hop, connection, progress).await,
        Err(ConnectError::Stop(stop)) => Err(stop),
        Err(ConnectError::Forbidden(message)) => {
            if platform.offers(PhaseMode::Fetch) {
                by_fetch(
                    engine,
                    check,
                    deadline,
                    hop,
                    NotMeasurable::PlatformForbids,
                    progress,
                )
                .await
            } else {
                Err(Stop::unmeasured(Reason::TargetForbidden, message))
            }
        }
    }
}

async fn over_connection<P: Platform>(
    engine: &Engine<'_, P>,
    check: &HttpCheck,
    deadline: &Deadline,
    hop: &HopRequest,
    connection: Connection<P::Stream>,
    progress: &mut Progress,
) -> Result<(), Stop> {
    let request = hop
        .to_origin_form()
        .map_err(|error| {
            Stop::unmeasured(
                Reason::Unsupported,
                format!("the request cannot be made: {error}"),
            )
        })?
        .map(|body| Full::new(body.into()));
    let wants_body = |head: &Head| !goes_on(check, head);
    let (received, phases) = (&mut progress.received, &mut progress.phases);
    exchange(
        engine.platform,
        deadline,
        connection,
        request,
        wants_body,
        received,
        phases,
    )
    .await
}

async fn by_fetch<P: Platform>(
    engine: &Engine<'_, P>,
    check: &HttpCheck,
    deadline: &Deadline,
    hop: &HopRequest,
    why: NotMeasurable,
    progress: &mut Progress,
) -> Result<(), Stop> {
    progress.by_fetch = true;
    progress.phases = fetch::hidden_phases(why, hop.url.scheme() == "https");
    let wants_body = |head: &Head| !goes_on(check, head);
    let (received, phases) = (&mut progress.received, &mut progress.phases);
    let exchanged = fetch::exchange(engine.platform, deadline, hop, wants_body, received, phases).await;
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

/// Makes the sight of what was seen.
fn sight(
    check: &HttpCheck,
    progress: &Progress,
    ended: Result<(), Stop>,
    total_us: u32,
    now_ms: i64,
) -> Sight {
    let (head, body) = (progress.received.head.as_ref(), &progress.received.body);
    let judgement = match (ended, head) {
        (Err(stop), _) => Judgement::stopped(stop),
        (Ok(()), None) => Judgement::stopped(Stop::unmeasured(
            Reason::Unsupported,
            "the check ended without an answer",
        )),
        (Ok(()), Some(head)) => {
            let success = Assertion {
                subject: Subject::Status {
                    allowed: StatusSet::success(),
                },
                severity: Severity::Down,
            };
            let of_status = |assertion: &Assertion| matches!(assertion.subject, Subject::Status { .. });
            let implied = (!check.assertions.iter().any(of_status)).then_some(&success);
            let evidence = Evidence {
                status: Some(head.status.as_u16()),
                headers: Some(&head.headers),
                body: body.kept(),
                body_bytes: body.bytes(),
                certificate: progress.facts.certificate(),
                certificate_hidden: progress.by_fetch,
                ..Evidence::at(now_ms, total_us)
            };
            judge(implied.into_iter().chain(&check.assertions), &evidence)
        }
    };
    let Judgement {
        outcome,
        message,
        failed_assertions,
    } = judgement;
    let up = outcome == Outcome::Up;
    let http = (head.is_some() || !progress.hops.is_empty()).then(|| HttpFacts {
        status: head.map(|head| head.status.as_u16()),
        protocol: head.map(|head| format!("{:?}", head.version)),
        body_bytes: body.bytes(),
        body_sha256: body.sha256(),
        excerpt: if up { None } else { excerpt(body.kept()) },
        hops: progress.hops.clone(),
    });
    Sight {
        outcome,
        phases: progress
            .hops
            .iter()
            .map(|hop| hop.phases)
            .chain([progress.phases])
            .reduce(|sum, hop| sum.plus(&hop))
            .unwrap_or_default(),
        total_us,
        http,
        address: progress.facts.address,
        certificate: progress.facts.certificate().cloned(),
        facts: None,
        failed_assertions,
        message: message.map(|message| clip_message(&message)),
    }
}
