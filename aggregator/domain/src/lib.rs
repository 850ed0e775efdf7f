//! The rules that turn what probes saw into what Edgewatch says: pure functions, without I/O and without a clock.
//!
//! One rule set stands behind every screen, badge, report and API answer. The crate also builds for WASM, so that a
//! report can be recomputed where it is doubted.

pub mod calendar;
pub mod flapping;
pub mod group;
pub mod incident;
pub mod maintenance;
pub mod policy;
pub mod quorum;
pub mod slo;
pub mod span;
pub mod state;
pub mod timeline;
pub mod uptime;
pub mod vantage;
pub mod verdict;
pub mod vote;
pub mod vote_log;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod sample;
