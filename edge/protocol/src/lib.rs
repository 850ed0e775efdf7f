//! The wire contract between an Edgewatch probe and its aggregator.
//!
//! This crate owns what travels: check definitions and assignments one way, enrolments and signed batches of
//! observations the other, together with the signature over each request (RFC 9421, RFC 9530). It does no I/O, reads
//! no clock and draws no random numbers: time and randomness are arguments. It builds for every host of a probe.
//!
//! All bodies are JSON. Times are Unix milliseconds (UTC), durations of phases are microseconds.

pub mod assertion;
pub mod assignment;
pub mod batch;
pub mod capability;
pub mod check;
pub mod content_coding;
pub mod digest;
pub mod edge_page;
pub mod enrolment;
pub mod facts;
pub mod identity;
pub mod language;
pub mod name;
pub mod observation;
mod observation_decoding;
#[cfg(feature = "openapi")]
mod openapi;
pub mod phase;
pub mod problem;
pub mod reason;
pub mod region_list;
pub mod signature;
pub mod slot;
mod structured_field;
pub mod test_run;
pub mod version;

/// The paths of the probe endpoints, relative to the aggregator's origin.
pub mod path {
    /// `POST`: enrol this probe's key, with a one-time token. See [`crate::enrolment`].
    pub const ENROLMENTS: &str = "/api/v1/probe/enrolments";
    /// `GET`: what this probe has to check. Answers `ETag` / `304`. See [`crate::assignment`].
    pub const ASSIGNMENTS: &str = "/api/v1/probe/assignments";
    /// `POST`: one signed batch of observations. See [`crate::batch`].
    pub const BATCHES: &str = "/api/v1/probe/batches";
    /// `GET`: the head of this probe's chain of batches as the aggregator knows it.
    pub const CHAIN: &str = "/api/v1/probe/chain";
    /// `POST {TESTS}/{id}`: the outcome of a test run that a user asked for. See [`crate::test_run`].
    pub const TESTS: &str = "/api/v1/probe/tests";
}
