//! RFC 9457 problem details, as the aggregator answers them to probes and to everybody else.

use serde::{Deserialize, Serialize};

/// The media type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// A problem. `type` is a relative reference such as `/problems/validation`, documented in `docs/problems.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// What kind of problem.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The kind in words; the same for every problem of a kind.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened here and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The fields at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// For `sequence-reused`: the head of the probe's chain as the aggregator has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<crate::batch::ChainHead>,
}

/// One field at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// RFC 6901 JSON pointer into the request's body, such as `/check/url`.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

macro_rules! problem_types {
    ($($(#[doc = $doc:literal])+ $name:ident = $slug:literal, $status:literal, $title:literal;)+) => {
        /// The kinds of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemType { $($(#[doc = $doc])+ $name,)+ }

        impl ProblemType {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The last segment of the type's reference.
            pub fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)+ }
            }

            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// The kind in words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

problem_types! {
    /// The body cannot be read.
    Malformed = "malformed", 400, "The request cannot be read";
    /// The message is of another major version.
    UnsupportedVersion = "unsupported-version", 400, "The protocol's major version differs";
    /// Fields are at fault.
    Validation = "validation", 422, "Some fields are not valid";
    /// Nobody is signed in, or the session is over.
    Unauthenticated = "unauthenticated", 401, "Sign in first";
    /// The signed-in user's role does not allow it.
    Forbidden = "forbidden", 403, "Your role does not allow this";
    /// There is no such thing.
    NotFound = "not-found", 404, "There is no such thing";
    /// The path exists, the method does not.
    MethodNotAllowed = "method-not-allowed", 405, "This method is not offered here";
    /// The state of things forbids it.
    Conflict = "conflict", 409, "The current state forbids this";
    /// It was changed since it was read.
    PreconditionFailed = "precondition-failed", 412, "It was changed in the meantime";
    /// The body is too large.
    TooLarge = "too-large", 413, "The request is too large";
    /// The body is of a media type that is not read here.
    UnsupportedMediaType = "unsupported-media-type", 415, "This media type is not read here";
    /// Too many requests.
    RateLimited = "rate-limited", 429, "Too many requests";
    /// An unforeseen fault of ours.
    Internal = "internal", 500, "Something went wrong on our side";
    /// The database or another necessity is away; try again.
    Unavailable = "unavailable", 503, "The service is not ready";
    /// There is no signature, or not over what must be covered.
    SignatureMissing = "signature-missing", 401, "The request is not signed as required";
    /// The signature or the digest does not hold.
    SignatureInvalid = "signature-invalid", 401, "The signature does not hold";
    /// The signature's time is off by more than the tolerance.
    ClockSkew = "clock-skew", 401, "The probe's clock is wrong";
    /// The nonce was seen before.
    Replay = "replay", 401, "The request was seen before";
    /// No such key is enrolled.
    UnknownKey = "unknown-key", 401, "This key is not enrolled";
    /// The key waits for approval.
    ProbePending = "probe-pending", 403, "The probe waits for approval";
    /// The key was revoked.
    ProbeRevoked = "probe-revoked", 403, "The probe's key was revoked";
    /// The enrolment token is unknown, used up for this region, or over.
    EnrolmentTokenInvalid = "enrolment-token-invalid", 403, "The enrolment token is not valid";
    /// Another batch has this number already.
    SequenceReused = "sequence-reused", 409, "Another batch has this number";
    /// The target is an address that the aggregator itself may not dial.
    TargetForbidden = "target-forbidden", 422, "The aggregator may not dial this address";
}

impl Problem {
    /// A problem of a kind without a detail.
    pub fn new(kind: ProblemType) -> Self {
        Self {
            type_uri: format!("/problems/{}", kind.slug()),
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: None,
            errors: Vec::new(),
            head: None,
        }
    }

    /// Says what happened and what to do about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the fields at fault.
    #[must_use]
    pub fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// The kind, if this build knows it.
    pub fn kind(&self) -> Option<ProblemType> {
        let slug = self.type_uri.strip_prefix("/problems/")?;
        ProblemType::ALL.iter().copied().find(|kind| kind.slug() == slug)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.title)?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
