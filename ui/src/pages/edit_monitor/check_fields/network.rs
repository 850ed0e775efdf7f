//! TCP, UDP, ping, TLS certificate, DNS, domain.

use super::{CheckType, FILLED, Group, Kind, Section, When, field, shared};
use crate::components::icon::Icon;

pub const TCP: CheckType = CheckType {
    name: "tcp",
    label: "TCP",
    about: "A port opens, a server greets: SMTP, IMAP, PostgreSQL, anything",
    group: Group::Network,
    icon: Icon::Plug,
    interval_s: "60",
    least_interval_s: 10,
    fresh: "{}",
    sections: &[
        Section {
            title: "Connection",
            about: "Where to connect, and what is spoken there.",
            fields: &[
                shared::HOST,
                shared::PORT,
                field(
                    "/protocol",
                    "Protocol",
                    Kind::Select(&[
                        ("raw", "Any: connect, send, expect"),
                        ("smtp", "SMTP"),
                        ("imap", "IMAP"),
                        ("pop3", "POP3"),
                        ("postgres", "PostgreSQL"),
                    ]),
                )
                .default("raw")
                .sixths(3),
                field(
                    "/security",
                    "Security",
                    Kind::Select(&[("none", "None"), ("tls", "TLS from the first byte")]),
                )
                .default("none")
                .sixths(3)
                .when(&[When("/protocol", &["raw"])]),
                field(
                    "/security",
                    "Security",
                    Kind::Select(&[
                        ("none", "None"),
                        ("tls", "TLS from the first byte"),
                        ("starttls", "STARTTLS"),
                    ]),
                )
                .default("none")
                .sixths(3)
                .when(&[When("/protocol", &["smtp", "imap", "pop3", "postgres"])]),
                shared::IP_VERSION,
                shared::ACCEPT_ANY.when(&[When("/security", &["tls", "starttls"])]),
            ],
        },
        Section {
            title: "Dialogue",
            about: "With a condition on the reply, the check reads until it holds or the time is over.",
            fields: &[
                field("/send/as", "Send", Kind::Select(shared::SENT_AS)).when(&[When("/protocol", &["raw"])]),
                shared::SENT.when(&[When("/protocol", &["raw"]), When("/send/as", &["text", "hex"])]),
                shared::assertions(&shared::STREAM_ASSERTIONS),
            ],
        },
    ],
};

pub const UDP: CheckType = CheckType {
    name: "udp",
    label: "UDP",
    about: "A datagram is answered",
    group: Group::Network,
    icon: Icon::Send,
    interval_s: "60",
    least_interval_s: 10,
    fresh: r#"{"send":{"as":"text","value":""}}"#,
    sections: &[Section {
        title: "Datagram",
        about: "Without an answer it is down: silence cannot be told from a server that is gone.",
        fields: &[
            shared::HOST,
            shared::PORT,
            field(
                "/send/as",
                "Send",
                Kind::Select(&[("text", "Text"), ("hex", "Bytes in hexadecimal")]),
            )
            .required()
            .sixths(3),
            shared::IP_VERSION,
            shared::SENT,
            shared::assertions(&shared::REPLY_ASSERTIONS),
        ],
    }],
};

pub const PING: CheckType = CheckType {
    name: "ping",
    label: "Ping",
    about: "ICMP echo: loss, round trip, jitter",
    group: Group::Network,
    icon: Icon::Target,
    interval_s: "60",
    least_interval_s: 10,
    fresh: "{}",
    sections: &[Section {
        title: "Echo requests",
        about: "Without a condition on the loss, at least one answer is asked for.",
        fields: &[
            shared::HOST,
            shared::IP_VERSION.sixths(2),
            field("/count", "Requests", Kind::Number)
                .default("4")
                .required()
                .sixths(2),
            field("/spacing_ms", "Spacing, ms", Kind::Number)
                .default("200")
                .required()
                .sixths(2),
            field("/payload_bytes", "Data, bytes", Kind::Number)
                .default("56")
                .required()
                .sixths(2),
            shared::assertions(&shared::PING_ASSERTIONS),
        ],
    }],
};

pub const TLS: CheckType = CheckType {
    name: "tls",
    label: "TLS certificate",
    about: "The whole chain: days left, names, keys, pins",
    group: Group::Network,
    icon: Icon::Shield,
    interval_s: "3600",
    least_interval_s: 10,
    fresh: "{}",
    sections: &[
        Section {
            title: "Server",
            about: "Whose certificates are looked at.",
            fields: &[
                shared::HOST,
                shared::PORT.default("443"),
                field("/server_name", "Server name", Kind::Text)
                    .placeholder("the host")
                    .hint("Asked for by SNI, and looked for in the certificate.")
                    .sixths(3),
                field(
                    "/starttls",
                    "Begins with",
                    Kind::Select(&[
                        ("", "TLS"),
                        ("smtp", "STARTTLS of SMTP"),
                        ("imap", "STARTTLS of IMAP"),
                        ("pop3", "STLS of POP3"),
                        ("postgres", "PostgreSQL's SSLRequest"),
                    ]),
                )
                .sixths(3),
            ],
        },
        Section {
            title: "Expectations",
            about: "Days count to the end of whichever certificate of the chain ends first. An expired one is always down.",
            fields: &[
                field("/degraded_days", "Degraded below, days", Kind::Number)
                    .default("21")
                    .required()
                    .sixths(3),
                field("/down_days", "Down below, days", Kind::Number)
                    .default("3")
                    .required()
                    .sixths(3),
                field("/pins", "Pins", Kind::Lines(2)).hint(
                    "SHA-256 of certificates in hexadecimal, one a line; the chain must hold one of them.",
                ),
                field("/allow_untrusted", "Accept a private authority", Kind::Toggle)
                    .hint("The chain need not lead to a trusted root."),
                field("/allow_weak", "Accept weak keys and signatures", Kind::Toggle)
                    .hint("RSA below 2048 bits, MD5, SHA-1."),
                shared::IP_VERSION,
                shared::assertions(&shared::LATENCY_ASSERTIONS),
            ],
        },
    ],
};

pub const DNS: CheckType = CheckType {
    name: "dns",
    label: "DNS",
    about: "A name resolves to what it should",
    group: Group::Network,
    icon: Icon::Signpost,
    interval_s: "300",
    least_interval_s: 10,
    fresh: "{}",
    sections: &[
        Section {
            title: "Query",
            about: "What is asked, and whom.",
            fields: &[
                field("/name", "Name to resolve", Kind::Text)
                    .placeholder("example.com")
                    .required()
                    .sixths(4),
                field(
                    "/record",
                    "Record",
                    Kind::Select(&[
                        ("A", "A"),
                        ("AAAA", "AAAA"),
                        ("CNAME", "CNAME"),
                        ("MX", "MX"),
                        ("TXT", "TXT"),
                        ("NS", "NS"),
                        ("SOA", "SOA"),
                        ("SRV", "SRV"),
                        ("CAA", "CAA"),
                    ]),
                )
                .default("A")
                .sixths(2),
                field(
                    "/resolver/by",
                    "Resolver",
                    Kind::Select(&[
                        ("probe", "The probe's own"),
                        ("https", "DNS over HTTPS"),
                        ("udp", "A server, by UDP"),
                        ("tcp", "A server, by TCP"),
                    ]),
                )
                .default("probe"),
                field("/resolver/url", "Resolver's address", Kind::Url)
                    .placeholder("https://dns.example/dns-query")
                    .required()
                    .when(&[When("/resolver/by", &["https"])]),
                field("/resolver/host", "Resolver's host", Kind::Text)
                    .placeholder("ns1.example.com")
                    .required()
                    .sixths(4)
                    .when(&[When("/resolver/by", &["udp", "tcp"])]),
                field("/resolver/port", "Port", Kind::Number)
                    .default("53")
                    .required()
                    .sixths(2)
                    .when(&[When("/resolver/by", &["udp", "tcp"])]),
            ],
        },
        Section {
            title: "Expectations",
            about: "Without values, an answer with at least one record is asked for.",
            fields: &[
                field("/expected", "Values", Kind::Lines(3))
                    .placeholder("192.0.2.1")
                    .hint(
                        "One a line, as the DNS writes them: names without the last dot, TXT without quotes.",
                    )
                    .when(&[When("/expect_no_such_name", &["false"])]),
                field(
                    "/expected_match",
                    "The answer has",
                    Kind::Select(&[
                        ("all", "all of them, perhaps others"),
                        ("any", "at least one of them"),
                        ("exact", "exactly these"),
                    ]),
                )
                .default("all")
                .when(&[
                    When("/expect_no_such_name", &["false"]),
                    When("/expected", FILLED),
                ]),
                field("/expect_no_such_name", "There must be no such name", Kind::Toggle)
                    .hint("NXDOMAIN is what is asked for."),
                field("/require_authenticated", "Require DNSSEC", Kind::Toggle)
                    .hint("The resolver must have authenticated the answer (AD)."),
                shared::assertions(&shared::DNS_ASSERTIONS),
            ],
        },
    ],
};

pub const DOMAIN: CheckType = CheckType {
    name: "domain",
    label: "Domain",
    about: "When its registration ends",
    group: Group::Network,
    icon: Icon::Calendar,
    interval_s: "86400",
    least_interval_s: 3600,
    fresh: "{}",
    sections: &[Section {
        title: "Registration",
        about: "Asked of the registry by RDAP. Registries limit how often: once an hour at most.",
        fields: &[
            field("/domain", "Domain", Kind::Text)
                .placeholder("example.org")
                .required(),
            field("/degraded_days", "Degraded below, days", Kind::Number)
                .default("30")
                .required()
                .sixths(3),
            field("/down_days", "Down below, days", Kind::Number)
                .default("7")
                .required()
                .sixths(3),
            field("/registrar", "Registrar", Kind::Text)
                .placeholder("any")
                .hint("A part of its name that must be there."),
            field("/rdap_url", "RDAP server", Kind::Url)
                .placeholder("as IANA says")
                .hint("Only for domains that IANA's list does not know."),
        ],
    }],
};
