//! Errors of handlers: RFC 9457 problems outside, causes in the log.
//!
//! A violated constraint becomes the problem that a client understands, by the constraint's name. Everything that is our
//! own fault is `internal` without a word about its inside; its cause is logged once, here, in the request's span.

use crate::ingest::IngestError;
use axum::{
    http::{
        HeaderValue, Method, StatusCode, Uri, header::CONTENT_TYPE, header::RETRY_AFTER,
        header::WWW_AUTHENTICATE,
    },
    response::{IntoResponse, Response},
};
use edgewatch_protocol::problem::{CONTENT_TYPE as PROBLEM_JSON, FieldError, Problem, ProblemType};
use std::error::Error;

/// The result of a handler.
pub type ApiResult<T> = Result<T, ApiError>;

/// A problem to answer, and what caused it where that is ours to know.
#[derive(Debug)]
pub struct ApiError {
    problem: Problem,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// A problem of a kind with a sentence on what happened and what to do.
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Problem::new(kind).detail(detail).into()
    }

    /// There is no such thing.
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemType::NotFound, format!("there is no such {what}"))
    }

    /// Fields are at fault.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        Problem::new(ProblemType::Validation).errors(errors).into()
    }

    /// An unforeseen fault of ours; the cause goes to the log alone.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            problem: Problem::new(ProblemType::Internal),
            cause: Some(cause.into()),
        }
    }

    /// What is answered.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self { problem, cause: None }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        let violated = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::constraint)
            .and_then(constraint_problem);
        if let Some(problem) = violated {
            return problem.into();
        }
        let problem = match error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_) => {
                Problem::new(ProblemType::Unavailable).detail("the database cannot be reached; try again")
            }
            _ => Problem::new(ProblemType::Internal),
        };
        Self {
            problem,
            cause: Some(error.into()),
        }
    }
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Refused(problem) => problem.into(),
            IngestError::Database(error) => error.into(),
            IngestError::Internal(cause) => Self::internal(cause),
        }
    }
}

/// Where no route leads.
pub async fn not_found(uri: Uri) -> ApiError {
    ApiError::new(
        ProblemType::NotFound,
        format!("there is nothing at {}", uri.path()),
    )
}

/// Where a route leads, but not by this method.
pub async fn method_not_allowed(method: Method, uri: Uri) -> ApiError {
    ApiError::new(
        ProblemType::MethodNotAllowed,
        format!("{} does not take {method}", uri.path()),
    )
}

/// What the violation of a constraint means to a client; `None` where only a fault of ours can violate it.
fn constraint_problem(constraint: &str) -> Option<Problem> {
    let field = |pointer: &str, detail: &str| {
        Problem::new(ProblemType::Validation).errors(vec![FieldError {
            pointer: pointer.to_owned(),
            detail: detail.to_owned(),
        }])
    };
    Some(match constraint {
        "monitor_name_key" => field("/name", "another monitor has this name"),
        "sla_name_key" => field("/name", "another agreement has this name"),
        "slo_name_key" => field("/name", "another objective has this name"),
        "slo_monitor_monitor_id_fkey" => field("/monitors", "a monitor among them was deleted just now"),
        "status_page_slug_key" => field("/slug", "another status page is at this address"),
        "status_page_host_key" => field("/host", "another status page has this host"),
        "status_page_monitor_monitor_id_fkey" => {
            field("/components", "a monitor among them was deleted just now")
        }
        "region_name_key" => field("/name", "there is a region of this name"),
        "app_user_email_key" => field("/email", "another user has this address"),
        "monitor_region_region_id_fkey" => {
            Problem::new(ProblemType::Conflict).detail("monitors are checked from this region")
        }
        "probe_region_id_fkey" => {
            Problem::new(ProblemType::Conflict).detail("probes of this region are enrolled")
        }
        "enrolment_token_use_pkey" => Problem::new(ProblemType::EnrolmentTokenInvalid)
            .detail("the token was used for this region: make another one"),
        "probe_fingerprint_key" => {
            Problem::new(ProblemType::Conflict).detail("this key is being enrolled: ask again")
        }
        _ => return None,
    })
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(cause) = &self.cause {
            let chain = std::iter::successors(cause.source(), |&error| error.source());
            let causes: Vec<_> = chain.map(ToString::to_string).collect();
            tracing::error!(error = %cause, ?causes, status = status.as_u16(), "request failed");
        }
        let body = serde_json::to_vec(&self.problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if self.problem.kind() == Some(ProblemType::Unauthenticated) {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"edgewatch\""),
            );
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("10"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_ours_never_shows_its_inside() {
        let error = ApiError::internal("the password is hunter2");
        assert!(
            !serde_json::to_string(error.problem())
                .unwrap()
                .contains("hunter2")
        );
        let response = error.into_response();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn an_unreachable_database_is_temporary() {
        let error = ApiError::from(sqlx::Error::PoolTimedOut);
        assert_eq!(error.problem().kind(), Some(ProblemType::Unavailable));
        assert_eq!(error.into_response().headers()[RETRY_AFTER], "10");
    }
}
