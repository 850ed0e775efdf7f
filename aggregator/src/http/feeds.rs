//! `/status/{slug}/feed.rss`, `/feed.atom` and `/maintenance.ics`: a status page for feed readers and calendars.

use super::page_visit::PageVisit;
use crate::feed::{
    PageAddress,
    atom::{self, atom},
    calendar::{self, calendar},
    rss::{self, rss},
};
use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY},
    },
    response::{IntoResponse, Response},
};
use edgewatch_client::{public_status::StatusSnapshot, status_page::PageAccess};
use edgewatch_ui::public::Texts;
use sha2::{Digest as _, Sha256};

/// Writes a feed.
pub type Write = fn(&StatusSnapshot, &PageAddress, Texts) -> String;

/// The feed of this name, as it is written and what it is served as.
pub fn of_name(name: &str) -> Option<(Write, &'static str)> {
    Some(match name {
        "feed.rss" => (rss, rss::MEDIA_TYPE),
        "feed.atom" => (atom, atom::MEDIA_TYPE),
        "maintenance.ics" => (calendar, calendar::MEDIA_TYPE),
        _ => return None,
    })
}

/// Answers a request for a feed, by somebody who may see the page.
pub fn serve(visit: &PageVisit, headers: &HeaderMap, write: Write, media_type: &'static str) -> Response {
    let snapshot = &visit.live.snapshot;
    let feed = write(
        snapshot,
        &PageAddress::new(&visit.address()),
        Texts(visit.language),
    );
    // Made of what is in memory: to write it anew costs less than to keep it. Where nothing has changed it is the same.
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&feed)[..16]));
    let cache = if snapshot.page.access == PageAccess::Public {
        "public, max-age=60"
    } else {
        "private, no-cache"
    };
    let known = headers.get_all(IF_NONE_MATCH).into_iter();
    let mut known = known
        .filter_map(|value| value.to_str().ok())
        .flat_map(|tags| tags.split(','));
    let is_known = known.any(|known| known.trim().trim_start_matches("W/") == tag);
    let tag = HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""));
    let headers = [
        (ETAG, tag),
        (CACHE_CONTROL, HeaderValue::from_static(cache)),
        (VARY, HeaderValue::from_static("accept-language, cookie")),
    ];
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [(CONTENT_TYPE, media_type)], feed).into_response()
}

#[cfg(test)]
mod tests {
    use crate::http::test_server::TestServer;
    use edgewatch_client::session::Role;
    use serde_json::json;
    use sqlx::PgPool;

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn feeds_are_served_as_long_as_they_are_other_and_to_who_may_see_them(pool: PgPool) {
        let server = TestServer::new(pool);
        let editor = server.client(Role::Editor).await;
        let mut page = json!({ "slug": "acme", "title": "Acme", "components": [
            { "name": "Mail", "source": { "type": "by_hand", "state": "operational" } }] });
        let made = editor.post("/api/v1/status-pages", page.clone()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        server.state.take_status_pages().await.unwrap();
        for (file, media_type) in [
            ("feed.rss", "application/rss+xml; charset=utf-8"),
            ("feed.atom", "application/atom+xml; charset=utf-8"),
            ("maintenance.ics", "text/calendar; charset=utf-8"),
        ] {
            let path = format!("/status/acme/{file}");
            let feed = server.send("GET", &path, &[], None).await;
            assert_eq!(
                (
                    feed.status.as_u16(),
                    feed.headers["content-type"].to_str().unwrap()
                ),
                (200, media_type)
            );
            assert!(feed.text.contains("Acme"), "{}", feed.text);
            let tag = feed.headers["etag"].to_str().unwrap();
            let again = server.send("GET", &path, &[("if-none-match", tag)], None).await;
            assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
            let other = server
                .send("GET", &path, &[("if-none-match", "\"x\"")], None)
                .await;
            assert_eq!(other.status, 200);
            let missing = server
                .send("GET", &format!("/status/none/{file}"), &[], None)
                .await;
            assert_eq!(missing.status, 404);
        }
        page["access"] = json!("signed_in");
        let id = made.json()["id"].clone();
        let changed = editor.put(&format!("/api/v1/status-pages/{id}"), page).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        server.state.take_status_pages().await.unwrap();
        let stranger = server.send("GET", "/status/acme/feed.rss", &[], None).await;
        assert_ne!(stranger.status, 200);
        assert!(!stranger.text.contains("Acme"), "{}", stranger.text);
        let member = editor.get("/status/acme/feed.rss").await;
        assert_eq!(member.status, 200);
        assert_eq!(member.headers["cache-control"], "private, no-cache");
    }
}
