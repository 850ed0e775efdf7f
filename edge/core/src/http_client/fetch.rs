//! One exchange by the platform's own HTTP client, which shows the first byte and the end and hides the rest.
//!
//! Cloudflare's `fetch` answers with a status of its own (520 to 530) where it could not reach the target. Such an
//! answer is taken for Cloudflare's only if the platform is one that makes them, the answer says `server: cloudflare`
//! and its body names the very code (`error code: 526`, or the page with that code in its title). A target that itself
//! stands behind Cloudflare shows the same to all its visitors; then too it is down for the reason that the code names.

use crate::{
    attempt::{deadline::Deadline, stop::Stop},
    http_client::{
        exchange::{Head, Received},
        request::HopRequest,
    },
    platform::{FetchBody as _, FetchError, Platform},
};
use edgewatch_protocol::{
    phase::{NotMeasurable, Phase, PhaseTime, PhaseTimes},
    reason::Reason,
};
use http::header::SERVER;

/// The phases that this way of looking hides.
pub fn hidden_phases(why: NotMeasurable, tls: bool) -> PhaseTimes {
    let hidden = PhaseTime::NotMeasurable(why);
    PhaseTimes {
        dns: hidden,
        tcp: hidden,
        tls: if tls {
            hidden
        } else {
            PhaseTime::NotMeasurable(NotMeasurable::NotApplicable)
        },
        request: hidden,
        ..PhaseTimes::default()
    }
}

/// Sends a request and receives the answer. The time to the first byte contains all that is hidden before it.
pub async fn exchange<P: Platform>(
    platform: &P,
    deadline: &Deadline,
    hop: &HopRequest,
    wants_body: impl Fn(&Head) -> bool,
    received: &mut Received,
    phases: &mut PhaseTimes,
) -> Result<(), Stop> {
    let request = hop.to_absolute_form().map_err(|error| {
        Stop::unmeasured(
            Reason::Unsupported,
            format!("the request cannot be made: {error}"),
        )
    })?;
    let start_us = platform.monotonic_us();
    let us = |from: u64| {
        let us = platform.monotonic_us().saturating_sub(from);
        PhaseTime::Measured(us.try_into().unwrap_or(u32::MAX))
    };
    let response = deadline
        .within(platform, platform.fetch(request))
        .await
        .ok_or_else(|| deadline.ran_out(Phase::Ttfb))?
        .map_err(|error| fetch_error(error, Phase::Ttfb))?;
    phases.ttfb = us(start_us);

    let (parts, mut body) = response.into_parts();
    if !wants_body(received.begin(parts)) {
        phases.body = PhaseTime::NotMeasurable(NotMeasurable::NotApplicable);
        return Ok(());
    }
    let body_start_us = platform.monotonic_us();
    let receive = async {
        while let Some(piece) = body
            .next_chunk()
            .await
            .map_err(|error| fetch_error(error, Phase::Body))?
        {
            received.body.push(&piece).map_err(Stop::body_too_large)?;
        }
        Ok(())
    };
    deadline
        .within(platform, receive)
        .await
        .ok_or_else(|| deadline.ran_out(Phase::Body))??;
    phases.body = us(body_start_us);
    received.body.finish();

    if let Some(head) = received
        .head
        .as_ref()
        .filter(|_| platform.fetch_has_cloudflare_statuses())
    {
        let server = head.headers.get(SERVER).map(http::HeaderValue::as_bytes);
        let status = head.status.as_u16();
        if let Some(stop) = cloudflare_status(status, server.unwrap_or_default(), received.body.kept()) {
            return Err(stop);
        }
    }
    Ok(())
}

fn fetch_error(error: FetchError, phase: Phase) -> Stop {
    match error {
        FetchError::TargetForbidden(message) => Stop::unmeasured(Reason::TargetForbidden, message),
        FetchError::Limit(message) => Stop::unmeasured(Reason::PlatformLimit, message),
        FetchError::NotFound(message) => Stop::down(Reason::DnsNotFound, Phase::Dns, message),
        FetchError::Failed(message) if phase == Phase::Body => {
            Stop::down(Reason::ConnectionReset, phase, message)
        }
        FetchError::Failed(message) => Stop::down(Reason::ConnectFailed, phase, message),
    }
}

/// What one of Cloudflare's own statuses means, if the answer is Cloudflare's.
fn cloudflare_status(status: u16, server: &[u8], body: &[u8]) -> Option<Stop> {
    let (reason, phase, what) = match status {
        521 => (
            Reason::ConnectRefused,
            Phase::Tcp,
            "the target refused the connection",
        ),
        522 => (Reason::Timeout, Phase::Tcp, "no connection to the target"),
        523 => (Reason::ConnectFailed, Phase::Tcp, "the target is unreachable"),
        524 => (Reason::Timeout, Phase::Ttfb, "no response from the target"),
        525 => (
            Reason::TlsHandshake,
            Phase::Tls,
            "the TLS handshake with the target failed",
        ),
        526 => (
            Reason::CertificateInvalid,
            Phase::Tls,
            "the target's certificate is not valid",
        ),
        530 => (
            Reason::DnsFailed,
            Phase::Dns,
            "the target's name could not be looked up",
        ),
        _ => return None,
    };
    let body = String::from_utf8_lossy(body).to_ascii_lowercase();
    // 530 goes with a code of the 1xxx series in the body.
    let named = match status {
        530 => body.contains("error code: 1") || body.contains("error 1"),
        _ => {
            body.contains(&format!("error code: {status}"))
                || body.contains(&format!("error code {status}"))
                || body.contains(&format!("{status}: "))
        }
    };
    (server == b"cloudflare" && named)
        .then(|| Stop::down(reason, phase, format!("{what} (Cloudflare's status {status})")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_protocol::observation::Outcome;

    #[test]
    fn only_cloudflares_own_answers_are_taken_for_them() {
        let reason =
            |status, server: &[u8], body: &[u8]| match cloudflare_status(status, server, body)?.outcome {
                Outcome::Down { reason, phase } => Some((reason, phase)),
                _ => None,
            };
        assert_eq!(
            reason(526, b"cloudflare", b"error code: 526"),
            Some((Reason::CertificateInvalid, Some(Phase::Tls)))
        );
        assert_eq!(
            reason(
                522,
                b"cloudflare",
                b"<title>example.com | 522: Connection timed out</title>"
            ),
            Some((Reason::Timeout, Some(Phase::Tcp)))
        );
        assert_eq!(
            reason(530, b"cloudflare", b"error code: 1016"),
            Some((Reason::DnsFailed, Some(Phase::Dns)))
        );
        assert_eq!(reason(526, b"nginx", b"error code: 526"), None);
        assert_eq!(reason(526, b"cloudflare", b"teapot"), None);
        assert_eq!(reason(503, b"cloudflare", b"error code: 503"), None);
    }
}
