//! From asking to be told, over the confirmation, to what is told and the end of it; over a real SMTP server.

use crate::{
    config::SmtpTls,
    http::test_server::{Answer, TestServer},
    jobs::{deliveries::deliver_due, run_all},
    mail::test_server::{ReceivedMail, SmtpServer},
    subscription::{FAILURES_AT_MOST, hash_target, own_token, seal_target},
};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use edgewatch_client::{session::Role, subscriber::Channel};
use hmac::{Hmac, KeyInit as _, Mac as _};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::PgPool;
use std::sync::{Arc, Mutex};

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
        let new = super::NewSubscriber {
            page,
            channel,
            target: &seal_target(secrets, page, target),
            target_hash: &hash_target(secrets, page, channel, target),
            components: &components,
            language: edgewatch_client::status_page::PageLanguage::En,
            secret: None,
        };
        super::put_subscriber(&self.server.state.pool, new, self.server.state.clock.now())
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

/// A mail's subject, text and HTML.
fn read(mail: &ReceivedMail) -> (String, String, String) {
    let bytes: Vec<u8> = mail.data.chars().map(|byte| byte as u8).collect();
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    let all = format!(
        "{:?} {:?} {:?}",
        parsed.subject(),
        parsed.body_text(0),
        parsed.body_html(0)
    );
    for secret in SECRETS {
        assert!(
            !all.contains(secret) && !mail.data.contains(secret),
            "{secret} in {all}"
        );
    }
    (
        parsed.subject().unwrap().to_owned(),
        parsed.body_text(0).unwrap().into_owned(),
        parsed.body_html(0).unwrap().into_owned(),
    )
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
async fn a_reader_confirms_is_told_and_unsubscribes_by_one_click(pool: PgPool) {
    let Some(smtp) = SmtpServer::start(SmtpTls::None, None) else {
        return;
    };
    let scene = Scene::new(pool, Some(&smtp)).await;
    let form = scene
        .server
        .send("GET", "/status/acme/subscribe", &[], None)
        .await;
    assert_eq!(form.status, 200, "{}", form.text);
    assert!(form.text.contains("Subscribe to Acme") && form.text.contains("Payments"));
    let asked = format!("channel=email&target=ann%40reader.test&component={}", scene.group);
    let sent = scene.server.send_form("/status/acme/subscribe", &asked).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    assert_eq!(
        scene.count("subscriber").await,
        0,
        "nobody is a subscriber who has not confirmed"
    );
    deliver_due(&scene.server.state).await.unwrap();
    let (subject, text, html) = read(&smtp.received(1)[0]);
    assert_eq!(subject, "Confirm your subscription to Acme");
    let confirm = link(&text, "confirm");
    assert!(html.contains(token(&confirm)));
    // A program that looks the link up confirms nothing.
    let looked_up = scene.server.send("GET", &confirm, &[], None).await;
    assert!(looked_up.text.contains("ann@reader.test"), "{}", looked_up.text);
    assert_eq!(looked_up.headers["referrer-policy"], "no-referrer");
    assert_eq!(scene.count("subscriber").await, 0);
    let pressed = scene
        .server
        .send_form(
            "/status/acme/subscribe/confirm",
            &format!("token={}", token(&confirm)),
        )
        .await;
    assert_eq!(pressed.status, 200, "{}", pressed.text);
    assert_eq!(scene.count("subscriber").await, 1);

    // Whoever asks again sees the same, and only the mail says that there is a subscription.
    let again = scene.server.send_form("/status/acme/subscribe", &asked).await;
    assert_eq!((again.status, again.text), (sent.status, sent.text));
    deliver_due(&scene.server.state).await.unwrap();
    let (_, text, _) = read(&smtp.received(2)[1]);
    assert!(text.contains("already"), "{text}");
    let manage = link(&text, "manage");
    assert!(
        scene
            .server
            .send("GET", &manage, &[], None)
            .await
            .text
            .contains("ann@reader.test")
    );

    let incident = scene.open_incident().await;
    scene
        .update(incident, "internal note: planted-token", false)
        .await;
    scene
        .update(incident, "Card payments fail.\nWe are on it.", true)
        .await;
    scene.pass(5).await;
    let (subject, text, _) = read(&smtp.received(3)[2]);
    assert_eq!(subject, "[Acme] Cards are refused: Investigating");
    assert!(
        text.contains("Card payments fail.\nWe are on it.")
            || text.contains("Card payments fail.\r\nWe are on it."),
        "{text}"
    );
    assert!(text.contains("Affects Payments"), "{text}");
    assert!(text.contains(&format!(
        "https://watch.example.org/status/acme/incidents/{incident}"
    )));
    scene.pass(120).await;
    scene
        .call("POST", &format!("/api/v1/incidents/{incident}/resolve"), None)
        .await;
    scene.pass(5).await;
    let received = smtp.received(4);
    assert_eq!(read(&received[3]).0, "[Acme] Cards are refused: Resolved");
    scene.pass(600).await;
    assert_eq!(
        smtp.received(4).len(),
        4,
        "nothing is told twice, and the beginning was told by the update"
    );

    let header = received[3]
        .data
        .lines()
        .find_map(|line| line.strip_prefix("List-Unsubscribe: "))
        .unwrap();
    let unfolded = received[3].data.replace("\r\n ", "").replace("\r\n\t", "");
    let header = unfolded
        .lines()
        .find_map(|line| line.strip_prefix("List-Unsubscribe: "))
        .unwrap_or(header);
    let url = header.trim().trim_matches(['<', '>']);
    let path = url.trim_start_matches("https://watch.example.org");
    assert!(
        scene
            .server
            .send("GET", path, &[], None)
            .await
            .text
            .contains("Unsubscribe")
    );
    assert_eq!(scene.count("subscriber").await, 1, "to look is not to click");
    let ended = scene.server.send_form(path, "List-Unsubscribe=One-Click").await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    assert_eq!(scene.count("subscriber").await, 0);
    assert_eq!(
        scene
            .server
            .send_form(path, "List-Unsubscribe=One-Click")
            .await
            .status,
        200
    );
    assert_eq!(scene.server.send("GET", &manage, &[], None).await.status, 404);
    scene.update(incident, "One more.", true).await;
    scene.pass(5).await;
    assert_eq!(smtp.received(4).len(), 4);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn who_is_told_of_what(pool: PgPool) {
    let Some(smtp) = SmtpServer::start(SmtpTls::None, None) else {
        return;
    };
    let scene = Scene::new(pool, Some(&smtp)).await;
    scene.subscribe(Channel::Email, "all@reader.test", &[]).await;
    scene
        .subscribe(Channel::Email, "group@reader.test", &[scene.group])
        .await;
    scene
        .subscribe(Channel::Email, "mail@reader.test", &[scene.mail])
        .await;
    // One that is over within a minute is nobody's news.
    let short = scene.open_incident().await;
    scene.pass(30).await;
    scene
        .call("POST", &format!("/api/v1/incidents/{short}/resolve"), None)
        .await;
    scene.pass(90).await;
    assert_eq!(scene.count("notice").await, 0);
    let incident = scene.open_incident().await;
    scene.pass(59).await;
    assert_eq!(scene.count("delivery").await, 0);
    scene.pass(2).await;
    let mut to: Vec<_> = smtp.received(2).iter().map(|mail| mail.to[0].clone()).collect();
    to.sort();
    assert_eq!(to, ["all@reader.test", "group@reader.test"]);
    scene
        .call("POST", &format!("/api/v1/incidents/{incident}/resolve"), None)
        .await;
    scene
        .call("POST", &format!("/api/v1/incidents/{incident}/reopen"), None)
        .await;
    scene.pass(5).await;
    let subjects: Vec<_> = smtp.received(6)[2..].iter().map(|mail| read(mail).0).collect();
    assert_eq!(
        subjects
            .iter()
            .filter(|subject| subject.ends_with("Resolved"))
            .count(),
        0,
        "{subjects:?}"
    );
    assert!(
        subjects
            .iter()
            .all(|subject| subject.starts_with("[Acme] Cards are refused"))
    );

    // Maintenance of the monitor: once it is planned, when it begins, when it is over.
    let begin = scene.server.state.clock.now() + TimeDelta::hours(2);
    let plan = json!({
        "name": "New disks", "note": "internal note",
        "schedule": { "type": "once", "from": begin.to_rfc3339(), "to": (begin + TimeDelta::hours(1)).to_rfc3339() },
        "scope": { "monitors": [scene.monitor] },
    });
    let planned = scene.call("POST", "/api/v1/maintenance", Some(plan)).await;
    assert_eq!(planned.status, 201, "{}", planned.text);
    scene.pass(5).await;
    assert!(
        smtp.received(8)[6..]
            .iter()
            .all(|mail| read(mail).0 == "[Acme] New disks: Maintenance planned")
    );
    scene.pass(2 * 3600).await;
    assert!(
        smtp.received(10)[8..]
            .iter()
            .all(|mail| read(mail).0 == "[Acme] New disks: Maintenance has begun")
    );
    scene.pass(3600).await;
    assert!(
        smtp.received(12)[10..]
            .iter()
            .all(|mail| read(mail).0 == "[Acme] New disks: Maintenance is over")
    );
    scene.pass(3600).await;
    assert_eq!(smtp.received(12).len(), 12);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn addresses_that_bounce_are_suspended_and_failures_of_the_server_are_not_theirs(pool: PgPool) {
    let Some(smtp) = SmtpServer::start(SmtpTls::None, None) else {
        return;
    };
    let scene = Scene::new(pool, Some(&smtp)).await;
    let gone = scene.subscribe(Channel::Email, "ann@gone.test", &[]).await;
    scene.subscribe(Channel::Email, "bob@later.test", &[]).await;
    let incident = scene.open_incident().await;
    for n in 0..FAILURES_AT_MOST {
        scene.update(incident, &format!("Update {n}."), true).await;
        scene.pass(5).await;
    }
    let subscribers = scene
        .call(
            "GET",
            &format!("/api/v1/status-pages/{}/subscribers", scene.page),
            None,
        )
        .await;
    let items = subscribers.json()["items"].clone();
    assert_eq!(items[0]["id"], gone);
    assert_eq!(
        (&items[0]["failures"], items[0]["suspended_at"].is_string()),
        (&json!(FAILURES_AT_MOST), true)
    );
    assert_eq!(
        (&items[1]["failures"], &items[1]["suspended_at"]),
        (&json!(0), &Value::Null)
    );
    // Three wait for the server that asks to try again; after two days they are given up, and that counts.
    assert_eq!(scene.count("delivery").await, 3);
    let csv = scene
        .call(
            "GET",
            &format!("/api/v1/status-pages/{}/subscribers.csv", scene.page),
            None,
        )
        .await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(csv.text.lines().count(), 3, "{}", csv.text);
    let removed = scene
        .call(
            "DELETE",
            &format!("/api/v1/status-pages/{}/subscribers/{gone}", scene.page),
            None,
        )
        .await;
    assert_eq!(removed.status, 204);
    assert_eq!(scene.count("subscriber").await, 1);
    scene.pass(3 * 86_400).await;
    assert_eq!(scene.count("delivery").await, 0);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn replicas_send_each_message_once(pool: PgPool) {
    let Some(smtp) = SmtpServer::start(SmtpTls::None, None) else {
        return;
    };
    let scene = Scene::new(pool, Some(&smtp)).await;
    for n in 0..40 {
        scene
            .subscribe(Channel::Email, &format!("reader{n}@reader.test"), &[])
            .await;
    }
    let incident = scene.open_incident().await;
    scene.update(incident, "Once.", true).await;
    let state = &scene.server.state;
    state.take_status_pages().await.unwrap();
    run_all(state).await.unwrap();
    run_all(state).await.unwrap();
    let (a, b, c) = tokio::join!(deliver_due(state), deliver_due(state), deliver_due(state));
    assert_eq!(a.unwrap() + b.unwrap() + c.unwrap(), 40);
    let mut to: Vec<_> = smtp
        .received(40)
        .into_iter()
        .map(|mail| mail.to[0].clone())
        .collect();
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 40);
    assert_eq!(deliver_due(state).await.unwrap(), 0);
    assert_eq!(smtp.received(40).len(), 40);
}

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
