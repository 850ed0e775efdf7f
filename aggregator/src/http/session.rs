//! `/api/v1/session`: signing in, asking who one is, renewing, signing out.

use super::{
    ApiError, JsonBody,
    auth::{self, REFRESH_COOKIE, REFRESH_PATH, SESSION_COOKIE, Viewer},
    error::ApiResult,
    openapi::{Invalid, NeedsSession, RateLimited, Refused, SESSION},
};
use crate::{
    auth::{access_token, refresh_token},
    state::AppState,
    store::{
        self,
        session::{NewSession, Rotation, SessionUser},
    },
};
use axum::{
    Json,
    extract::State,
    http::{
        Extensions, HeaderMap, HeaderValue, Method, StatusCode,
        header::{RETRY_AFTER, SET_COOKIE, USER_AGENT},
    },
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use edgewatch_client::session::{SessionResponse, SignInRequest};
use edgewatch_protocol::problem::ProblemType;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The longest user agent that is kept with a session.
const USER_AGENT_CHARACTERS: usize = 200;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_session, sign_in, sign_out))
        .routes(routes!(refresh_session))
}

/// Who is signed in.
#[utoipa::path(
    get, path = "/api/v1/session", tag = SESSION, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = SessionResponse), NeedsSession)
)]
async fn get_session(Viewer(session): Viewer) -> Json<SessionResponse> {
    Json(SessionResponse {
        email: session.user.email,
        role: session.user.role,
        expires_at: session.expires_at,
        access_token: None,
    })
}

/// Signs in.
///
/// Sets the cookies `edgewatch_session` and `edgewatch_refresh`, and answers the access token for scripts. Whether the
/// address or the password was wrong is not told. After too many failures for one address `429` says how long to wait.
#[utoipa::path(
    post, path = "/api/v1/session", tag = SESSION, security(()), request_body = SignInRequest,
    responses((status = 200, body = SessionResponse), Invalid, Refused, RateLimited)
)]
async fn sign_in(
    State(state): State<AppState>,
    headers: HeaderMap,
    extensions: Extensions,
    JsonBody(SignInRequest { email, password }): JsonBody<SignInRequest>,
) -> ApiResult<Response> {
    auth::require_same_origin(&headers, &state.settings())?;
    let address = auth::client_address(&headers, &extensions);
    if let Err(wait_s) = state.auth.sign_in_limit.take(&email, address, state.clock.now()) {
        let detail = format!("too many failed sign-ins: try again in {wait_s} s");
        let error = ApiError::new(ProblemType::RateLimited, detail);
        return Ok(([(RETRY_AFTER, HeaderValue::from(wait_s))], error).into_response());
    }
    let found = store::user::find_credentials(&state.pool, email.trim()).await?;
    let hash = found.as_ref().map(|found| found.password_hash.clone());
    let right = state
        .auth
        .passwords
        .verify(password, hash)
        .await
        .map_err(ApiError::internal)?;
    let Some(found) = found.filter(|_| right) else {
        tracing::info!(?address, "sign-in refused");
        return Err(ApiError::new(
            ProblemType::Unauthenticated,
            "the e-mail address or the password is wrong",
        ));
    };
    state.auth.sign_in_limit.give_back(&email, address);
    let user = SessionUser {
        session_id: Uuid::new_v4(),
        user_id: found.user_id,
        email: found.email,
        role: found.role,
    };
    open_session(&state, &headers, user).await
}

/// Renews the session by its refresh cookie.
///
/// The refresh token changes each time. One that comes a second time was stolen, and ends its session: make sure that
/// two tabs do not renew at once.
#[utoipa::path(
    post, path = "/api/v1/session/refresh", tag = SESSION, security(("refresh" = [])),
    responses((status = 200, body = SessionResponse), NeedsSession, Refused)
)]
async fn refresh_session(State(state): State<AppState>, headers: HeaderMap) -> ApiResult<Response> {
    let settings = state.settings();
    auth::require_same_origin(&headers, &settings)?;
    let over = || {
        let error = ApiError::new(ProblemType::Unauthenticated, "the session is over: sign in again");
        let mut response = error.into_response();
        clear_cookies(&mut response, auth::is_https(&headers, &settings));
        response
    };
    let Some(token) = auth::cookie(&headers, REFRESH_COOKIE) else {
        return Ok(over());
    };
    let next = refresh_token::generate();
    let (hash, next_hash) = (refresh_token::hash(token), refresh_token::hash(&next));
    let now = state.clock.now();
    let ends = now + refresh_token::LIFETIME;
    match store::session::rotate_refresh_token(&state.pool, &hash, &next_hash, now, ends).await? {
        Rotation::Rotated(user) => respond(&state, &headers, user, &next, false),
        Rotation::Reused(session) => {
            tracing::warn!(%session, "a refresh token was used twice: its session is revoked");
            Ok(over())
        }
        Rotation::Refused => Ok(over()),
    }
}

/// Signs out: revokes the session and clears the cookies. Without a session there is nothing to do, and that is done.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = SESSION, security((), ("cookie" = []), ("bearer" = []), ("refresh" = [])),
    responses((status = 204, description = "Signed out"), Refused)
)]
async fn sign_out(State(state): State<AppState>, headers: HeaderMap) -> ApiResult<Response> {
    let settings = state.settings();
    auth::require_same_origin(&headers, &settings)?;
    let now = state.clock.now();
    match auth::authenticate(&Method::DELETE, &headers, &state).await {
        Ok(session) => store::session::revoke_session(&state.pool, session.user.session_id, now).await?,
        Err(error) if error.problem().kind() == Some(ProblemType::Unauthenticated) => {}
        Err(error) => return Err(error),
    }
    // The access token may be over while the refresh token is not.
    if let Some(token) = auth::cookie(&headers, REFRESH_COOKIE) {
        store::session::revoke_session_of_token(&state.pool, &refresh_token::hash(token), now).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    clear_cookies(&mut response, auth::is_https(&headers, &settings));
    Ok(response)
}

/// Opens a session for a user who has shown who he is, and answers with its cookies and access token.
pub async fn open_session(state: &AppState, headers: &HeaderMap, user: SessionUser) -> ApiResult<Response> {
    let token = refresh_token::generate();
    let agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let now = state.clock.now();
    let session = NewSession {
        id: user.session_id,
        user_id: user.user_id,
        token_hash: &refresh_token::hash(&token),
        user_agent: &agent.chars().take(USER_AGENT_CHARACTERS).collect::<String>(),
        now,
        expires_at: now + refresh_token::LIFETIME,
    };
    store::session::open_session(&state.pool, session).await?;
    respond(state, headers, user, &token, true)
}

fn respond(
    state: &AppState,
    headers: &HeaderMap,
    user: SessionUser,
    refresh_token: &str,
    show_token: bool,
) -> ApiResult<Response> {
    let issued = state.auth.access_tokens.issue(user.session_id, state.clock.now());
    let (access_token, expires_at): (String, DateTime<Utc>) = issued.map_err(ApiError::internal)?;
    let secure = auth::is_https(headers, &state.settings());
    let cookies = [
        session_cookie(&access_token, access_token::LIFETIME.num_seconds(), secure),
        refresh_cookie(refresh_token, refresh_token::LIFETIME.num_seconds(), secure),
    ];
    let answer = SessionResponse {
        email: user.email,
        role: user.role,
        expires_at,
        access_token: show_token.then_some(access_token),
    };
    let mut response = Json(answer).into_response();
    set_cookies(&mut response, cookies);
    Ok(response)
}

fn session_cookie(value: &str, max_age_s: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={value}; Max-Age={max_age_s}; Path=/; HttpOnly; SameSite=Lax{secure}")
}

fn refresh_cookie(value: &str, max_age_s: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!(
        "{REFRESH_COOKIE}={value}; Max-Age={max_age_s}; Path={REFRESH_PATH}; HttpOnly; SameSite=Strict{secure}"
    )
}

fn clear_cookies(response: &mut Response, secure: bool) {
    set_cookies(
        response,
        [session_cookie("", 0, secure), refresh_cookie("", 0, secure)],
    );
}

fn set_cookies(response: &mut Response, cookies: [String; 2]) {
    for cookie in cookies {
        // Tokens are made of characters that a header may hold.
        if let Ok(value) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(SET_COOKIE, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::test_server::{Answer, PASSWORD, TestServer};
    use chrono::TimeDelta;
    use edgewatch_client::session::Role;
    use serde_json::json;
    use sqlx::PgPool;

    async fn sign_in(server: &TestServer, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        server.send("POST", "/api/v1/session", &[], Some(body)).await
    }

    async fn refresh(server: &TestServer, token: &str) -> Answer {
        let cookie = format!("{REFRESH_COOKIE}={token}");
        server
            .send("POST", "/api/v1/session/refresh", &[("cookie", &cookie)], None)
            .await
    }

    async fn who(server: &TestServer, access_token: &str) -> Answer {
        let cookie = format!("{SESSION_COOKIE}={access_token}");
        server
            .send("GET", "/api/v1/session", &[("cookie", &cookie)], None)
            .await
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn signing_in_gives_cookies_and_a_token_that_both_carry_the_session(pool: PgPool) {
        let server = TestServer::new(pool);
        server.sign_up(Role::Editor).await;
        let answer = sign_in(&server, " EDITOR@example.org", PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(answer.cookie(SESSION_COOKIE).unwrap(), token);
        let cookies: Vec<&str> = answer
            .headers
            .get_all(SET_COOKIE)
            .into_iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        assert!(
            cookies[0].ends_with("; Max-Age=900; Path=/; HttpOnly; SameSite=Lax"),
            "{cookies:?}"
        );
        assert!(cookies[1].ends_with("; Max-Age=2592000; Path=/api/v1/session; HttpOnly; SameSite=Strict"));

        let bearer = format!("Bearer {token}");
        let answer = server
            .send("GET", "/api/v1/session", &[("authorization", &bearer)], None)
            .await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["role"]),
            (200, &json!("editor"))
        );
        assert_eq!(answer.json()["access_token"], json!(null));
        assert_eq!(who(&server, &token).await.json()["email"], "editor@example.org");

        server.state.clock.advance(access_token::LIFETIME);
        assert_eq!(who(&server, &token).await.status, 401);
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn a_wrong_password_and_an_unknown_address_are_answered_alike(pool: PgPool) {
        let server = TestServer::new(pool);
        server.sign_up(Role::Admin).await;
        let wrong = sign_in(&server, "admin@example.org", "another password").await;
        let unknown = sign_in(&server, "nobody@example.org", PASSWORD).await;
        assert_eq!((wrong.status.as_u16(), unknown.status.as_u16()), (401, 401));
        assert_eq!(wrong.text, unknown.text);
        assert!(wrong.cookie(SESSION_COOKIE).is_none());
        assert!(wrong.headers.contains_key("www-authenticate"));
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn too_many_failures_have_to_wait_and_a_right_password_too(pool: PgPool) {
        let server = TestServer::new(pool);
        server.sign_up(Role::Viewer).await;
        for _ in 0..10 {
            assert_eq!(
                sign_in(&server, "viewer@example.org", "a wrong password")
                    .await
                    .status,
                401
            );
        }
        let limited = sign_in(&server, "viewer@example.org", PASSWORD).await;
        assert_eq!(
            (limited.status.as_u16(), limited.problem()),
            (429, "rate-limited".to_owned())
        );
        let wait_s: i64 = limited.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
        server.state.clock.advance(TimeDelta::seconds(wait_s));
        assert_eq!(sign_in(&server, "viewer@example.org", PASSWORD).await.status, 200);
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn each_renewal_changes_the_token_and_a_reused_one_ends_the_session(pool: PgPool) {
        let server = TestServer::new(pool);
        server.sign_up(Role::Viewer).await;
        let signed_in = sign_in(&server, "viewer@example.org", PASSWORD).await;
        let other = sign_in(&server, "viewer@example.org", PASSWORD).await;
        let first = signed_in.cookie(REFRESH_COOKIE).unwrap();

        server.state.clock.advance(TimeDelta::days(29));
        let renewed = refresh(&server, &first).await;
        assert_eq!(renewed.status, 200, "{}", renewed.text);
        assert_eq!(renewed.json()["access_token"], json!(null));
        let second = renewed.cookie(REFRESH_COOKIE).unwrap();
        assert_ne!(first, second);
        server.state.clock.advance(TimeDelta::days(29));
        let third = refresh(&server, &second).await;
        let access = third.cookie(SESSION_COOKIE).unwrap();
        assert_eq!(who(&server, &access).await.status, 200);

        let reused = refresh(&server, &first).await;
        assert_eq!(reused.status, 401);
        assert_eq!(reused.cookie(REFRESH_COOKIE).unwrap(), "");
        assert_eq!(
            who(&server, &access).await.status,
            401,
            "the access token of the session is refused too"
        );
        assert_eq!(
            refresh(&server, &third.cookie(REFRESH_COOKIE).unwrap())
                .await
                .status,
            401
        );
        // Another session of the same user is another family, over by now only because it was never renewed.
        assert_eq!(
            refresh(&server, &other.cookie(REFRESH_COOKIE).unwrap())
                .await
                .status,
            401
        );
        let fresh = sign_in(&server, "viewer@example.org", PASSWORD).await;
        assert_eq!(
            refresh(&server, &fresh.cookie(REFRESH_COOKIE).unwrap())
                .await
                .status,
            200
        );
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn two_renewals_at_once_with_one_token_end_the_session(pool: PgPool) {
        let server = TestServer::new(pool);
        server.sign_up(Role::Viewer).await;
        let token = sign_in(&server, "viewer@example.org", PASSWORD)
            .await
            .cookie(REFRESH_COOKIE)
            .unwrap();
        let (a, b) = tokio::join!(refresh(&server, &token), refresh(&server, &token));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
        let access = a
            .cookie(SESSION_COOKIE)
            .into_iter()
            .chain(b.cookie(SESSION_COOKIE))
            .find(|v| !v.is_empty());
        assert_eq!(who(&server, &access.unwrap()).await.status, 401);
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn signing_out_and_a_changed_password_end_sessions_at_once(pool: PgPool) {
        let server = TestServer::new(pool);
        server.sign_up(Role::Viewer).await;
        let signed_in = sign_in(&server, "viewer@example.org", PASSWORD).await;
        let other = sign_in(&server, "viewer@example.org", PASSWORD).await;
        let access = signed_in.cookie(SESSION_COOKIE).unwrap();
        let cookie = format!("{SESSION_COOKIE}={access}");
        let foreign = [("cookie", &*cookie), ("sec-fetch-site", "cross-site")];
        assert_eq!(
            server
                .send("DELETE", "/api/v1/session", &foreign, None)
                .await
                .status,
            403
        );
        let out = server
            .send("DELETE", "/api/v1/session", &[("cookie", &cookie)], None)
            .await;
        assert_eq!(
            (out.status.as_u16(), out.cookie(SESSION_COOKIE).as_deref()),
            (204, Some(""))
        );
        assert_eq!(who(&server, &access).await.status, 401);
        assert_eq!(
            refresh(&server, &signed_in.cookie(REFRESH_COOKIE).unwrap())
                .await
                .status,
            401
        );

        let other_access = other.cookie(SESSION_COOKIE).unwrap();
        assert_eq!(who(&server, &other_access).await.status, 200);
        let pool = &server.state.pool;
        let changed =
            store::user::set_password(pool, "Viewer@example.org", "$x", server.state.clock.now()).await;
        assert!(changed.unwrap());
        assert_eq!(who(&server, &other_access).await.status, 401);
        assert_eq!(
            refresh(&server, &other.cookie(REFRESH_COOKIE).unwrap())
                .await
                .status,
            401
        );
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn signing_in_for_another_site_is_refused(pool: PgPool) {
        let server = TestServer::new(pool);
        server.sign_up(Role::Viewer).await;
        let body = json!({"email": "viewer@example.org", "password": PASSWORD});
        let headers = [("origin", "https://evil.example")];
        let answer = server.send("POST", "/api/v1/session", &headers, Some(body)).await;
        assert_eq!(answer.problem(), "forbidden");
    }
}
