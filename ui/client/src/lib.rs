//! The types of the public REST API (`/api/v1`) and the one typed client for it.
//!
//! The dashboard uses this client as everybody else may: in the browser over `fetch`, during server-side rendering by
//! calling the same router in process. The aggregator answers with the very same types, so the two cannot differ.
//!
//! Times are RFC 3339 in UTC; durations carry their unit in their name.

pub mod address;
pub mod check_document;
pub mod client;
pub mod enrolment_token;
pub mod event;
pub mod heartbeat;
pub mod incident;
pub mod json;
pub mod log;
pub mod maintenance;
pub mod monitor;
pub mod notice;
pub mod overview;
pub mod page;
pub mod probe;
pub mod public_sla;
pub mod public_status;
pub mod region;
pub mod replay;
pub mod report;
pub mod report_schedule;
pub mod result;
pub mod series;
pub mod session;
pub mod sla;
pub mod slo;
pub mod status_page;
pub mod subscriber;
pub mod test_run;
pub mod timeline;
pub mod transport;

pub use client::Client;
pub use edgewatch_protocol as protocol;
