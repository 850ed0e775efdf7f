//! What a check of one type shows beside what all show.

use crate::{
    observation::{CertificateFacts, HttpFacts, Outcome},
    phase::PhaseTimes,
};
use serde::{Deserialize, Serialize};

/// What a check shows, by its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Facts {
    /// Of a TLS certificate check.
    Tls(TlsFacts),
    /// Of a DNS check.
    Dns(DnsFacts),
    /// Of a domain check.
    Domain(DomainFacts),
    /// Of a ping check.
    Ping(PingFacts),
    /// What a peer or a script said.
    Reply(ReplyFacts),
    /// Of a gRPC health check.
    Grpc(GrpcFacts),
    /// Of a multi-step check.
    Steps(StepsFacts),
    /// Of a type of a newer protocol version.
    #[serde(other)]
    Unknown,
}

/// The certificates that a server presented.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TlsFacts {
    /// The chain as presented, leaf first, at most ten.
    pub chain: Vec<CertificateFacts>,
    /// Why the chain is not trusted, in one line; absent when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_trusted: Option<String>,
}

/// An answer of the DNS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DnsFacts {
    /// The response code, such as `NOERROR`.
    pub code: String,
    /// The records of the type that was asked for, at most 50.
    pub records: Vec<DnsRecord>,
    /// The names that the answer led through (CNAME), in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Whether the resolver authenticated the answer (AD).
    pub authenticated: bool,
    /// Who was asked: a URL, or host and port; `system` where the machine's own resolver was.
    pub server: String,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DnsRecord {
    /// The value in presentation format (RFC 1035), names without the last dot, TXT without quotes.
    pub value: String,
    /// Time to live, seconds.
    pub ttl_s: u32,
}

/// A domain's registration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DomainFacts {
    /// When it ends, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<i64>,
    /// The registrar's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registrar: Option<String>,
    /// The statuses (RFC 8056), such as `client transfer prohibited`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<String>,
    /// The server that answered, as a URL.
    pub server: String,
}

/// Echo requests and their answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PingFacts {
    /// Requests sent.
    pub sent: u8,
    /// Answers that came in time.
    pub received: u8,
    /// The shortest round trip, microseconds; absent without an answer, as the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_us: Option<u32>,
    /// The mean round trip, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_us: Option<u32>,
    /// The longest round trip, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_us: Option<u32>,
    /// The mean difference of consecutive round trips, microseconds; absent with fewer than two answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_us: Option<u32>,
}

/// What a peer or a script said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplyFacts {
    /// The beginning, at most [`crate::observation::EXCERPT_BYTES`], as text; what looks like a secret is masked.
    pub text: String,
    /// Bytes that came.
    pub bytes: u64,
    /// A script's exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

/// What a gRPC server said of its health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrpcFacts {
    /// The call's status code; 0 is OK.
    pub status: u32,
    /// `SERVING`, `NOT_SERVING`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<String>,
}

/// The steps of a multi-step check, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepsFacts {
    /// One for each step that was begun.
    pub steps: Vec<StepFacts>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepFacts {
    /// The step's name.
    pub name: String,
    /// Its outcome.
    pub outcome: Outcome,
    /// Its phases.
    pub phases: PhaseTimes,
    /// How long it took, microseconds.
    pub total_us: u32,
    /// What the exchange showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpFacts>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
