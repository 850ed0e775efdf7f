//! Status pages at the edge: the built worker serves what the aggregator has handed over while that is away, with its age,
//! and takes pages of nobody else.
#![allow(clippy::expect_used, missing_docs)]

use edgewatch_protocol::{
    edge_page::{PAGES, PageList},
    signature::{Body, Message, PAGE_TAG, sign_as},
};
use edgewatch_tests::{
    system::{Aggregator, Api, Directory, Edge, PATIENCE, binary, eventually, now_ms, require_worker},
    target::{Options, Target},
};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command, time::Duration};

/// Says that a page is served as it was handed over.
const AGE: &str = "x-edgewatch-age";

/// An aggregator that goes away is noticed at once; one that is back is asked again after ten seconds.
const BACK: Duration = Duration::from_secs(40);

struct Scene {
    edge: Edge,
    aggregator: Aggregator,
    api: Api,
    visitor: Client,
    directory: Directory,
}

impl Scene {
    async fn set() -> Self {
        require_worker();
        let directory = Directory::new();
        let config = directory.path().join("edgewatch.yml");
        fs::write(&config, "settings: {}\n").expect("a configuration file");
        let config = config.to_str().expect("a path").to_owned();
        let environment = [("EDGEWATCH_CONFIG", config.as_str())];
        let aggregator = Aggregator::start_with(directory.path(), &environment).await;
        let api = Api::sign_in(&aggregator).await;
        let target = Target::start(Options::default())
            .await
            .expect("the target starts");
        let edge = Edge::start_beside(
            &aggregator.origin(),
            aggregator.bootstrap_token(),
            &["weur"],
            target.addresses(),
            directory.path(),
            &[("EDGEWATCH_PAGES_KEY", &pages_key(directory.path()))],
        )
        .await;
        let settings = json!({"settings": {
            "public_url": "https://watch.example.org", "edge_workers": [edge.origin()],
        }});
        fs::write(&config, settings.to_string()).expect("a configuration file");
        Self {
            edge,
            aggregator,
            api,
            visitor: Client::new(),
            directory,
        }
    }

    async fn see(&self, path: &str, language: &str) -> Response {
        let request = self.visitor.get(format!("{}{path}", self.edge.origin()));
        let answer = request.header("accept-language", language).send().await;
        answer.expect("the worker answers")
    }

    /// Waits until a page is served as it was handed over, and answers its HTML.
    async fn kept(&self, path: &str, language: &str) -> String {
        eventually(
            &format!("{path} is served without the aggregator"),
            PATIENCE,
            async || {
                let answer = self.see(path, language).await;
                let (status, is_kept) = (answer.status(), answer.headers().contains_key(AGE));
                let text = answer.text().await.map_err(|error| error.to_string())?;
                if status == 200 && is_kept {
                    Ok(text)
                } else {
                    Err(format!("{status}: {text:.300}"))
                }
            },
        )
        .await
    }

    /// Waits until the worker has these pages and no others.
    async fn handed_over(&self, pages: &str) {
        eventually(&format!("the worker has `{pages}`"), PATIENCE, async || {
            let output = self.aggregator.output();
            let mut said = output
                .lines()
                .filter(|line| line.contains("an edge worker has the status pages"));
            let last = said.next_back().unwrap_or_default();
            if last.contains(&format!("\"pages\":\"{pages}\"")) {
                Ok(())
            } else {
                Err(last.to_owned())
            }
        })
        .await;
    }
}

/// What `edgewatch pages-key` prints.
fn pages_key(directory: &Path) -> String {
    let mut command = Command::new(binary("edgewatch"));
    command
        .arg("pages-key")
        .env("EDGEWATCH_DATA_DIR", directory.join("data"));
    let output = command.output().expect("edgewatch runs");
    String::from_utf8(output.stdout).expect("a key").trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_serves_public_pages_while_the_aggregator_is_away() {
    let mut scene = Scene::set().await;
    let check = json!({"type": "http", "url": "https://planted.example/secret"});
    let monitor = scene
        .api
        .create_monitor(&json!({"name": "planted name", "check": check}))
        .await;
    let page = |slug: &str, more: Value| {
        let mut page = json!({"slug": slug, "title": format!("Title of {slug}"), "components": [
            {"name": "Web shop", "source": {"type": "monitors", "monitors": [monitor]}},
            {"name": "Post", "source": {"type": "by_hand", "state": "degraded"}},
        ]});
        for (name, value) in more.as_object().into_iter().flatten() {
            page[name] = value.clone();
        }
        page
    };
    let shop: Value = scene
        .api
        .post("/api/v1/status-pages", &page("shop", json!({"edge": true})))
        .await;
    scene.api.create_status_page(&page("inland", json!({}))).await;
    let password = json!({"edge": true, "access": "password", "password": "a long password"});
    scene.api.create_status_page(&page("private", password)).await;

    // While the aggregator answers, pages come from there, also those that are not handed over.
    eventually("the page is shown", PATIENCE, async || {
        let answer = scene.see("/status/shop", "en").await;
        let (status, is_kept) = (answer.status(), answer.headers().contains_key(AGE));
        if status == 200 && !is_kept {
            Ok(())
        } else {
            Err(format!("{status}, kept: {is_kept}"))
        }
    })
    .await;
    assert_eq!(scene.see("/status/inland", "en").await.status(), 200);
    assert_eq!(scene.see("/status/private", "en").await.status(), 401);
    scene.handed_over("shop").await;

    scene.aggregator.kill();
    let html = scene.kept("/status/shop", "en").await;
    for said in [
        "Title of shop",
        "Web shop",
        "Degraded",
        "cannot be brought up to date",
        "less than a minute ago",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(!html.contains('\u{e0ff}'), "the age stands where it belongs");
    for planted in ["planted.example", "planted name", "secret"] {
        assert!(!html.contains(planted), "{planted}");
    }
    let german = scene.kept("/status/shop", "de-AT,en;q=0.5").await;
    assert!(german.contains("lang=\"de\""), "{german:.300}");
    let chosen = scene.kept("/status/shop?lang=ja", "en").await;
    assert!(chosen.contains("lang=\"ja\""), "{chosen:.300}");
    let policy = scene.see("/status/shop", "en").await;
    let policy = policy.headers().get("content-security-policy").cloned();
    assert!(policy.is_some_and(|policy| {
        policy
            .to_str()
            .is_ok_and(|policy| policy.contains("default-src 'none'"))
    }));

    let summary: Value = scene
        .see("/status/shop/api/v2/summary.json", "en")
        .await
        .json()
        .await
        .expect("a summary");
    assert_eq!(summary["page"]["name"], "Title of shop");
    assert_eq!(summary["status"]["indicator"], "minor");
    for (path, content_type) in [
        ("/status/shop/badge/state.svg", "image/svg+xml"),
        ("/status/shop/feed.rss", "application/rss+xml"),
        ("/status/shop/maintenance.ics", "text/calendar"),
        ("/status/shop/embed", "text/html"),
    ] {
        let answer = scene.see(path, "en").await;
        assert_eq!(answer.status(), 200, "{path}");
        let found = answer.headers()["content-type"]
            .to_str()
            .expect("a text")
            .to_owned();
        assert!(found.starts_with(content_type), "{path}: {found}");
    }
    // Its styles are there, too.
    let mut assets = html.split('"').filter(|part| part.starts_with("/assets/"));
    let style = assets.find(|asset| asset.contains(".css")).expect("a style");
    assert_eq!(scene.see(style, "en").await.status(), 200, "{style}");
    // What was not handed over is not there.
    for path in [
        "/status/inland",
        "/status/private",
        "/status/nothing",
        "/status/shop/history",
        "/status/shop/incidents/1",
    ] {
        let answer = scene.see(path, "en").await;
        assert_eq!(answer.status(), 503, "{path}");
        assert!(
            !answer.text().await.expect("a text").contains("Title of"),
            "{path}"
        );
    }

    // It comes back, and what is private from now on is forgotten.
    let environment = [("EDGEWATCH_CONFIG", scene.directory.path().join("edgewatch.yml"))];
    let environment = environment
        .each_ref()
        .map(|(name, path)| (*name, path.to_str().expect("a path")));
    scene.aggregator.start_again_with(&environment).await;
    scene.api = Api::sign_in(&scene.aggregator).await;
    eventually("the aggregator is asked again", BACK, async || {
        let answer = scene.see("/status/shop", "en").await;
        if answer.status() == 200 && !answer.headers().contains_key(AGE) {
            Ok(())
        } else {
            Err("not yet".to_owned())
        }
    })
    .await;
    scene.handed_over("shop").await;
    let path = format!("/api/v1/status-pages/{}", shop["id"]);
    let closed = page("shop", json!({"edge": true, "access": "signed_in"}));
    let answer = scene.api.send(Method::PUT, &path, Some(&closed)).await;
    assert_eq!(answer.status(), 200);
    scene.handed_over("").await;
    scene.aggregator.kill();
    eventually("the page is forgotten", PATIENCE, async || {
        let status = scene.see("/status/shop", "en").await.status();
        if status == 503 {
            Ok(())
        } else {
            Err(status.to_string())
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_nobody_else_are_taken() {
    let scene = Scene::set().await;
    scene
        .api
        .create_status_page(&json!({"slug": "shop", "title": "Shop", "edge": true}))
        .await;
    scene.handed_over("shop").await;
    let authority = scene.edge.origin().trim_start_matches("http://").to_owned();
    let list = PageList {
        at_ms: now_ms() + 60_000,
        pages: Vec::new(),
    };
    let bytes = serde_json::to_vec(&list).expect("a list");
    let put = async |signed_at_s: i64, tag: &str, path: &str| {
        let message = Message {
            method: "PUT",
            authority: &authority,
            path: PAGES,
            query: None,
            body: Some(Body::new("application/json", &bytes)),
        };
        let stranger = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let signed = sign_as(tag, &message, &stranger, signed_at_s, [1; 16]);
        let request = scene.visitor.put(format!("{}{path}", scene.edge.origin()));
        let request = request
            .header("content-type", "application/json")
            .header("content-digest", signed.content_digest.expect("a digest"))
            .header("signature-input", signed.signature_input)
            .header("signature", signed.signature)
            .body(bytes.clone());
        request
            .send()
            .await
            .expect("the worker answers")
            .status()
            .as_u16()
    };
    let now_s = now_ms() / 1_000;
    assert_eq!(put(now_s, PAGE_TAG, PAGES).await, 401, "another key");
    assert_eq!(put(now_s, "edgewatch-probe", PAGES).await, 401, "another purpose");
    assert_eq!(put(now_s - 3_600, PAGE_TAG, PAGES).await, 401, "of long ago");
    assert_eq!(
        put(now_s, PAGE_TAG, "/edge/pages/shop").await,
        401,
        "another path"
    );
    let unsigned = scene
        .visitor
        .put(format!("{}{PAGES}", scene.edge.origin()))
        .body(bytes.clone());
    assert_eq!(unsigned.send().await.expect("an answer").status(), 401);
    // Nobody has made it forget the page.
    let mut scene = scene;
    scene.aggregator.kill();
    scene.kept("/status/shop", "en").await;
}
