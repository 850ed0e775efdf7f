//! Parameters in the path and the query: what cannot be read becomes a problem.

use super::ApiError;
use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use edgewatch_protocol::problem::ProblemType;
use serde::de::DeserializeOwned;

/// A path's parameters. One of a wrong shape names nothing that there is.
#[derive(Clone, Copy, Debug)]
pub struct PathParameter<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathParameter<T> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(value) = Path::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::not_found("thing"))?;
        Ok(Self(value))
    }
}

/// A query's parameters.
#[derive(Clone, Copy, Debug)]
pub struct QueryParameters<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParameters<T> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(value) = Query::from_request_parts(parts, state)
            .await
            .map_err(|rejection| ApiError::new(ProblemType::Validation, rejection.body_text()))?;
        Ok(Self(value))
    }
}
