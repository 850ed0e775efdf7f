//! Deliveries as they are sent: which message by which channel, and what its outcome means for its subscriber.

use super::{
    Asked, open_key, open_target, own_token,
    webhook::{Key, PostError, post_plain, post_signed},
};
use crate::{
    feed::PageAddress,
    mail::{Mail, MailError, MailSession},
    secret::{Purpose, Secrets},
    settings::Settings,
    ssrf_guard::SsrfGuard,
    store::{
        delivery::{TakenDelivery, What},
        subscriber::StoredSubscriber,
    },
};
use chrono::{DateTime, SecondsFormat, Utc};
use edgewatch_client::{
    notice::Notice, public_status::PublicPage, status_page::PageLanguage, subscriber::Channel,
};
use edgewatch_ui::public::{
    Links, MailText, NoticeText, Texts, confirmation_mail, incident_title, notice_mail,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Sent,
    /// It is refused there for good; why.
    Refused(String),
    /// The URL is gone: nothing else is ever to be sent there.
    Gone,
    /// It can never be sent, and that is not its subscriber's fault; why.
    Hopeless(String),
    /// It may be taken later; why not now.
    Later(String),
}

/// Somebody is to be asked to confirm, or to be told that there is a subscription already.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Confirmation {
    /// What was asked for.
    pub asked: Asked,
    /// The subscription that there is.
    pub known: Option<i32>,
    /// The page's name.
    pub page: String,
    /// The page's address.
    pub address: Url,
}

impl Confirmation {
    /// As it waits to be sent.
    pub fn seal(&self, secrets: &Secrets) -> Vec<u8> {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        secrets.seal(Purpose::Subscriber, b"confirmation", &plain)
    }

    fn open(secrets: &Secrets, sealed: &[u8]) -> Option<Self> {
        serde_json::from_slice(&secrets.open(Purpose::Subscriber, b"confirmation", sealed)?).ok()
    }

    fn url(&self, secrets: &Secrets) -> String {
        let address = PageAddress::new(&self.address);
        match self.known {
            Some(id) => manage_url(secrets, &address, self.asked.page, id),
            None => address.at(&format!("subscribe/confirm?token={}", self.asked.token(secrets))),
        }
    }
}

/// The page's address, by which links in messages lead back; `None` while nobody has said how it is reached.
pub fn page_address(page: &PublicPage, settings: &Settings) -> Option<Url> {
    let public = settings.public_url.as_ref();
    match &page.host {
        // A host of its own is reached as the rest is.
        Some(host) => {
            let scheme = public.map_or("https", Url::scheme);
            Url::parse(&format!("{scheme}://{host}/")).ok()
        }
        None => public?.join(&format!("/status/{}", page.slug)).ok(),
    }
}

/// Where a subscription is changed and ended.
pub fn manage_url(secrets: &Secrets, address: &PageAddress, page: i32, subscriber: i32) -> String {
    let token = own_token(secrets, page, subscriber);
    address.at(&format!("subscribe/manage?token={token}"))
}

/// How a delivery goes.
pub fn channel_of(delivery: &TakenDelivery, secrets: &Secrets) -> Option<Channel> {
    match &delivery.what {
        What::Notice { subscriber, .. } => Some(subscriber.channel),
        What::Confirmation(sealed) => Confirmation::open(secrets, sealed).map(|told| told.asked.channel),
    }
}

/// What sending takes.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The installation's keys.
    pub secrets: &'a Secrets,
    /// The settings.
    pub settings: &'a Settings,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Sender<'_> {
    fn guard(&self) -> SsrfGuard {
        SsrfGuard {
            allow_private_targets: self.settings.allow_private_targets,
        }
    }

    /// Sends a mail; `session` is `None` where no server is set up.
    pub async fn mail(&self, delivery: &TakenDelivery, session: Option<&mut MailSession>) -> Outcome {
        let Some(session) = session else {
            return Outcome::Later("no SMTP server is set up".to_owned());
        };
        let mail = match &delivery.what {
            What::Confirmation(sealed) => {
                let Some(told) = Confirmation::open(self.secrets, sealed) else {
                    return unreadable();
                };
                let (texts, url) = (Texts(told.asked.language), told.url(self.secrets));
                let texts = confirmation_mail(&told.page, texts, &url, told.known.is_some());
                compose(delivery.message_id, told.asked.target, texts, None)
            }
            What::Notice {
                content, subscriber, ..
            } => {
                let read = self.read(content, subscriber);
                let Some((notice, to, address)) = read else {
                    return unreadable();
                };
                let manage = manage_url(self.secrets, &address, subscriber.page, subscriber.id);
                let links = Links {
                    subject: subject_url(&notice, &address),
                    manage,
                };
                let texts = notice_mail(&notice, Texts(subscriber.language), &links);
                let token = own_token(self.secrets, subscriber.page, subscriber.id);
                let end = address.at(&format!("subscribe/unsubscribe?token={token}"));
                compose(delivery.message_id, to, texts, Url::parse(&end).ok())
            }
        };
        match session.send(&mail).await {
            Ok(()) => Outcome::Sent,
            Err(MailError::Recipient(why)) => Outcome::Refused(why),
            Err(MailError::Message(why)) => Outcome::Hopeless(why),
            Err(MailError::Later(why)) => Outcome::Later(why),
        }
    }

    /// Posts to a URL.
    pub async fn post(&self, delivery: &TakenDelivery) -> Outcome {
        let posted = match &delivery.what {
            What::Confirmation(sealed) => {
                let Some(told) = Confirmation::open(self.secrets, sealed) else {
                    return unreadable();
                };
                let texts = Texts(told.asked.language);
                let url = told.url(self.secrets);
                let said = confirmation_mail(&told.page, texts, &url, told.known.is_some());
                // The last lines are what a mail ends with.
                let text = said.text.split("\n-- \n").next().unwrap_or_default().trim();
                let body = json!({ "text": slack_text(text) }).to_string();
                post_plain(&told.asked.target, body, self.guard()).await
            }
            What::Notice {
                content, subscriber, ..
            } => {
                let Some((notice, target, address)) = self.read(content, subscriber) else {
                    return unreadable();
                };
                let manage = manage_url(self.secrets, &address, subscriber.page, subscriber.id);
                if subscriber.channel == Channel::Slack {
                    let body = slack_message(&notice, subscriber.language, &address).to_string();
                    post_plain(&target, body, self.guard()).await
                } else {
                    let sealed = subscriber.secret.as_deref().unwrap_or_default();
                    let Some(key) = open_key(self.secrets, subscriber.page, sealed) else {
                        return unreadable();
                    };
                    let body = webhook_message(&notice, subscriber.language, &address, &manage).to_string();
                    post_signed(
                        &target,
                        &Key(key),
                        delivery.message_id,
                        body,
                        self.guard(),
                        self.now,
                    )
                    .await
                }
            }
        };
        match posted {
            Ok(()) => Outcome::Sent,
            Err(PostError::Gone) => Outcome::Gone,
            Err(PostError::Forbidden(why)) => Outcome::Refused(why),
            Err(PostError::Failed(why)) => Outcome::Later(why),
        }
    }

    fn read(&self, content: &Value, subscriber: &StoredSubscriber) -> Option<(Notice, String, PageAddress)> {
        let notice = Notice::deserialize(content).ok()?;
        let target = open_target(self.secrets, subscriber.page, &subscriber.target)?;
        let address = PageAddress::new(&page_address(&notice.page, self.settings)?);
        Some((notice, target, address))
    }
}

fn unreadable() -> Outcome {
    let why = "it cannot be read or has no address to lead to: is EDGEWATCH_SECRET_KEY another one, or settings.public_url \
               not set?";
    Outcome::Hopeless(why.to_owned())
}

fn compose(id: Uuid, to: String, texts: MailText, unsubscribe: Option<Url>) -> Mail {
    Mail {
        to,
        subject: texts.subject,
        text: texts.text,
        html: texts.html,
        unsubscribe,
        attachments: Vec::new(),
        id: id.simple().to_string(),
    }
}

/// The page of what a notice is about.
fn subject_url(notice: &Notice, address: &PageAddress) -> String {
    match &notice.incident {
        Some(incident) => address.incident(incident.id),
        None => address.page(),
    }
}

/// What a webhook gets: what the public page tells, and nothing else.
fn webhook_message(notice: &Notice, language: PageLanguage, address: &PageAddress, manage: &str) -> Value {
    let said = NoticeText::new(notice, Texts(language));
    let mut incident = json!(notice.incident);
    if let (Some(found), Some(members)) = (&notice.incident, incident.as_object_mut()) {
        members.insert("title".to_owned(), json!(incident_title(found, language)));
        members.insert("url".to_owned(), json!(address.incident(found.id)));
    }
    json!({
        "type": notice.kind.event(),
        "timestamp": notice.at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "data": {
            "page": { "id": notice.page.id, "name": notice.page.title, "url": address.page() },
            "headline": said.headline,
            "incident": incident,
            "update": notice.update(),
            "maintenance": notice.maintenance,
        },
        "manage_url": manage,
    })
}

/// What an incoming webhook of Slack gets.
fn slack_message(notice: &Notice, language: PageLanguage, address: &PageAddress) -> Value {
    let texts = Texts(language);
    let said = NoticeText::new(notice, texts);
    let headline = slack_text(&format!("[{}] {}", notice.page.title, said.headline));
    let paragraphs = slack_text(&said.paragraphs.join("\n"));
    let (url, label) = (subject_url(notice, address), slack_text(&texts.say("see-page")));
    json!({ "text": format!("*{headline}*\n{paragraphs}\n<{url}|{label}>") })
}

/// A text in which nothing means a link or a name to Slack.
fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
