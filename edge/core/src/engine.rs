//! What checks are run with.

use crate::{check, platform::Platform, tls::TlsClient};
use edgewatch_protocol::{check::Check, observation::Sight};

/// The machine and what is made once for all checks on it.
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
        check::run(self, check, timeout_ms).await
    }
}
