//! `/api/v1/setup`: the first administrator, made in the browser with the code that the aggregator prints at its start.

use super::{
    ApiError, JsonBody,
    auth::require_same_origin,
    error::ApiResult,
    openapi::{Conflict, Invalid, Refused, SESSION},
    session::open_session,
};
use crate::{
    auth::{email, password},
    state::AppState,
    store::{
        session::SessionUser,
        user::{self, NewUser},
    },
};
use axum::{Json, extract::State, http::HeaderMap, response::Response};
use edgewatch_client::session::{Role, SessionResponse, SetupRequest, SetupResponse};
use edgewatch_protocol::problem::{FieldError, ProblemType};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_setup, create_first_admin))
}

/// Whether the first administrator is still to be made.
#[utoipa::path(
    get, path = "/api/v1/setup", tag = SESSION, security(()),
    responses((status = 200, body = SetupResponse))
)]
async fn get_setup(State(state): State<AppState>) -> ApiResult<Json<SetupResponse>> {
    let needed = !user::any_user(&state.pool).await?;
    Ok(Json(SetupResponse { needed }))
}

/// Makes the first administrator and signs in.
#[utoipa::path(
    post, path = "/api/v1/setup", tag = SESSION, security(()), request_body = SetupRequest,
    responses((status = 200, body = SessionResponse), Invalid, Refused, Conflict)
)]
async fn create_first_admin(
    State(state): State<AppState>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<SetupRequest>,
) -> ApiResult<Response> {
    require_same_origin(&headers, &state.settings())?;
    let taken = || {
        ApiError::new(
            ProblemType::Conflict,
            "the first administrator was made already: sign in",
        )
    };
    if user::any_user(&state.pool).await? {
        return Err(taken());
    }
    let email = validate(&state, &request)?;
    let password_hash = state
        .auth
        .passwords
        .hash(request.password)
        .await
        .map_err(ApiError::internal)?;
    let new = NewUser {
        email: &email,
        role: Role::Admin,
        password_hash: &password_hash,
    };
    let id = user::create_first_user(&state.pool, new, state.clock.now())
        .await?
        .ok_or_else(taken)?;
    tracing::info!("the first administrator was made");
    let user = SessionUser {
        session_id: Uuid::new_v4(),
        user_id: id,
        email,
        role: Role::Admin,
    };
    open_session(&state, &headers, user).await
}

fn validate(state: &AppState, request: &SetupRequest) -> ApiResult<String> {
    let error = |pointer: &str, detail: String| FieldError {
        pointer: pointer.to_owned(),
        detail,
    };
    if !state.auth.setup_code.matches(&request.code) {
        // Whoever lacks the code learns nothing else.
        let detail = "is not the code that the aggregator printed at its last start".to_owned();
        return Err(ApiError::validation(vec![error("/code", detail)]));
    }
    let email = email::parse(&request.email).map_err(|detail| error("/email", detail));
    let password =
        password::require_acceptable(&request.password).map_err(|detail| error("/password", detail));
    match (email, password) {
        (Ok(email), Ok(())) => Ok(email),
        (email, password) => Err(ApiError::validation(
            email.err().into_iter().chain(password.err()).collect(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::http::{
        auth::SESSION_COOKIE,
        test_server::{PASSWORD, TestServer},
    };
    use serde_json::json;
    use sqlx::PgPool;

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn the_first_administrator_is_made_once_and_with_the_code_alone(pool: PgPool) {
        let server = TestServer::new(pool);
        let needed = async || server.send("GET", "/api/v1/setup", &[], None).await.json()["needed"] == true;
        let set_up = async |code: &str, email: &str, password: &str| {
            let body = json!({"code": code, "email": email, "password": password});
            server.send("POST", "/api/v1/setup", &[], Some(body)).await
        };
        let code = server.state.auth.setup_code.as_str();
        assert!(needed().await);
        assert_eq!(set_up("guess", "", "").await.pointers(), ["/code"]);
        assert_eq!(
            set_up(code, "nonsense", "short").await.pointers(),
            ["/email", "/password"]
        );
        assert!(needed().await);

        let (a, b) = tokio::join!(
            set_up(code, "a@example.org", PASSWORD),
            set_up(code, "b@example.org", PASSWORD)
        );
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert!(!needed().await);
        let made = if a.status == 200 { a } else { b };
        assert_eq!(made.json()["role"], "admin");
        let cookie = format!("{SESSION_COOKIE}={}", made.cookie(SESSION_COOKIE).unwrap());
        assert_eq!(
            server
                .send("GET", "/api/v1/session", &[("cookie", &cookie)], None)
                .await
                .status,
            200
        );
        assert_eq!(
            set_up(code, "c@example.org", PASSWORD).await.problem(),
            "conflict"
        );
    }
}
