//! `/api/v1/probes`: who checks, and whose batches are taken.

use super::{
    ApiError,
    auth::{Admin, Viewer},
    error::ApiResult,
    openapi::{Conflict, NeedsRole, NeedsSession, NotFound, PROBES},
    parameters::PathParameter,
};
use crate::{announcement::Change, state::AppState, store::probe};
use axum::{Json, extract::State};
use edgewatch_client::probe::Probe;
use edgewatch_protocol::problem::ProblemType;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_probes))
        .routes(routes!(approve_probe))
        .routes(routes!(revoke_probe))
}

/// All probes by region, revoked ones last in each.
#[utoipa::path(
    get, path = "/api/v1/probes", tag = PROBES, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = Vec<Probe>), NeedsSession)
)]
async fn list_probes(_: Viewer, State(state): State<AppState>) -> ApiResult<Json<Vec<Probe>>> {
    Ok(Json(
        probe::list_probes(&state.pool, None, None, state.clock.now()).await?,
    ))
}

/// Approves a probe: its batches are taken from now on.
///
/// Compare the fingerprint with the one that the probe logs before.
#[utoipa::path(
    post, path = "/api/v1/probes/{fingerprint}/approve", tag = PROBES, security(("cookie" = []), ("bearer" = [])),
    params(("fingerprint" = String, Path, description = "The fingerprint of the probe's key")),
    responses((status = 200, body = Probe), NeedsRole, NotFound, Conflict)
)]
async fn approve_probe(
    Admin(session): Admin,
    State(state): State<AppState>,
    PathParameter(fingerprint): PathParameter<String>,
) -> ApiResult<Json<Probe>> {
    let approved = probe::approve_probe(&state.pool, &fingerprint, state.clock.now()).await?;
    let found = find(&state, &fingerprint).await?;
    if !approved {
        let detail = "a revoked key stays revoked: give the probe another seed, and enrol it anew";
        return Err(ApiError::new(ProblemType::Conflict, detail));
    }
    state.announce(Change::Probes).await;
    tracing::info!(probe = %fingerprint, region = %found.region, user = session.user.user_id, "probe approved");
    Ok(Json(found))
}

/// Revokes a probe's key, for good: it is refused from now on. What it had sent stays.
#[utoipa::path(
    post, path = "/api/v1/probes/{fingerprint}/revoke", tag = PROBES, security(("cookie" = []), ("bearer" = [])),
    params(("fingerprint" = String, Path, description = "The fingerprint of the probe's key")),
    responses((status = 200, body = Probe), NeedsRole, NotFound)
)]
async fn revoke_probe(
    Admin(session): Admin,
    State(state): State<AppState>,
    PathParameter(fingerprint): PathParameter<String>,
) -> ApiResult<Json<Probe>> {
    probe::revoke_probe(&state.pool, &fingerprint, state.clock.now()).await?;
    let found = find(&state, &fingerprint).await?;
    state.announce(Change::Probes).await;
    tracing::info!(probe = %fingerprint, region = %found.region, user = session.user.user_id, "probe revoked");
    Ok(Json(found))
}

async fn find(state: &AppState, fingerprint: &str) -> ApiResult<Probe> {
    let found = probe::list_probes(&state.pool, None, Some(fingerprint), state.clock.now()).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| ApiError::not_found("probe"))
}

#[cfg(test)]
mod tests {
    use crate::http::test_server::TestServer;
    use chrono::TimeDelta;
    use edgewatch_client::session::Role;
    use serde_json::json;
    use sqlx::PgPool;

    async fn enrol(server: &TestServer, fingerprint: &str, capabilities: &[&str]) {
        sqlx::query(
            "INSERT INTO probe (fingerprint, public_key, region_id, status, host, software, capabilities, place, enrolled_at)
             SELECT $1, '', id, 0, 'agent', 'edgewatch-agent/0', $2, '{\"colo\":\"FRA\"}', $3 FROM region",
        )
        .bind(fingerprint)
        .bind(capabilities)
        .bind(server.state.clock.now())
        .execute(&server.state.pool)
        .await
        .unwrap();
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn a_probe_is_approved_falls_silent_and_is_revoked_for_good(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        admin.post("/api/v1/regions", json!({"name": "weur"})).await;
        enrol(&server, "f1", &["http"]).await;
        let listed = admin.get("/api/v1/probes").await.json();
        assert_eq!(
            (&listed[0]["status"], &listed[0]["place"]["colo"]),
            (&json!("pending"), &json!("FRA"))
        );
        assert_eq!(admin.get("/api/v1/regions").await.json()[0]["probes"], listed);

        for _ in 0..2 {
            let approved = admin.send("POST", "/api/v1/probes/f1/approve", None).await;
            assert_eq!(approved.json()["status"], "approved", "{}", approved.text);
        }
        assert_eq!(admin.get("/api/v1/probes").await.json()[0]["silent"], false);
        server.state.clock.advance(TimeDelta::minutes(4));
        assert_eq!(admin.get("/api/v1/probes").await.json()[0]["silent"], true);

        let revoked = admin.send("POST", "/api/v1/probes/f1/revoke", None).await.json();
        assert_eq!(
            (&revoked["status"], &revoked["silent"]),
            (&json!("revoked"), &json!(false))
        );
        assert_eq!(
            admin
                .send("POST", "/api/v1/probes/f1/approve", None)
                .await
                .problem(),
            "conflict"
        );
        assert_eq!(
            admin
                .send("POST", "/api/v1/probes/f2/approve", None)
                .await
                .problem(),
            "not-found"
        );
        assert_eq!(
            admin
                .send("POST", "/api/v1/probes/f2/revoke", None)
                .await
                .problem(),
            "not-found"
        );
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn a_region_whose_probes_cannot_run_a_check_refuses_it(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        admin.post("/api/v1/regions", json!({"name": "weur"})).await;
        let monitor = json!({"name": "a", "check": {"type": "http", "url": "https://example.org/"}, "regions": ["weur"]});
        enrol(&server, "f1", &["tcp", "dns"]).await;
        let refused = admin.post("/api/v1/monitors", monitor.clone()).await;
        assert_eq!(refused.pointers(), ["/regions/0"]);
        assert!(
            refused
                .text
                .contains("region weur has no probe that can do `http`"),
            "{}",
            refused.text
        );
        enrol(&server, "f2", &["http"]).await;
        assert_eq!(admin.post("/api/v1/monitors", monitor).await.status, 201);

        // Each of its two settings can be done by one of the probes, both of them by none.
        enrol(&server, "f3", &["http", "http2"]).await;
        enrol(&server, "f4", &["http", "ipv6"]).await;
        let demanding = |regions: &[&str]| {
            json!({"name": "b", "regions": regions, "check": {
                "type": "http", "url": "https://example.org/", "http_version": "2", "ip_version": "v6"}})
        };
        for (regions, pointer) in [(&["weur"][..], "/regions/0"), (&[], "/regions")] {
            let refused = admin.post("/api/v1/monitors", demanding(regions)).await;
            assert_eq!(refused.pointers(), [pointer]);
            let reason = "that can do `http`, `http2` and `ipv6`";
            assert!(refused.text.contains(reason), "{}", refused.text);
        }
        let test = json!({"check": demanding(&[])["check"], "timeout_ms": 1000, "region": "weur"});
        let refused = admin.post("/api/v1/tests", test).await;
        assert_eq!(refused.pointers(), ["/region"]);
        // One that is revoked counts no more, one that comes does at once.
        admin.send("POST", "/api/v1/probes/f4/revoke", None).await;
        enrol(&server, "f5", &["http", "http2", "ipv6"]).await;
        assert_eq!(
            admin.post("/api/v1/monitors", demanding(&["weur"])).await.status,
            201
        );
    }
}
