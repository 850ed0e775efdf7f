//! `POST /api/v1/status-pages/preview`: a page as it would be, for those who are writing it.

use super::{find_present, validation::validate};
use crate::{
    http::{
        ApiError,
        auth::{Editor, origin},
        error::ApiResult,
        json::decode,
        openapi::{Invalid, InvalidQuery, NeedsRole, NotFound, STATUS_PAGES},
        parameters::QueryParameters,
    },
    state::AppState,
    status_snapshot::{Agreements, Sources, build, read_latencies, window_of},
    store::status_page::StoredPage,
};
use axum::{
    extract::State,
    http::{
        HeaderMap, HeaderValue,
        header::{
            ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use edgewatch_client::{
    public_status::ComponentState,
    status_page::{ComponentSource, PageAccess, StatusPageComponent, StatusPageSettings},
};
use edgewatch_protocol::problem::ProblemType;
use edgewatch_ui::{
    assets::Assets,
    public::{Frame, Seen, negotiate, status_page},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The query of a preview.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PreviewQuery {
    /// The page that is being changed; absent for a new one.
    page: Option<i32>,
}

/// The body of a preview: a form, so that a browser shows the answer in a frame under the answer's own policy.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[allow(dead_code, reason = "it documents the form")]
struct PreviewForm {
    /// `StatusPageSettings` as JSON. A name or an address that is missing is filled in.
    settings: String,
}

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(preview_status_page))
}

/// Renders a status page as it would be with these settings. Nothing is kept.
#[utoipa::path(
    post, path = "/api/v1/status-pages/preview", tag = STATUS_PAGES, security(("cookie" = []), ("bearer" = [])),
    params(PreviewQuery),
    request_body(content = PreviewForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = String, content_type = "text/html"), NeedsRole, NotFound, Invalid, InvalidQuery)
)]
async fn preview_status_page(
    _: Editor,
    State(state): State<AppState>,
    QueryParameters(query): QueryParameters<PreviewQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    let now = state.clock.now();
    let form = url::form_urlencoded::parse(&body).find(|(name, _)| name == "settings");
    let (_, text) =
        form.ok_or_else(|| ApiError::new(ProblemType::Malformed, "the form has no `settings`"))?;
    let mut settings: StatusPageSettings = decode(text.as_bytes())?;
    fill_in(&mut settings);
    let mut tx = state.pool.begin().await?;
    let kept = match query.page {
        Some(id) => Some(find_present(&mut tx, id).await?),
        None => None,
    };
    let mut settings = validate(
        &mut tx,
        settings,
        kept.as_ref(),
        &origin(&state.settings(), &headers),
    )
    .await?;
    number(&mut settings.components, &mut 0);
    let base = kept
        .as_ref()
        .map_or_else(String::new, |kept| format!("/status/{}", kept.settings.slug));
    let page = StoredPage {
        id: kept.as_ref().map_or(0, |kept| kept.id),
        revision: 0,
        settings,
        password_hash: None,
        logo: kept.and_then(|kept| kept.logo),
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let pages = [page];
    let sources = Sources::read(&mut tx, &pages, window_of(&pages, now), now).await?;
    let latencies = read_latencies(&mut tx, &pages, now).await?;
    let past = state.status_pages.past();
    let agreements = Agreements::read(&mut tx, &pages, &past, &state.secrets, now).await?;
    // Nothing was changed: the locks of reading are let go.
    tx.rollback().await?;
    let [page] = pages;
    let sources = sources
        .with_latencies(latencies)
        .with_agreements(agreements)
        .with_states_to_set(&page);
    let accepted = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|accepted| accepted.to_str().ok());
    let document = tokio::task::spawn_blocking(move || {
        let snapshot = build(&page, &sources);
        (page.settings.language, snapshot)
    })
    .await
    .map(|(language, snapshot)| {
        let frame = Frame {
            assets: &Assets::embedded(),
            language: language.unwrap_or_else(|| negotiate(accepted.unwrap_or_default())),
            is_chosen: false,
            base: &base,
            origin: "",
            seen: Seen::At(now),
        };
        status_page(&frame, &snapshot).for_preview()
    })
    .map_err(ApiError::internal)?;
    let policy = HeaderValue::try_from(document.policy).map_err(ApiError::internal)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, document.html).into_response())
}

/// What is not written yet does not keep the rest from being seen.
fn fill_in(settings: &mut StatusPageSettings) {
    "preview".clone_into(&mut settings.slug);
    settings.access = PageAccess::Public;
    settings.password = None;
    settings.host = None;
    if settings.title.trim().is_empty() {
        "…".clone_into(&mut settings.title);
    }
    fill_in_components(&mut settings.components);
}

fn fill_in_components(components: &mut [StatusPageComponent]) {
    for component in components {
        if component.name.trim().is_empty() {
            "…".clone_into(&mut component.name);
        }
        if matches!(&component.source, ComponentSource::Monitors { monitors, .. } if monitors.is_empty()) {
            component.source = ComponentSource::ByHand {
                state: ComponentState::Unknown,
            };
        }
        fill_in_components(&mut component.children);
    }
}

/// New components get numbers that no other has.
fn number(components: &mut [StatusPageComponent], last: &mut i32) {
    for component in components {
        if component.id.is_none() {
            *last -= 1;
            component.id = Some(*last);
        }
        number(&mut component.children, last);
    }
}
