//! TCP: what is said on a connection, what is expected, and protocols that begin with a greeting.

use super::connections::refused;
use crate::case::{Case, Shape, check, down};
use edgewatch_protocol::{phase::Phase, reason::Reason};
use serde_json::{Value, json};

/// A check of a listener.
fn tcp(name: impl Into<String>, listener: &str) -> Case {
    let port = format!("{{port.tcp.{listener}}}");
    check(name, json!({"type": "tcp", "host": "127.0.0.1", "port": port}))
}

fn replies(wanted: &str) -> Value {
    json!([{"on": "reply", "is": "contains", "value": wanted}])
}

/// Says `PING` to a listener and wants `+PONG`.
fn pings(name: &str, listener: &str) -> Case {
    tcp(name, listener)
        .with(&json!({"send": {"as": "text", "value": "PING\r\n"}}))
        .asserting(&replies("+PONG"))
}

/// Hears a listener that speaks first.
fn hears(name: &str, listener: &str) -> Case {
    tcp(name, listener).asserting(&replies("hello there"))
}

/// The greeting of a protocol.
fn preset(name: &str, listener: &str, protocol: &str) -> Case {
    tcp(name, listener).with(&json!({"protocol": protocol}))
}

/// TLS within TLS's own listener, of a certificate for `localhost`.
fn within_tls(case: Case) -> Case {
    case.with(&json!({"security": "tls", "host": "localhost"}))
}

/// TLS that is asked for: what is said comes before it.
fn starttls(name: &str, listener: &str, protocol: &str) -> Case {
    let case = preset(name, listener, protocol)
        .with(&json!({"security": "starttls", "host": "localhost"}))
        .measures(Phase::Ttfb)
        .measures(Phase::Body);
    match protocol {
        "postgres" => case.measures(Phase::Request),
        _ => case.has_no(Phase::Request),
    }
}

/// A server that does not begin TLS.
fn does_not_begin(case: Case) -> Case {
    case.down(Reason::StartTlsRefused, Phase::Tls)
        .shows(Phase::Tls, Shape::NotReached)
        .shows(Phase::Body, Shape::NotReached)
}

pub fn cases() -> Vec<Case> {
    [
        connecting(),
        greetings(),
        answers(),
        tls(),
        mail_and_database(),
        beginning_tls(),
    ]
    .concat()
}

fn connecting() -> Vec<Case> {
    let reset = |phase| down(Reason::ConnectionReset, phase);
    vec![
        tcp("tcp: connected", "silent").up().says("/address", "127.0.0.1"),
        tcp("tcp: connected by name", "silent")
            .with(&json!({"host": "loopback.test"}))
            .up()
            .takes(Phase::Dns, 0),
        tcp("tcp: a name that takes 150 ms to look up", "silent")
            .with(&json!({"host": "delay-150.test"}))
            .up()
            .takes(Phase::Dns, 150)
            .takes(Phase::Tcp, 0),
        tcp("tcp: a name that does not exist", "silent")
            .with(&json!({"host": "absent.test"}))
            .down(Reason::DnsNotFound, Phase::Dns),
        tcp("tcp: a name without the address that is asked for", "silent")
            .with(&json!({"host": "loopback.test", "ip_version": "v6"}))
            .down(Reason::DnsNotFound, Phase::Dns),
        tcp("tcp: many addresses, of which the last answers", "silent")
            .with(&json!({"host": "many.test"}))
            .up()
            .says("/address", "127.0.0.1"),
        refused(tcp("tcp: refused", "refused")),
        tcp("tcp: never connected", "connect_never").times_out(400, Phase::Tcp),
        tcp("tcp: connected a second late", "connect_slow")
            .up()
            .takes_by_kernel(Phase::Tcp, 1_000, 30),
        // Whether the platform calls it a connection is a race.
        hears("tcp: reset as soon as it is connected", "reset")
            .ends(&[down(Reason::ConnectFailed, Phase::Tcp), reset(Phase::Ttfb)])
            .shows(Phase::Tcp, Shape::Any)
            .shows(Phase::Tls, Shape::Any)
            .shows(Phase::Request, Shape::Any),
        hears("tcp: closed as soon as it is connected", "closed").down(Reason::ConnectionReset, Phase::Ttfb),
    ]
}

fn greetings() -> Vec<Case> {
    vec![
        hears("tcp: a greeting", "greeter")
            .up()
            .says("/facts/text", "hello there\n")
            .says("/facts/bytes", 13),
        hears("tcp: a greeting after 150 ms", "late_greeter")
            .up()
            .takes(Phase::Ttfb, 150)
            .takes(Phase::Body, 0),
        hears("tcp: a greeting in three pieces", "split_greeter")
            .up()
            .takes(Phase::Ttfb, 0)
            .takes(Phase::Body, 120)
            .says("/facts/bytes", 13),
        hears("tcp: a greeting and then the end", "closing_greeter").up(),
        tcp("tcp: a greeting that nobody waits for", "greeter")
            .up()
            .says("/facts", Value::Null),
        tcp("tcp: another greeting, and then the end", "closing_greeter")
            .asserting(&replies("good day"))
            .down_by_rule(Reason::AssertionFailed)
            .says("/facts/text", "hello there\n"),
        // What does not hold by the end of the time is judged.
        tcp("tcp: another greeting, and then silence", "greeter")
            .asserting(&replies("good day"))
            .down_by_rule(Reason::AssertionFailed)
            .within(400)
            .takes_in_all(400),
        hears("tcp: half a greeting", "half_greeter")
            .down_by_rule(Reason::AssertionFailed)
            .within(400)
            .takes_in_all(400)
            .says("/facts/text", "hel"),
        hears("tcp: no greeting", "silent").times_out(400, Phase::Ttfb),
        tcp("tcp: more than is listened to", "flooder")
            .asserting(&replies("hello"))
            .down_by_rule(Reason::AssertionFailed),
        tcp("tcp: a greeting that should not be", "greeter")
            .asserting(
                &json!([{"on": "reply", "is": "not_contains", "value": "hello", "severity": "degraded"}]),
            )
            .within(400)
            .ends(&[edgewatch_protocol::observation::Outcome::Degraded {
                reason: Reason::AssertionFailed,
            }]),
        tcp("tcp: a greeting by its pattern", "greeter")
            .asserting(&json!([{"on": "reply", "is": "matches", "value": "^hello \\w+\\r\\n$"}]))
            .up(),
        tcp("tcp: later than it should be", "late_greeter")
            .asserting(&json!([
                {"on": "reply", "is": "contains", "value": "there"},
                {"on": "latency", "max_ms": 100, "severity": "degraded"}
            ]))
            .ends(&[edgewatch_protocol::observation::Outcome::Degraded {
                reason: Reason::AssertionFailed,
            }]),
    ]
}

fn answers() -> Vec<Case> {
    vec![
        pings("tcp: an answer", "answerer")
            .up()
            .says("/facts/text", "+PONG\n")
            .says("/facts/bytes", 7),
        pings("tcp: an answer after 150 ms", "late_answerer")
            .up()
            .takes(Phase::Ttfb, 150),
        tcp("tcp: something said, nothing expected", "answerer")
            .with(&json!({"send": {"as": "text", "value": "PING\r\n"}}))
            .up(),
        tcp("tcp: bytes and their answer", "binary_answerer")
            .with(&json!({"send": {"as": "hex", "value": "00 ff 10"}}))
            .asserting(&replies("!"))
            .up()
            .says("/facts/bytes", 3),
        pings("tcp: a wrong answer", "refusing_answerer")
            .down_by_rule(Reason::AssertionFailed)
            .says("/facts/text", "-ERR\n"),
        pings("tcp: no answer", "silent").times_out(400, Phase::Ttfb),
        pings("tcp: reset instead of an answer", "resetting_answerer")
            .down(Reason::ConnectionReset, Phase::Ttfb),
        pings("tcp: closed instead of an answer", "closing_answerer")
            .down(Reason::ConnectionReset, Phase::Ttfb),
        pings("tcp: reset in the middle of an answer", "breaking_answerer")
            .down(Reason::ConnectionReset, Phase::Body)
            .says("/facts/text", "+PO"),
    ]
}

fn tls() -> Vec<Case> {
    let connected = |name: &str, kind: &str| {
        let port = format!("{{port.https.{kind}}}");
        within_tls(check(name, json!({"type": "tcp", "port": port})))
    };
    vec![
        connected("tcp: TLS", "good")
            .up()
            .says("/certificate/fingerprint", "{fingerprint.good}"),
        connected("tcp: TLS held for 300 ms", "held")
            .up()
            .takes(Phase::Tls, 300),
        connected("tcp: TLS held too long", "held").times_out(200, Phase::Tls),
        connected("tcp: TLS, an expired certificate", "expired").down(Reason::CertificateExpired, Phase::Tls),
        connected("tcp: TLS, an expired certificate, any accepted", "expired")
            .with(&json!({"accept_any_certificate": true}))
            .up(),
        connected("tcp: TLS, a certificate of somebody else", "wrong_host")
            .down(Reason::CertificateWrongHost, Phase::Tls),
        connected("tcp: TLS, a self-signed certificate", "self_signed")
            .down(Reason::CertificateUntrusted, Phase::Tls),
        connected("tcp: TLS, a certificate of three days", "expiring")
            .asserting(&json!([{"on": "certificate_days", "min_days": 14, "severity": "degraded"}]))
            .degrades(&["certificate days (3) >= 14"]),
        within_tls(tcp("tcp: TLS at a plain port", "banner")).down(Reason::TlsHandshake, Phase::Tls),
        within_tls(tcp("tcp: TLS never answered", "silent")).times_out(400, Phase::Tls),
        within_tls(tcp("tcp: TLS reset in the handshake", "tls_reset"))
            .down(Reason::ConnectionReset, Phase::Tls),
        within_tls(tcp("tcp: a greeting within TLS", "tls_greeter"))
            .asserting(&replies("hello within"))
            .up()
            .takes(Phase::Ttfb, 60),
        within_tls(pings("tcp: an answer within TLS", "tls_answerer")).up(),
        within_tls(pings("tcp: closed within TLS", "tls_closing_answerer"))
            .down(Reason::ConnectionReset, Phase::Ttfb),
        within_tls(preset("tcp: IMAP within TLS", "imaps", "imap"))
            .up()
            .takes(Phase::Ttfb, 60),
        connected("tcp: PostgreSQL within TLS", "good")
            .with(&json!({"protocol": "postgres"}))
            .up(),
    ]
}

fn mail_and_database() -> Vec<Case> {
    vec![
        preset("tcp: SMTP", "smtp", "smtp")
            .up()
            .takes(Phase::Body, 100)
            .says("/facts/text", "220 mail.test ESMTP\n250-mail.test\n250 HELP"),
        preset("tcp: SMTP in lines and pieces", "smtp_in_lines", "smtp")
            .up()
            .takes(Phase::Body, 60),
        preset("tcp: SMTP that does not serve", "smtp_busy", "smtp").down(Reason::ProtocolError, Phase::Body),
        preset("tcp: SMTP that stops half-way", "smtp_half", "smtp").times_out(400, Phase::Body),
        preset("tcp: SMTP that is SSH", "banner", "smtp").down(Reason::ProtocolError, Phase::Body),
        preset("tcp: SMTP whose banner is looked at", "smtp", "smtp")
            .asserting(&replies("mail.test"))
            .up(),
        preset("tcp: SMTP with another banner", "smtp", "smtp")
            .asserting(&replies("mail.example"))
            .down_by_rule(Reason::AssertionFailed),
        preset("tcp: IMAP", "imap", "imap")
            .up()
            .says("/facts/text", "* OK [CAPABILITY IMAP4rev1] ready"),
        preset("tcp: IMAP that says good-bye", "imap_bye", "imap").down(Reason::ProtocolError, Phase::Body),
        preset("tcp: POP3", "pop3", "pop3")
            .up()
            .says("/facts/text", "+OK ready"),
        preset("tcp: POP3 that does not serve", "pop3_busy", "pop3").down(Reason::ProtocolError, Phase::Body),
        preset("tcp: PostgreSQL", "postgres", "postgres")
            .up()
            .takes(Phase::Ttfb, 100)
            .says("/facts/text", "S"),
        preset("tcp: PostgreSQL without TLS", "postgres_without_tls", "postgres")
            .up()
            .says("/facts/text", "N"),
        preset("tcp: PostgreSQL with an error", "postgres_error", "postgres")
            .down(Reason::ProtocolError, Phase::Body),
        preset("tcp: PostgreSQL that is silent", "silent", "postgres").times_out(400, Phase::Ttfb),
        preset("tcp: a mail server that hangs up", "closed", "pop3")
            .down(Reason::ConnectionReset, Phase::Ttfb),
    ]
}

fn beginning_tls() -> Vec<Case> {
    vec![
        starttls("tcp: STARTTLS in SMTP", "smtp_starttls", "smtp")
            .up()
            .takes(Phase::Body, 100)
            .says("/certificate/fingerprint", "{fingerprint.good}"),
        starttls("tcp: STARTTLS in IMAP", "imap_starttls", "imap")
            .up()
            .says("/certificate/fingerprint", "{fingerprint.good}"),
        starttls("tcp: STARTTLS in POP3", "pop3_starttls", "pop3")
            .up()
            .says("/certificate/fingerprint", "{fingerprint.good}"),
        starttls("tcp: STARTTLS in PostgreSQL", "postgres", "postgres")
            .up()
            .takes(Phase::Ttfb, 100)
            .says("/certificate/fingerprint", "{fingerprint.good}"),
        starttls(
            "tcp: STARTTLS, an expired certificate",
            "smtp_starttls_expired",
            "smtp",
        )
        .down(Reason::CertificateExpired, Phase::Tls)
        .says("/certificate/fingerprint", "{fingerprint.expired}"),
        starttls(
            "tcp: STARTTLS, any certificate accepted",
            "smtp_starttls_expired",
            "smtp",
        )
        .with(&json!({"accept_any_certificate": true}))
        .up(),
        does_not_begin(starttls(
            "tcp: SMTP that does not offer TLS",
            "smtp_without_tls",
            "smtp",
        )),
        does_not_begin(starttls(
            "tcp: SMTP that refuses TLS",
            "smtp_refusing_tls",
            "smtp",
        )),
        does_not_begin(starttls(
            "tcp: IMAP that refuses TLS",
            "imap_refusing_tls",
            "imap",
        )),
        does_not_begin(starttls(
            "tcp: POP3 that refuses TLS",
            "pop3_refusing_tls",
            "pop3",
        )),
        does_not_begin(starttls(
            "tcp: PostgreSQL that refuses TLS",
            "postgres_without_tls",
            "postgres",
        )),
        // Nothing that came without TLS may be taken for something that came within.
        starttls("tcp: words before TLS", "smtp_early", "smtp").down(Reason::ProtocolError, Phase::Tls),
        starttls(
            "tcp: SMTP that hangs up instead of TLS",
            "smtp_hanging_up",
            "smtp",
        )
        .down(Reason::ConnectionReset, Phase::Body)
        .shows(Phase::Tls, Shape::NotReached)
        .shows(Phase::Body, Shape::NotReached),
    ]
}
