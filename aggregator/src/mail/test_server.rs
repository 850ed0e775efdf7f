//! A real SMTP server in a process of its own, for tests: `test_server.mjs`, on Node with the packages of `package.json`.

use crate::{
    config::{SmtpArgs, SmtpTls},
    mail::Mailer,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};
use tempfile::NamedTempFile;

/// Where the process begins.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/mail/test_server.mjs");
const PACKAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../node_modules/smtp-server");

/// A mail as it came.
#[derive(Clone, Debug, Deserialize)]
pub struct ReceivedMail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Who was signed in.
    pub user: Option<String>,
    /// Whether it was encrypted.
    pub secure: bool,
    /// What the client called itself.
    pub hello: String,
    /// The connection that it came by.
    pub session: String,
    /// Headers and body, a character a byte.
    pub data: String,
}

/// The server; it ends with this.
pub struct SmtpServer {
    process: Child,
    port: u16,
    ca_file: NamedTempFile,
    tls: SmtpTls,
    taken: Arc<Mutex<Vec<ReceivedMail>>>,
    news: Mutex<Receiver<()>>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl SmtpServer {
    /// Starts one; `None` where it cannot be had, which is told on the standard error output.
    pub fn start(tls: SmtpTls, user: Option<(&str, &str)>) -> Option<Self> {
        if !Path::new(PACKAGE).exists() {
            eprintln!("SKIPPED: there is no SMTP server to test with: `npm ci` brings it");
            return None;
        }
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&ca_key).unwrap().pem();
        let issuer = Issuer::new(params, ca_key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap().pem();
        let mut ca_file = NamedTempFile::new().unwrap();
        ca_file.write_all(authority.as_bytes()).unwrap();
        let settings = json!({
            "tls": match tls { SmtpTls::Implicit => "tls", SmtpTls::Starttls => "starttls", SmtpTls::None => "none" },
            "certificate": certificate,
            "key": key.serialize_pem(),
            "user": user.map(|user| user.0),
            "password": user.map(|user| user.1),
        });
        let mut process = Command::new("node")
            .arg(SCRIPT)
            .arg(settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let port = u16::try_from(first["port"].as_u64().unwrap()).unwrap();
        let taken = Arc::<Mutex<Vec<ReceivedMail>>>::default();
        let (sender, news) = channel();
        let kept = taken.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mail = serde_json::from_str(&line).unwrap();
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
                let _ = sender.send(());
            }
        });
        Some(Self {
            process,
            port,
            ca_file,
            tls,
            taken,
            news: Mutex::new(news),
        })
    }

    /// Arguments that lead to it, without a user.
    pub fn args(&self) -> SmtpArgs {
        SmtpArgs {
            smtp_host: Some("localhost".to_owned()),
            smtp_port: Some(self.port),
            smtp_tls: self.tls,
            smtp_user: None,
            smtp_password: None,
            smtp_from: Some("Acme Status <status@acme.example>".to_owned()),
            smtp_ca_file: Some(self.ca_file.path().to_owned()),
        }
    }

    /// A mailer that hands over to it, without a user.
    pub fn mailer(&self) -> Mailer {
        Mailer::new(&self.args()).unwrap().unwrap()
    }

    /// All that it has taken, once it is so much at least.
    pub fn received(&self, at_least: usize) -> Vec<ReceivedMail> {
        loop {
            let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if taken.len() >= at_least {
                return taken;
            }
            let news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
            news.recv_timeout(Duration::from_secs(10))
                .unwrap_or_else(|_| panic!("{} mails came, not {at_least}", taken.len()));
        }
    }
}
