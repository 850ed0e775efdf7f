//! The TLS certificate check: every certificate that a server presents, judged whole.
//!
//! All that is wrong is told, and the worst of it is the outcome: the names, the days, the keys and the pins are judged
//! also where the chain is not trusted.

mod judge;
mod run;

use crate::{
    attempt::connect::shown_endpoint,
    check::{CheckType, tcp::ipv6_capability},
    engine::Engine,
    platform::Platform,
    validate::{self, Faults},
};
use edgewatch_protocol::{assertion::Assertion, check::TlsCheck, observation::Sight};

/// The most pins.
pub const MAX_PINS: usize = 20;

const ASSERTIONS: [&str; 1] = ["latency"];

impl CheckType for TlsCheck {
    fn target(&self) -> String {
        shown_endpoint(&self.host, self.port)
    }

    fn origin(&self) -> Option<String> {
        None
    }

    fn capabilities(&self) -> Vec<&'static str> {
        ipv6_capability(self.ip_version)
    }

    fn assertions(&self) -> Vec<&Assertion> {
        self.assertions.iter().collect()
    }

    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>> {
        Some(&mut self.assertions)
    }

    fn validate(&self, faults: &mut Faults) {
        validate::host_and_port(&self.host, self.port, self.ip_version, faults);
        if let Some(name) = &self.server_name {
            validate::host(
                "/server_name",
                name,
                edgewatch_protocol::check::shared::IpVersion::Any,
                faults,
            );
        }
        if self.degraded_days < self.down_days {
            faults.add(
                "/degraded_days",
                "must not be less than down_days: the warning would never come",
            );
        }
        if self.pins.len() > MAX_PINS {
            faults.add("/pins", format!("may be at most {MAX_PINS}"));
        }
        for (index, pin) in self.pins.iter().enumerate() {
            let is_digest = pin.len() == 64 && pin.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            if !is_digest {
                faults.add(
                    format!("/pins/{index}"),
                    "must be the SHA-256 of a certificate: 64 hexadecimal digits in lower case",
                );
            }
        }
        validate::assertions(&self.assertions, &ASSERTIONS, faults);
    }

    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight {
        run::run(engine, self, timeout_ms).await
    }
}
