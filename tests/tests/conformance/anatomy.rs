//! Which phases a check has, as its settings tell.

use crate::case::Shape;
use edgewatch_protocol::phase::{NotMeasurable, Phase};
use serde_json::Value;

const NOT_APPLICABLE: Shape = Shape::Hidden(NotMeasurable::NotApplicable);

/// The phases of a check.
#[derive(Clone, Debug, Default)]
pub struct Anatomy {
    /// Those that there are none of, known from the beginning.
    never: Vec<Phase>,
    /// Those that turn out to be none once the check gets there.
    left_out: Vec<Phase>,
}

/// The phases of a check with its places filled in.
pub fn of(check: &Value) -> Anatomy {
    match check["type"].as_str().unwrap_or_default() {
        "http" | "websocket" => of_url(&check["url"]),
        "steps" => of_url(&check["steps"][0]["request"]["url"]),
        "grpc" => of_host(check, check["tls"] != false, &[]),
        "tls" => of_host(check, true, &[Phase::Request, Phase::Ttfb, Phase::Body]),
        "tcp" => of_tcp(check),
        "dns" => of_dns(check),
        other => panic!("nobody knows the phases of the type {other}"),
    }
}

fn of_url(url: &Value) -> Anatomy {
    let url = url.as_str().and_then(|url| reqwest::Url::parse(url).ok());
    let url = url.expect("the check has a URL");
    let is_plain = matches!(url.scheme(), "http" | "ws");
    Anatomy::new(url.host_str().unwrap_or_default(), is_plain.then_some(Phase::Tls))
}

fn of_host(check: &Value, is_tls: bool, left_out: &[Phase]) -> Anatomy {
    let host = check["host"].as_str().expect("the check has a host");
    let tls = (!is_tls).then_some(Phase::Tls);
    Anatomy::new(host, tls.into_iter().chain(left_out.iter().copied()))
}

fn of_tcp(check: &Value) -> Anatomy {
    let is_tls = check["security"]
        .as_str()
        .is_some_and(|security| security != "none");
    let protocol = check["protocol"].as_str().unwrap_or("raw");
    let on_reply = |assertion: &Value| assertion["on"] == "reply";
    let listens = check["assertions"]
        .as_array()
        .is_some_and(|all| all.iter().any(on_reply));
    let left_out: &[Phase] = match protocol {
        "raw" if check["send"].is_null() && listens => &[Phase::Request],
        "raw" if listens => &[],
        "raw" if check["send"].is_null() => &[Phase::Request, Phase::Ttfb, Phase::Body],
        "raw" => &[Phase::Ttfb, Phase::Body],
        "postgres" if check["security"] == "tls" => &[Phase::Request, Phase::Ttfb, Phase::Body],
        "postgres" => &[],
        _ => &[Phase::Request],
    };
    of_host(check, is_tls, left_out)
}

fn of_dns(check: &Value) -> Anatomy {
    let resolver = &check["resolver"];
    match resolver["by"].as_str() {
        Some("https") => of_url(&resolver["url"]),
        Some("tcp") => of_host(resolver, true, &[]).without(&[Phase::Tls]),
        Some("udp") => {
            let none = [Phase::Tcp, Phase::Tls, Phase::Request, Phase::Body];
            of_host(resolver, true, &[]).without(&none)
        }
        // The lookup is all.
        _ => Anatomy {
            never: Phase::ALL
                .into_iter()
                .filter(|&phase| phase != Phase::Dns)
                .collect(),
            left_out: Vec::new(),
        },
    }
}

impl Anatomy {
    fn new(host: &str, left_out: impl IntoIterator<Item = Phase>) -> Self {
        let is_literal = host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
        let is_local = host == "localhost" || host.ends_with(".localhost");
        Self {
            never: (is_literal || is_local)
                .then_some(Phase::Dns)
                .into_iter()
                .collect(),
            left_out: left_out.into_iter().collect(),
        }
    }

    /// There are none of these, whatever happens.
    fn without(mut self, phases: &[Phase]) -> Self {
        self.never.extend(phases);
        self
    }

    /// What a phase shows of a check that ended in one of them, or passed them all.
    pub fn shape(&self, phase: Phase, end: Option<Phase>) -> Shape {
        let is_past_the_end = end.is_some_and(|end| phase >= end);
        if self.never.contains(&phase) {
            NOT_APPLICABLE
        } else if is_past_the_end {
            Shape::NotReached
        } else if self.left_out.contains(&phase) {
            NOT_APPLICABLE
        } else {
            Shape::Measured
        }
    }
}
