//! What a probe can do. The name of each check type is a capability ([`crate::check::Check::type_name`]); those here
//! are what a single setting may ask for beside it.

/// HTTP/2, also for gRPC.
pub const HTTP2: &str = "http2";
/// TLS client certificates.
pub const CLIENT_CERTIFICATE: &str = "client_certificate";
/// HTTP proxies.
pub const PROXY: &str = "proxy";
/// Datagrams: UDP checks, and DNS checks that ask a server by UDP.
pub const UDP: &str = "udp";
/// Targets that have IPv6 addresses alone.
pub const IPV6: &str = "ipv6";

/// Everything that a native probe can do with the network; what depends on the machine (`ping`, `script`, [`IPV6`]) it
/// adds itself.
pub const NATIVE: &[&str] = &[
    "http",
    "steps",
    "tcp",
    "tls",
    "dns",
    "domain",
    "grpc",
    "websocket",
    HTTP2,
    CLIENT_CERTIFICATE,
    PROXY,
    UDP,
];

/// Everything that a probe can do over TCP streams and a way to ask a DNS-over-HTTPS resolver: WASM hosts.
pub const STREAMS: &[&str] = &["http", "steps", "tcp", "tls", "dns", "domain", "websocket"];
