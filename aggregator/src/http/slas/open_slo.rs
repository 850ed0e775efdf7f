//! Agreements as OpenSLO documents: `/api/v1/slas/open-slo`, `/api/v1/slas/{id}/open-slo`.

use super::{create, find_sla, update};
use crate::{
    http::{
        ApiError,
        auth::{Editor, Viewer},
        error::ApiResult,
        json::decode,
        openapi::{Invalid, InvalidQuery, NeedsRole, NeedsSession, NotFound, SLAS},
        parameters::{PathParameter, QueryParameters},
    },
    open_slo,
    state::AppState,
    store::{incident_outage::list_monitor_names, monitor::list_names},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use edgewatch_client::sla::{Sla, SlaSettings};
use edgewatch_protocol::problem::{FieldError, Problem, ProblemType};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

const YAML: &str = "application/yaml";

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(import_open_slo))
        .routes(routes!(get_open_slo, put_open_slo))
}

/// A document within JSON, as a page's form sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    open_slo: String,
}

/// Which version.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct VersionQuery {
    /// Without it, the newest.
    version: Option<i32>,
}

/// Makes an agreement of an OpenSLO v1 document of kind `SLO`. Its monitors are named by name.
#[utoipa::path(
    post, path = "/api/v1/slas/open-slo", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    request_body(content = String, content_type = YAML), responses((status = 201, body = Sla), NeedsRole, Invalid)
)]
async fn import_open_slo(
    Editor(session): Editor,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    let (text, settings) = read(&state, &headers, &body).await?;
    create(&state, settings, Some(&text), &session.user.email).await
}

/// Writes a new version of an agreement from an OpenSLO v1 document, if it says anything else than the newest one.
#[utoipa::path(
    put, path = "/api/v1/slas/{id}/open-slo", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The agreement's number")),
    request_body(content = String, content_type = YAML),
    responses((status = 200, body = Sla), NeedsRole, NotFound, Invalid)
)]
async fn put_open_slo(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Json<Sla>> {
    let (text, settings) = read(&state, &headers, &body).await?;
    update(&state, id, settings, Some(&text), &session.user.email).await
}

/// A version of an agreement as an OpenSLO v1 document: what it was read from, or the same in OpenSLO's words.
#[utoipa::path(
    get, path = "/api/v1/slas/{id}/open-slo", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The agreement's number"), VersionQuery),
    responses((status = 200, body = String, content_type = YAML), NeedsSession, NotFound, InvalidQuery)
)]
async fn get_open_slo(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    QueryParameters(query): QueryParameters<VersionQuery>,
) -> ApiResult<Response> {
    let mut db = state.pool.acquire().await?;
    let sla = find_sla(&mut db, id).await?;
    let version = match query.version {
        Some(version) => sla.version(version),
        None => sla.newest(),
    };
    let version = version.ok_or_else(|| ApiError::not_found("version of the agreement"))?;
    let text = if let Some(text) = &version.open_slo {
        text.clone()
    } else {
        let names = list_monitor_names(&mut db, &version.policy.monitors).await?;
        let stamp = (version.version, version.hash.as_str());
        open_slo::write(&sla.name, &version.description, stamp, &version.policy, &names)
    };
    Ok(([(CONTENT_TYPE, YAML)], text).into_response())
}

async fn read(state: &AppState, headers: &HeaderMap, body: &[u8]) -> ApiResult<(String, SlaSettings)> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    let text = match essence {
        "application/json" => decode::<Wrapped>(body)?.open_slo,
        "application/yaml" | "text/yaml" | "application/x-yaml" => {
            let text = std::str::from_utf8(body)
                .map_err(|_| Problem::new(ProblemType::Malformed).detail("the document is not UTF-8"))?;
            text.to_owned()
        }
        _ => {
            let problem = Problem::new(ProblemType::UnsupportedMediaType);
            return Err(problem
                .detail("send the document as `Content-Type: application/yaml`")
                .into());
        }
    };
    let names = list_names(&state.pool).await?;
    let settings = open_slo::read(&text, &names).map_err(|faults| {
        // In a form all of it is one field.
        let faults = faults.into_iter().map(|fault| match essence {
            "application/json" => FieldError {
                detail: format!("{} {}", fault.pointer, fault.detail).trim().to_owned(),
                pointer: "/open_slo".to_owned(),
            },
            _ => fault,
        });
        ApiError::validation(faults.collect())
    })?;
    Ok((text, settings))
}
