//! The TCP check: a connection, TLS on it or not, and what is said on it.
//!
//! With `raw` the check says what it was given and listens for what its assertions on the reply want. With a protocol it
//! hears the server's greeting, does what that protocol begins with, and takes its leave.

mod run;

use crate::{
    attempt::connect::shown_endpoint,
    check::CheckType,
    engine::Engine,
    platform::Platform,
    validate::{self, Faults},
};
use edgewatch_protocol::{
    assertion::{Assertion, Subject, TextCondition},
    capability,
    check::{
        TcpCheck,
        shared::IpVersion,
        tcp::{TcpProtocol, TcpSecurity},
    },
    observation::Sight,
};

const ASSERTIONS: [&str; 3] = ["reply", "latency", "certificate_days"];

impl CheckType for TcpCheck {
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
        let is_raw = self.protocol == TcpProtocol::Raw;
        if is_raw && self.security == TcpSecurity::StartTls {
            faults.add(
                "/security",
                "raw has no way to ask for TLS: use tls, or name the protocol",
            );
        }
        if let Some(payload) = &self.send {
            validate::payload("/send", payload, faults);
            if !is_raw {
                faults.add("/send", "is for raw alone: the protocol says what is sent");
            }
        }
        validate::assertions(&self.assertions, &ASSERTIONS, faults);
        replies_that_never_come(&self.assertions, faults);
        for (index, assertion) in self.assertions.iter().enumerate() {
            let pointer = format!("/assertions/{index}/on");
            match &assertion.subject {
                Subject::CertificateDays { .. } if self.security == TcpSecurity::None => {
                    faults.add(pointer, "a connection without TLS shows no certificate");
                }
                Subject::Reply { .. }
                    if self.protocol == TcpProtocol::Postgres && self.security == TcpSecurity::Tls =>
                {
                    faults.add(
                        pointer,
                        "the server says nothing within TLS before it is asked to log in",
                    );
                }
                _ => {}
            }
        }
    }

    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight {
        run::run(engine, self, timeout_ms).await
    }
}

/// What a check needs that uses IPv6 alone.
pub fn ipv6_capability(ip_version: IpVersion) -> Vec<&'static str> {
    match ip_version {
        IpVersion::V6 => vec![capability::IPV6],
        _ => Vec::new(),
    }
}

/// Notes assertions that would have to wait for a reply to know that there is none.
pub fn replies_that_never_come(assertions: &[Assertion], faults: &mut Faults) {
    for (index, assertion) in assertions.iter().enumerate() {
        if let Subject::Reply {
            condition: TextCondition::Absent,
        } = assertion.subject
        {
            faults.add(
                format!("/assertions/{index}/is"),
                "a reply that is not wanted cannot be told from one that is late",
            );
        }
    }
}

/// The assertions on the reply.
pub fn on_reply(assertions: &[Assertion]) -> impl Iterator<Item = &Assertion> {
    assertions
        .iter()
        .filter(|assertion| matches!(assertion.subject, Subject::Reply { .. }))
}

#[cfg(test)]
mod tests;
