//! Fields that several check types have.

use super::{Field, Kind, List, Look, Options, When, field};

pub const HOST: Field = field("/host", "Host", Kind::Text)
    .placeholder("host.example.com")
    .hint("A name or an address.")
    .required()
    .sixths(4);

pub const PORT: Field = field("/port", "Port", Kind::Number).required().sixths(2);

pub const IP_VERSION: Field = field(
    "/ip_version",
    "IP version",
    Kind::Select(&[
        ("any", "IPv4, then IPv6"),
        ("v4", "IPv4 only"),
        ("v6", "IPv6 only"),
    ]),
)
.default("any")
.sixths(3);

pub const ACCEPT_ANY: Field = field("/accept_any_certificate", "Accept any certificate", Kind::Toggle)
    .hint("Also an expired, foreign or self-signed one. Its facts are still recorded.");

pub const SENT_AS: Options = &[("", "Nothing"), ("text", "Text"), ("hex", "Bytes in hexadecimal")];

pub const SENT: Field = field("/send/value", "What is sent", Kind::Area(3))
    .hint("Text goes as it is written; bytes are two digits each, such as 0d 0a.")
    .required()
    .when(&[When("/send/as", &["text", "hex"])]);

pub const AUTH: [Field; 4] = [
    field(
        "/auth/scheme",
        "Credentials",
        Kind::Select(&[
            ("none", "None"),
            ("basic", "User name and password"),
            ("bearer", "Bearer token"),
        ]),
    )
    .default("none")
    .hint("Sent to the address's own origin only. Stored encrypted, never shown again."),
    field("/auth/username", "User name", Kind::Text)
        .required()
        .sixths(3)
        .when(&[When("/auth/scheme", &["basic"])]),
    field("/auth/password", "Password", Kind::Secret)
        .required()
        .sixths(3)
        .when(&[When("/auth/scheme", &["basic"])]),
    field("/auth/token", "Token", Kind::Secret)
        .required()
        .when(&[When("/auth/scheme", &["bearer"])]),
];

pub const HEADERS: List = List {
    fields: &[
        field("/name", "Header name", Kind::Text)
            .placeholder("Accept")
            .required(),
        field("/value", "Header value", Kind::Verbatim)
            .placeholder("application/json")
            .required(),
    ],
    one: "header",
    look: Look::Pair,
    tag: "",
    fresh: |_| "{}",
};

pub const HEADER_LIST: Field = field("/headers", "Headers", Kind::List(&HEADERS));

const CONDITIONS: Options = &[
    ("equal", "equals"),
    ("not_equal", "does not equal"),
    ("contains", "contains"),
    ("not_contains", "does not contain"),
    ("matches", "matches"),
    ("not_matches", "does not match"),
    ("greater_than", "is greater than"),
    ("less_than", "is less than"),
    ("present", "is present"),
    ("absent", "is absent"),
];

const ON_TEXT: When = When("/on", &["header", "body", "json_path", "reply"]);

const fn assertion_fields(subjects: Options) -> [Field; 12] {
    [
        field("/on", "What is looked at", Kind::Select(subjects)).required(),
        field("/allowed", "Statuses", Kind::Text)
            .hint("is one of")
            .placeholder("200-299,304")
            .required()
            .when(&[When("/on", &["status"])]),
        field("/name", "Header name", Kind::Text)
            .placeholder("content-type")
            .required()
            .when(&[When("/on", &["header"])]),
        field("/path", "JSON path", Kind::Text)
            .placeholder("$.status")
            .required()
            .when(&[When("/on", &["json_path"])]),
        field("/is", "Condition", Kind::Select(CONDITIONS))
            .required()
            .when(&[ON_TEXT]),
        field("/value", "Value", Kind::Verbatim)
            .placeholder("value")
            .required()
            .when(&[
                ON_TEXT,
                When(
                    "/is",
                    &[
                        "equal",
                        "not_equal",
                        "contains",
                        "not_contains",
                        "matches",
                        "not_matches",
                        "greater_than",
                        "less_than",
                    ],
                ),
            ]),
        field("/max_ms", "Milliseconds", Kind::Number)
            .hint("at most")
            .unit("ms")
            .required()
            .when(&[When("/on", &["latency", "jitter"])]),
        field("/min_days", "Days", Kind::Number)
            .hint("valid for")
            .unit("days")
            .required()
            .when(&[When("/on", &["certificate_days"])]),
        field("/min_s", "Least seconds", Kind::Number)
            .hint("from")
            .default("0")
            .when(&[When("/on", &["ttl"])]),
        field("/max_s", "Most seconds", Kind::Number)
            .hint("to")
            .unit("s")
            .placeholder("any")
            .when(&[When("/on", &["ttl"])]),
        field("/max_percent", "Percent", Kind::Number)
            .hint("at most")
            .unit("%")
            .required()
            .when(&[When("/on", &["packet_loss"])]),
        field(
            "/severity",
            "What a failure means",
            Kind::Select(&[("down", "else down"), ("degraded", "else degraded")]),
        )
        .default("down"),
    ]
}

fn fresh_assertion(on: &str) -> &'static str {
    match on {
        "status" => r#"{"allowed":"200-299"}"#,
        "latency" => r#"{"max_ms":1000,"severity":"degraded"}"#,
        "jitter" => r#"{"max_ms":30,"severity":"degraded"}"#,
        "certificate_days" => r#"{"min_days":14,"severity":"degraded"}"#,
        "packet_loss" => r#"{"max_percent":0,"severity":"degraded"}"#,
        "ttl" => r#"{"min_s":60,"severity":"degraded"}"#,
        _ => r#"{"is":"contains"}"#,
    }
}

const fn list(fields: &'static [Field]) -> List {
    List {
        fields,
        one: "assertion",
        look: Look::Assertion,
        tag: "/on",
        fresh: fresh_assertion,
    }
}

const LATENCY: (&str, &str) = ("latency", "Total time");
const CERTIFICATE: (&str, &str) = ("certificate_days", "Certificate");
const HEADER: (&str, &str) = ("header", "Header");
const REPLY: (&str, &str) = ("reply", "Reply");

pub const HTTP_ASSERTIONS: List = list(&assertion_fields(&[
    ("status", "Status"),
    ("body", "Body"),
    ("json_path", "JSON value"),
    HEADER,
    LATENCY,
    CERTIFICATE,
]));
pub const WEBSOCKET_ASSERTIONS: List = list(&assertion_fields(&[REPLY, HEADER, LATENCY, CERTIFICATE]));
pub const STREAM_ASSERTIONS: List = list(&assertion_fields(&[REPLY, LATENCY, CERTIFICATE]));
pub const CALL_ASSERTIONS: List = list(&assertion_fields(&[LATENCY, CERTIFICATE]));
pub const REPLY_ASSERTIONS: List = list(&assertion_fields(&[REPLY, LATENCY]));
pub const DNS_ASSERTIONS: List = list(&assertion_fields(&[("ttl", "Time to live"), LATENCY]));
pub const PING_ASSERTIONS: List = list(&assertion_fields(&[
    ("packet_loss", "Packet loss"),
    ("jitter", "Jitter"),
    ("latency", "Mean round trip"),
]));
pub const LATENCY_ASSERTIONS: List = list(&assertion_fields(&[LATENCY]));

pub const fn assertions(list: &'static List) -> Field {
    field("/assertions", "Assertions", Kind::List(list))
}
