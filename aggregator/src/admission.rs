//! Whether a probe may speak.

use edgewatch_protocol::{
    enrolment::ProbeStatus,
    problem::{Problem, ProblemType},
};

/// The answer to a request whose nonce was used before.
pub fn replayed() -> Problem {
    Problem::new(ProblemType::Replay).detail("this nonce was used before: sign every request anew")
}

/// Refuses probes that wait for approval or were revoked.
///
/// # Errors
/// `probe-pending` or `probe-revoked`.
pub fn require_approved(status: ProbeStatus) -> Result<(), Problem> {
    match status {
        ProbeStatus::Approved => Ok(()),
        ProbeStatus::Pending => Err(Problem::new(ProblemType::ProbePending)
            .detail("an administrator has to compare the fingerprint and approve it")),
        ProbeStatus::Revoked => {
            Err(Problem::new(ProblemType::ProbeRevoked).detail("this key is refused; enrol another one"))
        }
    }
}
