//! What an Edgewatch probe does, free of any platform: the schedule, the checks, the round, the outbox, the report.
//!
//! A host implements the traits of [`platform`] and calls [`tick`]. The crate has no clock, no randomness and no I/O of
//! its own; it builds for native targets, `wasm32-unknown-unknown` and `wasm32-wasip2`. It does not know what becomes
//! of an observation: that is the aggregator's.

pub mod address_lookup;
pub mod aggregator;
pub mod assertion;
pub mod assignments;
pub mod attempt;
pub mod certificate;
pub mod check;
pub mod config;
pub mod dns_message;
pub mod dns_stream;
pub mod engine;
pub mod enrol;
pub mod http_client;
pub mod json_path;
pub mod outbox;
pub mod pattern;
pub mod platform;
pub mod report;
pub mod round;
pub mod schedule;
pub mod test_run;
pub mod tick;
pub mod tls;
pub mod validate;
