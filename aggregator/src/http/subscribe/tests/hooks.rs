//! By webhooks and chats.

use super::{SECRETS, Scene, link, token};
use crate::jobs::deliveries::deliver_due;
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::PgPool;
use std::sync::{Arc, Mutex};

type Posts = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A server that answers challenges, unless told otherwise, and keeps what it gets.
async fn receiver(answers: bool) -> (String, Posts) {
    let posts = Posts::default();
    let take = move |State(posts): State<Posts>, headers: HeaderMap, body: Bytes| async move {
        let text = String::from_utf8(body.to_vec()).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        posts.lock().unwrap().push((headers, text));
        let challenge = json["challenge"].as_str().unwrap_or_default().to_owned();
        if answers { challenge } else { "ok".to_owned() }
    };
    let router = Router::new().route("/hook", post(take)).with_state(posts.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, posts)
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_webhook_answers_a_challenge_and_gets_signed_messages(pool: PgPool) {
    let scene = Scene::new(pool, None).await;
    let subscribe = async |target: &str| {
        let body = json!({ "channel": "webhook", "target": target, "components": [scene.group] });
        scene
            .server
            .send("POST", "/status/acme/subscribe", &[], Some(body))
            .await
    };
    let (silent, _) = receiver(false).await;
    let refused = subscribe(&silent).await;
    assert_eq!(
        (refused.status.as_u16(), refused.pointers()),
        (422, vec!["/target".to_owned()])
    );
    let (url, posts) = receiver(true).await;
    let begun = subscribe(&url).await;
    assert_eq!(begun.status, 201, "{}", begun.text);
    let secret = begun.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(subscribe(&url).await.status, 409);
    let metadata = subscribe("http://169.254.169.254/latest").await;
    assert_eq!(metadata.status, 422);

    let incident = scene.open_incident().await;
    scene.update(incident, "Card payments fail.", true).await;
    scene.pass(5).await;
    let posts = posts.lock().unwrap().clone();
    assert_eq!(posts.len(), 2);
    let (headers, body) = &posts[1];
    let header = |name: &str| headers[name].to_str().unwrap();
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    assert_eq!(
        header("webhook-signature"),
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    );
    assert_eq!(header("content-type"), "application/json");
    for secret in SECRETS {
        assert!(!body.contains(secret), "{secret} in {body}");
    }
    let message: Value = serde_json::from_str(body).unwrap();
    assert_eq!(message["type"], "incident.updated");
    assert_eq!(message["data"]["update"]["text"], "Card payments fail.");
    assert_eq!(message["data"]["incident"]["title"], "Cards are refused");
    assert_eq!(
        message["data"]["page"]["url"],
        "https://watch.example.org/status/acme"
    );
    let listed = scene
        .call(
            "GET",
            &format!("/api/v1/status-pages/{}/subscribers", scene.page),
            None,
        )
        .await;
    assert_eq!(listed.json()["items"][0]["target"], "127.0.0.1");
    assert!(!listed.text.contains("/hook"));
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn slack_confirms_in_its_channel(pool: PgPool) {
    let scene = Scene::new(pool, None).await;
    let (url, posts) = receiver(false).await;
    let body = json!({ "channel": "slack", "target": url });
    let sent = scene
        .server
        .send("POST", "/status/acme/subscribe", &[], Some(body))
        .await;
    assert_eq!(
        (sent.status.as_u16(), sent.json()),
        (202, json!({ "state": "sent" }))
    );
    deliver_due(&scene.server.state).await.unwrap();
    let text = |n: usize| {
        let message: Value = serde_json::from_str(&posts.lock().unwrap()[n].1).unwrap();
        message["text"].as_str().unwrap().to_owned()
    };
    let confirm = link(&text(0), "confirm");
    let pressed = scene
        .server
        .send_form(
            "/status/acme/subscribe/confirm",
            &format!("token={}", token(&confirm)),
        )
        .await;
    assert_eq!(pressed.status, 200);
    let incident = scene.open_incident().await;
    scene.update(incident, "Up & <running>", true).await;
    scene.pass(5).await;
    assert!(
        text(1).starts_with("*[Acme] Cards are refused: Investigating*\nUp &amp; &lt;running&gt;\n"),
        "{}",
        text(1)
    );
    assert!(text(1).ends_with("|See the status page>"));
}
