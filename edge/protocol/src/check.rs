//! What a check does: its type and that type's settings, one file a type.

pub mod dns;
pub mod domain;
pub mod grpc;
pub mod heartbeat;
pub mod http;
pub mod ping;
pub mod script;
pub mod shared;
pub mod steps;
pub mod tcp;
pub mod tls;
pub mod udp;
pub mod websocket;

pub use self::{
    dns::DnsCheck,
    domain::DomainCheck,
    grpc::GrpcCheck,
    heartbeat::HeartbeatCheck,
    http::{HttpAuth, HttpCheck, Method, PhaseMode},
    ping::PingCheck,
    script::ScriptCheck,
    shared::Header,
    steps::StepsCheck,
    tcp::TcpCheck,
    tls::TlsCheck,
    udp::UdpCheck,
    websocket::WebSocketCheck,
};

use serde::{Deserialize, Deserializer, Serialize};

/// Makes [`Check`] and [`for_check`](crate::for_check) of one list, so that a type is added in one place.
macro_rules! check_types {
    ($d:tt $($(#[doc = $doc:literal])+ $variant:ident($settings:ident) = $name:literal;)+) => {
        /// A check by type. A type that this build does not know is kept apart, so that a probe reports it as
        /// `unmeasured (unsupported)` instead of refusing its whole assignment.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(tag = "type")]
        pub enum Check {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant($settings),)+
            /// A type of a newer protocol version.
            #[serde(rename = "unknown", other)]
            Unknown,
        }

        impl Check {
            /// The names of all types.
            pub const TYPES: &'static [&'static str] = &[$($name),+];

            /// The type's name: also the capability that every probe needs to run such a check.
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                    Self::Unknown => "unknown",
                }
            }
        }

        $(impl From<$settings> for Check {
            fn from(settings: $settings) -> Self {
                Self::$variant(settings)
            }
        })+

        /// Does the same with the settings of a check of whichever type:
        /// `for_check!(check, settings => settings.target(), unknown => String::new())`.
        #[macro_export]
        macro_rules! for_check {
            ($d check:expr, $d bound:ident => $d known:expr, unknown => $d unknown:expr) => {
                match $d check {
                    $($crate::check::Check::$variant($d bound) => $d known,)+
                    $crate::check::Check::Unknown => $d unknown,
                }
            };
        }
    };
}

check_types! { $
    /// An HTTP(S) request and assertions on its response.
    Http(HttpCheck) = "http";
    /// Several HTTP(S) requests, each of which may use what an earlier one answered.
    Steps(StepsCheck) = "steps";
    /// A TCP connection, and what is said on it.
    Tcp(TcpCheck) = "tcp";
    /// A server's certificates.
    Tls(TlsCheck) = "tls";
    /// A DNS query.
    Dns(DnsCheck) = "dns";
    /// When a domain's registration ends.
    Domain(DomainCheck) = "domain";
    /// ICMP echo requests.
    Ping(PingCheck) = "ping";
    /// A datagram and its answer.
    Udp(UdpCheck) = "udp";
    /// The health service of a gRPC server.
    Grpc(GrpcCheck) = "grpc";
    /// A WebSocket connection, and what is said on it.
    #[doc = "Upgraded from HTTP/1.1 (RFC 6455)."]
    WebSocket(WebSocketCheck) = "websocket";
    /// A job that calls a secret URL when it has run.
    Heartbeat(HeartbeatCheck) = "heartbeat";
    /// A program on the agent's own machine.
    Script(ScriptCheck) = "script";
}

/// Reads the check of an assignment or a test run. One that this build cannot read, such as for a condition or a mode of
/// a newer minor version, becomes [`Check::Unknown`]: it is this one check that is not supported, not the whole message.
pub(crate) fn deserialize_or_unknown<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Check, D::Error> {
    let check = serde_json::Value::deserialize(deserializer)?;
    Ok(Check::deserialize(check).unwrap_or(Check::Unknown))
}
