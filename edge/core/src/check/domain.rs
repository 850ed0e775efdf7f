//! The domain check: when a domain's registration ends, as its registry says by RDAP (RFC 9082, RFC 9083).

mod rdap;
mod registry;

use crate::{
    attempt::{
        judge::Judgement,
        progress::{NOT_APPLICABLE, Progress},
        stop::Stop,
    },
    check::{CheckType, http::shown_url, unsupported},
    engine::Engine,
    platform::Platform,
    validate::{self, Faults},
};
use edgewatch_protocol::{
    assertion::{Assertion, Severity},
    check::DomainCheck,
    facts::{DomainFacts, Facts},
    observation::{FailedAssertion, Outcome, Sight},
    phase::PhaseTimes,
    reason::Reason,
};
use url::Host;

/// How seldom registries may be asked, in seconds.
pub const MIN_INTERVAL_S: u32 = 3600;

const MS_PER_DAY: i64 = 86_400_000;

/// Statuses of a registration that has ended although the registry still keeps it (RFC 8056).
const ENDED: [&str; 2] = ["redemption period", "pending delete"];

impl CheckType for DomainCheck {
    fn target(&self) -> String {
        self.domain.clone()
    }

    fn origin(&self) -> Option<String> {
        None
    }

    fn min_interval_s(&self) -> u32 {
        MIN_INTERVAL_S
    }

    /// How long a registry takes says nothing of the domain.
    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>> {
        None
    }

    fn validate(&self, faults: &mut Faults) {
        if ascii_domain(&self.domain).is_none() {
            let detail = "is not a registered domain such as example.org, without a scheme or a host in it";
            faults.add("/domain", detail);
        }
        if self.down_days > self.degraded_days {
            faults.add("/down_days", "must not be more than degraded_days");
        }
        if self
            .registrar
            .as_ref()
            .is_some_and(|part| part.trim().is_empty() || part.len() > 200)
        {
            faults.add("/registrar", "must have 1 to 200 characters");
        }
        if let Some(url) = &self.rdap_url {
            let mut found = Faults::default();
            let url = validate::url(url, &["https", "http"], &mut found);
            for fault in found.into_errors() {
                faults.add("/rdap_url", fault.detail);
            }
            if url.is_some_and(|url| url.query().is_some() || url.fragment().is_some()) {
                faults.add("/rdap_url", "must end with a path, to which domain/NAME is added");
            }
        }
    }

    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight {
        let Some(domain) = ascii_domain(&self.domain) else {
            return unsupported("the domain cannot be asked for");
        };
        let platform = engine.platform;
        let mut progress = Progress::begin(platform, timeout_ms);
        // What was asked less than an hour ago took no way this time.
        progress.phases = PhaseTimes {
            dns: NOT_APPLICABLE,
            tcp: NOT_APPLICABLE,
            tls: NOT_APPLICABLE,
            request: NOT_APPLICABLE,
            ttfb: NOT_APPLICABLE,
            body: NOT_APPLICABLE,
        };
        let asked = registry::ask(engine, &domain, self.rdap_url.as_deref(), &mut progress).await;
        let total_us = progress.total_us(platform);
        match asked {
            Ok(facts) => {
                let judgement = judge(self, &facts, platform.now_ms());
                progress.into_sight(total_us, judgement, Some(Facts::Domain(facts)))
            }
            Err(stop) => progress.into_sight(total_us, Judgement::stopped(stop), None),
        }
    }
}

/// The domain in ASCII (RFC 5891) and lower case; `None` where it is none, or nothing that is registered below another.
fn ascii_domain(domain: &str) -> Option<String> {
    let bare = domain.strip_suffix('.').unwrap_or(domain);
    let Host::Domain(ascii) = Host::parse(bare).ok()? else {
        return None;
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    (ascii.len() <= 253 && ascii.contains('.') && ascii.split('.').all(is_label)).then_some(ascii)
}

fn judge(check: &DomainCheck, facts: &DomainFacts, now_ms: i64) -> Judgement {
    let down = |reason, message: String| Judgement::stopped(Stop::down_by_rule(reason, message));
    let (domain, server) = (&check.domain, &facts.server);
    if let Some(ended) = facts.statuses.iter().find(|status| ENDED.contains(&&***status)) {
        let message = format!("the registration of {domain} has ended: the registry says `{ended}`");
        return down(Reason::DomainNotRegistered, message);
    }
    let Some(expires_ms) = facts.expires_ms else {
        let message = format!(
            "{} does not tell when the registration of {domain} ends",
            shown_url(server)
        );
        return Judgement::stopped(Stop::unmeasured(Reason::Unsupported, message));
    };
    if expires_ms <= now_ms {
        let days = (now_ms - expires_ms) / MS_PER_DAY;
        let message = format!("the registration of {domain} ended {days} days ago");
        return down(Reason::DomainNotRegistered, message);
    }
    let days = (expires_ms - now_ms) / MS_PER_DAY;
    let message = format!("the registration of {domain} ends in {days} days");
    if days < i64::from(check.down_days) {
        return down(Reason::DomainExpiring, message);
    }
    let registrar = facts.registrar.as_deref().unwrap_or("none");
    if let Some(wanted) = &check.registrar
        && !registrar.to_lowercase().contains(&wanted.trim().to_lowercase())
    {
        let text = format!("registrar ({registrar}) contains {wanted}");
        let mut judgement = down(Reason::AssertionFailed, text.clone());
        let severity = Severity::Down;
        judgement
            .failed_assertions
            .push(FailedAssertion { text, severity });
        return judgement;
    }
    let is_near = days < i64::from(check.degraded_days);
    let reason = Reason::DomainExpiring;
    Judgement {
        outcome: if is_near {
            Outcome::Degraded { reason }
        } else {
            Outcome::Up
        },
        message: is_near.then_some(message),
        failed_assertions: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
