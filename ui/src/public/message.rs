//! Messages to subscribers: what happened, and requests to confirm a subscription; as mail and as the text of a chat.

use super::{
    incidents::title,
    looks::stage,
    texts::{Texts, escape},
};
use edgewatch_client::{
    notice::{Notice, NoticeKind},
    public_status::ComponentName,
};
use std::fmt::Write as _;

/// So many components are named in a message; of more it is said how many there are.
const NAMED: usize = 10;

/// A mail's texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailText {
    /// Subject.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML.
    pub html: String,
}

/// Addresses that a message leads to.
#[derive(Clone, Debug)]
pub struct Links {
    /// What it is about: the incident's page, or the status page.
    pub subject: String,
    /// Where its reader changes or ends the subscription.
    pub manage: String,
}

/// What is said of a notice, whatever it is sent by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeText {
    /// In one line, without the page.
    pub headline: String,
    /// Paragraphs; one may have several lines.
    pub paragraphs: Vec<String>,
}

impl NoticeText {
    /// What is said of it in a language.
    pub fn new(notice: &Notice, texts: Texts) -> Self {
        let mut paragraphs = Vec::new();
        let (title, state) = match (&notice.incident, &notice.maintenance) {
            (Some(incident), _) => {
                let mut now = incident.stage;
                if let Some(update) = notice.update() {
                    paragraphs.push(update.text.clone());
                    now = update.stage;
                }
                match (notice.kind, incident.resolved_at) {
                    (NoticeKind::Reopened, _) => paragraphs.push(texts.say("notice-reopened")),
                    (NoticeKind::Resolved, Some(at)) => {
                        paragraphs.push(texts.tell("notice-resolved", [("moment", texts.moment(at).into())]));
                    }
                    _ => {}
                }
                let began = texts.moment(incident.started_at);
                paragraphs.push(texts.tell("began", [("moment", began.into())]));
                paragraphs.extend(affects(&incident.components, texts));
                (title(incident, texts.0), texts.say(stage(now)))
            }
            (None, Some(window)) => {
                let state = match notice.kind {
                    NoticeKind::Begun => texts.say("notice-begun"),
                    NoticeKind::Ended => texts.say("notice-ended"),
                    NoticeKind::Cancelled => texts.say("notice-cancelled"),
                    _ => texts.say("notice-announced"),
                };
                let (from, to) = (texts.moment(window.from), texts.moment(window.to));
                paragraphs.push(texts.tell("from-to", [("from", from.into()), ("to", to.into())]));
                if !window.note.is_empty() {
                    paragraphs.push(window.note.clone());
                }
                paragraphs.extend(affects(&window.components, texts));
                (window.title.clone(), state)
            }
            (None, None) => (notice.page.title.clone(), String::new()),
        };
        let values = [("title", title.into()), ("state", state.into())];
        Self {
            headline: texts.tell("notice-headline", values),
            paragraphs,
        }
    }
}

fn affects(components: &[ComponentName], texts: Texts) -> Option<String> {
    let names: Vec<_> = components
        .iter()
        .map(|component| component.name.as_str())
        .collect();
    let list = texts.list(&names, NAMED);
    (!names.is_empty()).then(|| texts.tell("affects", [("components", list.into())]))
}

/// The mail about a notice.
pub fn notice_mail(notice: &Notice, texts: Texts, links: &Links) -> MailText {
    let said = NoticeText::new(notice, texts);
    let page = &notice.page;
    Letter {
        subject: format!("[{}] {}", page.title, said.headline),
        headline: &said.headline,
        paragraphs: &said.paragraphs,
        action: (texts.say("see-page"), &links.subject),
        foot: texts.tell("mail-why", [("page", page.title.as_str().into())]),
        manage: Some((texts.say("mail-manage"), &links.manage)),
    }
    .write(texts)
}

/// The mail that asks whether the owner of the address wants to be told of a page; or, where there is a subscription
/// already, says so.
pub fn confirmation_mail(page: &str, texts: Texts, url: &str, is_known: bool) -> MailText {
    let with_page = |key| texts.tell(key, [("page", page.into())]);
    let (key, action) = if is_known {
        ("mail-known", texts.say("manage-title"))
    } else {
        ("mail-confirm", texts.say("confirm"))
    };
    let subject = with_page("mail-confirm-subject");
    Letter {
        headline: &subject,
        subject: subject.clone(),
        paragraphs: &[with_page(key)],
        action: (action, url),
        foot: texts.say("mail-confirm-ignore"),
        manage: None,
    }
    .write(texts)
}

struct Letter<'a> {
    subject: String,
    headline: &'a str,
    paragraphs: &'a [String],
    action: (String, &'a str),
    foot: String,
    manage: Option<(String, &'a str)>,
}

impl Letter<'_> {
    /// Mail programs know no style sheets of ours, so each element bears its own looks; colours stand out on white, which
    /// is what they are shown on.
    fn write(self, texts: Texts) -> MailText {
        let mut text = format!("{}\n\n", self.headline);
        let mut body = format!(
            "<h1 style=\"font-size:20px;line-height:28px;margin:0 0 16px\">{}</h1>",
            escape(self.headline)
        );
        for paragraph in self.paragraphs {
            let lines = paragraph.replace("\r\n", "\n");
            let _ = write!(text, "{lines}\n\n");
            let lines = escape(&lines).replace('\n', "<br>");
            let _ = write!(body, "<p style=\"margin:0 0 16px\">{lines}</p>");
        }
        let (label, url) = self.action;
        let _ = write!(text, "{label}: {url}\n\n-- \n{}\n", self.foot);
        let _ = write!(
            body,
            "<p style=\"margin:24px 0\"><a href=\"{}\" style=\"color:#1f4fd8;font-weight:600\">{}</a></p>\
             <p style=\"margin:24px 0 0;padding-top:16px;border-top:1px solid #d8dbe2;color:#565c69;font-size:13px\">{}",
            escape(url),
            escape(&label),
            escape(&self.foot)
        );
        if let Some((label, url)) = &self.manage {
            let _ = writeln!(text, "{label}: {url}");
            let (url, label) = (escape(url), escape(label));
            let _ = write!(body, "<br><a href=\"{url}\" style=\"color:#565c69\">{label}</a>");
        }
        let html = format!(
            "<!DOCTYPE html><html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title></head>\
             <body style=\"margin:0;background:#ffffff;color:#16181d;font:16px/24px system-ui,sans-serif\">\
             <div style=\"max-width:600px;margin:0 auto;padding:24px\">{body}</p></div></body></html>",
            texts.0.as_str(),
            escape(&self.subject)
        );
        MailText {
            subject: self.subject,
            text,
            html,
        }
    }
}
