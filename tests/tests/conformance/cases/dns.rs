//! Questions to the DNS: by the probe's own resolver, over HTTPS, and to a server by TCP and UDP.

use super::connections::refused;
use crate::case::{Case, Change, HostKind, Shape, check, unmeasured};
use edgewatch_protocol::{phase::Phase, reason::Reason};
use serde_json::{Value, json};

/// A question to the probe's own resolver.
fn asked(what: impl Into<String>, name: &str, record: &str) -> Case {
    let what: String = what.into();
    check(
        format!("dns: {what}"),
        json!({"type": "dns", "name": name, "record": record}),
    )
}

/// The same over HTTPS, to the resolver at a path of the target.
fn by_https(what: impl Into<String>, name: &str, record: &str) -> Case {
    asked(what, name, record).with(&json!({"resolver": {"by": "https", "url": "{doh}"}}))
}

fn by_server(what: &str, name: &str, record: &str, by: &str) -> Case {
    let server = json!({"by": by, "host": "127.0.0.1", "port": "{port.name_server}"});
    let case = asked(what, name, record).with(&json!({"resolver": server}));
    match by {
        "udp" => case.needs(&["udp"]),
        _ => case,
    }
}

/// The answer came, and its code or its emptiness is the fault.
fn answered(case: Case, reason: Reason) -> Case {
    case.down(reason, Phase::Dns).measures(Phase::Dns)
}

pub fn cases() -> Vec<Case> {
    [records(), expectations(), codes(), over_https(), servers()].concat()
}

fn records() -> Vec<Case> {
    let records = [
        ("A", json!(["192.0.2.1", "192.0.2.2"])),
        ("AAAA", json!(["2001:db8::1"])),
        ("MX", json!(["10 mx1.zone.test", "20 mx2.zone.test"])),
        ("TXT", json!(["v=spf1 -all"])),
        ("NS", json!(["ns1.zone.test"])),
        (
            "SOA",
            json!(["ns1.zone.test hostmaster.zone.test 7 7200 900 1209600 300"]),
        ),
        ("SRV", json!(["10 5 443 srv.zone.test"])),
        ("CAA", json!(["0 issue \"ca.test\""])),
    ];
    let all = records.into_iter().flat_map(|(record, values)| {
        let expected = json!({"expected": values, "expected_match": "exact"});
        [
            asked(format!("records of the type {record}"), "zone.test", record)
                .with(&expected)
                .up()
                .says("/facts/records/0/value", values[0].clone())
                .says("/facts/records/0/ttl_s", 300)
                .says("/facts/code", "NOERROR"),
            by_https(
                format!("records of the type {record} over HTTPS"),
                "zone.test",
                record,
            )
            .with(&expected)
            .up()
            .says("/facts/records/0/value", values[0].clone()),
        ]
    });
    let aliases = json!(["second.chain.test", "third.chain.test", "loopback.test"]);
    all.chain([
        asked("a record of the type CNAME", "alias.test", "CNAME")
            .with(&json!({"expected": ["loopback.test"]}))
            .up(),
        asked("a chain of aliases", "chain.test", "A")
            .up()
            .says("/facts/records/0/value", "127.0.0.1")
            .says("/facts/aliases", aliases),
        asked("an answer larger than a datagram", "large.test", "TXT")
            .up()
            .says("/facts/records/39/ttl_s", 300),
    ])
    .collect()
}

fn expectations() -> Vec<Case> {
    let mismatch = Reason::DnsMismatch;
    let expecting = |what: &str, how: &str, expected: Value| {
        asked(what, "zone.test", "A").with(&json!({"expected": expected, "expected_match": how}))
    };
    vec![
        expecting("one of the values", "any", json!(["192.0.2.2", "192.0.2.9"])).up(),
        expecting("none of the values", "any", json!(["192.0.2.8", "192.0.2.9"])).down_by_rule(mismatch),
        expecting("a value among others", "all", json!(["192.0.2.2"])).up(),
        expecting(
            "a value that is missing",
            "all",
            json!(["192.0.2.2", "192.0.2.9"]),
        )
        .down_by_rule(mismatch),
        expecting("a value too many", "exact", json!(["192.0.2.2"])).down_by_rule(mismatch),
        asked("names as they are written", "ZONE.test.", "MX")
            .with(&json!({"expected": ["10  MX1.zone.test."]}))
            .up(),
        asked("a time to live as it should be", "zone.test", "A")
            .asserting(&json!([{"on": "ttl", "min_s": 60, "max_s": 300}]))
            .up(),
        asked("a time to live that is too short", "loopback.test", "A")
            .asserting(&json!([{"on": "ttl", "min_s": 60}]))
            .fails(&["ttl (1 s) >= 60 s"]),
        asked("an authenticated answer (AD)", "signed.test", "A")
            .with(&json!({"require_authenticated": true}))
            .up()
            .says("/facts/authenticated", true),
        asked("an answer that is not authenticated", "zone.test", "A")
            .with(&json!({"require_authenticated": true}))
            .down_by_rule(Reason::DnsNotAuthenticated),
        asked("a name that shall not exist", "absent.test", "A")
            .with(&json!({"expect_no_such_name": true}))
            .up()
            .says("/facts/code", "NXDOMAIN"),
        asked("a name that exists and shall not", "zone.test", "A")
            .with(&json!({"expect_no_such_name": true}))
            .down_by_rule(mismatch),
        asked("later than it should be", "delay-150.test", "A")
            .asserting(&json!([{"on": "latency", "max_ms": 100, "severity": "degraded"}]))
            .ends(&[edgewatch_protocol::observation::Outcome::Degraded {
                reason: Reason::AssertionFailed,
            }])
            .takes(Phase::Dns, 150),
    ]
}

fn codes() -> Vec<Case> {
    vec![
        answered(asked("NXDOMAIN", "absent.test", "A"), Reason::DnsNotFound).says("/facts/code", "NXDOMAIN"),
        answered(
            asked("an alias of nothing", "dangling.test", "A"),
            Reason::DnsNotFound,
        )
        .says("/facts/aliases", json!(["gone.test"])),
        answered(
            asked("no such record", "loopback.test", "MX"),
            Reason::DnsNotFound,
        )
        .says("/facts/code", "NOERROR"),
        answered(asked("SERVFAIL", "servfail.test", "A"), Reason::DnsFailed).says("/facts/code", "SERVFAIL"),
        answered(asked("REFUSED", "refused.test", "A"), Reason::DnsFailed).says("/facts/code", "REFUSED"),
        answered(asked("nonsense", "garbage.test", "A"), Reason::DnsFailed).differs(
            HostKind::Agent,
            "over UDP anybody can send nonsense: it is passed over, and then the resolver has not answered",
            &[
                Change::Ends(vec![unmeasured(Reason::ServiceUnavailable)]),
                Change::Shows(Phase::Dns, Shape::NotReached),
            ],
        ),
        asked("never answered", "never.test", "A").times_out(400, Phase::Dns),
    ]
}

fn over_https() -> Vec<Case> {
    let at = |what: &str, url: &str| {
        by_https(what, "loopback.test", "A").with(&json!({"resolver": {"by": "https", "url": url}}))
    };
    // The whole answer came; what is wrong is in it.
    let read = |case: Case| {
        let phases = [Phase::Tcp, Phase::Request, Phase::Ttfb, Phase::Body];
        phases.into_iter().fold(case, Case::measures).has_no(Phase::Tls)
    };
    vec![
        read(by_https("NXDOMAIN over HTTPS", "absent.test", "A")).down(Reason::DnsNotFound, Phase::Dns),
        read(by_https("SERVFAIL over HTTPS", "servfail.test", "A")).down(Reason::DnsFailed, Phase::Dns),
        read(by_https("nonsense over HTTPS", "garbage.test", "A")).down(Reason::DnsFailed, Phase::Dns),
        read(by_https("a server out of order over HTTPS", "http-503.test", "A"))
            .down(Reason::ProtocolError, Phase::Body),
        read(at("a page instead of an answer", "{http}/healthy")).down(Reason::ProtocolError, Phase::Body),
        by_https("150 ms over HTTPS", "delay-150.test", "A")
            .up()
            .takes(Phase::Ttfb, 150),
        by_https("never answered over HTTPS", "never.test", "A").times_out(400, Phase::Ttfb),
        by_https("authenticated over HTTPS", "signed.test", "A")
            .with(&json!({"require_authenticated": true}))
            .up(),
        at(
            "a resolver by name over TLS",
            "https://loopback.test:{port.https.good}/dns-query",
        )
        .up(),
        at(
            "a resolver with an expired certificate",
            "{https.expired}/dns-query",
        )
        .down(Reason::CertificateExpired, Phase::Tls),
        at(
            "a resolver that redirects",
            "{http}/redirect-to?status=307&url=/dns-query",
        )
        .shows(Phase::Body, Shape::Any)
        .ends(&[crate::case::down(Reason::ProtocolError, Phase::Body)]),
        refused(at(
            "a resolver that is not there",
            "http://{tcp.refused}/dns-query",
        )),
    ]
}

fn servers() -> Vec<Case> {
    let both = ["tcp", "udp"].into_iter().flat_map(|by| {
        let upper = by.to_uppercase();
        [
            by_server(&format!("a server by {upper}"), "zone.test", "MX", by)
                .with(&json!({"expected": ["10 mx1.zone.test"]}))
                .up(),
            by_server(&format!("150 ms by {upper}"), "delay-150.test", "A", by)
                .up()
                .takes(Phase::Ttfb, 150),
            by_server(&format!("never answered by {upper}"), "never.test", "A", by)
                .times_out(400, Phase::Ttfb),
            by_server(&format!("authenticated by {upper}"), "signed.test", "A", by)
                .with(&json!({"require_authenticated": true}))
                .up(),
        ]
    });
    let tcp_alone = [
        by_server("NXDOMAIN by TCP", "absent.test", "A", "tcp")
            .down(Reason::DnsNotFound, Phase::Dns)
            .measures(Phase::Tcp)
            .measures(Phase::Request)
            .measures(Phase::Ttfb)
            .measures(Phase::Body),
        by_server("a server that hangs up by TCP", "zone.test", "A", "tcp")
            .with(&json!({"resolver": {"by": "tcp", "host": "127.0.0.1", "port": "{port.tcp.tls_closed}"}}))
            .down(Reason::ConnectionReset, Phase::Ttfb),
        refused(
            by_server("a server that is not there by TCP", "zone.test", "A", "tcp")
                .with(&json!({"resolver": {"by": "tcp", "host": "127.0.0.1", "port": "{port.tcp.refused}"}})),
        ),
    ];
    let udp_alone = [
        by_server("NXDOMAIN by UDP", "absent.test", "A", "udp")
            .down(Reason::DnsNotFound, Phase::Dns)
            .measures(Phase::Ttfb),
        by_server("more than a datagram by UDP", "large.test", "TXT", "udp")
            .up()
            .says("/facts/records/39/ttl_s", 300)
            .measures(Phase::Tcp)
            .measures(Phase::Request)
            .measures(Phase::Body),
        by_server("a server that is not there by UDP", "zone.test", "A", "udp")
            .with(&json!({"resolver": {"by": "udp", "host": "127.0.0.1", "port": "{port.tcp.refused}"}}))
            .down(Reason::ConnectRefused, Phase::Ttfb),
    ];
    both.chain(tcp_alone).chain(udp_alone).collect()
}
