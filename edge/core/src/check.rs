//! Running one check: one file per type.

mod body;
mod connect;
mod deadline;
pub mod excerpt;
mod exchange;
mod fetch;
mod http;
mod request;
mod stop;
mod timed_stream;

pub use request::OWN_FIELDS;

use crate::{platform::Platform, tls::TlsClient};
use edgewatch_protocol::{
    check::Check,
    observation::{Outcome, Sight},
    phase::PhaseTimes,
    reason::Reason,
};

/// What checks are run with.
pub struct Engine<'a, P> {
    /// The machine.
    pub platform: &'a P,
    /// The TLS client.
    pub tls: TlsClient,
}

impl<'a, P: Platform> Engine<'a, P> {
    /// An engine on a platform, trusting its additional roots.
    ///
    /// # Errors
    /// When one of these is not a certificate.
    pub fn new(platform: &'a P) -> Result<Self, String> {
        let tls = TlsClient::new(&platform.extra_roots())?;
        Ok(Self { platform, tls })
    }

    /// Makes one attempt of a check. Whatever happens is in the answer: there is no error apart from it.
    pub async fn run(&self, check: &Check, timeout_ms: u32) -> Sight {
        match check {
            Check::Http(check) => http::run(self, check, timeout_ms).await,
            Check::Unknown => unsupported("this probe does not know the check's type; update the probe"),
        }
    }
}

fn unsupported(message: &str) -> Sight {
    Sight {
        outcome: Outcome::Unmeasured {
            reason: Reason::Unsupported,
        },
        phases: PhaseTimes::default(),
        total_us: 0,
        http: None,
        address: None,
        certificate: None,
        failed_assertions: Vec::new(),
        message: Some(message.to_owned()),
    }
}
