//! `edgewatch replay`: what another policy would have said of the results that are stored. Reads the database, also while the
//! aggregator runs, and changes nothing.

use crate::{
    clock::Clock,
    config::DatabaseArgs,
    database::Database,
    policy_replay::{DEFAULT_WINDOW, Refusal, replay_monitor},
    store::monitor::find_monitor_by_name,
};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use clap::Args;
use edgewatch_client::replay::{
    FlappingPolicy, ProposedPolicy, Replay, ReplayRequest, ReplayedOutage, ReplayedPolicy, SeenOutage,
};
use edgewatch_ui::format::{self, Moment};
use std::{fmt::Write as _, io::Write as _};

/// What `edgewatch replay` takes.
#[derive(Args, Clone)]
pub struct ReplayArgs {
    /// The monitor's name or number
    #[arg(long)]
    monitor: String,
    /// What is to be other, such as quorum=any,confirmations=3,latency-down=2s; also recoveries, regions=weur+enam,
    /// latency-degraded, flapping-changes, flapping-within, flapping-holds
    #[arg(long, default_value = "")]
    policy: String,
    /// The last so many days, 1 to 92 [default: 30]
    #[arg(long, conflicts_with = "from")]
    days: Option<u16>,
    /// From this date (UTC) or RFC 3339 time on
    #[arg(long)]
    from: Option<String>,
    /// Before this date (UTC) or RFC 3339 time; absent: now
    #[arg(long)]
    to: Option<String>,
    /// Print the answer of the REST API
    #[arg(long)]
    json: bool,
    /// Database
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs `edgewatch replay`.
///
/// # Errors
/// In one line.
pub async fn run(args: ReplayArgs) -> Result<(), String> {
    let now = Clock::system().now();
    let request = request(&args, now)?;
    let database = Database::open_beside(&args.database).await?;
    let replayed = replayed(&database, &args.monitor, &request, now).await;
    database.close().await;
    let replay = replayed?;
    let text = if args.json {
        serde_json::to_string_pretty(&replay).map_err(|error| error.to_string())? + "\n"
    } else {
        report(&args.monitor, &replay)
    };
    // Whoever reads it may have seen enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

async fn replayed(
    database: &Database,
    monitor: &str,
    request: &ReplayRequest,
    now: DateTime<Utc>,
) -> Result<Replay, String> {
    let unreachable = |error: sqlx::Error| format!("the database: {error}");
    let nobody = || format!("there is no monitor `{monitor}`");
    let mut db = database.pool.acquire().await.map_err(unreachable)?;
    let id = match monitor.parse() {
        Ok(id) => id,
        Err(_) => find_monitor_by_name(&mut db, monitor)
            .await
            .map_err(unreachable)?
            .ok_or_else(nobody)?,
    };
    replay_monitor(&mut db, id, request, now)
        .await
        .map_err(|refusal| match refusal {
            Refusal::NoMonitor => nobody(),
            Refusal::Invalid(errors) => {
                let errors = errors.iter().map(|error| {
                    let name = error
                        .pointer
                        .trim_start_matches("/policy")
                        .trim_start_matches('/');
                    format!("{name} {}", error.detail)
                });
                errors.collect::<Vec<_>>().join("; ")
            }
            Refusal::Database(error) => unreachable(error),
            Refusal::Stopped(error) => error.to_string(),
        })
}

fn request(args: &ReplayArgs, now: DateTime<Utc>) -> Result<ReplayRequest, String> {
    let time = |name: &str, text: &Option<String>| match text {
        Some(text) => moment(text)
            .map(Some)
            .map_err(|fault| format!("--{name} {fault}")),
        None => Ok(None),
    };
    let to = time("to", &args.to)?;
    let days = args
        .days
        .map_or(DEFAULT_WINDOW, |days| TimeDelta::days(days.into()));
    let from = time("from", &args.from)?.unwrap_or_else(|| to.unwrap_or(now).min(now) - days);
    Ok(ReplayRequest {
        from: Some(from),
        to,
        policy: policy(&args.policy).map_err(|fault| format!("--policy: {fault}"))?,
    })
}

/// A date, as its beginning in UTC, or a time.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| {
            format!("`{text}` is neither a date such as 2026-11-14 nor a time such as 2026-11-14T09:30:00Z")
        })
}

/// `name=value` pairs with commas between them.
fn policy(text: &str) -> Result<ProposedPolicy, String> {
    let mut policy = ProposedPolicy::default();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| format!("`{part}` is no name=value"))?;
        let count = || {
            value
                .parse()
                .map_err(|_| format!("{name} is `{value}`, use a number"))
        };
        let length_ms = || {
            length_ms(value)
                .ok_or_else(|| format!("{name} is `{value}`, use a time such as 800ms, 2s or 30m"))
        };
        let length_us = || length_ms().map(|ms| u32::try_from(ms.saturating_mul(1_000)).unwrap_or(u32::MAX));
        let flapping = policy.flapping.unwrap_or_default();
        match name {
            "quorum" => policy.quorum = Some(value.parse()?),
            "confirmations" => policy.confirmations = Some(count()?),
            "recoveries" => policy.recoveries = Some(count()?),
            "regions" => {
                let names = value.split('+').map(str::parse).collect::<Result<Vec<_>, _>>();
                policy.regions = Some(names.map_err(|error| format!("regions: {error}"))?);
            }
            "latency-degraded" => {
                policy.latency.get_or_insert_default().degraded_us = Some(length_us()?);
            }
            "latency-down" => policy.latency.get_or_insert_default().down_us = Some(length_us()?),
            "flapping-changes" => {
                policy.flapping = Some(FlappingPolicy {
                    changes: value
                        .parse()
                        .map_err(|_| format!("{name} is `{value}`, use a number"))?,
                    ..flapping
                });
            }
            "flapping-within" => {
                policy.flapping = Some(FlappingPolicy {
                    within_ms: length_ms()?,
                    ..flapping
                });
            }
            "flapping-holds" => {
                policy.flapping = Some(FlappingPolicy {
                    holds_ms: length_ms()?,
                    ..flapping
                });
            }
            _ => {
                return Err(format!(
                    "there is no `{name}`: use quorum, confirmations, recoveries, regions, latency-degraded, latency-down, \
                     flapping-changes, flapping-within, flapping-holds"
                ));
            }
        }
    }
    Ok(policy)
}

/// `800ms`, `2s`, `1.5s`, `30m`, `1h`; a bare number is milliseconds.
fn length_ms(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches(|symbol: char| symbol.is_ascii_alphabetic());
    let unit_ms = match &text[digits.len()..] {
        "" | "ms" => 1.0,
        "s" => 1_000.0,
        "m" | "min" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return None,
    };
    let ms = digits.parse::<f64>().ok()? * unit_ms;
    (ms > 0.0 && ms < 1e12).then_some(ms.round() as i64)
}

/// The answer for people.
fn report(monitor: &str, replay: &Replay) -> String {
    let mut text = String::new();
    let (before, after) = (&replay.before, &replay.after);
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "{monitor}: {} to {} UTC, {}",
        long_moment(replay.from),
        long_moment(replay.to),
        format::counted(replay.results as usize, "result")
    );
    if replay.from > replay.asked_from {
        let _ = writeln!(
            text,
            "  (asked for from {}: nothing is stored of before)",
            long_moment(replay.asked_from)
        );
    }
    let _ = writeln!(
        text,
        "  {:<10} {:>22} {:>22}",
        "", "as it was", "as it would have been"
    );
    for (name, figure) in FIGURES {
        let _ = writeln!(text, "  {name:<10} {:>22} {:>22}", figure(before), figure(after));
    }
    let _ = writeln!(text, "{}.", replay.headline());
    if replay.outages_left_out > 0 {
        let _ = writeln!(
            text,
            "  {} before these",
            format::counted(replay.outages_left_out as usize, "outage")
        );
    }
    for outage in &replay.outages {
        if let Some(line) = outage_line(outage) {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

type Figure = (&'static str, fn(&ReplayedPolicy) -> String);

const FIGURES: [Figure; 4] = [
    ("pages", |policy| policy.pages.to_string()),
    ("outages", |policy| policy.outages.to_string()),
    ("uptime", |policy| match &policy.figures.contractual {
        Some(share) => format!("{} %", share.percent),
        None => "no data".to_owned(),
    }),
    ("down", |policy| format::length(policy.figures.down_ms)),
];

fn outage_line(outage: &ReplayedOutage) -> Option<String> {
    let of = |seen: &SeenOutage| {
        format!(
            "The outage of {} ({})",
            format::moment(seen.from, Moment::Second),
            format::length(seen.down_ms)
        )
    };
    Some(match (&outage.before, &outage.after) {
        (Some(before), None) => format!("{} would not have been.", of(before)),
        (None, Some(after)) => format!("{} would have been, too.", of(after)),
        (Some(before), Some(after)) => {
            let when = match outage.known_later_ms {
                Some(0) => "as soon".to_owned(),
                Some(ms) if ms > 0 => format!("{} later", format::length(ms)),
                Some(ms) => format!("{} sooner", format::length(-ms)),
                None => "only afterwards by one of both".to_owned(),
            };
            let long = if before.down_ms == after.down_ms {
                String::new()
            } else {
                format!(", and counted {}", format::length(after.down_ms))
            };
            format!("{} would have been seen {when}{long}.", of(before))
        }
        (None, None) => return None,
    })
}

fn long_moment(at: DateTime<Utc>) -> String {
    format!(
        "{} {}",
        format::moment(at, Moment::Date),
        format::moment(at, Moment::TimeOfDay)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_client::{monitor::Quorum, timeline::UptimeFigures};
    use edgewatch_domain::uptime::Figures;

    #[test]
    fn a_policy_is_read_from_its_text() {
        let read = policy("quorum=count:2, confirmations=3,recoveries=2,regions=weur+enam,latency-degraded=800ms,latency-down=1.5s,flapping-within=30m").unwrap();
        assert_eq!(
            (read.quorum, read.confirmations, read.recoveries),
            (Some(Quorum::Count(2)), Some(3), Some(2))
        );
        assert_eq!(read.regions.unwrap().len(), 2);
        let latency = read.latency.unwrap();
        assert_eq!(
            (latency.degraded_us, latency.down_us),
            (Some(800_000), Some(1_500_000))
        );
        assert_eq!(read.flapping.unwrap().within_ms, 1_800_000);
        assert_eq!(policy("").unwrap(), ProposedPolicy::default());
        for wrong in [
            "quorum",
            "quorum=most",
            "confirmations=x",
            "confirmations=300",
            "latency-down=soon",
            "latency-down=2y",
            "latency-down=-2s",
            "speed=1",
            "regions=NO",
        ] {
            assert!(policy(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn moments_are_dates_or_times() {
        assert_eq!(
            moment("2026-11-14").unwrap(),
            moment("2026-11-14T01:00:00+01:00").unwrap()
        );
        assert!(moment("14 Nov").is_err());
    }

    #[test]
    fn the_report_says_what_would_have_been_different() {
        let at = |minute: i64| {
            "2026-11-14T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
        };
        let seen = |minute: i64, minutes: i64| SeenOutage {
            from: at(minute),
            to: Some(at(minute + minutes)),
            down_ms: minutes * 60_000,
            known: Some(at(minute + 1)),
        };
        let of = |pages: i64| ReplayedPolicy {
            pages,
            outages: pages,
            figures: UptimeFigures::new(at(0), at(60), &Figures::default()),
        };
        let replay = Replay {
            asked_from: at(-60),
            from: at(0),
            to: at(60),
            results: 180,
            before: of(19),
            after: of(3),
            outages: vec![
                ReplayedOutage {
                    before: Some(seen(1, 2)),
                    after: None,
                    known_later_ms: None,
                },
                ReplayedOutage {
                    before: None,
                    after: Some(seen(5, 2)),
                    known_later_ms: None,
                },
                ReplayedOutage {
                    before: Some(seen(10, 4)),
                    after: Some(seen(10, 3)),
                    known_later_ms: Some(40_000),
                },
            ],
            outages_left_out: 0,
        };
        let text = report("shop", &replay);
        for line in [
            "shop: 14 Nov 2026 12:00 to 14 Nov 2026 13:00 UTC, 180 results",
            "  (asked for from 14 Nov 2026 11:00: nothing is stored of before)",
            "It would have paged 3 times instead of 19.",
            "  The outage of 14 Nov, 12:01:00 (2 min) would not have been.",
            "  The outage of 14 Nov, 12:05:00 (2 min) would have been, too.",
            "  The outage of 14 Nov, 12:10:00 (4 min) would have been seen 40 s later, and counted 3 min.",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        let headline = |before, after| {
            let replay = Replay {
                before: of(before),
                after: of(after),
                ..replay.clone()
            };
            replay.headline()
        };
        assert_eq!(headline(0, 0), "It would not have paged, as it did not");
        assert_eq!(headline(1, 1), "It would have paged once, as it did");
        assert_eq!(
            headline(2, 0),
            "It would not have paged at all, instead of 2 times"
        );
        assert_eq!(headline(0, 1), "It would have paged once, where it did not");
        assert_eq!(headline(1, 4), "It would have paged 4 times instead of once");
    }
}
