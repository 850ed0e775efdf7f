//! From a schedule over the report that it has made to the mail that comes of it, over a real SMTP server; and links.

use crate::{
    config::SmtpTls,
    http::{slas::tests::ten_minutes, test_server::TestServer},
    jobs::run_all,
    mail::test_server::SmtpServer,
    report::{mails::mail_due_reports, make::make_next_report},
};
use chrono::TimeDelta;
use edgewatch_client::session::Role;
use mail_parser::{MessageParser, MimeHeaders as _};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::sync::Arc;

fn agreement() -> Value {
    json!({"name": "Acme", "policy": {
        "monitors": [1], "objective_ppm": 999_000, "window": "calendar_month", "zone": "UTC"
    }})
}

fn settings(rhythm: &str, attached: bool) -> Value {
    json!({"sla": 1, "rhythm": rhythm, "format": "pdf", "attached": attached, "recipients": ["ann@customer.example"]})
}

/// A server with an agreement and ten minutes of record, of which some were an outage.
async fn scene(pool: PgPool, smtp: Option<&SmtpServer>) -> TestServer {
    let mut server = TestServer::new(pool);
    ten_minutes(&mut server).await;
    run_all(&server.state).await.unwrap();
    if let Some(smtp) = smtp {
        server.set_mailer(smtp.mailer());
    }
    server.state.settings.send_modify(|settings| {
        let mut changed = (**settings).clone();
        changed.public_url = Some("https://watch.example.org/".parse().unwrap());
        *settings = Arc::new(changed);
    });
    let editor = server.client(Role::Editor).await;
    assert_eq!(editor.post("/api/v1/slas", agreement()).await.status, 201);
    server
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_scheduled_report_comes_by_mail_with_the_file_attached(pool: PgPool) {
    let Some(smtp) = SmtpServer::start(SmtpTls::Starttls, None) else {
        return;
    };
    let server = scene(pool, Some(&smtp)).await;
    let editor = server.client(Role::Editor).await;
    let made = editor
        .post("/api/v1/report-schedules", settings("daily", true))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["last"], Value::Null);
    run_all(&server.state).await.unwrap();
    assert!(!make_next_report(&server.state).await.unwrap(), "the day goes on");

    server.state.clock.advance(TimeDelta::hours(28));
    run_all(&server.state).await.unwrap();
    assert_eq!(
        mail_due_reports(&server.state).await.unwrap(),
        0,
        "it is not made yet"
    );
    assert!(make_next_report(&server.state).await.unwrap());
    run_all(&server.state).await.unwrap();
    assert!(
        !make_next_report(&server.state).await.unwrap(),
        "one report of each day"
    );
    assert_eq!(mail_due_reports(&server.state).await.unwrap(), 1);
    let mails = smtp.received(1);
    assert_eq!(mails[0].to, ["ann@customer.example"]);
    let bytes: Vec<u8> = mails[0].data.chars().map(|c| c as u8).collect();
    let mail = MessageParser::default().parse(&bytes).unwrap();
    assert!(
        mail.subject().unwrap().starts_with("Acme, "),
        "{:?}",
        mail.subject()
    );
    let text = mail.body_text(0).unwrap();
    assert!(
        text.contains("Availability as agreed: ") && text.contains("is promised"),
        "{text}"
    );
    let file = mail.attachment(0).unwrap();
    assert_eq!(file.content_type().unwrap().subtype(), Some("pdf"));
    assert!(file.attachment_name().unwrap().starts_with("report-1-acme-"));
    assert!(file.contents().starts_with(b"%PDF-"));
    // Once is enough, and what became of it is told.
    assert_eq!(mail_due_reports(&server.state).await.unwrap(), 0);
    let editor = server.client(Role::Editor).await;
    let list = editor.get("/api/v1/report-schedules").await.json();
    assert_eq!(
        list[0]["last"],
        json!({"report": 1, "sent": 1, "waiting": 0, "refused": 0, "failure": null})
    );
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_link_in_a_mail_leads_to_the_report_until_its_end(pool: PgPool) {
    let Some(smtp) = SmtpServer::start(SmtpTls::None, None) else {
        return;
    };
    let server = scene(pool, Some(&smtp)).await;
    let editor = server.client(Role::Editor).await;
    assert_eq!(
        editor
            .post("/api/v1/report-schedules", settings("weekly", false))
            .await
            .status,
        201
    );
    server.state.clock.advance(TimeDelta::days(8));
    run_all(&server.state).await.unwrap();
    assert!(make_next_report(&server.state).await.unwrap());
    assert_eq!(mail_due_reports(&server.state).await.unwrap(), 1);
    let mails = smtp.received(1);
    let bytes: Vec<u8> = mails[0].data.chars().map(|c| c as u8).collect();
    let mail = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(mail.attachment_count(), 0);
    let text = mail.body_text(0).unwrap().into_owned();
    let link = text
        .split_whitespace()
        .find(|word| word.starts_with("https://"))
        .unwrap();
    let path = link.strip_prefix("https://watch.example.org").unwrap().to_owned();
    // Nobody is signed in.
    let page = server.send("GET", &path, &[], None).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Availability as agreed"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("style-src 'sha256-"),
        "{policy}"
    );
    let file = server.send("GET", &format!("{path}/xlsx"), &[], None).await;
    assert_eq!(file.status, 200);
    assert!(
        file.headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment;")
    );
    assert_eq!(
        server
            .send("GET", &format!("{path}/doc"), &[], None)
            .await
            .problem(),
        "not-found"
    );
    assert_eq!(
        server.send("GET", &format!("{path}x"), &[], None).await.problem(),
        "not-found"
    );
    server.state.clock.advance(TimeDelta::days(31));
    assert_eq!(server.send("GET", &path, &[], None).await.problem(), "not-found");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_report_is_downloaded_in_each_format_and_shared(pool: PgPool) {
    let server = scene(pool, None).await;
    let editor = server.client(Role::Editor).await;
    let now = server.state.clock.now();
    let asked = json!({"sla": 1, "from": now - TimeDelta::hours(1), "to": now, "title": "Ünder /../ \"quotes\"\r\nX: y"});
    assert_eq!(editor.post("/api/v1/reports", asked).await.status, 202);
    let path = |format: &str| format!("/api/v1/reports/1/files/{format}");
    assert_eq!(
        editor.get(&path("pdf")).await.problem(),
        "not-found",
        "it is not made yet"
    );
    assert_eq!(
        editor.post("/api/v1/reports/1/links", json!({})).await.problem(),
        "not-found"
    );
    assert!(make_next_report(&server.state).await.unwrap());
    for (format, media_type, begins) in [
        ("html", "text/html; charset=utf-8", "<!doctype html>"),
        ("pdf", "application/pdf", "%PDF-"),
        ("csv", "text/csv; charset=utf-8", "record,from,to"),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "PK",
        ),
        (
            "json",
            "application/json",
            "{\n  \"schema\": \"edgewatch-report/1\"",
        ),
    ] {
        let file = editor.get(&path(format)).await;
        assert_eq!(file.status, 200, "{format}: {}", file.text);
        assert_eq!(file.headers["content-type"], media_type);
        assert!(file.text.starts_with(begins), "{format}");
        let name = format!("attachment; filename=\"report-1-nder-quotes-x-y.{format}\"");
        assert_eq!(file.headers["content-disposition"].to_str().unwrap(), name);
    }
    assert_eq!(editor.get(&path("docx")).await.problem(), "not-found");
    assert_eq!(
        editor
            .post("/api/v1/reports/1/links", json!({"days": 400}))
            .await
            .pointers(),
        ["/days"]
    );
    let link = editor.post("/api/v1/reports/1/links", json!({"days": 2})).await;
    assert_eq!(link.status, 201, "{}", link.text);
    let url = link.json()["url"].as_str().unwrap().to_owned();
    let shared = url.strip_prefix("https://watch.example.org").unwrap();
    assert_eq!(server.send("GET", shared, &[], None).await.status, 200);
    assert_eq!(editor.delete("/api/v1/reports/1").await.status, 204);
    assert_eq!(server.send("GET", shared, &[], None).await.problem(), "not-found");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_schedule_is_written_changed_and_deleted(pool: PgPool) {
    let server = scene(pool, None).await;
    let editor = server.client(Role::Editor).await;
    for (change, pointers) in [
        (json!({"sla": 9}), vec!["/sla"]),
        (json!({"recipients": []}), vec!["/recipients"]),
        (
            json!({"recipients": ["a@b.example", "nobody", "A@b.example"]}),
            vec!["/recipients/1", "/recipients/2"],
        ),
        (json!({"rhythm": "hourly"}), vec!["/rhythm"]),
    ] {
        let mut wrong = settings("monthly", true);
        for (name, value) in change.as_object().unwrap() {
            wrong[name] = value.clone();
        }
        assert_eq!(
            editor.post("/api/v1/report-schedules", wrong).await.pointers(),
            pointers,
            "{change}"
        );
    }
    let made = editor
        .post("/api/v1/report-schedules", settings("monthly", true))
        .await
        .json();
    let path = "/api/v1/report-schedules/1";
    assert_eq!(editor.get(path).await.json(), made);
    let changed = editor.put(path, settings("quarterly", false)).await.json();
    assert_eq!(
        (&changed["rhythm"], &changed["attached"]),
        (&json!("quarterly"), &json!(false))
    );
    assert!(changed["next_at"].as_str().unwrap() >= made["next_at"].as_str().unwrap());
    // Without an SMTP server it waits, and says why.
    server.state.clock.advance(TimeDelta::days(95));
    run_all(&server.state).await.unwrap();
    assert!(make_next_report(&server.state).await.unwrap());
    assert_eq!(mail_due_reports(&server.state).await.unwrap(), 1);
    let editor = server.client(Role::Editor).await;
    let last = editor.get(path).await.json()["last"].clone();
    assert_eq!(
        last,
        json!({"report": 1, "sent": 0, "waiting": 1, "refused": 0, "failure": "no SMTP server is set up"})
    );
    server.state.clock.advance(TimeDelta::days(3));
    let editor = server.client(Role::Editor).await;
    assert_eq!(mail_due_reports(&server.state).await.unwrap(), 1);
    assert_eq!(
        editor.get(path).await.json()["last"]["refused"],
        json!(1),
        "it is given up"
    );
    assert_eq!(editor.delete(path).await.status, 204);
    assert_eq!(editor.get(path).await.problem(), "not-found");
    assert_eq!(
        editor.get("/api/v1/reports/1").await.status,
        200,
        "its reports stay"
    );
}

/// What a request without an account is answered.
async fn outside(server: &TestServer, path: &str) -> (u16, String) {
    let answer = server.send("GET", path, &[], None).await;
    let media_type = answer.headers["content-type"].to_str().unwrap().to_owned();
    (answer.status.as_u16(), media_type)
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_link_gives_the_bundle_where_it_was_made_for_it(pool: PgPool) {
    let Some(smtp) = SmtpServer::start(SmtpTls::None, None) else {
        return;
    };
    let server = scene(pool, Some(&smtp)).await;
    let editor = server.client(Role::Editor).await;
    let mut with_bundle = settings("daily", true);
    with_bundle["bundle"] = json!(true);
    let made = editor.post("/api/v1/report-schedules", with_bundle).await.json();
    assert_eq!(made["bundle"], json!(true), "{made}");
    server.state.clock.advance(TimeDelta::hours(28));
    run_all(&server.state).await.unwrap();
    assert!(make_next_report(&server.state).await.unwrap());
    assert_eq!(mail_due_reports(&server.state).await.unwrap(), 1);
    let mails = smtp.received(1);
    let bytes: Vec<u8> = mails[0].data.chars().map(|c| c as u8).collect();
    let mail = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(mail.attachment_count(), 1);
    let text = mail.body_text(0).unwrap().into_owned();
    let mut words = text.split_whitespace();
    let mailed = words.find(|word| word.starts_with("https://")).unwrap();
    let mailed = mailed.strip_prefix("https://watch.example.org").unwrap();
    assert!(mailed.ends_with("/bundle"), "{mailed}");
    let zip = (200, "application/zip".to_owned());
    assert_eq!(outside(&server, mailed).await, zip);

    let editor = server.client(Role::Editor).await;
    let mut paths = Vec::new();
    for bundle in [false, true] {
        let asked = json!({"days": 2, "bundle": bundle});
        let link = editor.post("/api/v1/reports/1/links", asked).await.json();
        let url = link["url"].as_str().unwrap();
        paths.push(url.strip_prefix("https://watch.example.org").unwrap().to_owned());
    }
    let [plain, whole] = &paths[..] else {
        unreachable!("two were made")
    };
    let page = server.send("GET", whole, &[], None).await.text;
    assert!(
        page.contains(&format!("{whole}/bundle")) && page.contains(&format!("{whole}/pdf")),
        "{page}"
    );
    let page = server.send("GET", plain, &[], None).await.text;
    assert!(
        !page.contains("/bundle\"") && page.contains(&format!("{plain}/pdf")),
        "{page}"
    );
    assert_eq!(outside(&server, &format!("{whole}/bundle")).await, zip);
    assert_eq!(
        outside(&server, &format!("{plain}/bundle")).await.0,
        404,
        "it was not made for it"
    );
    let mut altered = whole.clone().into_bytes();
    let last = altered.len() - 2;
    altered[last] = if altered[last] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    assert_eq!(outside(&server, &format!("{altered}/bundle")).await.0, 404);
    server.state.clock.advance(TimeDelta::days(3));
    assert_eq!(
        outside(&server, &format!("{whole}/bundle")).await.0,
        404,
        "its time is over"
    );
}
