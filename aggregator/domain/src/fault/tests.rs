use super::*;
use OutcomeState::{Degraded, Down, Unmeasured, Up};

fn look(region: &str, reason: Reason, phase: Option<Phase>) -> Look<'_> {
    Look {
        region,
        outcome: Down,
        reason: Some(reason),
        phase,
        status: None,
    }
}

fn seen(region: &str, outcome: OutcomeState) -> Look<'_> {
    Look {
        region,
        outcome,
        reason: None,
        phase: None,
        status: None,
    }
}

fn told(looks: &[Look<'_>]) -> String {
    sentence(looks).unwrap_or_default()
}

#[test]
fn one_sentence_tells_what_fails_and_where() {
    let tls = |region| look(region, Reason::TlsHandshake, Some(Phase::Tls));
    assert_eq!(
        told(&[tls("weur"), tls("enam")]),
        "The TLS handshake fails everywhere"
    );
    let slow = look("apac", Reason::Timeout, Some(Phase::Tcp));
    assert_eq!(
        told(&[seen("weur", Up), slow, seen("enam", Degraded)]),
        "Connect times out from apac only"
    );
    assert_eq!(
        told(&[tls("weur"), tls("enam"), tls("apac"), seen("oc", Up)]),
        "The TLS handshake fails from apac, enam and weur only"
    );
    // Who cannot look says nothing, and who looks alone does not speak for all.
    assert_eq!(
        told(&[slow, seen("weur", Unmeasured)]),
        "Connect times out from apac"
    );
}

#[test]
fn several_symptoms_are_told_with_their_regions() {
    let looks = [
        look("apac", Reason::Timeout, Some(Phase::Tcp)),
        look("weur", Reason::CertificateExpired, Some(Phase::Tls)),
        look("enam", Reason::CertificateExpired, Some(Phase::Tls)),
    ];
    assert_eq!(
        told(&looks),
        "Fails everywhere: the certificate has expired from enam and weur, connect times out from apac"
    );
}

#[test]
fn statuses_and_warnings_and_what_has_no_place() {
    let unavailable = Look {
        status: Some(503),
        ..look("weur", Reason::AssertionFailed, None)
    };
    assert_eq!(told(&[unavailable]), "The server answers 503 from weur");
    let fine = Look {
        status: Some(200),
        ..unavailable
    };
    assert_eq!(told(&[fine]), "An assertion fails from weur");
    let expiring = Look {
        outcome: Degraded,
        ..look("weur", Reason::CertificateExpiring, None)
    };
    let also = Look {
        region: "enam",
        ..expiring
    };
    assert_eq!(
        told(&[expiring, also]),
        "The certificate is about to expire everywhere"
    );
    let heartbeat = look("aggregator", Reason::HeartbeatMissed, None);
    assert_eq!(told(&[heartbeat]), "The job did not call in time");
    assert_eq!(sentence(&[seen("weur", Up)]), None);
    assert_eq!(sentence(&[]), None);
}

#[test]
fn every_reason_has_its_words() {
    for &reason in Reason::ALL {
        let text = told(&[look("weur", reason, None)]);
        assert!(
            !text.is_empty() && text != "The check fails from weur",
            "{reason:?}"
        );
    }
}

fn sample<'a>(records: &[&'a str], certificate: &'a str, ttfb_us: u32) -> Sample<'a> {
    Sample {
        records: records.iter().copied().collect(),
        certificate: Some(certificate),
        phases_us: [(Phase::Ttfb, ttfb_us)].into(),
        ..Sample::default()
    }
}

#[test]
fn differences_from_the_last_good_result() {
    let pairs = [
        Pair {
            region: "weur",
            before: sample(&["192.0.2.1", "192.0.2.2"], "aa", 20_000),
            now: sample(&["192.0.2.1"], "bb", 130_000),
        },
        Pair {
            region: "enam",
            before: sample(&["192.0.2.1"], "aa", 10_000),
            now: sample(&["192.0.2.1"], "bb", 65_000),
        },
    ];
    let texts: Vec<_> = differences(&pairs, 2).into_iter().map(|d| d.text).collect();
    assert_eq!(
        texts,
        [
            "DNS answer changed in weur",
            "Certificate replaced in all regions",
            "TTFB 6× in all regions"
        ]
    );
    assert_eq!(differences(&pairs[1..], 2)[1].text, "TTFB 6× in enam");
    assert_eq!(differences(&pairs, 2)[1].regions, ["enam", "weur"]);
    // A third region checks it and is fine.
    assert_eq!(
        differences(&pairs, 3)[1].text,
        "Certificate replaced in enam and weur"
    );
    let mut slower = pairs.clone();
    slower[1].now.phases_us.insert(Phase::Ttfb, 400_000);
    assert_eq!(differences(&slower, 2)[2].text, "TTFB 6 to 40× in all regions");
}

#[test]
fn what_is_not_known_or_hardly_other_is_no_difference() {
    let nothing = Pair {
        region: "weur",
        before: sample(&["192.0.2.1"], "aa", 1_000),
        now: Sample {
            phases_us: [(Phase::Ttfb, 9_000)].into(),
            ..Sample::default()
        },
    };
    assert_eq!(differences(&[nothing], 1), []);
    let good = Sample {
        address: Some("192.0.2.1"),
        issuer: Some("Example CA"),
        certificate: Some("aa"),
        status: Some(200),
        protocol: Some("HTTP/2"),
        final_url: Some("https://a.example/"),
        ..Sample::default()
    };
    let now = Sample {
        address: Some("192.0.2.9"),
        issuer: Some("Other CA"),
        certificate: Some("bb"),
        status: Some(503),
        protocol: Some("HTTP/1.1"),
        final_url: Some("https://b.example/"),
        ..Sample::default()
    };
    let pair = Pair {
        region: "weur",
        before: good,
        now,
    };
    let texts: Vec<_> = differences(&[pair], 1).into_iter().map(|d| d.text).collect();
    assert_eq!(
        texts,
        [
            "Another address is reached (192.0.2.9 instead of 192.0.2.1) in weur",
            "Certificate replaced (issued by Other CA instead of Example CA) in weur",
            "Status 503 instead of 200 in weur",
            "HTTP/1.1 instead of HTTP/2 in weur",
            "Redirects end at https://b.example/ instead of https://a.example/ in weur",
        ]
    );
}
