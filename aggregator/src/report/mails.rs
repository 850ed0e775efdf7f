//! Mailing scheduled reports: each replica takes its share, renders each report once, and hands it over.

use super::{
    files::{FileError, ReportFile, read_document, render},
    share::{self, Shared},
};
use crate::{
    jobs::deliveries::{GIVEN_UP_AFTER, TAKEN_FOR, pause},
    mail::{Mail, MailError, MailFile, MailSession, Mailer},
    state::AppState,
    store::report_schedule::{TakenMail, note_mail_failed, note_mail_sent, take_due_mails},
};
use chrono::TimeDelta;
use edgewatch_report::{brief::Brief, document::ReportDocument, pdf::FontFile};
use edgewatch_ui::public::escape;
use std::{fmt::Write as _, sync::Arc, time::Duration};

/// How often it is looked for mails.
const EVERY: Duration = Duration::from_secs(5);

/// Mails taken at once: one report's, most of the time.
const AT_ONCE: i64 = 40;

/// How long the link in a mail is good.
const LINK_FOR: TimeDelta = TimeDelta::days(30);

/// What servers take as an attachment, in bytes; a link is sent instead of what is larger.
const ATTACHED_AT_MOST: usize = 8 * 1024 * 1024;

/// Sends what is due, again and again, until the process is asked to stop; what has begun is finished.
pub async fn run_report_mails(state: AppState) {
    let mut stopping = state.stopping.subscribe();
    loop {
        let outcome = mail_due_reports(&state).await;
        state.metrics.job_ran("report_mails", outcome.is_ok());
        if let Err(error) = &outcome {
            tracing::error!(job = "report_mails", %error, "background work failed; it is tried again");
        }
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Why a mail was not sent.
enum Fault {
    /// It never will be.
    Never(String),
    /// It may be later.
    Later(String),
}

/// Sends what is due now; how many were tried.
pub async fn mail_due_reports(state: &AppState) -> Result<usize, FileError> {
    let now = state.clock.now();
    let taken = take_due_mails(&state.pool, now, now + TAKEN_FOR, AT_ONCE).await?;
    let mut session = state.mailer.as_ref().map(Mailer::session);
    // The report that was rendered last: mails come in order of their reports.
    let mut prepared = None::<Prepared>;
    for mail in &taken {
        if prepared.as_ref().is_none_or(|prepared| !prepared.is_for(mail)) {
            prepared = match (mail.is_ready, session.is_some()) {
                (true, true) => Prepared::read(state, mail).await?,
                _ => None,
            };
        }
        let outcome = match (&mut session, &prepared) {
            (None, _) => Err(Fault::Later("no SMTP server is set up".to_owned())),
            (Some(session), Some(prepared)) => send(state, session, mail, prepared).await,
            (Some(_), None) => Err(Fault::Never("the report could not be made".to_owned())),
        };
        settle(state, mail, outcome).await?;
    }
    if let Some(session) = session {
        session.close().await;
    }
    Ok(taken.len())
}

/// A report as it is mailed.
struct Prepared {
    report: i32,
    brief: Brief,
    file: ReportFile,
    bytes: Arc<Vec<u8>>,
}

impl Prepared {
    async fn read(state: &AppState, mail: &TakenMail) -> Result<Option<Self>, FileError> {
        let Some(document) = read_document(&state.pool, mail.report).await? else {
            return Ok(None);
        };
        Self::of(document, mail, Arc::clone(&state.report_fonts))
            .await
            .map(Some)
    }

    async fn of(
        document: ReportDocument,
        mail: &TakenMail,
        fonts: Arc<[FontFile]>,
    ) -> Result<Self, FileError> {
        let brief = Brief::of(&document);
        let mut file = render(document, mail.format, fonts).await?;
        let bytes = Arc::new(std::mem::take(&mut file.bytes));
        Ok(Self {
            report: mail.report,
            brief,
            file,
            bytes,
        })
    }

    fn is_for(&self, mail: &TakenMail) -> bool {
        (self.report, self.file.format) == (mail.report, mail.format)
    }
}

async fn send(
    state: &AppState,
    session: &mut MailSession,
    mail: &TakenMail,
    prepared: &Prepared,
) -> Result<(), Fault> {
    let is_attached = mail.attached && prepared.bytes.len() <= ATTACHED_AT_MOST;
    let WhereItIs { text, html } = WhereItIs::of(state, mail, prepared, is_attached)?;
    let brief = &prepared.brief;
    let mail = Mail {
        to: mail.recipient.clone(),
        subject: format!("{}: {}", brief.name, brief.word),
        text: format!(
            "{}\n\n{}: {} ({})\n{}\n{}\n\n{text}\n",
            brief.name, brief.label, brief.figure, brief.bounds, brief.word, brief.sentence
        ),
        html: format!(
            "<h2>{}</h2><p>{}: <strong>{}</strong> ({})</p><p><strong>{}.</strong> {}</p>{html}",
            escape(&brief.name),
            escape(&brief.label),
            escape(&brief.figure),
            escape(&brief.bounds),
            escape(&brief.word),
            escape(&brief.sentence)
        ),
        unsubscribe: None,
        attachments: if is_attached {
            vec![MailFile {
                name: prepared.file.name.clone(),
                media_type: prepared.file.format.media_type(),
                bytes: prepared.bytes.clone(),
            }]
        } else {
            Vec::new()
        },
        id: mail.message_id.simple().to_string(),
    };
    session.send(&mail).await.map_err(|error| match error {
        MailError::Later(_) => Fault::Later(error.to_string()),
        MailError::Recipient(_) | MailError::Message(_) => Fault::Never(error.to_string()),
    })
}

/// What a mail says of where the report is, and its bundle.
struct WhereItIs {
    text: String,
    html: String,
}

impl WhereItIs {
    fn of(state: &AppState, mail: &TakenMail, prepared: &Prepared, is_attached: bool) -> Result<Self, Fault> {
        let settings = state.settings();
        if settings.public_url.is_none() && (mail.bundle || !is_attached) {
            let why = "there is no address to lead to: settings.public_url is not set";
            return Err(Fault::Never(why.to_owned()));
        }
        let at = state.clock.now() + LINK_FOR;
        let shared = Shared {
            report: mail.report,
            bundle: mail.bundle,
        };
        let token = share::token(&state.secrets, shared, at);
        let until = at.format("%-d %B %Y");
        let link = |url: &str, words: &str| {
            format!("<p><a href=\"{}\">{words}</a> (until {until})</p>", escape(url))
        };
        let (mut text, mut html) = if is_attached {
            let name = &prepared.file.name;
            (
                format!("The report is attached: {name}"),
                format!("<p>The report is attached: {}</p>", escape(name)),
            )
        } else {
            let url = share::url(&settings, &token);
            (
                format!("The report, until {until}: {url}"),
                link(&url, "Read the report"),
            )
        };
        if mail.bundle {
            let url = share::bundle_url(&settings, &token);
            let _ = write!(text, "\nThe bundle that it is verified by, until {until}: {url}");
            html.push_str(&link(&url, "Get the bundle that it is verified by"));
        }
        Ok(Self { text, html })
    }
}

/// Notes what became of a mail.
async fn settle(state: &AppState, mail: &TakenMail, outcome: Result<(), Fault>) -> sqlx::Result<()> {
    let now = state.clock.now();
    let (why, again_at) = match outcome {
        Ok(()) => return note_mail_sent(&state.pool, mail.id, now).await,
        Err(Fault::Later(why)) if now - mail.created_at <= GIVEN_UP_AFTER => {
            (why, Some(now + pause(mail.attempts)))
        }
        Err(Fault::Later(why) | Fault::Never(why)) => (why, None),
    };
    // Who it was for is not logged.
    tracing::warn!(
        mail = mail.id,
        report = mail.report,
        why,
        again = again_at.is_some(),
        "a report was not mailed"
    );
    note_mail_failed(&state.pool, mail.id, &why, again_at).await
}
