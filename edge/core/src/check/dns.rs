//! The DNS check: one query, and what its answer must hold.

mod ask;
mod judge;

use crate::{
    attempt::{connect::Endpoint, progress::Progress},
    check::{CheckType, http::shown_url, unsupported},
    dns_message::{Extension, write_query},
    engine::Engine,
    platform::Platform,
    validate::{self, Faults},
};
use edgewatch_protocol::{
    assertion::Assertion,
    capability,
    check::{
        DnsCheck,
        dns::{RecordType, Resolver},
        shared::IpVersion,
    },
    facts::{DnsFacts, Facts},
    observation::Sight,
};
use std::net::{Ipv4Addr, Ipv6Addr};
use url::Host;

/// The most values that may be expected.
pub const MAX_EXPECTED: usize = 50;

impl CheckType for DnsCheck {
    fn target(&self) -> String {
        let asked = format!("{} {}", self.name, self.record.as_str());
        match &self.resolver {
            Resolver::Probe => asked,
            Resolver::Https { url } => format!("{asked} @{}", shown_url(url)),
            Resolver::Udp { host, .. } | Resolver::Tcp { host, .. } => format!("{asked} @{host}"),
        }
    }

    fn origin(&self) -> Option<String> {
        None
    }

    fn capabilities(&self) -> Vec<&'static str> {
        match self.resolver {
            Resolver::Udp { .. } => vec![capability::UDP],
            _ => Vec::new(),
        }
    }

    fn assertions(&self) -> Vec<&Assertion> {
        self.assertions.iter().collect()
    }

    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>> {
        Some(&mut self.assertions)
    }

    fn validate(&self, faults: &mut Faults) {
        let query = wire_name(&self.name).and_then(|name| write_query(&name, self.record, Extension::None));
        if self.name.is_empty() || query.is_none() {
            let detail =
                "is not a name such as www.example.com: at most 253 characters, 1 to 63 between two dots";
            faults.add("/name", detail);
        }
        faults.within("/resolver", |faults| match &self.resolver {
            Resolver::Probe => {}
            Resolver::Https { url } => {
                validate::url(url, &["https", "http"], faults);
            }
            Resolver::Udp { host, port } | Resolver::Tcp { host, port } => {
                validate::host_and_port(host, *port, IpVersion::Any, faults);
            }
        });
        if self.expected.len() > MAX_EXPECTED {
            faults.add("/expected", format!("may be at most {MAX_EXPECTED}"));
        }
        for (index, value) in self.expected.iter().enumerate() {
            if let Some(detail) = wrong_value(self.record, value) {
                faults.add(format!("/expected/{index}"), detail);
            }
        }
        if self.expect_no_such_name && !self.expected.is_empty() {
            faults.add("/expected", "a name that must not exist has no records to expect");
        }
        validate::assertions(&self.assertions, &["ttl", "latency"], faults);
    }

    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight {
        let extension = if self.require_authenticated {
            Extension::Dnssec
        } else {
            Extension::Edns
        };
        let query = wire_name(&self.name).and_then(|name| write_query(&name, self.record, extension));
        let Some(query) = query else {
            return unsupported("the name cannot be asked for");
        };
        let platform = engine.platform;
        let mut progress = Progress::begin(platform, timeout_ms);
        let mut facts = DnsFacts {
            server: ask::server(&self.resolver),
            ..DnsFacts::default()
        };
        let asked = ask::ask(engine, self, &query, &mut facts.server, &mut progress).await;
        let total_us = progress.total_us(platform);
        let judgement = judge::judge(self, asked, platform.now_ms(), total_us, &mut facts);
        // A resolver that said nothing shows nothing.
        let facts = (!facts.code.is_empty()).then_some(Facts::Dns(facts));
        progress.into_sight(total_us, judgement, facts)
    }
}

/// The name as it is asked for: in ASCII (RFC 5891), and with the underscores that services and keys begin with.
fn wire_name(name: &str) -> Option<String> {
    if name.is_ascii() {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        return name.bytes().all(is_plain).then(|| name.to_owned());
    }
    match Host::parse(name).ok()? {
        Host::Domain(ascii) => Some(ascii),
        _ => None,
    }
}

/// What is wrong with an expected value.
fn wrong_value(record: RecordType, value: &str) -> Option<String> {
    let parts: Vec<_> = value.split_whitespace().collect();
    let are_numbers = |parts: &[&str]| parts.iter().all(|part| part.parse::<u32>().is_ok());
    let (is_one, example) = match record {
        RecordType::A => (value.parse::<Ipv4Addr>().is_ok(), "192.0.2.1"),
        RecordType::Aaaa => (value.parse::<Ipv6Addr>().is_ok(), "2001:db8::1"),
        RecordType::Cname | RecordType::Ns => (parts.len() == 1, "ns1.example.com"),
        RecordType::Mx => (parts.len() == 2 && are_numbers(&parts[..1]), "10 mx.example.com"),
        RecordType::Srv => (
            parts.len() == 4 && are_numbers(&parts[..3]),
            "10 5 443 srv.example.com",
        ),
        RecordType::Soa => (
            parts.len() == 7 && are_numbers(&parts[2..]),
            "ns1.example.com hostmaster.example.com 1 7200 900 1209600 300",
        ),
        RecordType::Caa => (
            parts.len() >= 3 && are_numbers(&parts[..1]),
            "0 issue \"ca.example\"",
        ),
        RecordType::Txt => (!value.is_empty(), "v=spf1 -all"),
    };
    if value.len() > validate::MAX_TEXT_BYTES {
        return Some(format!("may have at most {} bytes", validate::MAX_TEXT_BYTES));
    }
    (!is_one).then(|| format!("is not a value of {} such as {example}", record.as_str()))
}

#[cfg(test)]
mod tests;
