//! Whom to ask for a domain (RFC 9224), and how seldom: registries close their doors to who asks too often.
//!
//! What was learnt is kept as long as the process lives, whatever tick or engine learnt it: the list of IANA for a day,
//! the answer about a domain for an hour. A server is asked at most once a second.

use super::rdap;
use crate::{
    attempt::{progress::Progress, stop::Stop},
    engine::Engine,
    http_client::get::get,
    platform::Platform,
};
use edgewatch_protocol::{
    facts::DomainFacts,
    observation::Outcome,
    phase::{Phase, PhaseTime, PhaseTimes},
    reason::Reason,
};
use http::StatusCode;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use url::Url;

/// IANA's list of the registries' servers.
const BOOTSTRAP_URL: &str = "https://data.iana.org/rdap/dns.json";
const MAX_BOOTSTRAP_BYTES: u32 = 2 << 20;
const MAX_ANSWER_BYTES: u32 = 512 << 10;

const BOOTSTRAP_MS: i64 = 86_400_000;
const ANSWER_MS: i64 = 3_600_000;
/// How long a list that could not be had is not asked for again.
const PAUSE_MS: i64 = 60_000;
const TURN_MS: i64 = 1000;
/// The most answers that are kept; beyond it one gives way.
const MAX_KEPT: usize = 10_000;

static MEMORY: Mutex<Memory> = Mutex::new(Memory {
    bootstrap: None,
    turns: BTreeMap::new(),
    answers: BTreeMap::new(),
});

struct Memory {
    bootstrap: Option<Kept<Result<Arc<Bootstrap>, Stop>>>,
    /// When a server may be asked next, Unix milliseconds, by its host and port.
    turns: BTreeMap<String, i64>,
    /// By domain, and by the server that its check gives.
    answers: BTreeMap<(String, String), Kept<Result<DomainFacts, Stop>>>,
}

#[derive(Clone)]
struct Kept<T> {
    at_ms: i64,
    value: T,
}

impl<T> Kept<T> {
    /// Whether it is not older than this. A clock that was set back makes everything old.
    fn is_fresh(&self, now_ms: i64, age_ms: i64) -> bool {
        (0..age_ms).contains(&(now_ms - self.at_ms))
    }
}

fn memory() -> MutexGuard<'static, Memory> {
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the registry says of a domain, now or less than an hour ago.
pub async fn ask<P: Platform>(
    engine: &Engine<'_, P>,
    domain: &str,
    rdap_url: Option<&str>,
    progress: &mut Progress,
) -> Result<DomainFacts, Stop> {
    let platform = engine.platform;
    let key = (domain.to_owned(), rdap_url.unwrap_or_default().to_owned());
    let known = || {
        let kept = memory().answers.get(&key).cloned();
        kept.filter(|kept| kept.is_fresh(platform.now_ms(), ANSWER_MS))
    };
    if let Some(kept) = known() {
        return kept.value;
    }
    let base = if let Some(url) = rdap_url {
        url.to_owned()
    } else {
        let bootstrap = bootstrap(engine, progress).await?;
        let server = bootstrap.server(domain).ok_or_else(|| {
            let message = format!("IANA's list names no RDAP server for {domain}: set rdap_url");
            Stop::unmeasured(Reason::ServiceUnavailable, message)
        })?;
        server.to_owned()
    };
    let slash = if base.ends_with('/') { "" } else { "/" };
    let url = format!("{base}{slash}domain/{domain}");
    take_turn(platform, &url, progress).await?;
    // Whoever had the turn before may have asked the same.
    if let Some(kept) = known() {
        return kept.value;
    }
    progress.phases = PhaseTimes::default();
    let answer = get(engine, &url, "application/rdap+json", MAX_ANSWER_BYTES, progress).await;
    let was_asked = progress.phases.get(Phase::Request) != PhaseTime::NotReached;
    let value = match answer {
        Err(stop) => Err(unavailable(stop)),
        Ok(answer) if answer.status == StatusCode::NOT_FOUND => {
            let message = format!("the domain {domain} is not registered");
            Err(Stop::down_by_rule(Reason::DomainNotRegistered, message))
        }
        Ok(answer) if answer.status == StatusCode::OK => rdap::read(&answer.body, &base).ok_or_else(|| {
            let message = format!("{base} answered with something else than RDAP's JSON");
            Stop::unmeasured(Reason::ServiceUnavailable, message)
        }),
        Ok(answer) => {
            let message = format!("{base} answered with the status {}", answer.status);
            Err(Stop::unmeasured(Reason::ServiceUnavailable, message))
        }
    };
    if was_asked {
        let at_ms = platform.now_ms();
        let value = value.clone();
        let mut memory = memory();
        memory.answers.retain(|_, kept| kept.is_fresh(at_ms, ANSWER_MS));
        if memory.answers.len() >= MAX_KEPT {
            memory.answers.pop_first();
        }
        memory.answers.insert(key, Kept { at_ms, value });
    }
    value
}

/// That a registry cannot be asked says nothing of the domain.
fn unavailable(stop: Stop) -> Stop {
    match stop.outcome {
        Outcome::Unmeasured { .. } => stop,
        _ => Stop::unmeasured(
            Reason::ServiceUnavailable,
            format!("the registry's server: {}", stop.message),
        ),
    }
}

/// Waits until a server may be asked.
async fn take_turn<P: Platform>(platform: &P, url: &str, progress: &Progress) -> Result<(), Stop> {
    let host = Url::parse(url).ok().and_then(|url| {
        let port = url.port_or_known_default()?;
        Some(format!("{}:{port}", url.host_str()?))
    });
    let host =
        host.ok_or_else(|| Stop::unmeasured(Reason::Unsupported, "the registry's server has no host"))?;
    let now_ms = platform.now_ms();
    let wait = {
        let mut memory = memory();
        memory
            .turns
            .retain(|_, &mut next_ms| (1..=60_000).contains(&(next_ms - now_ms)));
        let at_ms = memory.turns.get(&host).copied().unwrap_or(now_ms).max(now_ms);
        let wait = Duration::from_millis(u64::try_from(at_ms - now_ms).unwrap_or_default());
        if wait >= progress.deadline.left(platform) {
            let message = format!("{host} is asked at most once a second, and too many checks wait for it");
            return Err(Stop::unmeasured(Reason::ServiceUnavailable, message));
        }
        memory.turns.insert(host, at_ms + TURN_MS);
        wait
    };
    if !wait.is_zero() {
        platform.sleep(wait).await;
    }
    Ok(())
}

async fn bootstrap<P: Platform>(
    engine: &Engine<'_, P>,
    progress: &mut Progress,
) -> Result<Arc<Bootstrap>, Stop> {
    let platform = engine.platform;
    let known = || {
        let kept = memory().bootstrap.clone()?;
        let age_ms = if kept.value.is_ok() {
            BOOTSTRAP_MS
        } else {
            PAUSE_MS
        };
        kept.is_fresh(platform.now_ms(), age_ms).then_some(kept.value)
    };
    if let Some(kept) = known() {
        return kept;
    }
    take_turn(platform, BOOTSTRAP_URL, progress).await?;
    if let Some(kept) = known() {
        return kept;
    }
    let answer = get(
        engine,
        BOOTSTRAP_URL,
        "application/json",
        MAX_BOOTSTRAP_BYTES,
        progress,
    )
    .await;
    let value = match answer {
        Err(stop) => Err(unavailable(stop)),
        Ok(answer) => {
            let read = Bootstrap::read(&answer.body).filter(|_| answer.status == StatusCode::OK);
            read.map(Arc::new).ok_or_else(|| {
                let message = format!(
                    "IANA's list of RDAP servers cannot be had: status {}",
                    answer.status
                );
                Stop::unmeasured(Reason::ServiceUnavailable, message)
            })
        }
    };
    let at_ms = platform.now_ms();
    let mut memory = memory();
    // An old list is better than none.
    let old = memory.bootstrap.take().and_then(|kept| kept.value.ok());
    let value = match (value, old) {
        (Err(_), Some(old)) => Ok(old),
        (value, _) => value,
    };
    memory.bootstrap = Some(Kept {
        at_ms,
        value: value.clone(),
    });
    value
}

/// IANA's list.
struct Bootstrap {
    /// A top-level domain, or a domain below one, and its server.
    servers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Document {
    services: Vec<(Vec<String>, Vec<String>)>,
}

impl Bootstrap {
    fn read(body: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(body).ok()?;
        let mut servers = BTreeMap::new();
        for (domains, urls) in document.services {
            let secure = urls.iter().find(|url| url.starts_with("https://"));
            if let Some(url) = secure.or(urls.first()) {
                for domain in domains {
                    servers.insert(domain.to_ascii_lowercase(), url.clone());
                }
            }
        }
        (!servers.is_empty()).then_some(Self { servers })
    }

    /// The server of the longest entry that the domain ends with, label by label.
    fn server(&self, domain: &str) -> Option<&str> {
        let mut rest = domain;
        loop {
            if let Some(server) = self.servers.get(rest) {
                return Some(server);
            }
            rest = rest.split_once('.')?.1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_entry_names_the_server() {
        // In the form of RFC 9224, section 4.
        let list = Bootstrap::read(
            br#"{"version":"1.0","services":[
                [["net","COM"],["http://plain.example/","https://registry.example/myrdap/"]],
                [["org","mytld"],["https://example.org/"]],
                [["co.uk"],["https://deep.example/"]],
                [["empty"],[]]]}"#,
        )
        .unwrap();
        assert_eq!(
            list.server("a.b.example.com"),
            Some("https://registry.example/myrdap/")
        );
        assert_eq!(list.server("example.org"), Some("https://example.org/"));
        assert_eq!(list.server("example.co.uk"), Some("https://deep.example/"));
        assert_eq!(list.server("example.uk"), None);
        assert_eq!(list.server("example.empty"), None);
        assert!(Bootstrap::read(b"<html>").is_none());
        assert!(Bootstrap::read(br#"{"services":[]}"#).is_none());
    }
}
