//! How agreements stand, and how they stood.

use crate::{
    sla_records::{Need, SlaRecords},
    store::sla::{StoredSla, StoredVersion, in_force},
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::sla::{
    Sla, SlaDetail, SlaEvent, SlaExclusion, SlaLogEntry, SlaMonitorName, SlaPast, SlaSettings, SlaStanding,
};
use edgewatch_domain::{
    calendar::{Unit, period_at},
    sla::{Exclusion, SlaFigures, SlaPolicy, SlaWindow, SlaWindowFigures},
    slo::{Budget, exhausted_in_ms},
    span::Span,
    uptime::Share,
};

/// Over what the forecast looks back.
const RECENT: TimeDelta = TimeDelta::hours(24);

/// Windows of the history, the current one included.
const PAST: usize = 13;

/// The records that it takes to tell how agreements stand.
pub fn standings_need(slas: &[StoredSla], now: DateTime<Utc>) -> Vec<Need<'_>> {
    let newest = slas.iter().filter_map(StoredSla::newest);
    newest
        .map(|version| {
            let span = window_at(&version.policy, now);
            let recent_ms = (now - RECENT).timestamp_millis();
            Need {
                policy: &version.policy,
                span: Span::new(span.from_ms.min(recent_ms), span.to_ms),
                by_region: false,
            }
        })
        .collect()
}

/// The records that it takes to tell how an agreement stood.
pub fn history_needs(sla: &StoredSla, now: DateTime<Utc>) -> Vec<Need<'_>> {
    let windows = past_windows(sla, now);
    let past = windows.iter().map(|&(version, span)| Need {
        policy: &version.policy,
        span,
        by_region: false,
    });
    past.collect()
}

/// The records that it takes to tell how an agreement stands and stood.
pub fn detail_needs(sla: &StoredSla, now: DateTime<Utc>) -> Vec<Need<'_>> {
    let stands = standings_need(std::slice::from_ref(sla), now);
    history_needs(sla, now).into_iter().chain(stands).collect()
}

/// How an agreement stands. The records are those of [`standings_need`]; `names` of all monitors that there are.
pub fn status(
    sla: &StoredSla,
    exclusions: &[SlaExclusion],
    records: &SlaRecords,
    names: &[(i32, String)],
    now: DateTime<Utc>,
) -> Option<Sla> {
    let (first, newest) = (sla.versions.first()?, sla.newest()?);
    let named = names.iter().filter(|(id, _)| newest.policy.monitors.contains(id));
    Some(Sla {
        id: sla.id,
        settings: SlaSettings {
            name: sla.name.clone(),
            description: newest.description.clone(),
            policy: newest.policy.clone(),
        },
        version: newest.version,
        hash: newest.hash.clone(),
        created_at: first.at,
        changed_at: newest.at,
        members: named
            .map(|(id, name)| SlaMonitorName {
                id: *id,
                name: name.clone(),
            })
            .collect(),
        standing: standing(&newest.policy, &in_force(exclusions), records, now),
    })
}

/// An agreement in full. The records are those of [`detail_needs`].
pub fn detail(
    sla: &StoredSla,
    exclusions: Vec<SlaExclusion>,
    records: &SlaRecords,
    names: &[(i32, String)],
    now: DateTime<Utc>,
) -> Option<SlaDetail> {
    Some(SlaDetail {
        sla: status(sla, &exclusions, records, names, now)?,
        history: history(sla, &exclusions, records, now),
        log: log(sla, &exclusions),
        exclusions,
    })
}

/// The last windows of an agreement, newest first, the one in which we are included. The records are those of
/// [`history_needs`].
pub fn history(
    sla: &StoredSla,
    exclusions: &[SlaExclusion],
    records: &SlaRecords,
    now: DateTime<Utc>,
) -> Vec<SlaPast> {
    let left_out = in_force(exclusions);
    let past = past_windows(sla, now).into_iter().map(|(version, span)| {
        let policy = &version.policy;
        SlaPast {
            version: version.version,
            objective_ppm: policy.objective_ppm.parts_per_million(),
            figures: whole(&records.figures(policy, &left_out, span, false), policy),
        }
    });
    let mut history: Vec<_> = past.collect();
    // What was before the monitors were is no history.
    let known = history.iter().rposition(|past| past.figures.time.window_ms > 0);
    history.truncate(known.unwrap_or(0) + 1);
    history
}

/// How a policy stands. The records are those of [`standings_need`].
pub fn standing(
    policy: &SlaPolicy,
    exclusions: &[Exclusion],
    records: &SlaRecords,
    now: DateTime<Utc>,
) -> SlaStanding {
    let (window, now_ms) = (window_at(policy, now), now.timestamp_millis());
    let figures = records.figures(policy, exclusions, window, false);
    let recent = Span::new((now - RECENT).timestamp_millis(), now_ms);
    let recent = records
        .figures(policy, exclusions, recent, false)
        .time
        .contractual;
    let counted = figures.time.contractual;
    let rest_ms = (window.to_ms - now_ms).max(0);
    let budget = Budget::of(policy.objective_ppm, &counted).with_rest(rest_ms);
    let lasts_ms = match policy.window {
        SlaWindow::RollingDays(_) => i64::MAX,
        _ => rest_ms,
    };
    let is_measured = counted.total_ms() > 0;
    let best = Share::new(
        counted.up_ms + counted.degraded_ms + rest_ms,
        counted.total_ms() + rest_ms,
    );
    SlaStanding {
        exhausted_in_ms: exhausted_in_ms(budget, &recent).filter(|&ms| is_measured && ms < lasts_ms),
        best_ppm: best.filter(|_| is_measured).map(Share::parts_per_million),
        figures: whole(&figures, policy),
    }
}

/// A period that is one window of its own; of a month of rolling days, the month itself.
fn whole(figures: &SlaFigures, policy: &SlaPolicy) -> SlaWindowFigures {
    let period = figures.period.span();
    let own = figures.windows.last().filter(|window| {
        figures.windows.len() == 1 && (window.from_ms, window.to_ms) == (period.from_ms, period.to_ms)
    });
    own.copied().unwrap_or_else(|| {
        let share = figures.time.contractual.uptime();
        SlaWindowFigures {
            from_ms: period.from_ms,
            to_ms: period.to_ms,
            is_whole: false,
            is_over: figures.period.as_of_ms >= period.to_ms,
            time: figures.time,
            is_held: figures.is_held,
            budget: figures.budget,
            credit_percent: share.map(|share| policy.credit_percent(share)),
            credit_is_due: false,
        }
    })
}

fn window_at(policy: &SlaPolicy, now: DateTime<Utc>) -> Span {
    policy.window.span_at(policy.zone(), now.timestamp_millis())
}

/// The last windows with the versions that they are counted by, newest first.
fn past_windows(sla: &StoredSla, now: DateTime<Utc>) -> Vec<(&StoredVersion, Span)> {
    let now_ms = now.timestamp_millis();
    let mut windows = Vec::new();
    let mut end_ms = now_ms + 1;
    while windows.len() < PAST {
        let Some(version) = sla.version_at_end(end_ms) else {
            break;
        };
        let policy = &version.policy;
        let unit = match policy.window {
            SlaWindow::CalendarQuarter => Unit::Quarter,
            SlaWindow::CalendarYear => Unit::Year,
            SlaWindow::CalendarMonth | SlaWindow::RollingDays(_) => Unit::Month,
        };
        let mut span = period_at(policy.zone(), unit, end_ms - 1);
        // Where the window changed its length, the one before ends where this one begins.
        if windows.is_empty() {
            span.to_ms = span.to_ms.max(now_ms);
        } else {
            span.to_ms = end_ms;
        }
        windows.push((version, span));
        end_ms = span.from_ms;
    }
    windows
}

/// All that was ever written of an agreement, newest first.
fn log(sla: &StoredSla, exclusions: &[SlaExclusion]) -> Vec<SlaLogEntry> {
    let versions = sla.versions.iter().map(|version| SlaLogEntry {
        at: version.at,
        author: version.author.clone(),
        event: SlaEvent::Version {
            version: version.version,
            hash: version.hash.clone(),
            policy: version.policy.clone(),
        },
    });
    let entered = exclusions.iter().map(|exclusion| SlaLogEntry {
        at: exclusion.entered_at,
        author: exclusion.author.clone(),
        event: SlaEvent::Excluded {
            exclusion: exclusion.id,
            reason: exclusion.reason.clone(),
        },
    });
    let withdrawn = exclusions.iter().filter_map(|exclusion| {
        Some(SlaLogEntry {
            at: exclusion.withdrawn_at?,
            author: exclusion.withdrawn_by.clone()?,
            event: SlaEvent::Withdrawn {
                exclusion: exclusion.id,
                reason: exclusion.withdrawn_reason.clone()?,
            },
        })
    });
    let mut log: Vec<_> = versions.chain(entered).chain(withdrawn).collect();
    log.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    log
}
