//! By mail, over a real SMTP server.

use super::{SECRETS, Scene, link, token};
use crate::{
    config::SmtpTls,
    jobs::{deliveries::deliver_due, run_all},
    mail::test_server::{ReceivedMail, SmtpServer},
    subscription::FAILURES_AT_MOST,
};
use chrono::TimeDelta;
use edgewatch_client::subscriber::Channel;
use mail_parser::MessageParser;
use serde_json::{Value, json};
use sqlx::PgPool;

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
