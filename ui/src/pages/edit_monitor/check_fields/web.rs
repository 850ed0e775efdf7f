//! HTTP, multi-step, WebSocket, gRPC.

use super::{CheckType, FILLED, Field, Group, Kind, List, Look, Section, When, field, shared};
use crate::components::icon::Icon;

const METHODS: super::Options = &[
    ("GET", "GET"),
    ("HEAD", "HEAD"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("PATCH", "PATCH"),
    ("DELETE", "DELETE"),
    ("OPTIONS", "OPTIONS"),
];

const WITH_BODY: &[When] = &[When("/method", &["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])];

const ADDRESS: Field = field("/url", "Address", Kind::Joined("/method", "Method", METHODS))
    .placeholder("https://example.com/health")
    .default("GET")
    .required();
const BODY_FORMAT: Field = field(
    "/body_format",
    "Body is",
    Kind::Select(&[
        ("text", "Text, as it is"),
        ("json", "JSON"),
        ("form", "A form: one name=value a line"),
    ]),
)
.default("text")
.when(WITH_BODY)
.kept();
const BODY: Field = field("/body", "Body", Kind::Area(4)).when(WITH_BODY).kept();

const REDIRECTS: Field = field("/max_redirects", "Follow redirects", Kind::Number)
    .default("5")
    .hint("0 judges the redirect itself.")
    .required()
    .sixths(3);
const MAX_BODY: Field = field("/max_body_bytes", "Largest body, KiB", Kind::Kib)
    .default("1024")
    .hint("A larger one is down.")
    .required()
    .sixths(3);
const COOKIES: Field = field("/cookies", "Keep cookies", Kind::Toggle)
    .hint("What a redirect sets is sent with the requests after it, each to its own host.");

const CONNECTION: &[Field] = &[
    field(
        "/phases",
        "Measuring",
        Kind::Select(&[
            ("own", "Own connection: every phase and the certificate"),
            ("platform", "Platform's sockets and TLS: no certificate"),
            ("fetch", "Platform's HTTP client: first byte and body only"),
        ]),
    )
    .default("own")
    .hint("Where the platform forbids an own connection, the probe falls back and says so."),
    field(
        "/http_version",
        "HTTP version",
        Kind::Select(&[
            ("auto", "HTTP/2 where both can, else 1.1"),
            ("1.1", "HTTP/1.1 only"),
            ("2", "HTTP/2 only"),
        ]),
    )
    .default("auto")
    .sixths(3),
    shared::IP_VERSION,
    shared::ACCEPT_ANY,
    field("/proxy/url", "Proxy", Kind::Url)
        .placeholder("http://proxy.example.com:3128")
        .hint("Probes that can use proxies: agents."),
    field("/proxy/username", "Proxy user name", Kind::Text)
        .sixths(3)
        .when(&[When("/proxy/url", FILLED)]),
    field("/proxy/password", "Proxy password", Kind::Secret)
        .sixths(3)
        .when(&[When("/proxy/url", FILLED)]),
    field(
        "/client_certificate/certificate_pem",
        "Client certificate, PEM",
        Kind::Area(3),
    )
    .placeholder("-----BEGIN CERTIFICATE-----")
    .hint("Presented to the address's own origin, by probes that can: agents."),
    field(
        "/client_certificate/key_pem",
        "Its private key, PEM",
        Kind::Area(3),
    )
    .hint("Stored encrypted, never shown again.")
    .required()
    .when(&[When("/client_certificate/certificate_pem", FILLED)]),
];

pub const HTTP: CheckType = CheckType {
    name: "http",
    label: "HTTP(S)",
    about: "A page or an API answers as it should",
    group: Group::Web,
    icon: Icon::Globe,
    interval_s: "60",
    least_interval_s: 10,
    fresh: "{}",
    sections: &[
        Section {
            title: "Request",
            about: "What each region sends, as its own connection: nothing is cached or shared.",
            fields: &[
                ADDRESS,
                shared::HEADER_LIST,
                BODY_FORMAT,
                BODY,
                shared::AUTH[0],
                shared::AUTH[1],
                shared::AUTH[2],
                shared::AUTH[3],
            ],
        },
        Section {
            title: "Expectations",
            about: "What must hold of the response. Without a condition on the status, 200 to 299 is asked for.",
            fields: &[
                shared::assertions(&shared::HTTP_ASSERTIONS),
                REDIRECTS,
                MAX_BODY,
                COOKIES,
                field(
                    "",
                    "Connection, proxy and client certificate",
                    Kind::Fold(CONNECTION),
                ),
            ],
        },
    ],
};

const VARIABLES: List = List {
    fields: &[
        field("/name", "Variable name", Kind::Text)
            .placeholder("user")
            .required(),
        field("/value", "Variable value", Kind::Secret)
            .placeholder("kept secret")
            .required(),
    ],
    one: "variable",
    look: Look::Pair,
    tag: "",
    fresh: |_| "{}",
};

const EXTRACTIONS: List = List {
    fields: &[
        field("/name", "Variable name", Kind::Text)
            .placeholder("token")
            .required(),
        field(
            "/from",
            "Where it is",
            Kind::Select(&[
                ("json_path", "JSON value"),
                ("header", "Header"),
                ("regex", "Regular expression"),
            ]),
        )
        .required(),
        field("/path", "JSON path", Kind::Text)
            .placeholder("$.token")
            .required()
            .when(&[When("/from", &["json_path"])]),
        field("/field", "Header name", Kind::Text)
            .placeholder("location")
            .required()
            .when(&[When("/from", &["header"])]),
        field("/pattern", "Pattern", Kind::Text)
            .placeholder("id=(\\d+)")
            .required()
            .when(&[When("/from", &["regex"])]),
    ],
    one: "variable to keep",
    look: Look::Extraction,
    tag: "",
    fresh: |_| r#"{"from":"json_path"}"#,
};

const STEPS_LIST: List = List {
    fields: &[
        field("/name", "Step name", Kind::Text)
            .placeholder("Sign in")
            .required(),
        field(
            "/request",
            "",
            Kind::Group(&[
                ADDRESS,
                shared::HEADER_LIST,
                BODY_FORMAT,
                BODY,
                shared::AUTH[0],
                shared::AUTH[1],
                shared::AUTH[2],
                shared::AUTH[3],
                shared::assertions(&shared::HTTP_ASSERTIONS),
                field("", "Redirects and connection", Kind::Fold(STEP_CONNECTION)),
            ]),
        ),
        field("/extract", "Kept for later steps", Kind::List(&EXTRACTIONS)),
    ],
    one: "step",
    look: Look::Cards,
    tag: "",
    fresh: |_| "{}",
};

const STEP_CONNECTION: &[Field] = &[
    REDIRECTS,
    MAX_BODY,
    COOKIES,
    CONNECTION[0],
    CONNECTION[1],
    CONNECTION[2],
    CONNECTION[3],
    CONNECTION[4],
    CONNECTION[5],
    CONNECTION[6],
    CONNECTION[7],
    CONNECTION[8],
];

pub const STEPS: CheckType = CheckType {
    name: "steps",
    label: "Multi-step",
    about: "Requests in a row, each with what an earlier one answered",
    group: Group::Web,
    icon: Icon::Steps,
    interval_s: "300",
    least_interval_s: 10,
    fresh: r#"{"steps":[{"name":"Step 1","request":{}}]}"#,
    sections: &[
        Section {
            title: "Sequence",
            about: "{{name}} stands for a variable's value in addresses, headers, bodies, credentials and assertions.",
            fields: &[
                field(
                    "/variables",
                    "Variables from the beginning",
                    Kind::List(&VARIABLES),
                ),
                field("/cookies", "Keep cookies", Kind::Toggle)
                    .hint("What a step's answer sets is sent with the later ones, each to its own host."),
            ],
        },
        Section {
            title: "Steps",
            about: "Made in order, within the one time-out; the check ends at the first step that is down.",
            fields: &[field("/steps", "", Kind::List(&STEPS_LIST)).required()],
        },
    ],
};

pub const WEBSOCKET: CheckType = CheckType {
    name: "websocket",
    label: "WebSocket",
    about: "The upgrade succeeds, a message is answered",
    group: Group::Web,
    icon: Icon::Exchange,
    interval_s: "60",
    least_interval_s: 10,
    fresh: "{}",
    sections: &[
        Section {
            title: "Connection",
            about: "Upgraded from HTTP/1.1, then closed as the protocol wants it.",
            fields: &[
                field("/url", "Address", Kind::Url)
                    .placeholder("wss://example.com/live")
                    .required(),
                shared::HEADER_LIST,
                shared::AUTH[0],
                shared::AUTH[1],
                shared::AUTH[2],
                shared::AUTH[3],
                field("/subprotocol", "Subprotocol", Kind::Text)
                    .placeholder("none")
                    .hint("The server must choose it.")
                    .sixths(3),
                shared::IP_VERSION,
                shared::ACCEPT_ANY,
            ],
        },
        Section {
            title: "Message and reply",
            about: "With a condition on the reply, the check waits for the first message that comes.",
            fields: &[
                field("/send/as", "Send", Kind::Select(shared::SENT_AS)),
                shared::SENT,
                shared::assertions(&shared::WEBSOCKET_ASSERTIONS),
            ],
        },
    ],
};

const METADATA: List = List {
    one: "metadata",
    ..shared::HEADERS
};

pub const GRPC: CheckType = CheckType {
    name: "grpc",
    label: "gRPC health",
    about: "The health service says SERVING",
    group: Group::Web,
    icon: Icon::Braces,
    interval_s: "60",
    least_interval_s: 10,
    fresh: "{}",
    sections: &[Section {
        title: "Server",
        about: "Asked by grpc.health.v1.Health/Check over HTTP/2. That the service is SERVING is always asked for.",
        fields: &[
            shared::HOST,
            shared::PORT,
            field("/service", "Service", Kind::Text)
                .placeholder("the server as a whole")
                .hint("As the server registers it.")
                .sixths(3),
            shared::IP_VERSION,
            field("/tls", "TLS", Kind::Toggle).default("true"),
            shared::ACCEPT_ANY.when(&[When("/tls", &["true"])]),
            field("/metadata", "Metadata", Kind::List(&METADATA)),
            shared::assertions(&shared::CALL_ASSERTIONS),
        ],
    }],
};
