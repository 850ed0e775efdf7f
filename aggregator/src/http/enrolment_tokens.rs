//! `/api/v1/enrolment-tokens`: what a new probe shows to be taken in. The secret is told once, at its creation; the
//! database keeps its SHA-256.

use super::{
    ApiError, JsonBody,
    auth::Admin,
    error::ApiResult,
    openapi::{Invalid, NeedsRole, NotFound, PROBES},
    parameters::PathParameter,
};
use crate::{
    secret::random,
    state::AppState,
    store::{
        enrolment_token::{self, NewEnrolmentToken},
        region::list_known_regions,
    },
};
use axum::{Json, extract::State, http::StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use edgewatch_client::enrolment_token::{EnrolmentToken, EnrolmentTokenRequest};
use edgewatch_protocol::problem::FieldError;
use sha2::{Digest as _, Sha256};
use std::ops::RangeInclusive;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long a token may hold.
const VALID_HOURS: RangeInclusive<u16> = 1..=720;
/// How many probes of a region a token may bring.
const PROBES_PER_REGION: RangeInclusive<u8> = 1..=32;
/// The longest label, in characters.
const LABEL_CHARACTERS: usize = 100;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_enrolment_tokens, create_enrolment_token))
        .routes(routes!(delete_enrolment_token))
}

/// The tokens that still hold, newest first, without their secrets.
#[utoipa::path(
    get, path = "/api/v1/enrolment-tokens", tag = PROBES, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = Vec<EnrolmentToken>), NeedsRole)
)]
async fn list_enrolment_tokens(
    _: Admin,
    State(state): State<AppState>,
) -> ApiResult<Json<Vec<EnrolmentToken>>> {
    Ok(Json(
        enrolment_token::list_enrolment_tokens(&state.pool, state.clock.now()).await?,
    ))
}

/// Makes a token. The answer holds its secret, which is not told again.
#[utoipa::path(
    post, path = "/api/v1/enrolment-tokens", tag = PROBES, security(("cookie" = []), ("bearer" = [])),
    request_body = EnrolmentTokenRequest, responses((status = 201, body = EnrolmentToken), NeedsRole, Invalid)
)]
async fn create_enrolment_token(
    Admin(session): Admin,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<EnrolmentTokenRequest>,
) -> ApiResult<(StatusCode, Json<EnrolmentToken>)> {
    validate(&state, &request).await?;
    let secret = format!("ewe_{}", URL_SAFE_NO_PAD.encode(random::<32>()));
    let regions: Vec<String> = request.regions.iter().map(ToString::to_string).collect();
    let now = state.clock.now();
    let expires_at = now + TimeDelta::hours(request.valid_hours.into());
    let token = NewEnrolmentToken {
        label: request.label.trim(),
        token_hash: &Sha256::digest(&secret),
        regions: &regions,
        probes_per_region: request.probes_per_region,
        self_approving: request.self_approving,
        now,
        expires_at,
    };
    let id = enrolment_token::create_enrolment_token(&state.pool, token).await?;
    tracing::info!(token = id, user = session.user.user_id, "enrolment token created");
    let token = EnrolmentToken {
        id,
        label: request.label.trim().to_owned(),
        regions,
        used_by: Vec::new(),
        self_approving: request.self_approving,
        expires_at,
        token: Some(secret),
    };
    Ok((StatusCode::CREATED, Json(token)))
}

/// Ends a token. Probes that have used it stay.
#[utoipa::path(
    delete, path = "/api/v1/enrolment-tokens/{id}", tag = PROBES, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The token's number")),
    responses((status = 204, description = "Ended"), NeedsRole, NotFound)
)]
async fn delete_enrolment_token(
    Admin(session): Admin,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<StatusCode> {
    if !enrolment_token::delete_enrolment_token(&state.pool, id).await? {
        return Err(ApiError::not_found("enrolment token"));
    }
    tracing::info!(token = id, user = session.user.user_id, "enrolment token ended");
    Ok(StatusCode::NO_CONTENT)
}

async fn validate(state: &AppState, request: &EnrolmentTokenRequest) -> ApiResult<()> {
    let known = list_known_regions(&state.pool).await?;
    let mut errors = Vec::new();
    let mut fault = |pointer: String, detail: String| errors.push(FieldError { pointer, detail });
    let label = &request.label;
    if label.chars().count() > LABEL_CHARACTERS || label.chars().any(char::is_control) {
        let detail = format!("has more than {LABEL_CHARACTERS} characters, or control characters");
        fault("/label".to_owned(), detail);
    }
    if !PROBES_PER_REGION.contains(&request.probes_per_region) {
        let (low, high) = (PROBES_PER_REGION.start(), PROBES_PER_REGION.end());
        fault(
            "/probes_per_region".to_owned(),
            format!("is {}, use {low} to {high}", request.probes_per_region),
        );
    }
    if !VALID_HOURS.contains(&request.valid_hours) {
        let (low, high) = (VALID_HOURS.start(), VALID_HOURS.end());
        fault(
            "/valid_hours".to_owned(),
            format!("is {}, use {low} to {high}", request.valid_hours),
        );
    }
    for (index, region) in request.regions.iter().enumerate() {
        if !known.iter().any(|known| known.name == region.as_str()) {
            fault(
                format!("/regions/{index}"),
                format!("`{region}` is not a region: make it first"),
            );
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::validation(errors))
    }
}

#[cfg(test)]
mod tests {
    use crate::http::test_server::TestServer;
    use chrono::TimeDelta;
    use edgewatch_client::session::Role;
    use serde_json::json;
    use sha2::{Digest as _, Sha256};
    use sqlx::PgPool;

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn the_secret_is_told_once_and_its_hash_is_kept(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        admin.post("/api/v1/regions", json!({"name": "weur"})).await;
        let request =
            json!({"label": " ten regions ", "regions": ["weur"], "self_approving": true, "valid_hours": 2});
        let made = admin.post("/api/v1/enrolment-tokens", request).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json();
        let secret = made["token"].as_str().unwrap();
        let hash: Vec<u8> = sqlx::query_scalar("SELECT token_hash FROM enrolment_token")
            .fetch_one(&server.state.pool)
            .await
            .unwrap();
        assert_eq!(hash, Sha256::digest(secret).to_vec());

        let listed = admin.get("/api/v1/enrolment-tokens").await;
        assert!(
            !listed.text.contains(secret) && listed.json()[0].get("token").is_none(),
            "{}",
            listed.text
        );
        assert_eq!(
            (&listed.json()[0]["label"], &listed.json()[0]["used_by"]),
            (&json!("ten regions"), &json!([]))
        );

        let path = format!("/api/v1/enrolment-tokens/{}", made["id"]);
        assert_eq!(admin.delete(&path).await.status, 204);
        assert_eq!(admin.delete(&path).await.problem(), "not-found");
        admin
            .post("/api/v1/enrolment-tokens", json!({"valid_hours": 1}))
            .await;
        server.state.clock.advance(TimeDelta::minutes(14));
        assert_eq!(
            admin
                .get("/api/v1/enrolment-tokens")
                .await
                .json()
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn faults_are_named_by_field(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        let request = json!({"label": "x".repeat(101), "regions": ["mars"], "valid_hours": 721});
        let refused = admin.post("/api/v1/enrolment-tokens", request).await;
        assert_eq!(refused.pointers(), ["/label", "/valid_hours", "/regions/0"]);
    }
}
