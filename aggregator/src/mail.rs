//! E-mail: what is sent, and the SMTP server that it is handed to.
//!
//! There is one server for the installation, told at its start (`EDGEWATCH_SMTP_…`). Without one no mail is sent, and what
//! needs mail says so. Mail is handed over in a [`MailSession`], which keeps its connection for the next one.

mod session;
#[cfg(test)]
pub mod test_server;
#[cfg(test)]
mod tests;

pub use session::MailSession;

use crate::config::{SmtpArgs, SmtpTls};
use lettre::{
    Message,
    message::{
        Attachment, Mailbox, MultiPart,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, TlsParameters},
        extension::ClientId,
    },
};
use std::{fmt, fs, sync::Arc};
use url::Url;

/// One mail to one address.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whom it is for.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// The whole of it as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Where a `POST` ends what this mail is part of (RFC 8058).
    pub unsubscribe: Option<Url>,
    /// Files that go with it.
    pub attachments: Vec<MailFile>,
    /// The part of the message's id before the `@`: the same mail sent again has the same.
    pub id: String,
}

/// A file that goes with a mail.
#[derive(Clone, Debug)]
pub struct MailFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// What is in it.
    pub bytes: Arc<Vec<u8>>,
}

/// Why a mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailError {
    /// The server will never take mail for this address, or it is none; what it said.
    Recipient(String),
    /// The server refuses this mail for good, whoever it is for; what it said.
    Message(String),
    /// The server cannot be reached, will not let us in, or asks to try again; what happened.
    Later(String),
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recipient(why) => write!(f, "the recipient is refused: {why}"),
            Self::Message(why) => write!(f, "the message is refused: {why}"),
            Self::Later(why) => write!(f, "not taken now: {why}"),
        }
    }
}

impl std::error::Error for MailError {}

/// Where mail is handed over; clones share it.
#[derive(Clone)]
pub struct Mailer(Arc<Settings>);

/// What a session needs.
struct Settings {
    host: String,
    port: u16,
    tls: SmtpTls,
    tls_parameters: TlsParameters,
    credentials: Option<Credentials>,
    sender: Mailbox,
    hello: ClientId,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer({}:{})", self.0.host, self.0.port)
    }
}

impl Mailer {
    /// The mailer that the arguments describe; `None` where they name no server.
    ///
    /// # Errors
    /// When they cannot be followed; in one line that names the variable and no secret.
    pub fn new(args: &SmtpArgs) -> Result<Option<Self>, String> {
        let Some(host) = &args.smtp_host else {
            return Ok(None);
        };
        let sender = args.smtp_from.as_deref().unwrap_or_default();
        let sender: Mailbox = sender.parse().map_err(|_| {
            format!("EDGEWATCH_SMTP_FROM: `{sender}` is no sender such as `Status <status@example.org>`")
        })?;
        let mut parameters = TlsParameters::builder(host.clone());
        if let Some(path) = &args.smtp_ca_file {
            let fault =
                |error: &dyn fmt::Display| format!("EDGEWATCH_SMTP_CA_FILE: {}: {error}", path.display());
            let pem = fs::read(path).map_err(|error| fault(&error))?;
            let certificate = Certificate::from_pem(&pem).map_err(|error| fault(&error))?;
            parameters = parameters.add_root_certificate(certificate);
        }
        let tls_parameters = parameters
            .build_rustls()
            .map_err(|error| format!("EDGEWATCH_SMTP_HOST: {host}: {error}"))?;
        let credentials = args.smtp_user.clone().zip(args.smtp_password.clone());
        if credentials.is_some() && args.smtp_tls == SmtpTls::None {
            tracing::warn!(
                "the password of the SMTP server is sent in the clear: EDGEWATCH_SMTP_TLS is none"
            );
        }
        Ok(Some(Self(Arc::new(Settings {
            host: host.clone(),
            port: args.smtp_port.unwrap_or(match args.smtp_tls {
                SmtpTls::Implicit => 465,
                SmtpTls::Starttls => 587,
                SmtpTls::None => 25,
            }),
            tls: args.smtp_tls,
            tls_parameters,
            credentials: credentials.map(|(user, password)| Credentials::new(user, password)),
            hello: ClientId::Domain(sender.email.domain().to_owned()),
            sender,
        }))))
    }

    /// The host and port that mail is handed over at.
    pub fn server(&self) -> (&str, u16) {
        (&self.0.host, self.0.port)
    }

    /// A session; nothing is dialled before there is a mail.
    pub fn session(&self) -> MailSession {
        MailSession::new(self.0.clone())
    }
}

/// Whether mail could be sent to this address at all. That somebody reads it there is not known by looking.
pub fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>().is_ok()
}

/// A mail as it goes over the wire.
fn compose(mail: &Mail, sender: &Mailbox) -> Result<Message, MailError> {
    let refuse = |error: &dyn fmt::Display| MailError::Message(error.to_string());
    let to = mail
        .to
        .parse()
        .map_err(|error| MailError::Recipient(format!("{error}")))?;
    let mut message = Message::builder()
        .from(sender.clone())
        .to(Mailbox::new(None, to))
        .subject(one_line(&mail.subject))
        .message_id(Some(format!("<{}@{}>", mail.id, sender.email.domain())))
        .multipart(body(mail)?)
        .map_err(|error| refuse(&error))?;
    let headers = message.headers_mut();
    // Nobody's holiday notice answers it (RFC 3834).
    let mut set = |name: &'static str, value: String| {
        headers.insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    };
    set("Auto-Submitted", "auto-generated".to_owned());
    if let Some(url) = &mail.unsubscribe {
        set("List-Unsubscribe", format!("<{url}>"));
        set("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned());
    }
    Ok(message)
}

/// The text in both its forms, and the files beside it.
fn body(mail: &Mail) -> Result<MultiPart, MailError> {
    let texts = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    if mail.attachments.is_empty() {
        return Ok(texts);
    }
    let mut whole = MultiPart::mixed().multipart(texts);
    for file in &mail.attachments {
        let media_type = ContentType::parse(file.media_type)
            .map_err(|error| MailError::Message(format!("{}: {error}", file.name)))?;
        let bytes = file.bytes.as_ref().clone();
        whole = whole.singlepart(Attachment::new(file.name.clone()).body(bytes, media_type));
    }
    Ok(whole)
}

/// What people write may hold line breaks, a header may not.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
