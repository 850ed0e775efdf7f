//! Replicas: they show the same, and hand the same over to edge workers; and what is handed over.

use super::{
    parcel,
    tests::{BELOW, change, get, shop},
};
use crate::{
    edge_pages::{is_shown, mark},
    http::test_server::TestServer,
    status_pages::LivePage,
};
use chrono::TimeDelta;
use edgewatch_client::{session::Role, status_page::PageLanguage};
use edgewatch_protocol::edge_page::{PageHead, document_bytes, unpack};
use serde_json::json;
use sqlx::PgPool;
use std::{io::Read as _, sync::Arc};

/// Another replica over the same database, at the same moment.
fn replica(server: &TestServer) -> TestServer {
    let other = TestServer::new(server.state.pool.clone());
    other
        .state
        .clock
        .advance(server.state.clock.now() - other.state.clock.now());
    other
}

fn page(server: &TestServer) -> Arc<LivePage> {
    Arc::clone(server.state.status_pages.current().by_slug("shop").unwrap())
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn replicas_show_the_same_whoever_takes_the_snapshot(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    let other = replica(&server);
    other.state.take_status_pages().await.unwrap();
    assert_eq!(page(&server).snapshot, page(&other).snapshot);
    for below in BELOW.iter().filter(|below| !below.starts_with("/subscribe")) {
        let (here, there) = (get(&server, below).await, get(&other, below).await);
        assert_eq!((here.status, &here.text), (there.status, &there.text), "{below}");
        assert_eq!(here.headers.get("etag"), there.headers.get("etag"), "{below}");
    }
    // What an editor does at one of them is seen at the other with its next snapshot.
    let editor = server.client(Role::Admin).await;
    change(&server, &editor, json!({"title": "Another title"})).await;
    assert!(!get(&other, "").await.text.contains("Another title"));
    other.state.take_status_pages().await.unwrap();
    assert_eq!(get(&server, "").await.text, get(&other, "").await.text);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_has_happened_is_named_alike_by_all_replicas_and_not_the_time(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    let other = replica(&server);
    other.state.clock.advance(TimeDelta::seconds(3));
    other.state.take_status_pages().await.unwrap();
    let named = |server: &TestServer| mark(&server.state, &page(server));
    let (here, there) = (named(&server), named(&other));
    assert_eq!(here.tag, there.tag, "three seconds are nothing that has happened");
    assert!(!there.replaces(Some(&here)) && !here.replaces(Some(&there)));
    let editor = server.client(Role::Admin).await;
    change(&server, &editor, json!({"description": "Something new"})).await;
    assert_ne!(named(&server).tag, here.tag);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_public_page_is_handed_over_in_all_languages_and_says_nothing_that_is_not_public(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    assert!(!is_shown(&page(&server)), "nobody has asked for it");
    let editor = server.client(Role::Admin).await;
    change(&server, &editor, json!({"edge": true})).await;
    let shown = page(&server);
    assert!(is_shown(&shown));
    let parcel = parcel(&server.state, &shown, &mark(&server.state, &shown)).unwrap();
    let (head, rest) = unpack::<PageHead>(&parcel).unwrap();
    let mut pages = 0;
    for (index, document) in head.documents.iter().enumerate() {
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(document_bytes(&head, rest, index).unwrap())
            .read_to_end(&mut bytes)
            .unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("pl4nted"), "{document:?}: {text}");
        if document.path.is_empty() {
            pages += 1;
            assert!(text.contains("Checkout") && text.contains('\u{e0ff}'), "{text}");
        }
    }
    assert_eq!(pages, PageLanguage::ALL.len());
    assert_eq!(head.lengths.len(), PageLanguage::ALL.len());
    for path in ["/embed", "/badge/state.svg", "/api/v2/summary.json"] {
        assert!(head.find(path, None, "").is_some(), "{path}");
    }
    for access in [
        json!({"access": "signed_in"}),
        json!({"access": "password", "password": "a long password"}),
    ] {
        change(&server, &editor, access).await;
        assert!(page(&server).stored.settings.edge && !is_shown(&page(&server)));
    }
}
