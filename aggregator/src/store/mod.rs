//! All SQL, one file per subject. Rows are private to their file and become domain or client types there; "not found" is
//! `Ok(None)`. Functions take a connection (or anything that gives one), so that callers choose the transaction.

pub mod assignment;
pub mod batch;
pub mod config_region;
pub mod definition;
pub mod enrolment;
pub mod enrolment_token;
pub mod evaluation;
pub mod evaluation_queue;
pub mod heartbeat;
pub mod incident;
pub mod incident_outage;
pub mod live;
pub mod maintenance;
pub mod migrate;
pub mod monitor;
pub mod nonce;
pub mod overview;
pub mod phase_column;
pub mod policy;
pub mod probe;
pub mod push_batch;
pub mod region;
pub mod region_load;
pub mod result;
pub mod result_rows;
pub mod series;
pub mod session;
pub mod signer;
pub mod slo;
pub mod test_report;
pub mod test_run;
pub mod timeline;
pub mod user;
pub mod vantage;
pub mod vote;
