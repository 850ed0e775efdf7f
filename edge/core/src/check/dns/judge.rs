//! From an answer to an outcome.

use crate::{
    assertion::Evidence,
    attempt::{
        excerpt::clip,
        judge::{Judgement, judge as judge_assertions},
        stop::Stop,
    },
    dns_message::{Answer, NXDOMAIN, code_name},
};
use edgewatch_protocol::{
    check::{
        DnsCheck,
        dns::{RecordType, SetMatch},
    },
    facts::{DnsFacts, DnsRecord},
    phase::Phase,
    reason::Reason,
};
use std::net::IpAddr;

/// The most records that are shown.
const MAX_RECORDS: usize = 50;
/// The most of a record that is shown, in bytes.
const MAX_VALUE_BYTES: usize = 1024;

/// Judges an answer, and notes what it shows.
pub fn judge(
    check: &DnsCheck,
    asked: Result<Answer, Stop>,
    now_ms: i64,
    total_us: u32,
    facts: &mut DnsFacts,
) -> Judgement {
    let answer = match asked {
        Ok(answer) => answer,
        Err(stop) => return Judgement::stopped(stop),
    };
    note(&answer, facts);
    if let Err(stop) = look(check, &answer, &facts.code) {
        return Judgement::stopped(stop);
    }
    let evidence = Evidence {
        ttl_s: answer.records.iter().map(|&(_, ttl_s)| ttl_s).min(),
        ..Evidence::at(now_ms, total_us)
    };
    judge_assertions(&check.assertions, &evidence)
}

fn note(answer: &Answer, facts: &mut DnsFacts) {
    let shown = |value: &String| clip(value, MAX_VALUE_BYTES).to_owned();
    facts.code = code_name(answer.code);
    facts.authenticated = answer.is_authenticated;
    facts.aliases = answer.aliases.iter().take(MAX_RECORDS).map(shown).collect();
    let records = answer.records.iter().take(MAX_RECORDS);
    facts.records = records
        .map(|(value, ttl_s)| DnsRecord {
            value: shown(value),
            ttl_s: *ttl_s,
        })
        .collect();
}

fn look(check: &DnsCheck, answer: &Answer, code: &str) -> Result<(), Stop> {
    let (name, record) = (&check.name, check.record.as_str());
    match answer.code {
        NXDOMAIN if check.expect_no_such_name => {}
        NXDOMAIN => {
            let why = format!("the name {name} does not exist (NXDOMAIN)");
            return Err(Stop::down(Reason::DnsNotFound, Phase::Dns, why));
        }
        0 if check.expect_no_such_name => {
            let why = format!("the name {name} exists");
            return Err(Stop::down_by_rule(Reason::DnsMismatch, why));
        }
        0 if answer.records.is_empty() => {
            let by_way = answer
                .aliases
                .last()
                .map_or(String::new(), |alias| format!(", an alias of {alias},"));
            let why = format!("the name {name}{by_way} has no {record} record");
            return Err(Stop::down(Reason::DnsNotFound, Phase::Dns, why));
        }
        0 => {
            if let Some(why) = mismatch(check, answer) {
                return Err(Stop::down_by_rule(Reason::DnsMismatch, why));
            }
        }
        _ => {
            let why = answer
                .explanation
                .as_ref()
                .map_or(String::new(), |why| format!(" ({why})"));
            let why = format!("the resolver answered {code}{why}");
            return Err(Stop::down(Reason::DnsFailed, Phase::Dns, why));
        }
    }
    if check.require_authenticated && !answer.is_authenticated {
        let why = "the resolver did not authenticate the answer by DNSSEC";
        return Err(Stop::down_by_rule(Reason::DnsNotAuthenticated, why));
    }
    Ok(())
}

/// How the records differ from the expected ones.
fn mismatch(check: &DnsCheck, answer: &Answer) -> Option<String> {
    if check.expected.is_empty() {
        return None;
    }
    let comparable = |value: &str| comparable(check.record, value);
    let expected: Vec<_> = check.expected.iter().map(|value| comparable(value)).collect();
    let found: Vec<_> = answer
        .records
        .iter()
        .map(|(value, _)| comparable(value))
        .collect();
    let without = |values: &[String], others: &[String]| {
        let mut missing: Vec<_> = values
            .iter()
            .filter(|value| !others.contains(value))
            .cloned()
            .collect();
        missing.dedup();
        missing
    };
    let missing = without(&expected, &found);
    let found_text = || listed(&found);
    match check.expected_match {
        SetMatch::Any if missing.len() == expected.len() => {
            Some(format!("found {}, none of {}", found_text(), listed(&expected)))
        }
        SetMatch::All | SetMatch::Exact if !missing.is_empty() => {
            Some(format!("found {}, not {}", found_text(), listed(&missing)))
        }
        SetMatch::Exact => {
            let surplus = without(&found, &expected);
            (!surplus.is_empty()).then(|| format!("found {}, which is not expected", listed(&surplus)))
        }
        SetMatch::Any | SetMatch::All => None,
    }
}

fn listed(values: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<_> = values.iter().take(SHOWN).map(|value| clip(value, 120)).collect();
    let more = if values.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// A value as it is compared: names without regard to case and to the last dot, addresses by what they mean, texts by
/// the letter.
fn comparable(record: RecordType, value: &str) -> String {
    match record {
        RecordType::A | RecordType::Aaaa => value
            .parse::<IpAddr>()
            .map_or(value.to_owned(), |ip| ip.to_string()),
        RecordType::Txt => value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .unwrap_or(value)
            .to_owned(),
        RecordType::Caa => words(&value.replace('"', "")),
        _ => words(value),
    }
}

fn words(value: &str) -> String {
    let words: Vec<_> = value
        .split_whitespace()
        .map(|word| match word.strip_suffix('.') {
            Some("") | None => word,
            Some(name) => name,
        })
        .collect();
    words.join(" ").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_protocol::observation::Outcome;

    fn check(json: &str) -> DnsCheck {
        serde_json::from_str(json).unwrap()
    }

    fn seen(check: &DnsCheck, code: u16, records: &[(&str, u32)]) -> (Outcome, Option<String>) {
        let answer = Answer {
            code,
            records: records
                .iter()
                .map(|&(value, ttl_s)| (value.to_owned(), ttl_s))
                .collect(),
            ..Answer::default()
        };
        let judgement = judge(check, Ok(answer), 0, 1000, &mut DnsFacts::default());
        (judgement.outcome, judgement.message)
    }

    fn reason(outcome: Outcome) -> Option<Reason> {
        outcome.reason()
    }

    #[test]
    fn sets_are_compared_as_the_check_says() {
        let found: &[(&str, u32)] = &[("10 MX1.example.com", 60), ("20 mx2.example.com", 60)];
        let with = |how: &str, expected: &str| {
            let json = format!(
                r#"{{"name":"example.com","record":"MX","expected":{expected},"expected_match":"{how}"}}"#
            );
            seen(&check(&json), 0, found)
        };
        let one = r#"["10 mx1.example.com."]"#;
        let both = r#"["20 mx2.example.com","10  mx1.example.com"]"#;
        let other = r#"["10 mx1.example.com","30 mx3.example.com"]"#;
        for (how, expected, message) in [
            ("any", one, None),
            ("any", other, None),
            (
                "any",
                r#"["5 a.b"]"#,
                Some("found 10 mx1.example.com, 20 mx2.example.com, none of 5 a.b"),
            ),
            ("all", one, None),
            ("all", both, None),
            (
                "all",
                other,
                Some("found 10 mx1.example.com, 20 mx2.example.com, not 30 mx3.example.com"),
            ),
            ("exact", both, None),
            (
                "exact",
                one,
                Some("found 20 mx2.example.com, which is not expected"),
            ),
        ] {
            let (outcome, said) = with(how, expected);
            assert_eq!(said.as_deref(), message, "{how} {expected}");
            assert_eq!(
                reason(outcome),
                message.map(|_| Reason::DnsMismatch),
                "{how} {expected}"
            );
        }
    }

    #[test]
    fn values_are_compared_by_what_they_mean() {
        for (record, written, found, is_same) in [
            (RecordType::Aaaa, "2001:DB8:0::1", "2001:db8::1", true),
            (RecordType::Txt, "\"v=spf1 -all\"", "v=spf1 -all", true),
            (RecordType::Txt, "V=spf1 -all", "v=spf1 -all", false),
            (
                RecordType::Caa,
                "0 issue ca.example",
                "0 issue \"ca.example\"",
                true,
            ),
            (RecordType::Mx, "0 .", "0 .", true),
        ] {
            let same = comparable(record, written) == comparable(record, found);
            assert_eq!(same, is_same, "{written} {found}");
        }
    }

    #[test]
    fn codes_have_their_reasons() {
        let plain = check(r#"{"name":"example.com"}"#);
        assert_eq!(reason(seen(&plain, 3, &[]).0), Some(Reason::DnsNotFound));
        assert_eq!(reason(seen(&plain, 2, &[]).0), Some(Reason::DnsFailed));
        assert_eq!(seen(&plain, 5, &[]).1.unwrap(), "the resolver answered REFUSED");
        assert_eq!(reason(seen(&plain, 0, &[]).0), Some(Reason::DnsNotFound));
        assert_eq!(seen(&plain, 0, &[("192.0.2.1", 1)]).0, Outcome::Up);
        let none = check(r#"{"name":"example.com","expect_no_such_name":true}"#);
        assert_eq!(seen(&none, 3, &[]).0, Outcome::Up);
        assert_eq!(
            reason(seen(&none, 0, &[("192.0.2.1", 1)]).0),
            Some(Reason::DnsMismatch)
        );
        assert_eq!(reason(seen(&none, 2, &[]).0), Some(Reason::DnsFailed));
        let signed = check(r#"{"name":"example.com","require_authenticated":true}"#);
        let outcome = seen(&signed, 0, &[("192.0.2.1", 1)]).0;
        assert_eq!(reason(outcome), Some(Reason::DnsNotAuthenticated));
    }

    #[test]
    fn the_smallest_ttl_is_looked_at() {
        let asked = check(r#"{"name":"example.com","assertions":[{"on":"ttl","min_s":60}]}"#);
        let (outcome, message) = seen(&asked, 0, &[("192.0.2.1", 300), ("192.0.2.2", 30)]);
        assert_eq!(reason(outcome), Some(Reason::AssertionFailed));
        assert_eq!(message.unwrap(), "ttl (30 s) >= 60 s");
    }
}
