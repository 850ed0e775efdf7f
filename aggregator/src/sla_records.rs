//! The records that agreements are counted by, read from the store: for any number of agreements in a handful of statements.

use crate::{
    evaluation::{Memory, maintenance_of, votes_of},
    store::{
        policy::{MonitorRules, list_rules},
        region::list_region_names,
        timeline::list_records,
        vote::{list_changes_since, list_folds},
    },
};
use chrono::{DateTime, Utc};
use edgewatch_domain::{
    policy::PolicyHistory,
    sla::{Exclusion, RegionRecord, SlaFigures, SlaMember, SlaPeriod, SlaPolicy, figures, region_record},
    span::{Span, SpanSet},
    timeline::{RegionVotes, StateInterval, TimelineSource, build, votes_needed_from_ms},
};
use edgewatch_protocol::name::Region;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};

/// What is known of monitors over a stretch of time.
#[derive(Clone, Debug, Default)]
pub struct SlaRecords {
    now_ms: i64,
    monitors: BTreeMap<i32, MonitorRecords>,
    names: HashMap<i16, Region>,
}

/// What is known of a monitor.
#[derive(Clone, Debug)]
struct MonitorRecords {
    rules: MonitorRules,
    /// As it is stored.
    record: Vec<StateInterval>,
    /// What the regions say, where that is needed.
    votes: Vec<RegionVotes>,
    maintenance: SpanSet,
}

/// What is needed of the monitors of an agreement.
#[derive(Clone, Copy, Debug)]
pub struct Need<'a> {
    /// The agreement.
    pub policy: &'a SlaPolicy,
    /// Over what time.
    pub span: Span,
    /// Whether with what each region alone saw.
    pub by_region: bool,
}

impl SlaRecords {
    /// Reads what these agreements need, as of a moment.
    pub async fn read(db: &mut PgConnection, needs: &[Need<'_>], now: DateTime<Utc>) -> sqlx::Result<Self> {
        let now_ms = now.timestamp_millis();
        let from_of = |votes_alone: bool| {
            let mut from: BTreeMap<i32, i64> = BTreeMap::new();
            for need in needs {
                if votes_alone && !need.by_region && need.policy.quorum.is_none() {
                    continue;
                }
                for &monitor in &need.policy.monitors {
                    let earliest_ms = from.entry(monitor).or_insert(need.span.from_ms);
                    *earliest_ms = need.span.from_ms.min(*earliest_ms);
                }
            }
            from
        };
        let from = from_of(false);
        let ids: Vec<_> = from.keys().copied().collect();
        let rules = list_rules(&mut *db, &ids).await?;
        let span_of = |need: &Need<'_>| {
            let own = need.policy.monitors.iter().filter_map(|id| rules.get(id));
            let period = SlaPeriod::new(need.span, own.map(|rules| &rules.history), now_ms);
            Span::new(need.span.from_ms, period.as_of_ms)
        };
        let to_ms = needs
            .iter()
            .map(|need| span_of(need).to_ms)
            .max()
            .unwrap_or(now_ms);
        let from: Vec<_> = from.into_iter().collect();
        let mut records = list_records(&mut *db, &from, to_ms).await?;

        let (mut changes, mut folds) = (BTreeMap::new(), BTreeMap::new());
        let (mut names, mut memory) = (HashMap::new(), Memory::default());
        let voting = from_of(true);
        if !voting.is_empty() {
            let needed_from = |(&id, &from_ms): (&i32, &i64)| {
                Some((id, votes_needed_from_ms(&rules.get(&id)?.history, from_ms)))
            };
            let needed: Vec<_> = voting.iter().filter_map(needed_from).collect();
            let ids: Vec<_> = needed.iter().map(|&(id, _)| id).collect();
            changes = list_changes_since(&mut *db, &needed).await?;
            folds = list_folds(&mut *db, &ids).await?;
            names = list_region_names(&mut *db).await?;
            memory.learn_maintenance(db).await?;
        }
        let earliest_ms = voting.values().min().copied().unwrap_or(to_ms);
        let windows = memory.windows(Span::new(earliest_ms, to_ms));
        let mut monitors = BTreeMap::new();
        for (id, rules) in rules {
            let of_monitor = (id, i16::MIN)..=(id, i16::MAX);
            let votes = votes_of(
                changes.range(of_monitor.clone()),
                &folds.range(of_monitor).collect(),
                |fold| fold.silent_at(&rules.history, now_ms),
            );
            let known = MonitorRecords {
                record: records.remove(&id).unwrap_or_default(),
                votes,
                maintenance: maintenance_of(id, &rules, &windows),
                rules,
            };
            monitors.insert(id, known);
        }
        Ok(Self {
            now_ms,
            monitors,
            names,
        })
    }

    /// How far is looked for a period of an agreement.
    pub fn period(&self, policy: &SlaPolicy, span: Span) -> SlaPeriod {
        let own = policy.monitors.iter().filter_map(|id| self.monitors.get(id));
        SlaPeriod::new(span, own.map(|known| &known.rules.history), self.now_ms)
    }

    /// The figures of an agreement over a time that was read.
    pub fn figures(
        &self,
        policy: &SlaPolicy,
        exclusions: &[Exclusion],
        span: Span,
        by_region: bool,
    ) -> SlaFigures {
        let period = self.period(policy, span);
        let looked_at = Span::new(span.from_ms, period.as_of_ms);
        let known = policy
            .monitors
            .iter()
            .filter_map(|id| Some((*id, self.monitors.get(id)?)));
        let made: Vec<_> = known
            .map(|(id, known)| {
                let own = (policy.quorum.is_some()).then(|| known.judged(policy, looked_at));
                let regions = if by_region {
                    self.regions(known, looked_at)
                } else {
                    Vec::new()
                };
                (id, known, own, regions)
            })
            .collect();
        let members: Vec<_> = made
            .iter()
            .map(|(id, known, own, regions)| SlaMember {
                monitor: *id,
                record: own.as_deref().unwrap_or(&known.record),
                regions,
            })
            .collect();
        figures(policy, exclusions, period, &members)
    }

    fn regions(&self, known: &MonitorRecords, span: Span) -> Vec<RegionRecord> {
        let mut ids: Vec<_> = known
            .rules
            .history
            .entries()
            .iter()
            .flat_map(|(_, policy)| policy.regions.iter().copied())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let named = ids
            .into_iter()
            .filter_map(|id| Some((id, self.names.get(&id.cast_signed())?.clone())));
        named
            .map(|(id, region)| RegionRecord {
                region,
                record: region_record(known.source(&known.rules.history, span), id, span.to_ms),
            })
            .collect()
    }
}

impl MonitorRecords {
    /// The record by the quorum of an agreement.
    fn judged(&self, policy: &SlaPolicy, span: Span) -> Vec<StateInterval> {
        let history = policy.judging(&self.rules.history);
        build(self.source(&history, span), span.to_ms)
    }

    fn source<'a>(&'a self, history: &'a PolicyHistory, span: Span) -> TimelineSource<'a> {
        TimelineSource {
            // What was before the time that is looked at is not asked for.
            created_ms: self
                .rules
                .created_ms
                .max(votes_needed_from_ms(history, span.from_ms)),
            history,
            votes: &self.votes,
            maintenance: &self.maintenance,
            pauses: &self.rules.pauses,
        }
    }
}
