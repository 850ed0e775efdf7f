//! The dialogue with the SMTP server (RFC 5321), command by command: only so is it known what a refusal is about. A refused
//! recipient is the recipient's fault, a refused sign-in is ours.

use super::{Mail, MailError, Settings, compose};
use crate::config::SmtpTls;
use lettre::transport::smtp::{
    Error,
    authentication::DEFAULT_MECHANISMS,
    client::AsyncSmtpConnection,
    commands::{Data, Mail as MailFrom, Rcpt, Rset},
    extension::{Extension, MailBodyParameter, MailParameter},
};
use std::{sync::Arc, time::Duration};

/// How long one command may take to be answered.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a mail may take, from dialling to its being taken.
const MAIL_TIMEOUT: Duration = Duration::from_mins(1);

/// A connection to the server, made for the first mail and kept for the next ones.
pub struct MailSession {
    settings: Arc<Settings>,
    connection: Option<AsyncSmtpConnection>,
    /// Why the server cannot be had: it is not dialled again for each of many mails.
    is_away: Option<MailError>,
}

impl MailSession {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            connection: None,
            is_away: None,
        }
    }

    /// Hands a mail over. A server that cannot be reached, or lets nobody in, is dialled once a session.
    ///
    /// Once this is `Ok` the server has it, and is answerable for it.
    pub async fn send(&mut self, mail: &Mail) -> Result<(), MailError> {
        let settings = self.settings.clone();
        let message = compose(mail, &settings.sender)?;
        let dialogue = self.hand_over(&message);
        let outcome = tokio::time::timeout(MAIL_TIMEOUT, dialogue)
            .await
            .unwrap_or_else(|_| {
                let seconds = MAIL_TIMEOUT.as_secs();
                Err(MailError::Later(format!("the server took more than {seconds} s")))
            });
        match &outcome {
            Ok(()) => {}
            // The connection goes on, with nothing left of this mail.
            Err(MailError::Recipient(_) | MailError::Message(_)) => self.reset().await,
            Err(MailError::Later(_)) => self.connection = None,
        }
        outcome
    }

    /// Takes leave of the server.
    pub async fn close(mut self) {
        if let Some(mut connection) = self.connection.take() {
            let _ = tokio::time::timeout(CONNECT_TIMEOUT, connection.quit()).await;
        }
    }

    async fn hand_over(&mut self, message: &lettre::Message) -> Result<(), MailError> {
        let body = message.formatted();
        let envelope = message.envelope();
        if let Some(kept) = &mut self.connection
            && !kept.test_connected().await
        {
            // Servers end connections that have been idle.
            self.connection = None;
        }
        if let Some(why) = &self.is_away {
            return Err(why.clone());
        }
        if self.connection.is_none() {
            let connected = connect(&self.settings).await;
            self.is_away = connected.as_ref().err().cloned();
            self.connection = Some(connected?);
        }
        let Some(connection) = &mut self.connection else {
            return Err(MailError::Later("there is no connection".to_owned()));
        };
        let mut options = Vec::new();
        let mut addresses = envelope.to().iter().chain(envelope.from());
        if !addresses.all(|address: &lettre::Address| address.to_string().is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let why = "the server takes no addresses beyond ASCII (SMTPUTF8)";
                return Err(MailError::Recipient(why.to_owned()));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !body.is_ascii() && connection.server_info().supports_feature(Extension::EightBitMime) {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        // The sender and our leave to send are the operator's: whatever is wrong with them may be set right.
        connection
            .command(MailFrom::new(envelope.from().cloned(), options))
            .await
            .map_err(|error| later(&error))?;
        for recipient in envelope.to() {
            connection
                .command(Rcpt::new(recipient.clone(), Vec::new()))
                .await
                .map_err(|error| refused(&error, MailError::Recipient))?;
        }
        connection.command(Data).await.map_err(|error| later(&error))?;
        connection.message(&body).await.map_err(|error| {
            // Some servers look the recipient up only now, and say so by the enhanced status (RFC 3463).
            let is_address = [" 5.1.", " 5.2.", "(5.1.", "(5.2."];
            let said = format!(" {error}");
            if is_address.iter().any(|code| said.contains(code)) {
                refused(&error, MailError::Recipient)
            } else {
                refused(&error, MailError::Message)
            }
        })?;
        Ok(())
    }

    async fn reset(&mut self) {
        if let Some(connection) = &mut self.connection {
            let reset = tokio::time::timeout(CONNECT_TIMEOUT, connection.command(Rset)).await;
            if !matches!(reset, Ok(Ok(_))) {
                self.connection = None;
            }
        }
    }
}

async fn connect(settings: &Settings) -> Result<AsyncSmtpConnection, MailError> {
    let implicit = (settings.tls == SmtpTls::Implicit).then(|| settings.tls_parameters.clone());
    let mut connection = AsyncSmtpConnection::connect_tokio1(
        (settings.host.as_str(), settings.port),
        Some(CONNECT_TIMEOUT),
        &settings.hello,
        implicit,
        None,
    )
    .await
    .map_err(|error| later(&error))?;
    if settings.tls == SmtpTls::Starttls {
        // A server that offers none is refused: somebody on the way may have taken the offer out.
        connection
            .starttls(settings.tls_parameters.clone(), &settings.hello)
            .await
            .map_err(|error| later(&error))?;
    }
    if let Some(credentials) = &settings.credentials {
        connection
            .auth(DEFAULT_MECHANISMS, credentials)
            .await
            .map_err(|error| later(&error))?;
    }
    Ok(connection)
}

fn later(error: &Error) -> MailError {
    MailError::Later(error.to_string())
}

/// What a refusal for good is about; one for now is for later.
fn refused(error: &Error, about: fn(String) -> MailError) -> MailError {
    // 521 and 421 end the service, whatever was asked.
    let ends_service = error.status().is_some_and(|code| code.to_string() == "521");
    if error.is_permanent() && !ends_service {
        about(error.to_string())
    } else {
        MailError::Later(error.to_string())
    }
}
