//! Bodies that hold a check: read strictly, so that a mistyped field is an error and not a default.

use super::{ApiError, JsonBody};
use crate::check_reading::{read, unknown_fields};
use axum::extract::{FromRequest, Request};
use edgewatch_client::{monitor::MonitorSettings, test_run::TestRunRequest};
use edgewatch_protocol::check::Check;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Something with a check in its member `check`.
pub trait HasCheck: DeserializeOwned {
    /// The check.
    fn check(&self) -> &Check;
}

impl HasCheck for MonitorSettings {
    fn check(&self) -> &Check {
        &self.check
    }
}

impl HasCheck for TestRunRequest {
    fn check(&self) -> &Check {
        &self.check
    }
}

/// A JSON body with a check.
#[derive(Clone, Debug)]
pub struct CheckBody<T>(pub T);

impl<T: HasCheck, S: Send + Sync> FromRequest<S> for CheckBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let JsonBody(given) = JsonBody::<Value>::from_request(request, state).await?;
        let body: T = read(&given).map_err(|error| ApiError::validation(vec![error]))?;
        let unknown = unknown_fields(&given["check"], body.check(), "/check");
        if unknown.is_empty() {
            Ok(Self(body))
        } else {
            Err(ApiError::validation(unknown))
        }
    }
}
