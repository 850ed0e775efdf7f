//! What is to be said of a chain of certificates.

use crate::{
    attempt::{connect::ConnectionFacts, judge::Judgement},
    certificate::weakness,
};
use edgewatch_protocol::{
    check::TlsCheck,
    observation::{CertificateFacts, Outcome, OutcomeState},
    phase::Phase,
    reason::Reason,
};

const MS_PER_DAY: i64 = 86_400_000;

/// Everything that a check finds wrong with a chain, in the order in which it counts.
#[derive(Debug, Default)]
pub struct Findings(Vec<(Outcome, String)>);

/// Judges a chain; of none there is nothing to say.
///
/// What a certificate says of itself comes first: it is the same whoever looks, while verifiers differ in what they
/// stumble over first.
pub fn findings(check: &TlsCheck, connection: &ConnectionFacts, now_ms: i64) -> Findings {
    let mut found = Findings::default();
    let chain = &connection.chain;
    for certificate in chain {
        validity(certificate, now_ms, &mut found);
    }
    let mut is_weak = false;
    for (index, certificate) in chain.iter().enumerate() {
        if let Some(weakness) = weakness(certificate, index == 0) {
            is_weak = true;
            if !check.allow_weak {
                found.down(Reason::CertificateWeak, weakness);
            }
        }
    }
    for failure in &connection.not_trusted {
        let is_taken = match failure.reason {
            Reason::CertificateUntrusted => check.allow_untrusted,
            // Not every verifier can verify with weak keys and signatures at all; and an authority that goes by the name of
            // a trusted one, but has another key, shows in signatures that do not verify.
            Reason::CertificateInvalid => check.allow_untrusted || (is_weak && check.allow_weak),
            Reason::TlsHandshake => is_weak,
            // Said above already, of the very certificate.
            Reason::CertificateExpired | Reason::CertificateNotYetValid => !found.0.is_empty(),
            _ => false,
        };
        if !is_taken {
            found.down(failure.reason, failure.message.clone());
        }
    }
    let is_pinned = |certificate: &CertificateFacts| check.pins.contains(&certificate.fingerprint);
    if !chain.is_empty() && !check.pins.is_empty() && !chain.iter().any(is_pinned) {
        found.down(
            Reason::CertificateNotPinned,
            "no certificate of the chain is one of those that are pinned",
        );
    }
    days(check, chain, now_ms, &mut found);
    found
}

/// Whether a certificate's time is now.
fn validity(certificate: &CertificateFacts, now_ms: i64, found: &mut Findings) {
    let subject = &certificate.subject;
    if certificate.not_after_ms < now_ms {
        let days = (now_ms - certificate.not_after_ms) / MS_PER_DAY;
        found.down(
            Reason::CertificateExpired,
            format!("the certificate of {subject} ended {days} days ago"),
        );
    } else if certificate.not_before_ms > now_ms {
        let days = (certificate.not_before_ms - now_ms) / MS_PER_DAY;
        found.down(
            Reason::CertificateNotYetValid,
            format!("the certificate of {subject} begins in {days} days"),
        );
    }
}

/// How many days the certificate has left that ends first.
fn days(check: &TlsCheck, chain: &[CertificateFacts], now_ms: i64, found: &mut Findings) {
    let Some(first) = chain.iter().min_by_key(|certificate| certificate.not_after_ms) else {
        return;
    };
    let left_ms = first.not_after_ms - now_ms;
    // One that has ended already was told.
    if left_ms < 0 {
        return;
    }
    let days = left_ms / MS_PER_DAY;
    let reason = Reason::CertificateExpiring;
    let text = |limit: u16| {
        let subject = &first.subject;
        format!("the certificate of {subject} ends in {days} days, fewer than {limit}")
    };
    if days < i64::from(check.down_days) {
        found.down(reason, text(check.down_days));
    } else if days < i64::from(check.degraded_days) {
        found
            .0
            .push((Outcome::Degraded { reason }, text(check.degraded_days)));
    }
}

impl Findings {
    fn down(&mut self, reason: Reason, text: impl Into<String>) {
        let phase = Some(Phase::Tls);
        self.0.push((Outcome::Down { reason, phase }, text.into()));
    }

    /// Whether one of them makes the check down.
    pub fn is_down(&self) -> bool {
        self.0
            .iter()
            .any(|(outcome, _)| outcome.state() == OutcomeState::Down)
    }

    /// Joins with what the assertions made of the check: the worst outcome counts, these findings before those.
    pub fn join(self, assertions: Judgement) -> Judgement {
        let worst = |state| {
            self.0
                .iter()
                .map(|(outcome, _)| *outcome)
                .find(|outcome| outcome.state() == state)
        };
        let outcome = match (worst(OutcomeState::Down), assertions.outcome.state()) {
            (Some(down), _) => down,
            (None, OutcomeState::Down) => assertions.outcome,
            (None, _) => worst(OutcomeState::Degraded).unwrap_or(assertions.outcome),
        };
        let texts: Vec<_> = self
            .0
            .into_iter()
            .map(|(_, text)| text)
            .chain(assertions.message)
            .collect();
        Judgement {
            outcome,
            message: (!texts.is_empty()).then(|| texts.join("; ")),
            failed_assertions: assertions.failed_assertions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::TlsFailure;

    const NOW_MS: i64 = 1_700_000_000_000;

    fn certificate(subject: &str, days: i64) -> CertificateFacts {
        CertificateFacts {
            fingerprint: format!("{subject:0>64}"),
            subject: subject.to_owned(),
            issuer: "ca".to_owned(),
            names: Vec::new(),
            not_before_ms: NOW_MS - MS_PER_DAY,
            not_after_ms: NOW_MS + days * MS_PER_DAY,
            tls_version: "TLSv1.3".to_owned(),
            cipher_suite: String::new(),
            key_algorithm: "EC P-256".to_owned(),
            key_bits: None,
            signature_algorithm: "ECDSA SHA-256".to_owned(),
        }
    }

    fn check(more: &str) -> TlsCheck {
        serde_json::from_str(&format!(r#"{{"host":"example.com"{more}}}"#)).unwrap()
    }

    fn judged(check: &TlsCheck, chain: Vec<CertificateFacts>, not_trusted: &[Reason]) -> (Outcome, String) {
        let connection = ConnectionFacts {
            chain,
            not_trusted: not_trusted
                .iter()
                .map(|&reason| TlsFailure {
                    reason,
                    message: reason.as_str().to_owned(),
                })
                .collect(),
            ..ConnectionFacts::default()
        };
        let up = Judgement {
            outcome: Outcome::Up,
            message: None,
            failed_assertions: Vec::new(),
        };
        let judgement = findings(check, &connection, NOW_MS).join(up);
        (judgement.outcome, judgement.message.unwrap_or_default())
    }

    fn down(reason: Reason) -> Outcome {
        let phase = Some(Phase::Tls);
        Outcome::Down { reason, phase }
    }

    #[test]
    fn days_of_the_certificate_that_ends_first() {
        let of = |days: i64| {
            judged(
                &check(""),
                vec![certificate("leaf", 90), certificate("ca", days)],
                &[],
            )
        };
        assert_eq!(of(21), (Outcome::Up, String::new()));
        let reason = Reason::CertificateExpiring;
        let message = "the certificate of ca ends in 20 days, fewer than 21".to_owned();
        assert_eq!(of(20), (Outcome::Degraded { reason }, message));
        assert_eq!(of(3).0, Outcome::Degraded { reason });
        assert_eq!(of(2).0, down(reason));
        assert_eq!(of(0).0, down(reason));
        assert_eq!(of(-1).0, down(Reason::CertificateExpired));
        let patient = check(r#","degraded_days":0,"down_days":0"#);
        assert_eq!(judged(&patient, vec![certificate("leaf", 0)], &[]).0, Outcome::Up);
    }

    #[test]
    fn a_private_chain_is_judged_all_the_same() {
        let private = check(r#","allow_untrusted":true"#);
        let untrusted = Reason::CertificateUntrusted;
        let good = || vec![certificate("leaf", 90)];
        assert_eq!(judged(&check(""), good(), &[untrusted]).0, down(untrusted));
        assert_eq!(judged(&private, good(), &[untrusted]).0, Outcome::Up);
        let wrong_host = Reason::CertificateWrongHost;
        assert_eq!(
            judged(&private, good(), &[untrusted, wrong_host]).0,
            down(wrong_host)
        );
        assert_eq!(
            judged(&private, good(), &[Reason::TlsHandshake]).0,
            down(Reason::TlsHandshake)
        );
        let expired = vec![certificate("leaf", -2)];
        assert_eq!(
            judged(&private, expired, &[untrusted]).0,
            down(Reason::CertificateExpired)
        );
    }

    #[test]
    fn weak_keys_and_signatures() {
        let weak = || {
            let mut leaf = certificate("leaf", 90);
            (leaf.key_algorithm, leaf.key_bits) = ("RSA".to_owned(), Some(1024));
            let mut ca = certificate("ca", 90);
            ca.signature_algorithm = "RSA SHA-1".to_owned();
            vec![leaf, ca]
        };
        let (outcome, message) = judged(&check(""), weak(), &[Reason::CertificateInvalid]);
        assert_eq!(outcome, down(Reason::CertificateWeak));
        assert_eq!(
            message,
            "the RSA key of leaf has only 1024 bits; certificate_invalid"
        );
        let lenient = check(r#","allow_weak":true"#);
        assert_eq!(
            judged(&lenient, weak(), &[Reason::CertificateInvalid]).0,
            Outcome::Up
        );
        // A root's own signature proves nothing, whatever it is made with; an intermediate's does.
        let mut chain = weak();
        chain.remove(0);
        chain.insert(0, certificate("leaf", 90));
        assert_eq!(judged(&check(""), chain.clone(), &[]).0, Outcome::Up);
        chain[1].issuer = "root".to_owned();
        assert_eq!(judged(&check(""), chain, &[]).0, down(Reason::CertificateWeak));
    }

    #[test]
    fn pins() {
        let pinned = |subject: &str| check(&format!(r#","pins":["{subject:0>64}"]"#));
        let chain = || vec![certificate("leaf", 90), certificate("ca", 90)];
        assert_eq!(judged(&pinned("ca"), chain(), &[]).0, Outcome::Up);
        assert_eq!(
            judged(&pinned("other"), chain(), &[]).0,
            down(Reason::CertificateNotPinned)
        );
    }
}
