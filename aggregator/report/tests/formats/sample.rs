//! A report to look at: three monitors from three regions over a month or a quarter, with outages, maintenance, a silence
//! and names that are hard to set. Its figures are those of the domain crate.

use chrono::{DateTime, Utc};
use edgewatch_domain::{
    group::GroupRule,
    sla::{
        CreditTier, DegradedRule, Exclusion, MaintenanceRule, RegionRecord, SlaMember, SlaPeriod, SlaPolicy,
        SlaWindow, UnknownRule, figures,
    },
    slo::Objective,
    state::MonitorState,
    timeline::StateInterval,
};
use edgewatch_report::document::{
    LatencyPercentiles, LatencyRow, ReportContract, ReportDocument, ReportIncident, ReportLatency,
    ReportLinks, ReportMonitor, ReportOutage, SCHEMA,
};

pub const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;

pub fn at(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

fn moment(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap()
}

/// A stretch that is not up: from when, for how long, how it is recorded and what was measured.
type Stretch = (i64, i64, MonitorState, MonitorState);

fn record(from_ms: i64, to_ms: i64, stretches: &[Stretch]) -> Vec<StateInterval> {
    let mut record = Vec::new();
    let mut push = |from_ms: i64, to_ms: i64, state, measured| {
        if to_ms > from_ms {
            record.push(StateInterval {
                from_ms,
                to_ms,
                state,
                measured,
                advisory: Vec::new(),
                earliest_ms: from_ms - 45_000,
            });
        }
    };
    let mut now_ms = from_ms;
    for &(at_ms, length_ms, state, measured) in stretches {
        push(now_ms, at_ms, MonitorState::Up, MonitorState::Up);
        push(at_ms, at_ms + length_ms, state, measured);
        now_ms = at_ms + length_ms;
    }
    push(now_ms, to_ms, MonitorState::Up, MonitorState::Up);
    record
}

/// A report of so many days from 1 October 2026 on, with so many outages.
pub fn sample(days: i64, outages: i64) -> ReportDocument {
    let from_ms = at("2026-10-01T00:00:00+02:00");
    let to_ms = if days == 31 {
        at("2026-11-01T00:00:00+01:00")
    } else {
        from_ms + days * 24 * HOUR
    };
    let end_ms = to_ms + HOUR;
    let down = |at_ms: i64, length_ms: i64| (at_ms, length_ms, MonitorState::Down, MonitorState::Down);
    let names = [
        "Checkout API",
        "Shop front, which customers see first (www.shop.example)",
        "Zahlungsübersicht Köln",
    ];
    let mut stretches = [Vec::new(), Vec::new(), Vec::new()];
    for index in 0..outages {
        let at_ms = from_ms
            + HOUR * 7
            + index * (to_ms - from_ms - 12 * HOUR) / outages.max(1)
            + index % 7 * 11 * MINUTE;
        let length_ms = 95_000 + index * 37 % 11 * MINUTE + index % 3 * 20_000;
        stretches[(index % 2) as usize].push(down(at_ms, length_ms));
    }
    stretches[2].extend([
        (
            from_ms + 50 * HOUR,
            2 * HOUR,
            MonitorState::Maintenance,
            MonitorState::Up,
        ),
        (
            from_ms + 100 * HOUR,
            5 * HOUR,
            MonitorState::Degraded,
            MonitorState::Degraded,
        ),
        (
            from_ms + 200 * HOUR,
            90 * MINUTE,
            MonitorState::Unknown,
            MonitorState::Unknown,
        ),
        (
            from_ms + 400 * HOUR,
            3 * HOUR,
            MonitorState::Maintenance,
            MonitorState::Down,
        ),
    ]);
    let records: Vec<_> = stretches
        .iter()
        .map(|stretches| record(from_ms, end_ms, stretches))
        .collect();
    let regions: Vec<_> = ["ap-south", "eu-west", "us-east"]
        .into_iter()
        .map(|name| name.parse().unwrap())
        .collect();
    let seen: Vec<Vec<RegionRecord>> = records
        .iter()
        .map(|record| {
            let each = regions.iter().map(|region| RegionRecord {
                region: Clone::clone(region),
                record: record.clone(),
            });
            each.collect()
        })
        .collect();
    let policy = SlaPolicy {
        monitors: vec![1, 2, 3],
        rule: GroupRule::All,
        objective_ppm: Objective::from_parts_per_million(999_000).unwrap(),
        window: SlaWindow::CalendarMonth,
        zone: "Europe/Berlin".to_owned(),
        maintenance: MaintenanceRule::Excluded,
        unknown: UnknownRule::Excluded,
        degraded: DegradedRule::Available,
        quorum: None,
        credits: vec![
            CreditTier {
                below_ppm: 999_000,
                percent: 10,
            },
            CreditTier {
                below_ppm: 990_000,
                percent: 25,
            },
            CreditTier {
                below_ppm: 950_000,
                percent: 100,
            },
        ],
    };
    let exclusions = vec![Exclusion {
        id: 4,
        from_ms: from_ms + 300 * HOUR,
        to_ms: from_ms + 301 * HOUR,
        monitors: vec![1],
        reason: "Load test that was ordered by the customer (ticket 4711)".to_owned(),
        author: "ada@operator.example".to_owned(),
        entered_ms: from_ms + 250 * HOUR,
    }];
    let members: Vec<_> = records
        .iter()
        .zip(&seen)
        .zip(1..)
        .map(|((record, regions), monitor)| SlaMember {
            monitor,
            record,
            regions,
        })
        .collect();
    let period = SlaPeriod {
        from_ms,
        to_ms,
        as_of_ms: end_ms,
    };
    let figures = figures(&policy, &exclusions, period, &members);
    let causes = [
        "The server answers 503 everywhere",
        "Connect times out from eu-west and us-east",
        "The certificate has expired",
        "The response does not begin in time from ap-south only",
    ];
    let outages = figures.outages.iter().enumerate().map(|(index, _)| ReportOutage {
        cause: Some(causes[index % causes.len()].to_owned()),
        evidence_url: Some(format!("https://watch.example/incidents/{}", index + 1)),
    });
    let outages: Vec<_> = outages.collect();
    let incidents = figures
        .outages
        .iter()
        .zip(&outages)
        .enumerate()
        .map(|(index, (outage, said))| ReportIncident {
            id: index as i64 + 1,
            title: said.cause.clone().unwrap_or_default(),
            severity: ["major", "minor", "critical"][index % 3].to_owned(),
            opened_at: moment(outage.from_ms),
            acknowledged_at: (index % 3 != 2).then(|| moment(outage.from_ms + 150_000)),
            resolved_at: Some(moment(outage.to_ms)),
            monitors: outage.monitors.clone(),
            url: said.evidence_url.clone(),
        });
    let incidents: Vec<_> = incidents.collect();
    let percentiles = |seed: i64| LatencyPercentiles {
        checks: 4_320 + seed,
        p50_us: Some(84_000 + (seed * 7_919 % 31_000) as i32),
        p95_us: Some(190_000 + (seed * 6_007 % 90_000) as i32),
        p99_us: Some(340_000 + (seed * 9_173 % 260_000) as i32),
    };
    let by_day = (0..figures.days.len() as i64).map(|day| {
        if day == 12 {
            LatencyPercentiles::default()
        } else {
            percentiles(day)
        }
    });
    let phases = ["dns", "tcp", "tls", "ttfb", "body", "total"];
    let by_region = regions
        .iter()
        .flat_map(|region: &edgewatch_protocol::name::Region| {
            phases.iter().zip(1..).map(|(phase, index)| {
                let all = percentiles(index * 13 + region.as_str().len() as i64);
                let part =
                    |us: Option<i32>| us.map(|us| if index == 6 { us } else { us / (9 - index as i32) });
                LatencyRow {
                    monitor: None,
                    region: Some(region.as_str().to_owned()),
                    phase: (*phase).to_owned(),
                    percentiles: LatencyPercentiles {
                        p50_us: part(all.p50_us),
                        p95_us: part(all.p95_us),
                        p99_us: part(all.p99_us),
                        ..all
                    },
                }
            })
        });
    let by_monitor = (1..=3).map(|id| LatencyRow {
        monitor: Some(id),
        region: None,
        phase: "total".to_owned(),
        percentiles: percentiles(i64::from(id) * 17),
    });
    let latency = ReportLatency {
        days: by_day.collect(),
        regions: by_region.collect(),
        monitors: by_monitor.collect(),
    };
    ReportDocument {
        schema: SCHEMA.to_owned(),
        id: 12,
        title: "Shop of Example GmbH".to_owned(),
        generated_at: moment(end_ms),
        software: "Edgewatch 0.1.0".to_owned(),
        contract: ReportContract {
            id: 3,
            name: "Shop".to_owned(),
            description: Some(
                "Annex B of the master agreement: availability of the shop to its customers.".to_owned(),
            ),
            version: 2,
            policy,
        },
        figures,
        exclusions,
        monitors: names
            .iter()
            .zip(1..)
            .map(|(name, id)| ReportMonitor {
                id,
                name: (*name).to_owned(),
            })
            .collect(),
        outages,
        incidents,
        mtta_ms: Some(150_000),
        latency,
        links: ReportLinks {
            report: Some("https://watch.example/reports/12".to_owned()),
            verify: Some("https://watch.example/verify".to_owned()),
        },
    }
}
