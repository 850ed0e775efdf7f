//! `/api/v1/reports/{id}/files/bundle`: a report with all that it rests on, as it is read.

use super::{
    ApiError,
    auth::Viewer,
    error::ApiResult,
    openapi::{NeedsSession, NotFound, SLAS},
    parameters::PathParameter,
};
use crate::{
    report::make::unpack,
    report_bundle::{Fault, Receiver, Reported, write_bundle},
    state::AppState,
    store::report::find_document,
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use edgewatch_protocol::problem::ProblemType;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Bundles that are written at a time: each takes a connection to the database and half a core.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// How long to wait for one that is being written.
const PATIENCE: Duration = Duration::from_secs(20);

/// Pieces on their way.
const PIECES: usize = 4;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_report_bundle))
}

/// A report's bundle: the report with the signed batches that it rests on, keys, checkpoints and proofs.
///
/// It is checked by `edgewatch verify`, or on the page `/verify`, without asking this installation. Whole batches are in
/// it, with what the same probes saw of other monitors.
#[utoipa::path(
    get, path = "/api/v1/reports/{id}/files/bundle", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The report's number")),
    responses((status = 200, description = "The bundle", content_type = "application/zip"), NeedsSession, NotFound)
)]
async fn get_report_bundle(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Response> {
    stream_bundle(state, id).await
}

/// A report's bundle, written while it is read. Who comes while others are written waits for them, but not for long.
pub(super) async fn stream_bundle(state: AppState, id: i32) -> ApiResult<Response> {
    let packed = find_document(&state.pool, id).await?;
    let packed = packed.ok_or_else(|| ApiError::not_found("report that is made"))?;
    let document = unpack(&packed).map_err(ApiError::internal)?;
    let reported = Reported {
        document: serde_json::to_vec_pretty(&document).map_err(ApiError::internal)?,
        figures: document.figures,
        policy: document.contract.policy,
        exclusions: document.exclusions,
        made_at: document.generated_at,
    };
    let permit = tokio::time::timeout(PATIENCE, AT_ONCE.acquire()).await;
    let Ok(Ok(permit)) = permit else {
        let detail = "other bundles are being written; try again in a minute";
        return Err(ApiError::new(ProblemType::Unavailable, detail));
    };
    let (pieces, taken) = mpsc::channel(PIECES);
    tokio::spawn(async move {
        let mut sender = Sender(pieces);
        let written = async {
            let _permit = permit;
            write_bundle(&state, reported, &mut sender).await
        };
        if let Err(error) = written.await {
            tracing::warn!(report = id, %error, "a bundle was not written to its end");
            // Whoever reads it is not to take what there is for all.
            let _ = sender
                .0
                .send(Err(std::io::Error::other("the bundle ends early")))
                .await;
        }
    });
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(taken)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    let name = format!("attachment; filename=\"report-{id}-bundle.zip\"");
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

struct Sender(mpsc::Sender<std::io::Result<Vec<u8>>>);

impl Receiver for Sender {
    async fn take(&mut self, piece: Vec<u8>) -> Result<(), Fault> {
        Ok(self.0.send(Ok(piece)).await?)
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        http::{slas::tests::ten_minutes, test_server::TestServer},
        report::make::make_next_report,
    };
    use chrono::TimeDelta;
    use edgewatch_client::session::Role;
    use edgewatch_proof::{
        bundle::Bundle,
        verify::{Finding, Options, Verification, verify},
    };
    use serde_json::{Value, json};
    use sqlx::PgPool;
    use std::io::Cursor;

    fn verified(bundle: &[u8]) -> Verification {
        let mut bundle = Bundle::open(Cursor::new(bundle)).unwrap();
        verify(&mut bundle, &Options::default(), &mut |_| {}).unwrap()
    }

    /// From what probes have signed, by way of the record, to a report; and from the same signatures, without the database, to
    /// the same figures.
    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn a_report_is_verified_by_its_bundle(pool: PgPool) {
        let mut server = TestServer::new(pool.clone());
        ten_minutes(&mut server).await;
        let editor = server.client(Role::Editor).await;
        let policy =
            json!({"monitors": [1, 2], "objective_ppm": 999_000, "window": "calendar_month", "zone": "UTC"});
        let made = editor
            .post("/api/v1/slas", json!({"name": "Acme", "policy": policy}))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        let now = server.state.clock.now();
        let left_out = json!({"from": now - TimeDelta::minutes(9), "to": now - TimeDelta::minutes(8), "reason": "a test of ours"});
        let made = editor.post("/api/v1/slas/1/exclusions", left_out).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let asked = json!({"sla": 1, "from": now - TimeDelta::hours(1), "to": now});
        assert_eq!(editor.post("/api/v1/reports", asked).await.status, 202);
        let path = "/api/v1/reports/1/files/bundle";
        assert_eq!(
            editor.get(path).await.problem(),
            "not-found",
            "it is not made yet"
        );
        assert!(make_next_report(&server.state).await.unwrap());

        let bundle = editor.get(path).await;
        assert_eq!(bundle.status, 200, "{}", bundle.text);
        assert_eq!(bundle.headers["content-type"], "application/zip");
        let found = verified(&bundle.bytes);
        assert!(found.holds && found.figures_are_equal(), "{:#?}", found.findings);
        assert!(
            found.stated.outages.len() == 1 && found.observations > 0,
            "{:?}",
            found.stated.outages
        );
        let reported: Value = editor.get("/api/v1/reports/1/files/json").await.json();
        assert_eq!(serde_json::to_value(&found.stated).unwrap(), reported["figures"]);

        // A record that somebody has made better tells something else than what was signed.
        sqlx::query("UPDATE state_interval SET state = 0, measured = 0 WHERE monitor_id = 1")
            .execute(&pool)
            .await
            .unwrap();
        let asked = json!({"sla": 1, "from": now - TimeDelta::hours(1), "to": now});
        assert_eq!(editor.post("/api/v1/reports", asked).await.status, 202);
        assert!(make_next_report(&server.state).await.unwrap());
        let found = verified(&editor.get("/api/v1/reports/2/files/bundle").await.bytes);
        assert!(!found.holds && !found.figures_are_equal());
        let differs = |finding: &Finding| matches!(finding, Finding::FigureDiffers { .. });
        assert!(found.findings.iter().any(differs), "{:#?}", found.findings);
    }
}
