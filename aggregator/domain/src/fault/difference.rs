//! What is other than when it was last good, region by region, told once for all regions that share it.

use super::{capitalised, list};
use edgewatch_protocol::phase::Phase;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How much slower a phase has to be to be told: so many times …
const SLOWER_TIMES: u32 = 3;

/// … and by so many microseconds at least: three times nearly nothing is nearly nothing.
const SLOWER_BY_US: u32 = 50_000;

/// What a region saw of a target, as far as it is compared. What is not known is left empty and not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample<'a> {
    /// The records of the DNS answer.
    pub records: BTreeSet<&'a str>,
    /// The address that was dialled.
    pub address: Option<&'a str>,
    /// The fingerprint of the leaf certificate.
    pub certificate: Option<&'a str>,
    /// Who issued it.
    pub issuer: Option<&'a str>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The protocol, such as `HTTP/1.1`.
    pub protocol: Option<&'a str>,
    /// The URL where redirects ended.
    pub final_url: Option<&'a str>,
    /// Microseconds of the phases that were measured.
    pub phases_us: BTreeMap<Phase, u32>,
}

/// Two samples of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The region's name.
    pub region: &'a str,
    /// Its last good result.
    pub before: Sample<'a>,
    /// Its result now.
    pub now: Sample<'a>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// The records of the DNS answer.
    DnsAnswer,
    /// The address that was dialled, where the DNS answer does not tell it already.
    Address,
    /// The leaf certificate.
    Certificate,
    /// The HTTP status.
    Status,
    /// The protocol.
    Protocol,
    /// Where redirects ended.
    FinalUrl,
    /// The time of a phase.
    Time(Phase),
}

/// Something that is other in some regions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Difference {
    /// What.
    pub aspect: Aspect,
    /// Where, in order of the alphabet.
    pub regions: Vec<String>,
    /// In plain language, without a full stop.
    pub text: String,
}

/// All that is other, in order of the aspects. The pairs are of those regions that have two samples to compare, of so many
/// that check the target.
pub fn differences(pairs: &[Pair<'_>], regions_checking: usize) -> Vec<Difference> {
    // What is other, with the regions: one entry for what is other in the same way.
    let mut found = BTreeMap::<(Aspect, String), Vec<&str>>::new();
    let mut slower = BTreeMap::<Phase, Vec<(u32, &str)>>::new();
    for Pair { region, before, now } in pairs {
        let mut add = |aspect, text: String| found.entry((aspect, text)).or_default().push(region);
        let dns_differs =
            !before.records.is_empty() && !now.records.is_empty() && before.records != now.records;
        if dns_differs {
            add(Aspect::DnsAnswer, "DNS answer changed".to_owned());
        } else if let Some((before, now)) = other(before.address, now.address) {
            add(
                Aspect::Address,
                format!("another address is reached ({now} instead of {before})"),
            );
        }
        if other(before.certificate, now.certificate).is_some() {
            let issuers = other(before.issuer, now.issuer);
            let text = issuers.map_or("certificate replaced".to_owned(), |(before, now)| {
                format!("certificate replaced (issued by {now} instead of {before})")
            });
            add(Aspect::Certificate, text);
        }
        if let Some((before, now)) = other(before.status, now.status) {
            add(Aspect::Status, format!("status {now} instead of {before}"));
        }
        if let Some((before, now)) = other(before.protocol, now.protocol) {
            add(Aspect::Protocol, format!("{now} instead of {before}"));
        }
        if let Some((before, now)) = other(before.final_url, now.final_url) {
            add(
                Aspect::FinalUrl,
                format!("redirects end at {now} instead of {before}"),
            );
        }
        for (&phase, &now_us) in &now.phases_us {
            let Some(&before_us) = before.phases_us.get(&phase) else {
                continue;
            };
            let times = now_us / before_us.max(1);
            if times >= SLOWER_TIMES && now_us - before_us >= SLOWER_BY_US {
                slower.entry(phase).or_default().push((times, region));
            }
        }
    }
    let slower = slower.into_iter().map(|(phase, times)| {
        let least = times.iter().map(|&(times, _)| times).min().unwrap_or_default();
        let most = times.iter().map(|&(times, _)| times).max().unwrap_or_default();
        let times_text = if least == most {
            format!("{least}×")
        } else {
            format!("{least} to {most}×")
        };
        let text = format!("{} {times_text}", time_of(phase));
        (
            (Aspect::Time(phase), text),
            times.into_iter().map(|(_, region)| region).collect(),
        )
    });
    let all = found.into_iter().chain(slower.collect::<Vec<_>>());
    all.map(|((aspect, text), regions): (_, Vec<&str>)| {
        let place = if regions.len() == regions_checking && regions_checking > 1 {
            "in all regions".to_owned()
        } else {
            format!("in {}", list(&regions))
        };
        let mut regions: Vec<_> = regions.into_iter().map(str::to_owned).collect();
        regions.sort_unstable();
        Difference {
            aspect,
            regions,
            text: capitalised(&format!("{text} {place}")),
        }
    })
    .collect()
}

/// Both, if both are known and not the same.
fn other<T: PartialEq>(before: Option<T>, now: Option<T>) -> Option<(T, T)> {
    before.zip(now).filter(|(before, now)| before != now)
}

fn time_of(phase: Phase) -> &'static str {
    match phase {
        Phase::Dns => "DNS lookup",
        Phase::Tcp => "connect",
        Phase::Tls => "TLS handshake",
        Phase::Request => "request",
        Phase::Ttfb => "TTFB",
        Phase::Body => "body",
    }
}
