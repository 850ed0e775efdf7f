//! The UDP check: a datagram and its answer.

use crate::{
    assertion::Evidence,
    attempt::{
        connect::{Endpoint, addresses, shown_endpoint},
        deadline::within,
        judge::{Judgement, judge},
        progress::{NOT_APPLICABLE, Progress, reply_facts},
        stop::Stop,
    },
    check::{
        CheckType,
        tcp::{ipv6_capability, replies_that_never_come},
        unsupported,
    },
    engine::Engine,
    platform::{DialError, Platform},
    validate::{self, Faults, payload_bytes},
};
use edgewatch_protocol::{
    assertion::Assertion,
    check::UdpCheck,
    observation::Sight,
    phase::{Phase, PhaseTime},
    reason::Reason,
};

/// The most that fits into one datagram over IPv4, in bytes.
const MAX_DATAGRAM_BYTES: usize = 65_507;

const ASSERTIONS: [&str; 2] = ["reply", "latency"];

impl CheckType for UdpCheck {
    fn target(&self) -> String {
        shown_endpoint(&self.host, self.port)
    }

    fn origin(&self) -> Option<String> {
        None
    }

    fn capabilities(&self) -> Vec<&'static str> {
        ipv6_capability(self.ip_version)
    }

    fn assertions(&self) -> Vec<&Assertion> {
        self.assertions.iter().collect()
    }

    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>> {
        Some(&mut self.assertions)
    }

    fn validate(&self, faults: &mut Faults) {
        validate::host_and_port(&self.host, self.port, self.ip_version, faults);
        match payload_bytes(&self.send) {
            Ok(bytes) if bytes.len() > MAX_DATAGRAM_BYTES => faults.add(
                "/send/value",
                format!("may have at most {MAX_DATAGRAM_BYTES} bytes: it is sent as one datagram"),
            ),
            _ => validate::payload("/send", &self.send, faults),
        }
        validate::assertions(&self.assertions, &ASSERTIONS, faults);
        replies_that_never_come(&self.assertions, faults);
    }

    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight {
        let Some(endpoint) = Endpoint::of_host(&self.host, self.port, self.ip_version) else {
            return unsupported("the check's host is neither a name nor an address");
        };
        let payload = match payload_bytes(&self.send) {
            Ok(payload) => payload,
            Err(detail) => return unsupported(&format!("what the check sends {detail}")),
        };
        let platform = engine.platform;
        let mut progress = Progress::begin(platform, timeout_ms);
        let answered = exchange(platform, &endpoint, &payload, &mut progress).await;
        let total_us = progress.total_us(platform);
        let (judgement, facts) = match answered {
            Err(stop) => (Judgement::stopped(stop), None),
            Ok(answer) => {
                let evidence = Evidence {
                    reply: Some(&String::from_utf8_lossy(&answer)),
                    ..Evidence::at(platform.now_ms(), total_us)
                };
                let facts = reply_facts(&answer, answer.len() as u64);
                (judge(&self.assertions, &evidence), Some(facts))
            }
        };
        progress.into_sight(total_us, judgement, facts)
    }
}

/// Sends the datagram to one address after the other until one answers; the time left is shared out evenly.
async fn exchange<P: Platform>(
    platform: &P,
    endpoint: &Endpoint,
    payload: &[u8],
    progress: &mut Progress,
) -> Result<Vec<u8>, Stop> {
    let Progress {
        deadline,
        phases,
        connection,
        ..
    } = progress;
    let targets = addresses(platform, deadline, endpoint, phases).await?;
    for phase in [Phase::Tcp, Phase::Tls, Phase::Request, Phase::Body] {
        phases.set(phase, NOT_APPLICABLE);
    }
    let mut failure = Stop::down(Reason::DnsNotFound, Phase::Dns, "there is no address to send to");
    for (tried, target) in targets.iter().enumerate() {
        connection.address = Some(target.ip());
        let share = deadline.left(platform) / u32::try_from(targets.len() - tried).unwrap_or(1);
        let sent_us = platform.monotonic_us();
        failure = match within(platform, share, platform.exchange_datagram(*target, payload)).await {
            Some(Ok(answer)) => {
                let us = platform.monotonic_us().saturating_sub(sent_us);
                phases.ttfb = PhaseTime::Measured(us.try_into().unwrap_or(u32::MAX));
                return Ok(answer);
            }
            None => deadline.ran_out(Phase::Ttfb),
            Some(Err(DialError::Refused)) => {
                let message = "the target answers that nobody listens there";
                Stop::down(Reason::ConnectRefused, Phase::Ttfb, message)
            }
            Some(Err(
                DialError::Failed(message) | DialError::Unresolved(message) | DialError::Unexplained(message),
            )) => Stop::down(Reason::ConnectFailed, Phase::Ttfb, message),
            Some(Err(DialError::Limit(message))) => {
                return Err(Stop::unmeasured(Reason::PlatformLimit, message));
            }
            Some(Err(DialError::Forbidden(message) | DialError::TargetForbidden(message))) => {
                return Err(Stop::unmeasured(Reason::TargetForbidden, message));
            }
        };
    }
    Err(failure)
}
