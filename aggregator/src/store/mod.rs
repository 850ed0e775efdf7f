//! All SQL, one file per subject. Rows are private to their file and become domain or client types there; "not found" is
//! `Ok(None)`. Functions take a connection (or anything that gives one), so that callers choose the transaction.

pub mod definition;
pub mod enrolment_token;
pub mod migrate;
pub mod phase_column;
pub mod probe;
pub mod region;
pub mod session;
pub mod user;
