//! Reading JSON bodies: what cannot be read becomes a problem that names the place.

use super::ApiError;
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use bytes::Bytes;
use edgewatch_protocol::problem::{FieldError, Problem, ProblemType};
use serde::de::DeserializeOwned;

/// A JSON body of a request. Syntax errors are `malformed`, a wrong shape is `validation` with a pointer to the field.
#[derive(Clone, Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(Problem::new(ProblemType::UnsupportedMediaType)
                .detail("send the body as `Content-Type: application/json`")
                .into());
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let kind = if rejection.status().as_u16() == 413 {
                ProblemType::TooLarge
            } else {
                ProblemType::Malformed
            };
            Problem::new(kind).detail(rejection.body_text())
        })?;
        Ok(Self(decode(&body)?))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// The value of a text.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let reader = &mut serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let inner = error.inner();
        if inner.is_data() {
            let field = FieldError {
                pointer: pointer(error.path()),
                detail: without_position(&inner.to_string()),
            };
            Problem::new(ProblemType::Validation).errors(vec![field])
        } else {
            Problem::new(ProblemType::Malformed).detail(inner.to_string())
        }
    })
}

/// RFC 6901.
pub fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

/// Line and column of a body that a program made help nobody.
fn without_position(message: &str) -> String {
    message
        .rsplit_once(" at line ")
        .map_or(message, |(message, _)| message)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Shape {
        list: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Item {
        x: u8,
    }

    #[test]
    fn a_wrong_field_is_named_by_its_pointer() {
        let problem = decode::<Shape>(br#"{"list":[{"x":1},{"x":300}]}"#).unwrap_err();
        assert_eq!(problem.kind(), Some(ProblemType::Validation));
        assert_eq!(problem.errors[0].pointer, "/list/1/x");
        assert!(!problem.errors[0].detail.contains("line"));
    }

    #[test]
    fn broken_syntax_is_malformed() {
        assert_eq!(
            decode::<Shape>(b"{").unwrap_err().kind(),
            Some(ProblemType::Malformed)
        );
    }
}
