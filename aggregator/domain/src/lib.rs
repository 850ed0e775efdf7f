//! The rules that turn what probes saw into what Edgewatch says: pure functions, without I/O and without a clock.
//!
//! One rule set stands behind every screen, badge, report and API answer. The crate also builds for WASM, so that a
//! report can be recomputed where it is doubted. Times are milliseconds since the Unix epoch and figures exact integers;
//! nothing is rounded but to be shown.
//!
//! The road of a result: [`admission`] tells which observations are any, [`vote`] folds the checks of a region into its vote over time ([`vantage`] tells which slots do
//! not count, [`vote_log`] takes late results in), [`timeline`] makes of the regions' votes the record of a monitor by
//! its [`policy`] and [`quorum`], with [`maintenance`] over it; [`group`] makes of several records one. All else is read
//! off a record: [`uptime`] over the spans of a [`calendar`], the outages of an [`incident`], [`flapping`], [`slo`], and
//! what was agreed with a customer, [`sla`], named by the hash of its [`canonical`] form.
//! [`fault`] says in words what is wrong, and [`replay`] what another policy would have said. [`latency`] is apart from all
//! this: how long checks took.

pub mod admission;
pub mod calendar;
pub mod canonical;
pub mod fault;
pub mod flapping;
pub mod group;
pub mod incident;
pub mod latency;
pub mod maintenance;
pub mod policy;
pub mod quorum;
pub mod replay;
pub mod sla;
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
