//! The mailer against a real SMTP server.

use super::{Mail, MailError, Mailer, is_address, test_server::SmtpServer};
use crate::config::{SmtpArgs, SmtpTls};
use mail_parser::{HeaderValue, MessageParser};

fn mail(to: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: "Störung: Zahlungen\r\nBcc: evil@example.org".to_owned(),
        text: "Zahlungen sind gestört.\n.\nWir arbeiten daran.\n".to_owned(),
        html: "<p>Zahlungen sind <b>gestört</b>.</p>".to_owned(),
        unsubscribe: Some("https://status.acme.example/u/abc".parse().unwrap()),
        attachments: Vec::new(),
        id: "delivery-1".to_owned(),
    }
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let Some(server) = SmtpServer::start(SmtpTls::None, None) else {
        return;
    };
    let mut session = server.mailer().session();
    session.send(&mail("ann@example.org")).await.unwrap();
    let mut second = mail("bob@example.org");
    second.unsubscribe = None;
    session.send(&second).await.unwrap();
    session.close().await;
    let received = server.received(2);
    let first = &received[0];
    assert_eq!(
        (first.from.as_str(), &first.to[..], first.hello.as_str()),
        (
            "status@acme.example",
            &["ann@example.org".to_owned()][..],
            "acme.example"
        )
    );
    assert_eq!(first.session, received[1].session, "the connection is kept");
    let bytes: Vec<u8> = first.data.chars().map(|byte| byte as u8).collect();
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(parsed.subject(), Some("Störung: Zahlungen Bcc: evil@example.org"));
    assert!(parsed.bcc().is_none(), "what somebody writes makes no headers");
    assert_eq!(parsed.message_id(), Some("delivery-1@acme.example"));
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(text.trim_end(), mail("").text.trim_end());
    assert_eq!(parsed.body_html(0).unwrap().trim_end(), mail("").html);
    let header = |name: &str| first.data.lines().find_map(|line| line.strip_prefix(name));
    assert_eq!(
        header("List-Unsubscribe: "),
        Some("<https://status.acme.example/u/abc>")
    );
    assert_eq!(
        header("List-Unsubscribe-Post: "),
        Some("List-Unsubscribe=One-Click")
    );
    assert_eq!(header("Auto-Submitted: "), Some("auto-generated"));
    assert!(matches!(parsed.header("Date"), Some(HeaderValue::DateTime(_))));
    assert!(!received[1].data.contains("List-Unsubscribe"));
}

#[tokio::test]
async fn it_signs_in_over_encrypted_connections() {
    for tls in [SmtpTls::Starttls, SmtpTls::Implicit] {
        let Some(server) = SmtpServer::start(tls, Some(("acme", "correct horse"))) else {
            return;
        };
        let with = |user: &str, password: &str| SmtpArgs {
            smtp_user: Some(user.to_owned()),
            smtp_password: Some(password.to_owned()),
            ..server.args()
        };
        let send = async |args: &SmtpArgs| {
            let mut session = Mailer::new(args).unwrap().unwrap().session();
            session.send(&mail("ann@example.org")).await
        };
        let wrong = send(&with("acme", "battery staple")).await;
        let Err(MailError::Later(why)) = wrong else {
            panic!("{wrong:?}");
        };
        assert!(why.contains("535") || why.contains("5.7.8"), "{why}");
        assert!(!why.contains("battery"), "a password is never told: {why}");
        let mut untrusted = with("acme", "correct horse");
        untrusted.smtp_ca_file = None;
        let refused = send(&untrusted).await;
        assert!(
            matches!(&refused, Err(MailError::Later(why)) if why.to_lowercase().contains("certificate")),
            "{refused:?}"
        );
        send(&with("acme", "correct horse")).await.unwrap();
        let received = server.received(1);
        assert!(received[0].secure);
        assert_eq!(received[0].user.as_deref(), Some("acme"));
        assert_eq!(received.len(), 1);
    }
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_where_encryption_is_asked_for() {
    let Some(server) = SmtpServer::start(SmtpTls::None, None) else {
        return;
    };
    let args = SmtpArgs {
        smtp_tls: SmtpTls::Starttls,
        ..server.args()
    };
    let mut session = Mailer::new(&args).unwrap().unwrap().session();
    let outcome = session.send(&mail("ann@example.org")).await;
    assert!(
        matches!(&outcome, Err(MailError::Later(why)) if why.contains("STARTTLS")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn refusals_tell_whose_fault_it_is_and_the_session_goes_on() {
    let Some(server) = SmtpServer::start(SmtpTls::None, None) else {
        return;
    };
    let mut session = server.mailer().session();
    for (to, wanted) in [
        ("a@gone.test", "recipient"),
        ("a@full.test", "recipient"),
        ("a@spam.test", "message"),
        ("no address", "recipient"),
        ("a@later.test", "later"),
        ("a@shutdown.test", "later"),
    ] {
        let outcome = session.send(&mail(to)).await;
        let kind = match outcome {
            Err(MailError::Recipient(_)) => "recipient",
            Err(MailError::Message(_)) => "message",
            Err(MailError::Later(_)) => "later",
            Ok(()) => "taken",
        };
        assert_eq!(kind, wanted, "{to}: {outcome:?}");
    }
    session.send(&mail("ann@example.org")).await.unwrap();
    assert_eq!(server.received(1)[0].to, ["ann@example.org"]);
    drop(server);
    let outcome = session.send(&mail("ann@example.org")).await;
    assert!(matches!(outcome, Err(MailError::Later(_))), "{outcome:?}");
}

#[test]
fn settings_that_cannot_be_followed_say_what_to_do() {
    let args = SmtpArgs {
        smtp_host: None,
        smtp_port: None,
        smtp_tls: SmtpTls::Starttls,
        smtp_user: None,
        smtp_password: None,
        smtp_from: None,
        smtp_ca_file: None,
    };
    assert!(Mailer::new(&args).unwrap().is_none());
    let with = |from: &str, ca: Option<&str>| SmtpArgs {
        smtp_host: Some("localhost".to_owned()),
        smtp_from: Some(from.to_owned()),
        smtp_ca_file: ca.map(Into::into),
        ..args.clone()
    };
    let error = Mailer::new(&with("nobody", None)).unwrap_err();
    assert!(error.contains("EDGEWATCH_SMTP_FROM"), "{error}");
    let error = Mailer::new(&with("a@b.example", Some("/nowhere.pem"))).unwrap_err();
    assert!(error.contains("EDGEWATCH_SMTP_CA_FILE"), "{error}");
    let mailer = Mailer::new(&with("a@b.example", None)).unwrap().unwrap();
    assert_eq!(mailer.server(), ("localhost", 587));
    assert!(is_address("ann@example.org") && !is_address("ann") && !is_address("a@b\r\nc"));
}
