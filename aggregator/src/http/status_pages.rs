//! `/api/v1/status-pages`: what the public is shown, as editors write it. The public addresses are in [`super::public`].

mod logo;
mod preview;
#[cfg(test)]
mod tests;
mod validation;

use super::{
    ApiError, JsonBody,
    auth::{Editor, Viewer, origin},
    error::ApiResult,
    located,
    monitors::{etag, require_match},
    openapi::{Conflict, Invalid, InvalidQuery, NeedsRole, NeedsSession, NotFound, Outdated, STATUS_PAGES},
    parameters::{PathParameter, QueryParameters},
};
use crate::{
    announcement::Change,
    state::AppState,
    store::{
        policy::note_page_policies,
        status_page::{
            self, PageFilter, StoredPage, add_change, list_changes, list_pages, lock_page, set_deleted,
        },
        status_page_component::replace_components,
        status_page_sla::replace_page_slas,
    },
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use edgewatch_client::status_page::{
    ComponentSource, PageAccess, PageGroup, StatusPage, StatusPageChangeKind, StatusPageComponent,
    StatusPageSettings, StatusPageSummary, StatusPagesQuery,
};
use edgewatch_protocol::problem::{FieldError, ProblemType};
use sqlx::PgConnection;
use utoipa_axum::{router::OpenApiRouter, routes};
use validation::validate;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_status_pages, create_status_page))
        .routes(routes!(get_status_page, update_status_page, delete_status_page))
        .routes(routes!(restore_status_page))
        .merge(logo::router())
        .merge(preview::router())
}

/// All status pages by title; or those that were removed and can be restored.
#[utoipa::path(
    get, path = "/api/v1/status-pages", tag = STATUS_PAGES, security(("cookie" = []), ("bearer" = [])),
    params(StatusPagesQuery), responses((status = 200, body = Vec<StatusPageSummary>), NeedsSession, InvalidQuery)
)]
async fn list_status_pages(
    _: Viewer,
    State(state): State<AppState>,
    QueryParameters(query): QueryParameters<StatusPagesQuery>,
) -> ApiResult<Json<Vec<StatusPageSummary>>> {
    let filter = if query.deleted {
        PageFilter::Deleted
    } else {
        PageFilter::Present
    };
    let mut db = state.pool.acquire().await?;
    let pages = list_pages(&mut db, filter).await?;
    let live = state.status_pages.current();
    let summaries = pages.into_iter().map(|page| StatusPageSummary {
        id: page.id,
        components: count(&page.settings.components),
        groups: groups(&page.settings.components),
        state: live.page(page.id).map(|live| live.snapshot.state),
        slug: page.settings.slug,
        title: page.settings.title,
        host: page.settings.host,
        access: page.settings.access,
        updated_at: page.updated_at,
        deleted_at: page.deleted_at,
    });
    Ok(Json(summaries.collect()))
}

fn count(components: &[StatusPageComponent]) -> u32 {
    components
        .iter()
        .map(|component| 1 + count(&component.children))
        .sum()
}

/// The components that hold monitors or others, in the order of the tree.
fn groups(components: &[StatusPageComponent]) -> Vec<PageGroup> {
    let group = |component: &StatusPageComponent| {
        let is_by_hand = matches!(component.source, ComponentSource::ByHand { .. });
        let own = component.id.filter(|_| !is_by_hand).map(|id| PageGroup {
            id,
            name: component.name.clone(),
        });
        own.into_iter().chain(groups(&component.children))
    };
    components.iter().flat_map(group).collect()
}

/// One status page, with who did what to it.
///
/// The `ETag` names the revision; sent back as `If-Match` it keeps a change from overwriting another.
#[utoipa::path(
    get, path = "/api/v1/status-pages/{id}", tag = STATUS_PAGES, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The page's number")),
    responses((status = 200, body = StatusPage), NeedsSession, NotFound)
)]
async fn get_status_page(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Response> {
    let mut db = state.pool.acquire().await?;
    let page = answer(&mut db, id).await?;
    Ok((etag(page.revision), Json(page)).into_response())
}

/// Makes a status page.
#[utoipa::path(
    post, path = "/api/v1/status-pages", tag = STATUS_PAGES, security(("cookie" = []), ("bearer" = [])),
    request_body = StatusPageSettings, responses((status = 201, body = StatusPage), NeedsRole, Invalid)
)]
async fn create_status_page(
    Editor(session): Editor,
    State(state): State<AppState>,
    headers: HeaderMap,
    JsonBody(settings): JsonBody<StatusPageSettings>,
) -> ApiResult<Response> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    let settings = validate(&mut tx, settings, None, &origin(&state.settings(), &headers)).await?;
    let hash = hash_of(&state, &settings).await?;
    let id = status_page::create_page(&mut tx, &settings, hash.as_deref(), now).await?;
    replace_components(&mut tx, id, &settings.components, now).await?;
    replace_page_slas(&mut tx, id, &settings.slas).await?;
    note_page_policies(&mut tx, id, now).await?;
    let author = (session.user.user_id, now);
    add_change(&mut tx, id, author, StatusPageChangeKind::Created, "").await?;
    let made = answer(&mut tx, id).await?;
    tx.commit().await?;
    state.announce(Change::StatusPages).await;
    tracing::info!(
        status_page = id,
        user = session.user.user_id,
        "status page created"
    );
    let etag = etag(made.revision);
    let made = located(StatusCode::CREATED, format!("/api/v1/status-pages/{id}"), made)?;
    Ok((etag, made).into_response())
}

/// Changes a status page: its settings and components, all of them.
///
/// Components that come with their number keep their history; those that are left out are removed.
#[utoipa::path(
    put, path = "/api/v1/status-pages/{id}", tag = STATUS_PAGES, security(("cookie" = []), ("bearer" = [])),
    params(
        ("id" = i32, Path, description = "The page's number"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the page as it was read")
    ),
    request_body = StatusPageSettings,
    responses((status = 200, body = StatusPage), NeedsRole, NotFound, Invalid, Outdated)
)]
async fn update_status_page(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    headers: HeaderMap,
    JsonBody(settings): JsonBody<StatusPageSettings>,
) -> ApiResult<Response> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    let kept = find_present(&mut tx, id).await?;
    require_match(&headers, kept.revision)?;
    let settings = validate(
        &mut tx,
        settings,
        Some(&kept),
        &origin(&state.settings(), &headers),
    )
    .await?;
    let hash = hash_of(&state, &settings).await?;
    status_page::update_page(&mut tx, id, &settings, hash.as_deref(), now).await?;
    replace_components(&mut tx, id, &settings.components, now).await?;
    replace_page_slas(&mut tx, id, &settings.slas).await?;
    note_page_policies(&mut tx, id, now).await?;
    let author = (session.user.user_id, now);
    let detail = changed_fields(&kept.settings, &settings);
    add_change(&mut tx, id, author, StatusPageChangeKind::Changed, &detail).await?;
    let changed = answer(&mut tx, id).await?;
    tx.commit().await?;
    state.announce(Change::StatusPages).await;
    tracing::info!(
        status_page = id,
        user = session.user.user_id,
        "status page changed"
    );
    Ok((etag(changed.revision), Json(changed)).into_response())
}

/// Removes a status page. It can be restored for 30 days.
#[utoipa::path(
    delete, path = "/api/v1/status-pages/{id}", tag = STATUS_PAGES, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The page's number")),
    responses((status = 204, description = "Removed"), NeedsRole, NotFound)
)]
async fn delete_status_page(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<StatusCode> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    find_present(&mut tx, id).await?;
    set_deleted(&mut tx, id, Some(now)).await?;
    note_page_policies(&mut tx, id, now).await?;
    let author = (session.user.user_id, now);
    add_change(&mut tx, id, author, StatusPageChangeKind::Removed, "").await?;
    tx.commit().await?;
    state.announce(Change::StatusPages).await;
    tracing::info!(
        status_page = id,
        user = session.user.user_id,
        "status page removed"
    );
    Ok(StatusCode::NO_CONTENT)
}

/// Restores a status page that was removed.
///
/// One whose address another page has by now cannot be restored until that one gives it up.
#[utoipa::path(
    post, path = "/api/v1/status-pages/{id}/restore", tag = STATUS_PAGES, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The page's number")),
    responses((status = 200, body = StatusPage), NeedsRole, NotFound, Conflict)
)]
async fn restore_status_page(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Json<StatusPage>> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    let kept = find(&mut tx, id).await?;
    if kept.deleted_at.is_none() {
        let detail = "this status page was not removed";
        return Err(ApiError::new(ProblemType::Conflict, detail));
    }
    set_deleted(&mut tx, id, None).await.map_err(|error| {
        let taken = ApiError::from(error);
        match taken.problem().errors.first() {
            Some(FieldError { detail, .. }) => ApiError::new(ProblemType::Conflict, detail),
            None => taken,
        }
    })?;
    note_page_policies(&mut tx, id, now).await?;
    let author = (session.user.user_id, now);
    add_change(&mut tx, id, author, StatusPageChangeKind::Restored, "").await?;
    let restored = answer(&mut tx, id).await?;
    tx.commit().await?;
    state.announce(Change::StatusPages).await;
    tracing::info!(
        status_page = id,
        user = session.user.user_id,
        "status page restored"
    );
    Ok(Json(restored))
}

/// A page, locked, whether it was removed or not.
async fn find(db: &mut PgConnection, id: i32) -> ApiResult<StoredPage> {
    let not_found = || ApiError::not_found("status page");
    if !lock_page(&mut *db, id).await? {
        return Err(not_found());
    }
    let found = list_pages(db, PageFilter::One(id)).await?.pop();
    found.ok_or_else(not_found)
}

/// A page that was not removed, locked.
async fn find_present(db: &mut PgConnection, id: i32) -> ApiResult<StoredPage> {
    let found = find(db, id).await?;
    if found.deleted_at.is_some() {
        return Err(ApiError::not_found("status page"));
    }
    Ok(found)
}

async fn answer(db: &mut PgConnection, id: i32) -> ApiResult<StatusPage> {
    let found = list_pages(&mut *db, PageFilter::One(id)).await?.pop();
    let page = found.ok_or_else(|| ApiError::not_found("status page"))?;
    let history = list_changes(db, id).await?;
    Ok(StatusPage {
        id: page.id,
        revision: page.revision,
        settings: page.settings,
        has_password: page.password_hash.is_some(),
        logo: page.logo,
        created_at: page.created_at,
        deleted_at: page.deleted_at,
        history,
    })
}

async fn hash_of(state: &AppState, settings: &StatusPageSettings) -> ApiResult<Option<String>> {
    match &settings.password {
        Some(password) => {
            let hash = state.auth.passwords.hash(password.clone()).await;
            hash.map(Some).map_err(ApiError::internal)
        }
        None => Ok(None),
    }
}

/// Which settings differ, for the history: names alone, for a password is among them.
fn changed_fields(before: &StatusPageSettings, after: &StatusPageSettings) -> String {
    let fields = [
        ("slug", before.slug != after.slug),
        ("title", before.title != after.title),
        ("description", before.description != after.description),
        ("host", before.host != after.host),
        ("home_url", before.home_url != after.home_url),
        ("accent", before.accent != after.accent),
        ("theme", before.theme != after.theme),
        ("language", before.language != after.language),
        ("zone", before.zone != after.zone),
        ("access", before.access != after.access),
        ("password", after.password.is_some()),
        ("uptime_days", before.uptime_days != after.uptime_days),
        ("shows", before.shows != after.shows),
        ("edge", before.edge != after.edge),
        ("slas", before.slas != after.slas),
        ("components", before.components != after.components),
    ];
    let changed = fields.iter().filter(|field| field.1).map(|field| field.0);
    changed.collect::<Vec<_>>().join(", ")
}

/// Whether a page needs a password that it does not have.
fn lacks_password(settings: &StatusPageSettings, kept: Option<&StoredPage>) -> bool {
    let has = settings.password.is_some() || kept.is_some_and(|kept| kept.password_hash.is_some());
    settings.access == PageAccess::Password && !has
}
