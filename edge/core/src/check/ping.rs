//! The ping check: echo requests one after the other, and what their answers tell of the way.

use crate::{
    assertion::Evidence,
    attempt::{
        connect::{Endpoint, addresses},
        deadline::Deadline,
        judge::{Judgement, judge},
        progress::{NOT_APPLICABLE, Progress},
        stop::Stop,
    },
    check::CheckType,
    engine::Engine,
    platform::{DialError, Platform},
    validate::{self, Faults},
};
use edgewatch_protocol::{
    assertion::{Assertion, Severity, Subject},
    check::PingCheck,
    facts::{Facts, PingFacts},
    observation::{Outcome, Sight},
    phase::{PhaseTime, PhaseTimes},
    reason::Reason,
};
use futures::future::join_all;
use std::{net::IpAddr, time::Duration};

/// The most data in a request, in bytes: more would be fragmented on the way.
pub const MAX_PAYLOAD_BYTES: u16 = 1400;

impl CheckType for PingCheck {
    fn target(&self) -> String {
        self.host.clone()
    }

    fn origin(&self) -> Option<String> {
        None
    }

    fn assertions(&self) -> Vec<&Assertion> {
        self.assertions.iter().collect()
    }

    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>> {
        Some(&mut self.assertions)
    }

    fn validate(&self, faults: &mut Faults) {
        validate::host("/host", &self.host, self.ip_version, faults);
        faults.range("/count", self.count, 1, 20);
        faults.range("/spacing_ms", self.spacing_ms, 10, 5000);
        faults.range("/payload_bytes", self.payload_bytes, 0, MAX_PAYLOAD_BYTES);
        validate::assertions(&self.assertions, &["packet_loss", "jitter", "latency"], faults);
    }

    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight {
        let platform = engine.platform;
        let mut progress = Progress::begin(platform, timeout_ms);
        progress.phases = PhaseTimes {
            dns: PhaseTime::NotReached,
            tcp: NOT_APPLICABLE,
            tls: NOT_APPLICABLE,
            request: NOT_APPLICABLE,
            ttfb: NOT_APPLICABLE,
            body: NOT_APPLICABLE,
        };
        let ended = exchange(platform, self, &mut progress).await;
        let total_us = progress.total_us(platform);
        match ended {
            Err(stop) => progress.into_sight(total_us, Judgement::stopped(stop), None),
            Ok((facts, failure)) => {
                let judgement = judge_ping(&self.assertions, &facts, failure, platform.now_ms());
                progress.into_sight(total_us, judgement, Some(Facts::Ping(facts)))
            }
        }
    }
}

/// What became of one request.
enum Sent {
    /// The time was over before its turn.
    Not,
    Answered(u32),
    Lost,
    Failed(DialError),
}

async fn exchange<P: Platform>(
    platform: &P,
    check: &PingCheck,
    progress: &mut Progress,
) -> Result<(PingFacts, Option<String>), Stop> {
    let endpoint = Endpoint::of_host(&check.host, 0, check.ip_version)
        .ok_or_else(|| Stop::unmeasured(Reason::Unsupported, "the host is not a host"))?;
    let deadline = progress.deadline;
    let addresses = addresses(platform, &deadline, &endpoint, &mut progress.phases).await?;
    let Some(target) = addresses.first().map(std::net::SocketAddr::ip) else {
        return Err(Stop::unmeasured(Reason::Unsupported, "the host has no address"));
    };
    progress.connection.address = Some(target);
    let spacing = Duration::from_millis(check.spacing_ms.into());
    let requests = (0..check.count).map(|n| {
        let delay = spacing * u32::from(n);
        request(platform, &deadline, target, check.payload_bytes, delay)
    });
    let mut round_trips = Vec::new();
    let mut sent: u8 = 0;
    let mut failure = None;
    for one in join_all(requests).await {
        match one {
            Sent::Not => continue,
            Sent::Answered(us) => round_trips.push(us),
            Sent::Lost => {}
            Sent::Failed(DialError::Limit(why)) => return Err(Stop::unmeasured(Reason::PlatformLimit, why)),
            Sent::Failed(DialError::Forbidden(why) | DialError::TargetForbidden(why)) => {
                return Err(Stop::unmeasured(Reason::TargetForbidden, why));
            }
            Sent::Failed(DialError::Refused) => failure = Some("the target is not reachable".to_owned()),
            Sent::Failed(
                DialError::Failed(why) | DialError::Unresolved(why) | DialError::Unexplained(why),
            ) => failure = Some(why),
        }
        sent += 1;
    }
    Ok((facts(sent, &round_trips), failure))
}

async fn request<P: Platform>(
    platform: &P,
    deadline: &Deadline,
    target: IpAddr,
    payload_bytes: u16,
    delay: Duration,
) -> Sent {
    if delay >= deadline.left(platform) {
        return Sent::Not;
    }
    if !delay.is_zero() {
        platform.sleep(delay).await;
    }
    match deadline
        .within(platform, platform.echo(target, payload_bytes))
        .await
    {
        None => Sent::Lost,
        Some(Ok(us)) => Sent::Answered(us),
        Some(Err(error)) => Sent::Failed(error),
    }
}

fn facts(sent: u8, round_trips: &[u32]) -> PingFacts {
    let mean = |values: &mut dyn Iterator<Item = u32>| {
        let (count, sum) = values.fold((0_u64, 0_u64), |(count, sum), us| {
            (count + 1, sum + u64::from(us))
        });
        sum.checked_div(count).and_then(|us| u32::try_from(us).ok())
    };
    PingFacts {
        sent,
        received: u8::try_from(round_trips.len()).unwrap_or(u8::MAX),
        min_us: round_trips.iter().copied().min(),
        mean_us: mean(&mut round_trips.iter().copied()),
        max_us: round_trips.iter().copied().max(),
        jitter_us: mean(&mut round_trips.windows(2).map(|pair| pair[0].abs_diff(pair[1]))),
    }
}

fn judge_ping(
    assertions: &[Assertion],
    facts: &PingFacts,
    failure: Option<String>,
    now_ms: i64,
) -> Judgement {
    let is_loss = |assertion: &&Assertion| matches!(assertion.subject, Subject::PacketLoss { .. });
    let tolerates_silence = assertions
        .iter()
        .filter(is_loss)
        .any(|assertion| assertion.severity == Severity::Down);
    if facts.received == 0 && !tolerates_silence {
        let sent = facts.sent;
        let why = failure.map_or(String::new(), |why| format!(": {why}"));
        let message = format!("no answer to {sent} echo requests{why}");
        return Judgement::stopped(Stop::down_by_rule(Reason::PacketLoss, message));
    }
    let evidence = Evidence {
        packets: Some((facts.sent, facts.received)),
        jitter_us: facts.jitter_us,
        ..Evidence::at(now_ms, facts.mean_us.unwrap_or_default())
    };
    let mut judgement = judge(assertions, &evidence);
    // Where the loss decides, it is also the reason.
    let loss = judge(assertions.iter().filter(is_loss), &evidence);
    if loss.message.is_some() && loss.message == judgement.message {
        let reason = Reason::PacketLoss;
        judgement.outcome = match judgement.outcome {
            Outcome::Down { phase, .. } => Outcome::Down { reason, phase },
            Outcome::Degraded { .. } => Outcome::Degraded { reason },
            other => other,
        };
    }
    judgement
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(assertions: &str, sent: u8, round_trips: &[u32]) -> (Outcome, Option<String>) {
        let assertions: Vec<Assertion> = serde_json::from_str(assertions).unwrap();
        let judgement = judge_ping(&assertions, &facts(sent, round_trips), None, 0);
        (judgement.outcome, judgement.message)
    }

    #[test]
    fn times_are_those_of_the_answers() {
        let facts = facts(5, &[1000, 1600, 1300, 2100]);
        assert_eq!((facts.sent, facts.received), (5, 4));
        assert_eq!(
            (facts.min_us, facts.mean_us, facts.max_us),
            (Some(1000), Some(1500), Some(2100))
        );
        // 600, 300 and 800.
        assert_eq!(facts.jitter_us, Some(566));
        assert_eq!(super::facts(1, &[7]).jitter_us, None);
        assert_eq!(super::facts(1, &[]).mean_us, None);
    }

    #[test]
    fn one_answer_is_asked_for_and_more_only_by_assertion() {
        assert_eq!(judged("[]", 4, &[10]).0, Outcome::Up);
        let reason = Reason::PacketLoss;
        let (outcome, message) = judged("[]", 4, &[]);
        assert_eq!(outcome, Outcome::Down { reason, phase: None });
        assert_eq!(message.unwrap(), "no answer to 4 echo requests");
        let quarter = r#"[{"on":"packet_loss","max_percent":25}]"#;
        assert_eq!(judged(quarter, 4, &[1, 2, 3]).0, Outcome::Up);
        assert_eq!(
            judged(quarter, 4, &[1, 2]).0,
            Outcome::Down { reason, phase: None }
        );
        let warn = r#"[{"on":"packet_loss","max_percent":0,"severity":"degraded"}]"#;
        assert_eq!(judged(warn, 4, &[1, 2, 3]).0, Outcome::Degraded { reason });
        assert_eq!(judged(warn, 4, &[]).0, Outcome::Down { reason, phase: None });
        // A machine that is expected to be silent.
        let all = r#"[{"on":"packet_loss","max_percent":100}]"#;
        assert_eq!(judged(all, 4, &[]).0, Outcome::Up);
    }

    #[test]
    fn times_are_asserted_on() {
        let reason = Reason::AssertionFailed;
        let asked = r#"[{"on":"latency","max_ms":1},{"on":"jitter","max_ms":1}]"#;
        assert_eq!(judged(asked, 2, &[900, 1100]).0, Outcome::Up);
        let (outcome, message) = judged(asked, 2, &[900, 1102]);
        assert_eq!(outcome, Outcome::Down { reason, phase: None });
        assert_eq!(message.unwrap(), "latency (2 ms) <= 1 ms");
        let (_, message) = judged(asked, 2, &[1, 1500]);
        assert_eq!(message.unwrap(), "jitter (2 ms) <= 1 ms");
    }
}
