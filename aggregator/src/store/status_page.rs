//! Status pages as editors write them: `status_page`, its logo and its history. Components are in
//! [`super::status_page_component`].

use super::{status_page_component::list_trees, status_page_sla::list_page_slas};
use chrono::{DateTime, Utc};
use edgewatch_client::status_page::{
    PageAccess, PageLanguage, PageLogo, PageShows, PageTheme, StatusPageChange, StatusPageChangeKind,
    StatusPageSettings,
};
use sqlx::{PgConnection, PgExecutor};
use std::collections::HashSet;

/// Hexadecimal digits of a logo's digest in its address.
const DIGEST_SHOWN: usize = 16;
/// Changes that are told of a page.
const CHANGES_TOLD: i64 = 50;

/// A page as it is stored.
#[derive(Clone, Debug)]
pub struct StoredPage {
    /// Its number.
    pub id: i32,
    /// Grows with each change.
    pub revision: i32,
    /// Its settings, without the password.
    pub settings: StatusPageSettings,
    /// The password's hash.
    pub password_hash: Option<String>,
    /// Its logo.
    pub logo: Option<PageLogo>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// When it was removed.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// Which pages are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageFilter {
    /// Those that are there.
    Present,
    /// Those that were removed and can be restored.
    Deleted,
    /// The one of this number, whether it was removed or not.
    One(i32),
}

fn theme_name(theme: PageTheme) -> &'static str {
    match theme {
        PageTheme::Auto => "auto",
        PageTheme::Light => "light",
        PageTheme::Dark => "dark",
    }
}

fn theme_of(name: &str) -> PageTheme {
    let all = [PageTheme::Light, PageTheme::Dark];
    let found = all.into_iter().find(|theme| theme_name(*theme) == name);
    found.unwrap_or(PageTheme::Auto)
}

fn access_name(access: PageAccess) -> &'static str {
    match access {
        PageAccess::Public => "public",
        PageAccess::Password => "password",
        PageAccess::SignedIn => "signed_in",
    }
}

/// What is not known is not for everybody.
fn access_of(name: &str) -> PageAccess {
    let all = [PageAccess::Public, PageAccess::Password];
    let found = all.into_iter().find(|access| access_name(*access) == name);
    found.unwrap_or(PageAccess::SignedIn)
}

/// Pages by title, with their components and agreements: three statements.
pub async fn list_pages(db: &mut PgConnection, filter: PageFilter) -> sqlx::Result<Vec<StoredPage>> {
    let id = match filter {
        PageFilter::One(id) => Some(id),
        PageFilter::Present | PageFilter::Deleted => None,
    };
    let rows = sqlx::query!(
        r#"SELECT id, revision, slug, title, description, host, home_url, accent, theme, language, zone, access, password_hash,
                  uptime_days, shows_uptime, shows_latency, shows_regions, shows_maintenance_notes, edge, logo_type,
                  octet_length(logo) AS logo_bytes, encode(logo_digest, 'hex') AS logo_digest,
                  created_at, updated_at, deleted_at
           FROM status_page WHERE CASE WHEN $1::int4 IS NULL THEN (deleted_at IS NOT NULL) = $2 ELSE id = $1 END
           ORDER BY lower(title), id"#,
        id,
        filter == PageFilter::Deleted
    )
    .fetch_all(&mut *db)
    .await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut trees = list_trees(&mut *db, &ids).await?;
    let mut slas = list_page_slas(db, &ids).await?;
    let pages =
        rows.into_iter().map(|row| StoredPage {
            id: row.id,
            revision: row.revision,
            settings: StatusPageSettings {
                slug: row.slug,
                title: row.title,
                description: row.description,
                host: row.host,
                home_url: row.home_url,
                accent: row.accent,
                theme: theme_of(&row.theme),
                language: row.language.as_deref().and_then(PageLanguage::from_tag),
                zone: row.zone,
                access: access_of(&row.access),
                password: None,
                uptime_days: row.uptime_days.cast_unsigned(),
                shows: PageShows {
                    uptime: row.shows_uptime,
                    latency: row.shows_latency,
                    regions: row.shows_regions,
                    maintenance_notes: row.shows_maintenance_notes,
                },
                edge: row.edge,
                slas: slas.remove(&row.id).unwrap_or_default(),
                components: trees.remove(&row.id).unwrap_or_default(),
            },
            password_hash: row.password_hash,
            logo: row.logo_type.zip(row.logo_bytes).zip(row.logo_digest).map(
                |((media_type, bytes), digest)| PageLogo {
                    media_type,
                    bytes: bytes.unsigned_abs(),
                    path: format!("logo?v={}", &digest[..DIGEST_SHOWN.min(digest.len())]),
                },
            ),
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
        });
    Ok(pages.collect())
}

/// What was done to a page, the latest first.
pub async fn list_changes(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<Vec<StatusPageChange>> {
    let rows = sqlx::query!(
        r#"SELECT c.at, u.email AS "by?", c.kind, c.detail
           FROM status_page_change c LEFT JOIN app_user u ON u.id = c.user_id
           WHERE c.page_id = $1 ORDER BY c.id DESC LIMIT $2"#,
        id,
        CHANGES_TOLD
    )
    .fetch_all(db)
    .await?;
    let changes = rows.into_iter().map(|row| {
        let mut kinds = StatusPageChangeKind::ALL.into_iter();
        let kind = kinds.find(|kind| kind.as_str() == row.kind);
        StatusPageChange {
            at: row.at,
            by: row.by,
            kind: kind.unwrap_or(StatusPageChangeKind::Changed),
            detail: row.detail,
        }
    });
    Ok(changes.collect())
}

/// Notes what was done to a page, and by whom.
pub async fn add_change(
    db: &mut PgConnection,
    id: i32,
    (user_id, at): (i32, DateTime<Utc>),
    kind: StatusPageChangeKind,
    detail: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO status_page_change (page_id, at, user_id, kind, detail) VALUES ($1, $2, $3, $4, $5)",
        id,
        at,
        user_id,
        kind.as_str(),
        detail
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Makes a page without components; its number. What is taken violates `status_page_slug_key` or `status_page_host_key`.
pub async fn create_page(
    db: &mut PgConnection,
    settings: &StatusPageSettings,
    password_hash: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "INSERT INTO status_page (revision, slug, title, description, host, home_url, accent, theme, language, zone, access,
             password_hash, uptime_days, shows_uptime, shows_latency, shows_regions, shows_maintenance_notes, edge, created_at, updated_at)
         VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18) RETURNING id",
        settings.slug,
        settings.title,
        settings.description,
        settings.host,
        settings.home_url,
        settings.accent,
        theme_name(settings.theme),
        settings.language.map(PageLanguage::as_str),
        settings.zone,
        access_name(settings.access),
        password_hash,
        settings.uptime_days.cast_signed(),
        settings.shows.uptime,
        settings.shows.latency,
        settings.shows.regions,
        settings.shows.maintenance_notes,
        settings.edge,
        now
    )
    .fetch_one(db)
    .await
}

/// Changes all of a page but its components, and its password where there is a new one.
pub async fn update_page(
    db: &mut PgConnection,
    id: i32,
    settings: &StatusPageSettings,
    password_hash: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE status_page SET revision = revision + 1, slug = $2, title = $3, description = $4, host = $5, home_url = $6,
             accent = $7, theme = $8, language = $9, zone = $10, access = $11, password_hash = coalesce($12, password_hash),
             uptime_days = $13, shows_uptime = $14, shows_latency = $15, shows_regions = $16, shows_maintenance_notes = $17,
             edge = $18, updated_at = $19
         WHERE id = $1",
        id,
        settings.slug,
        settings.title,
        settings.description,
        settings.host,
        settings.home_url,
        settings.accent,
        theme_name(settings.theme),
        settings.language.map(PageLanguage::as_str),
        settings.zone,
        access_name(settings.access),
        password_hash,
        settings.uptime_days.cast_signed(),
        settings.shows.uptime,
        settings.shows.latency,
        settings.shows.regions,
        settings.shows.maintenance_notes,
        settings.edge,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Locks a page until the end of the transaction; `false` if there is none.
pub async fn lock_page(db: &mut PgConnection, id: i32) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!("SELECT id FROM status_page WHERE id = $1 FOR UPDATE", id)
        .fetch_optional(db)
        .await?;
    Ok(found.is_some())
}

/// Removes a page, or restores it. What is taken meanwhile violates `status_page_slug_key` or `status_page_host_key`.
pub async fn set_deleted(
    db: &mut PgConnection,
    id: i32,
    deleted_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE status_page SET deleted_at = $2, revision = revision + 1 WHERE id = $1",
        id,
        deleted_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets pages that were removed before a moment.
pub async fn purge_pages(db: impl PgExecutor<'_>, deleted_before: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM status_page WHERE deleted_at < $1", deleted_before)
        .execute(db)
        .await?;
    Ok(())
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their SHA-256.
    pub digest: Vec<u8>,
}

/// Sets a page's logo, or takes it away.
pub async fn set_logo(
    db: &mut PgConnection,
    id: i32,
    logo: Option<&Logo>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE status_page SET logo = $2, logo_type = $3, logo_digest = $4, revision = revision + 1, updated_at = $5 WHERE id = $1",
        id,
        logo.map(|logo| logo.bytes.as_slice()),
        logo.map(|logo| logo.media_type.as_str()),
        logo.map(|logo| logo.digest.as_slice()),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The logos of these pages.
pub async fn list_logos(db: impl PgExecutor<'_>, pages: &[i32]) -> sqlx::Result<Vec<(i32, Logo)>> {
    let rows = sqlx::query!(
        r#"SELECT id, logo AS "logo!", logo_type AS "logo_type!", logo_digest AS "logo_digest!"
           FROM status_page WHERE id = ANY($1) AND logo IS NOT NULL"#,
        pages
    )
    .fetch_all(db)
    .await?;
    let logos = rows.into_iter().map(|row| {
        let logo = Logo {
            media_type: row.logo_type,
            bytes: row.logo,
            digest: row.logo_digest,
        };
        (row.id, logo)
    });
    Ok(logos.collect())
}

/// Which of these pages there are.
pub async fn list_page_ids(db: impl PgExecutor<'_>, ids: &[i32]) -> sqlx::Result<HashSet<i32>> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM status_page WHERE id = ANY($1) AND deleted_at IS NULL",
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(found.into_iter().collect())
}
