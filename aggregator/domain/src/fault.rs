//! What is wrong, in one sentence of plain language, and what is other than when it was last good.
//!
//! "The TLS handshake fails everywhere", "connect times out from apac only"; "DNS answer changed in weur",
//! "certificate replaced in all regions", "TTFB 6× in all regions". Made of what the regions saw, and of nothing else.

mod difference;

pub use difference::{Aspect, Difference, Pair, Sample, differences};
use edgewatch_protocol::{observation::OutcomeState, phase::Phase, reason::Reason};
use std::collections::BTreeMap;

/// What one region saw last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look<'a> {
    /// The region's name.
    pub region: &'a str,
    /// How the check ended.
    pub outcome: OutcomeState,
    /// Why.
    pub reason: Option<Reason>,
    /// How far it came: the phase that failed or ran out of time.
    pub phase: Option<Phase>,
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
}

/// What is wrong, without a full stop; `None` if no region sees anything wrong.
///
/// Failures come before warnings. Regions that could not look are left aside, and one that looks alone speaks for itself
/// alone: "everywhere" takes two.
pub fn sentence(looks: &[Look<'_>]) -> Option<String> {
    let with = |outcome: OutcomeState| looks.iter().filter(move |look| look.outcome == outcome);
    let worst = [OutcomeState::Down, OutcomeState::Degraded]
        .into_iter()
        .find(|&outcome| with(outcome).next().is_some())?;
    let mut regions_of = BTreeMap::<String, Vec<&str>>::new();
    for look in with(worst) {
        regions_of.entry(symptom(*look)).or_default().push(look.region);
    }
    let affected: Vec<_> = with(worst).map(|look| look.region).collect();
    let looked = looks
        .iter()
        .filter(|look| look.outcome != OutcomeState::Unmeasured)
        .count();
    let place = match () {
        () if with(worst).all(|look| look.reason.is_some_and(is_placeless)) => String::new(),
        () if affected.len() < looked => format!(" from {} only", list(&affected)),
        () if looked > 1 => " everywhere".to_owned(),
        () => format!(" from {}", list(&affected)),
    };
    let mut symptoms: Vec<_> = regions_of.into_iter().collect();
    // What most regions see comes first.
    symptoms.sort_by_key(|(_, regions)| std::cmp::Reverse(regions.len()));
    let text = match &symptoms[..] {
        [(symptom, _)] => format!("{symptom}{place}"),
        several => {
            let verb = if worst == OutcomeState::Down {
                "fails"
            } else {
                "is degraded"
            };
            let each = several
                .iter()
                .map(|(symptom, regions)| format!("{symptom} from {}", list(regions)));
            format!("{verb}{place}: {}", each.collect::<Vec<_>>().join(", "))
        }
    };
    Some(capitalised(&text))
}

/// What would be the same from wherever one looks.
fn is_placeless(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::HeartbeatMissed
            | Reason::HeartbeatFailed
            | Reason::HeartbeatWaiting
            | Reason::DomainExpiring
            | Reason::DomainNotRegistered
    )
}

fn symptom(look: Look<'_>) -> String {
    let text = match look.reason {
        Some(Reason::Timeout) => match look.phase {
            Some(Phase::Dns) => "the DNS lookup times out",
            Some(Phase::Tcp) => "connect times out",
            Some(Phase::Tls) => "the TLS handshake times out",
            Some(Phase::Request) => "sending the request times out",
            Some(Phase::Ttfb) => "the response does not begin in time",
            Some(Phase::Body) => "the response is not complete in time",
            None => "the check times out",
        },
        Some(Reason::ConnectionReset) => match look.phase {
            Some(Phase::Tls) => "the connection is reset during the TLS handshake",
            Some(Phase::Ttfb) => "the connection is reset before the response",
            Some(Phase::Body) => "the connection is reset amid the response",
            _ => "the connection is reset",
        },
        Some(Reason::AssertionFailed) => match look.status {
            Some(status) if status >= 400 => return format!("the server answers {status}"),
            _ if look.outcome == OutcomeState::Degraded => "a warning threshold is passed",
            _ => "an assertion fails",
        },
        Some(Reason::DnsNotFound) => "the name does not resolve",
        Some(Reason::DnsFailed) => "the DNS lookup fails",
        Some(Reason::ConnectRefused) => "the connection is refused",
        Some(Reason::ConnectFailed) => "the connection fails",
        Some(Reason::TlsHandshake) => "the TLS handshake fails",
        Some(Reason::CertificateExpired) => "the certificate has expired",
        Some(Reason::CertificateNotYetValid) => "the certificate is not valid yet",
        Some(Reason::CertificateWrongHost) => "the certificate is for another host",
        Some(Reason::CertificateUntrusted) => "the certificate is not trusted",
        Some(Reason::CertificateInvalid) => "the certificate cannot be used",
        Some(Reason::StartTlsRefused) => "STARTTLS is refused",
        Some(Reason::CertificateExpiring) => "the certificate is about to expire",
        Some(Reason::CertificateNotPinned) => "the certificate is not a pinned one",
        Some(Reason::CertificateWeak) => "the certificate is weak",
        Some(Reason::HttpMalformed) => "the response is not HTTP",
        Some(Reason::TooManyRedirects) => "there are too many redirects",
        Some(Reason::RedirectLoop) => "redirects lead in a circle",
        Some(Reason::RedirectInvalid) => "a redirect leads nowhere",
        Some(Reason::BodyTooLarge) => "the response is too large",
        Some(Reason::ProtocolError) => "the server does not speak the protocol",
        Some(Reason::UpgradeRefused) => "the upgrade to WebSocket is refused",
        Some(Reason::GrpcStatus) => "the gRPC call fails",
        Some(Reason::GrpcNotServing) => "the gRPC service is not serving",
        Some(Reason::DnsMismatch) => "the DNS answer is not the expected one",
        Some(Reason::DnsNotAuthenticated) => "the DNS answer is not authenticated",
        Some(Reason::DomainExpiring) => "the domain's registration is about to end",
        Some(Reason::DomainNotRegistered) => "the domain is not registered",
        Some(Reason::PacketLoss) => "echo requests are lost",
        Some(Reason::ExtractionFailed) => "a step's answer lacks a value that a later step needs",
        Some(Reason::ScriptFailed) => "the script fails",
        Some(Reason::HeartbeatMissed) => "the job did not call in time",
        Some(Reason::HeartbeatFailed) => "the job says that it failed",
        Some(Reason::HeartbeatWaiting) => "the job has not called yet",
        Some(
            Reason::TargetForbidden
            | Reason::ProbeNetwork
            | Reason::Unsupported
            | Reason::PlatformLimit
            | Reason::ProxyFailed
            | Reason::ServiceUnavailable,
        ) => "the check cannot be made",
        Some(Reason::Other) | None if look.outcome == OutcomeState::Degraded => "the check warns",
        Some(Reason::Other) | None => "the check fails",
    };
    text.to_owned()
}

/// `a`, `a and b`, `a, b and c`, in order of the alphabet.
fn list(names: &[&str]) -> String {
    let mut names = names.to_vec();
    names.sort_unstable();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
