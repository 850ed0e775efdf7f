//! Whether a check can be run at all: what the aggregator asks before it takes a definition, and a probe before it runs
//! one.

use edgewatch_protocol::{check::Check, problem::FieldError};

/// The fields at fault, by JSON pointer relative to the check (`/url`, `/headers/0/name`, `/assertions/2/value`); empty
/// when the check can be run.
pub fn validate(check: &Check) -> Vec<FieldError> {
    match check {
        Check::Http(_) => Vec::new(),
        Check::Unknown => vec![FieldError {
            pointer: "/type".to_owned(),
            detail: "is not a check type of this version: use http".to_owned(),
        }],
    }
}
