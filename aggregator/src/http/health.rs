//! `/health`, `/health/live`, `/health/ready`: for people, supervisors and load balancers. Public.

use crate::state::AppState;
use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde::Serialize;
use std::time::Duration;

/// A database that takes longer than this to answer is not ready.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// The routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/health", get(get_readiness))
        .route("/health/ready", get(get_readiness))
        .route("/health/live", get(get_liveness))
}

/// What is answered.
#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<&'static str>,
}

/// The process answers.
async fn get_liveness() -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        database: None,
    })
}

/// It can do its work: the database answers, and no stop was asked for.
async fn get_readiness(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let asked = sqlx::query("SELECT 1").execute(&state.pool);
    let database = match tokio::time::timeout(DATABASE_TIMEOUT, asked).await {
        Ok(Ok(_)) => "ok",
        Ok(Err(_)) | Err(_) => "unreachable",
    };
    let (code, status) = match () {
        () if *state.stopping.borrow() => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        () if database != "ok" => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        () => (StatusCode::OK, "ok"),
    };
    let health = Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        database: Some(database),
    };
    (code, Json(health))
}

#[cfg(test)]
mod tests {
    use crate::{app, clock::Clock, secret::Secrets, state::AppState};
    use axum::{body::Body, http::Request};
    use sqlx::PgPool;
    use tower::ServiceExt as _;

    async fn status(state: AppState, path: &str) -> u16 {
        let request = Request::get(path).body(Body::empty()).unwrap();
        app::router(state)
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn without_its_database_it_lives_but_is_not_ready(pool: PgPool) {
        let secrets = Secrets::from_text(&"k".repeat(32)).unwrap();
        let state = AppState::new(pool.clone(), Clock::system(), secrets);
        assert_eq!(status(state.clone(), "/health").await, 200);
        pool.close().await;
        assert_eq!(status(state.clone(), "/health/ready").await, 503);
        assert_eq!(status(state.clone(), "/health/live").await, 200);
        assert_eq!(status(state, "/nowhere").await, 404);
    }
}
