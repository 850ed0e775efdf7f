//! From asking to be told, over the confirmation, to what is told and the end of it; over real servers.

mod hooks;
mod mail;

use crate::{
    http::test_server::{Answer, TestServer},
    jobs::{deliveries::deliver_due, run_all},
    mail::test_server::SmtpServer,
    store::subscriber::{NewSubscriber, put_subscriber},
    subscription::{hash_target, own_token, seal_target},
};
use chrono::TimeDelta;
use edgewatch_client::{session::Role, subscriber::Channel};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::sync::Arc;

/// What no message may hold.
const SECRETS: [&str; 5] = [
    "shop-internal.example",
    "X-Planted",
    "planted-token",
    "Internal shop monitor",
    "internal note",
];

/// A page `acme` with a group of one component, which is a monitor, and a component by hand.
struct Scene {
    server: TestServer,
    bearer: String,
    page: i64,
    monitor: i64,
    group: i64,
    mail: i64,
}

impl Scene {
    async fn new(pool: PgPool, smtp: Option<&SmtpServer>) -> Self {
        let mut server = TestServer::new(pool);
        if let Some(smtp) = smtp {
            server.set_mailer(smtp.mailer());
        }
        server.state.settings.send_modify(|settings| {
            let mut changed = (**settings).clone();
            changed.public_url = Some("https://watch.example.org/".parse().unwrap());
            changed.allow_private_targets = true;
            *settings = Arc::new(changed);
        });
        let (bearer, monitor, page) = {
            let editor = server.client(Role::Editor).await;
            let monitor = json!({
                "name": "Internal shop monitor",
                "check": { "type": "http", "url": "https://shop-internal.example/planted-path",
                           "headers": [{ "name": "X-Planted", "value": "planted-token" }] },
                "regions": [],
            });
            let monitor = editor.post("/api/v1/monitors", monitor).await;
            assert_eq!(monitor.status, 201, "{}", monitor.text);
            let monitor = monitor.json()["id"].as_i64().unwrap();
            let page = json!({
                "slug": "acme", "title": "Acme",
                "components": [
                    { "name": "Shop", "source": { "type": "group" }, "children": [
                        { "name": "Payments", "source": { "type": "monitors", "monitors": [monitor] } }] },
                    { "name": "Mail", "source": { "type": "by_hand", "state": "operational" } },
                ],
            });
            let page = editor.post("/api/v1/status-pages", page).await;
            assert_eq!(page.status, 201, "{}", page.text);
            (editor.authorization().to_owned(), monitor, page.json())
        };
        let id = |pointer: &str| page.pointer(pointer).unwrap().as_i64().unwrap();
        let scene = Self {
            page: id("/id"),
            group: id("/components/0/id"),
            mail: id("/components/1/id"),
            server,
            bearer,
            monitor,
        };
        scene.server.state.take_status_pages().await.unwrap();
        scene
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let headers = [("authorization", self.bearer.as_str())];
        self.server.send(method, path, &headers, body).await
    }

    /// Time passes, the page is taken anew, and what is due is sent.
    async fn pass(&self, seconds: i64) {
        self.server.state.clock.advance(TimeDelta::seconds(seconds));
        self.server.state.take_status_pages().await.unwrap();
        run_all(&self.server.state).await.unwrap();
        deliver_due(&self.server.state).await.unwrap();
    }

    /// A subscriber as if it had confirmed.
    async fn subscribe(&self, channel: Channel, target: &str, components: &[i64]) -> i32 {
        let secrets = &self.server.state.secrets;
        let page = i32::try_from(self.page).unwrap();
        let components: Vec<i32> = components.iter().map(|&id| i32::try_from(id).unwrap()).collect();
        let new = NewSubscriber {
            page,
            channel,
            target: &seal_target(secrets, page, target),
            target_hash: &hash_target(secrets, page, channel, target),
            components: &components,
            language: edgewatch_client::status_page::PageLanguage::En,
            secret: None,
        };
        put_subscriber(&self.server.state.pool, new, self.server.state.clock.now())
            .await
            .unwrap()
            .unwrap()
    }

    /// Opens an incident by hand that concerns the monitor; its number.
    async fn open_incident(&self) -> i64 {
        let incident =
            json!({ "title": "Cards are refused", "severity": "major", "monitors": [self.monitor] });
        let made = self.call("POST", "/api/v1/incidents", Some(incident)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["id"].as_i64().unwrap()
    }

    async fn update(&self, incident: i64, text: &str, public: bool) {
        let path = format!("/api/v1/incidents/{incident}/updates");
        let made = self
            .call("POST", &path, Some(json!({ "text": text, "public": public })))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
    }

    async fn count(&self, table: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(&self.server.state.pool)
            .await
            .unwrap()
    }
}

/// The path and query of the first address in a text that leads to this.
fn link(text: &str, place: &str) -> String {
    let begin = format!("https://watch.example.org/status/acme/subscribe/{place}?token=");
    let found = text
        .find(&begin)
        .unwrap_or_else(|| panic!("no {place} in {text}"));
    let url = text[found..].split_whitespace().next().unwrap();
    url.trim_start_matches("https://watch.example.org").to_owned()
}

fn token(link: &str) -> &str {
    link.split("token=").nth(1).unwrap()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_cannot_be_is_refused_and_floods_end(pool: PgPool) {
    let scene = Scene::new(pool, None).await;
    // Without an SMTP server nobody is offered mail.
    let form = scene
        .server
        .send("GET", "/status/acme/subscribe", &[], None)
        .await;
    assert!(!form.text.contains("E-mail") && form.text.contains("Webhook"));
    let ask = async |body: Value| {
        scene
            .server
            .send("POST", "/status/acme/subscribe", &[], Some(body))
            .await
    };
    let refused = ask(json!({ "channel": "email", "target": "ann@reader.test" })).await;
    assert_eq!(
        (refused.status.as_u16(), refused.pointers()),
        (422, vec!["/channel".to_owned()])
    );
    let refused =
        ask(json!({ "channel": "slack", "target": "https://hooks.example/", "components": [99] })).await;
    assert_eq!(refused.pointers(), ["/components"]);
    let slack = json!({ "channel": "slack", "target": "https://hooks.example/a" });
    for _ in 0..3 {
        assert_eq!(ask(slack.clone()).await.status, 202);
    }
    assert_eq!(ask(slack).await.status, 429);
    for (place, body) in [("confirm", "token=x"), ("manage", "token="), ("unsubscribe", "")] {
        let answer = scene
            .server
            .send_form(&format!("/status/acme/subscribe/{place}"), body)
            .await;
        assert_eq!(answer.status, 404, "{place}");
        assert!(answer.text.contains("no longer valid"));
    }
    // A link of another page's subscriber is none of this one's.
    let secrets = &scene.server.state.secrets;
    let page = i32::try_from(scene.page).unwrap();
    let id = scene.subscribe(Channel::Email, "ann@reader.test", &[]).await;
    let other = own_token(secrets, page + 1, id);
    scene
        .server
        .send_form(&format!("/status/acme/subscribe/unsubscribe?token={other}"), "")
        .await;
    assert_eq!(scene.count("subscriber").await, 1);
    // Nor are others' components chosen by who changes their own.
    let own = own_token(secrets, page, id);
    let saved = format!("token={own}&component={}&component=99&language=de", scene.mail);
    let saved = scene
        .server
        .send_form("/status/acme/subscribe/manage", &saved)
        .await;
    assert_eq!(saved.status, 200);
    let listed = scene
        .call(
            "GET",
            &format!("/api/v1/status-pages/{}/subscribers", scene.page),
            None,
        )
        .await;
    assert_eq!(listed.json()["items"][0]["components"], json!([scene.mail]));
    assert_eq!(listed.json()["items"][0]["language"], "de");
}
