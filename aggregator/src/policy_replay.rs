//! Policy replay: what another policy would have said of the results that are stored.
//!
//! The policy that was in force is replayed beside it, so that both are held against the same results; over all that is
//! stored it says what the record says.

use crate::{
    evaluation::{Memory, maintenance_of},
    store::{
        policy::{MonitorRules, list_rules},
        region::list_region_names,
        replay::list_stored_checks,
    },
    validation::RUN_LENGTH,
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::{
    monitor::Quorum,
    replay::{ProposedPolicy, Replay, ReplayRequest, ReplayedOutage, ReplayedPolicy, SeenOutage},
    timeline::UptimeFigures,
};
use edgewatch_domain::{
    policy::{PolicyHistory, RegionId},
    replay::{
        Comparison, Evidence, KnownOutage, Proposal, Replayed, StoredCheck, compare, known_later_ms, replay,
    },
    span::{Span, SpanSet},
    timeline::StateInterval,
    uptime::Figures,
};
use edgewatch_protocol::{name::Region, problem::FieldError};
use sqlx::PgConnection;
use std::collections::HashMap;
use tokio::sync::Semaphore;

/// The longest window.
pub const MAX_WINDOW: TimeDelta = TimeDelta::days(92);
/// The window that is replayed unless another is asked for.
pub const DEFAULT_WINDOW: TimeDelta = TimeDelta::days(30);

/// The most results of one replay: about 150 MiB of them.
const MAX_RESULTS: usize = 3_000_000;

/// The most outages that are listed.
const LISTED: usize = 500;

/// How long before the window judging begins, so that what holds at its beginning is known: so many of the longest
/// intervals, and an hour at least.
const WARM_UP: (i64, i64) = (25, 3_600_000);

/// Replays that run at a time: each takes a core and the memory of its results.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Why nothing was replayed.
#[derive(Debug)]
pub enum Refusal {
    /// There is no such monitor.
    NoMonitor,
    /// What is wrong with the request.
    Invalid(Vec<FieldError>),
    /// The database.
    Database(sqlx::Error),
    /// The process is being stopped, or a fault of ours.
    Stopped(Box<dyn std::error::Error + Send + Sync>),
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Refusal {
    Refusal::Invalid(vec![FieldError {
        pointer: pointer.into(),
        detail: detail.into(),
    }])
}

/// Replays a monitor's results.
///
/// # Errors
/// See [`Refusal`].
pub async fn replay_monitor(
    db: &mut PgConnection,
    monitor: i32,
    request: &ReplayRequest,
    now: DateTime<Utc>,
) -> Result<Replay, Refusal> {
    let to = request.to.map_or(now, |to| to.min(now));
    let asked_from = request.from.unwrap_or(to - DEFAULT_WINDOW);
    if asked_from >= to || to - asked_from > MAX_WINDOW {
        let days = MAX_WINDOW.num_days();
        return Err(invalid(
            "/from",
            format!("is not in the past and before `to`, by at most {days} days"),
        ));
    }
    let rules = list_rules(&mut *db, &[monitor])
        .await?
        .remove(&monitor)
        .ok_or(Refusal::NoMonitor)?;
    let regions = list_region_names(&mut *db).await?;
    let proposal = proposal(&request.policy, &rules, &regions)?;
    let _permit = AT_ONCE
        .acquire()
        .await
        .map_err(|error| Refusal::Stopped(error.into()))?;
    let history = read_history(db, monitor, rules, Span::new(ms(asked_from), ms(to))).await?;
    let results = history.checks.len() as i64;
    let shown = history.shown;
    // Seconds of arithmetic for millions of results: not on a thread that answers others.
    let (before, after) = tokio::task::spawn_blocking(move || {
        let before = history.replayed(&Proposal::default());
        let after = history.replayed(&proposal);
        (before, after)
    })
    .await
    .map_err(|error| Refusal::Stopped(error.into()))?;
    let comparison = compare(&before, &after);
    let (outages, outages_left_out) = listed(comparison);
    Ok(Replay {
        asked_from,
        from: time(shown.from_ms),
        to,
        results,
        before: summed_up(&before, shown),
        after: summed_up(&after, shown),
        outages,
        outages_left_out,
    })
}

/// What there is to replay.
struct History {
    rules: MonitorRules,
    maintenance: SpanSet,
    checks: Vec<StoredCheck>,
    /// What is shown of it.
    shown: Span,
    /// From when on it is judged.
    judged_from_ms: i64,
}

/// Reads what is stored of a window, from the monitor's creation or the oldest result that is kept on.
async fn read_history(
    db: &mut PgConnection,
    monitor: i32,
    rules: MonitorRules,
    asked: Span,
) -> Result<History, Refusal> {
    let warm_up_ms = (rules.history.longest_interval_ms() * WARM_UP.0).max(WARM_UP.1);
    let from_ms = asked.from_ms.max(rules.created_ms);
    let judged_from_ms = (from_ms - warm_up_ms).max(rules.created_ms);
    // A monitor's first check may belong to a slot before its creation.
    let read = (judged_from_ms, asked.to_ms);
    let checks = list_stored_checks(db, monitor, read, MAX_RESULTS)
        .await?
        .ok_or_else(|| {
            let detail = format!("there are more than {MAX_RESULTS} results since: choose a shorter window");
            invalid("/from", detail)
        })?;
    // What is judged before the oldest result is unknown for want of results, not because anything was.
    let oldest_ms = checks.first().map_or(asked.to_ms, |oldest| oldest.check.at_ms);
    let shown = Span::new(from_ms.max(oldest_ms.min(asked.to_ms)), asked.to_ms);
    let mut memory = Memory::default();
    memory.learn_maintenance(db).await?;
    let windows = memory.windows(Span::new(judged_from_ms, asked.to_ms));
    let maintenance = maintenance_of(monitor, &rules, &windows);
    Ok(History {
        rules,
        maintenance,
        checks,
        shown,
        judged_from_ms,
    })
}

impl History {
    fn replayed(&self, proposal: &Proposal) -> Replayed {
        let window = Span::new(self.judged_from_ms, self.shown.to_ms);
        let mut replayed = self.judged(&proposal.applied_to(&self.rules.history), proposal, window);
        // What was told and was over before the window is not of it.
        let shown = self.shown;
        replayed
            .told
            .notices
            .retain(|notice| notice.at_ms() >= shown.from_ms);
        replayed
            .outages
            .retain(|known| !known.outage.span().intersection(shown).is_empty());
        replayed
    }

    fn judged(&self, policies: &PolicyHistory, proposal: &Proposal, window: Span) -> Replayed {
        let evidence = Evidence {
            checks: &self.checks,
            window,
            maintenance: &self.maintenance,
            pauses: &self.rules.pauses,
        };
        replay(evidence, policies, proposal.latency)
    }
}

/// The proposal in the domain's terms.
fn proposal(
    proposed: &ProposedPolicy,
    rules: &MonitorRules,
    regions: &HashMap<i16, Region>,
) -> Result<Proposal, Refusal> {
    let mut errors = Vec::new();
    let mut fault = |pointer: String, detail: String| errors.push(FieldError { pointer, detail });
    for (name, value) in [
        ("confirmations", proposed.confirmations),
        ("recoveries", proposed.recoveries),
    ] {
        if let Some(value) = value.filter(|value| !RUN_LENGTH.contains(value)) {
            let (low, high) = (RUN_LENGTH.start(), RUN_LENGTH.end());
            fault(
                format!("/policy/{name}"),
                format!("is {value}, use {low} to {high}"),
            );
        }
    }
    let mut ids: Option<Vec<RegionId>> = None;
    if let Some(names) = &proposed.regions {
        let of_name = |name: &Region| regions.iter().find(|(_, other)| *other == name);
        for (index, name) in names.iter().enumerate() {
            match of_name(name) {
                Some((id, _)) => ids.get_or_insert_default().push(id.cast_unsigned()),
                None => fault(
                    format!("/policy/regions/{index}"),
                    format!("`{name}` is not a region"),
                ),
            }
        }
        if names.is_empty() {
            fault(
                "/policy/regions".to_owned(),
                "is empty: leave it out, or name one".to_owned(),
            );
        }
    }
    if let Some(Quorum::Count(count)) = proposed.quorum {
        let current = rules.history.entries().last();
        let voting = ids
            .as_ref()
            .map_or_else(|| current.map_or(0, |(_, policy)| policy.regions.len()), Vec::len);
        if usize::from(count) > voting {
            fault(
                "/policy/quorum".to_owned(),
                format!("asks for {count} regions, of {voting}"),
            );
        }
    }
    if let Some(flapping) = proposed.flapping
        && !(flapping.changes > 0 && flapping.within_ms > 0 && flapping.holds_ms > 0)
    {
        fault("/policy/flapping".to_owned(), "has a value below 1".to_owned());
    }
    if !errors.is_empty() {
        return Err(Refusal::Invalid(errors));
    }
    Ok(Proposal {
        confirmations: proposed.confirmations,
        recoveries: proposed.recoveries,
        quorum: proposed.quorum,
        regions: ids,
        flapping: proposed.flapping,
        latency: proposed.latency,
    })
}

fn summed_up(replayed: &Replayed, shown: Span) -> ReplayedPolicy {
    let record: &[StateInterval] = &replayed.timeline;
    ReplayedPolicy {
        pages: replayed.pages() as i64,
        outages: replayed.outages.len() as i64,
        figures: UptimeFigures::new(
            time(shown.from_ms),
            time(shown.to_ms),
            &Figures::of(record, shown),
        ),
    }
}

/// The latest outages, oldest first, and how many there are besides.
fn listed(comparison: Comparison) -> (Vec<ReplayedOutage>, i64) {
    let alone = |before: Option<KnownOutage>, after: Option<KnownOutage>| {
        let from_ms = before.or(after).map_or(0, |known| known.outage.from_ms);
        let known_later_ms = before.zip(after).and_then(known_later_ms);
        let outage = ReplayedOutage {
            before: before.map(seen),
            after: after.map(seen),
            known_later_ms,
        };
        (from_ms, outage)
    };
    let only_before = comparison
        .only_before
        .into_iter()
        .map(|known| alone(Some(known), None));
    let only_after = comparison
        .only_after
        .into_iter()
        .map(|known| alone(None, Some(known)));
    let both = comparison
        .both
        .into_iter()
        .map(|(before, after)| alone(Some(before), Some(after)));
    let mut all: Vec<_> = only_before.chain(only_after).chain(both).collect();
    all.sort_by_key(|&(from_ms, _)| from_ms);
    let left_out = all.len().saturating_sub(LISTED);
    let listed = all.into_iter().skip(left_out).map(|(_, outage)| outage);
    (listed.collect(), left_out as i64)
}

fn seen(known: KnownOutage) -> SeenOutage {
    SeenOutage {
        from: time(known.outage.from_ms),
        to: known.outage.to_ms.map(time),
        down_ms: known.outage.down_ms,
        known: known.known_ms.map(time),
    }
}

fn ms(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

fn time(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests;
