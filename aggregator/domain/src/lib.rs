//! The rules that turn what probes saw into what Edgewatch says: pure functions, without I/O and without a clock.
//!
//! One rule set stands behind every screen, badge, report and API answer. The crate also builds for WASM, so that a
//! report can be recomputed where it is doubted.

pub mod quorum;
pub mod state;
pub mod verdict;
