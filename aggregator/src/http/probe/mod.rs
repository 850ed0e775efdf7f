//! The probe endpoints (`edgewatch_protocol::path`). Every request is signed.

#[cfg(test)]
mod assignment_tests;
mod assignments;
#[cfg(test)]
mod batch_tests;
mod batches;
mod chain;
mod enrolments;
#[cfg(test)]
mod evidence_tests;
#[cfg(test)]
mod signature_tests;
mod signed;
#[cfg(test)]
pub(crate) mod test_probe;
mod test_reports;

use crate::state::AppState;
use axum::{
    Router,
    routing::{get, post},
};
use edgewatch_protocol::path;

/// The routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route(path::ENROLMENTS, post(enrolments::create_enrolment))
        .route(path::ASSIGNMENTS, get(assignments::list_assignments))
        .route(path::CHAIN, get(chain::get_chain))
        .route(path::BATCHES, post(batches::create_batch))
        .route(
            &format!("{}/{{id}}", path::TESTS),
            post(test_reports::create_test_report),
        )
}
