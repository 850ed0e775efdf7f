//! Files of reports: `/api/v1/reports/{id}/files/{format}`, and links by which a report is read without an account:
//! `/api/v1/reports/{id}/links`, `/shared/reports/{token}`.

use super::{
    ApiError, JsonBody,
    auth::{Editor, Viewer},
    error::ApiResult,
    openapi::{Invalid, NeedsRole, NeedsSession, NotFound, SLAS},
    parameters::PathParameter,
    report_bundles::stream_bundle,
};
use crate::{
    report::{
        files::{FileError, ReportFile, read_document, render, render_page},
        share::{self, Shared},
    },
    state::AppState,
};
use axum::{
    Json, Router,
    extract::State,
    http::{
        HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use edgewatch_client::report_schedule::{ReportFormat, ReportLink, ReportLinkRequest};
use edgewatch_protocol::problem::FieldError;
use edgewatch_report::html::{Offer, STYLE};
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, LazyLock};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The days that a link may be good.
const LINK_DAYS: std::ops::RangeInclusive<u16> = 1..=365;

/// A report as a page loads nothing and runs nothing; its styles are known.
static PAGE_POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
});

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_report_file))
        .routes(routes!(create_report_link))
}

/// What is public: reports that somebody shares.
pub fn public_router() -> Router<AppState> {
    Router::new()
        .route("/shared/reports/{token}", get(read_shared_report))
        .route("/shared/reports/{token}/{form}", get(read_shared_form))
}

/// A report as a file: `html`, `pdf`, `csv`, `xlsx` or `json`.
///
/// It is made when it is asked for, of what was stored when the report was made: each time the same.
#[utoipa::path(
    get, path = "/api/v1/reports/{id}/files/{format}", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The report's number"),
           ("format" = ReportFormat, Path, description = "The form that is wanted")),
    responses(
        (status = 200, description = "The file, of the media type of its format", body = Vec<u8>,
         content_type = "application/octet-stream"),
        NeedsSession, NotFound)
)]
async fn get_report_file(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter((id, format)): PathParameter<(i32, String)>,
) -> ApiResult<Response> {
    let file = read_file(&state, id, &format).await?;
    Ok(answer(file))
}

/// Makes a link by which whoever has it reads a report, without an account.
///
/// It is good until its end; it ends before that only with the report.
#[utoipa::path(
    post, path = "/api/v1/reports/{id}/links", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The report's number")), request_body = ReportLinkRequest,
    responses((status = 201, body = ReportLink), NeedsRole, NotFound, Invalid)
)]
async fn create_report_link(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    JsonBody(request): JsonBody<ReportLinkRequest>,
) -> ApiResult<(StatusCode, Json<ReportLink>)> {
    if !LINK_DAYS.contains(&request.days) {
        return Err(ApiError::validation(vec![FieldError {
            pointer: "/days".to_owned(),
            detail: format!(
                "is {}, use {} to {}",
                request.days,
                LINK_DAYS.start(),
                LINK_DAYS.end()
            ),
        }]));
    }
    if read_document(&state.pool, id).await.map_err(fault)?.is_none() {
        return Err(ApiError::not_found("report that is made"));
    }
    let expires_at = state.clock.now() + TimeDelta::days(request.days.into());
    let shared = Shared {
        report: id,
        bundle: request.bundle,
    };
    let url = share::url(
        &state.settings(),
        &share::token(&state.secrets, shared, expires_at),
    );
    tracing::info!(report = id, bundle = shared.bundle, user = session.user.user_id, %expires_at, "report shared");
    Ok((StatusCode::CREATED, Json(ReportLink { url, expires_at })))
}

/// A report for whoever may see it without an account, who finds it at `address` and its other forms beneath.
pub(super) struct SharedReport {
    pub id: i32,
    pub address: String,
    /// Whether its bundle can be had, too.
    pub has_bundle: bool,
}

impl SharedReport {
    /// To be looked at; or in a form, to be kept.
    pub(super) async fn answer(&self, state: &AppState, form: Option<&str>) -> ApiResult<Response> {
        match form {
            None => self.page(state).await,
            Some("bundle") if self.has_bundle => stream_bundle(state.clone(), self.id).await,
            Some(form) => Ok(answer(read_file(state, self.id, form).await?)),
        }
    }

    async fn page(&self, state: &AppState) -> ApiResult<Response> {
        let document = read_document(&state.pool, self.id).await.map_err(fault)?;
        let document = document.ok_or_else(|| ApiError::not_found("report that is made"))?;
        let form = |form: &'static str, label: &str| Offer {
            label: label.to_owned(),
            href: format!("{}/{form}", self.address),
        };
        let forms = [("pdf", "PDF"), ("xlsx", "XLSX"), ("csv", "CSV"), ("json", "JSON")];
        let mut offers: Vec<_> = forms.map(|(name, label)| form(name, label)).into();
        if self.has_bundle {
            offers.push(form("bundle", "Bundle to verify it by"));
            let verify = document.links.verify.clone();
            offers.extend(verify.map(|href| Offer {
                label: "Verify a bundle".to_owned(),
                href,
            }));
        }
        let html = render_page(document, offers).await.map_err(fault)?;
        let headers = [
            (CONTENT_TYPE, ReportFormat::Html.media_type()),
            (CONTENT_SECURITY_POLICY, PAGE_POLICY.as_str()),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            (CACHE_CONTROL, "private, no-store"),
        ];
        Ok((headers, html).into_response())
    }
}

async fn read_shared_report(
    State(state): State<AppState>,
    PathParameter(token): PathParameter<String>,
) -> ApiResult<Response> {
    shared(&state, &token)?.answer(&state, None).await
}

async fn read_shared_form(
    State(state): State<AppState>,
    PathParameter((token, form)): PathParameter<(String, String)>,
) -> ApiResult<Response> {
    shared(&state, &token)?.answer(&state, Some(&form)).await
}

/// What a link gives.
fn shared(state: &AppState, token: &str) -> ApiResult<SharedReport> {
    let shared = share::read_token(&state.secrets, token, state.clock.now());
    let shared = shared.ok_or_else(|| ApiError::not_found("shared report"))?;
    Ok(SharedReport {
        id: shared.report,
        address: format!("/shared/reports/{token}"),
        has_bundle: shared.bundle,
    })
}

async fn read_file(state: &AppState, id: i32, format: &str) -> ApiResult<ReportFile> {
    let format = ReportFormat::from_name(format).ok_or_else(|| ApiError::not_found("format of that name"))?;
    let document = read_document(&state.pool, id).await.map_err(fault)?;
    let document = document.ok_or_else(|| ApiError::not_found("report that is made"))?;
    let fonts = Arc::clone(&state.report_fonts);
    render(document, format, fonts).await.map_err(fault)
}

fn fault(error: FileError) -> ApiError {
    match error {
        FileError::Database(error) => error.into(),
        FileError::Rendering(_) => ApiError::internal(error),
    }
}

/// A file as it is sent, to be kept.
fn answer(file: ReportFile) -> Response {
    let disposition = format!("attachment; filename=\"{}\"", file.name);
    let header = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(file.format.media_type())),
        (CONTENT_DISPOSITION, header(&disposition)),
        (CONTENT_SECURITY_POLICY, header(&PAGE_POLICY)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    (headers, file.bytes).into_response()
}
