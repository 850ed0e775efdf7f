//! The figures of a period under an agreement.

use super::{
    exclusion::{Exclusion, excluded},
    judged::{RegionRecord, cut, judged},
    outage::{SlaOutage, mean_times, sla_outages},
    policy::SlaPolicy,
};
use crate::{
    calendar::{Unit, periods},
    group::{GroupRule, combine},
    policy::PolicyHistory,
    slo::{Budget, MeanTimes, Objective},
    span::{Span, SpanSet},
    timeline::StateInterval,
    uptime::{Figures, Measured, Share},
};
use edgewatch_protocol::name::Region;
use serde::{Deserialize, Serialize};

/// After how many slots without an answer a region is silent.
const SILENT_AFTER_SLOTS: u8 = 3;

/// A period, and how far is looked. Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaPeriod {
    /// The first millisecond within.
    pub from_ms: i64,
    /// The first millisecond after it.
    pub to_ms: i64,
    /// Records are looked at until here: a little past the end, since an outage is known only after its beginning, or to
    /// the moment at which the figures are made. Nothing later has an influence.
    pub as_of_ms: i64,
}

impl SlaPeriod {
    /// A period of monitors that are judged so, looked at from `now_ms`.
    pub fn new<'a>(
        period: Span,
        histories: impl IntoIterator<Item = &'a PolicyHistory>,
        now_ms: i64,
    ) -> Self {
        let settles_ms = |history: &PolicyHistory| {
            let slots = |(_, policy): &(i64, crate::policy::Policy)| {
                let slots = policy
                    .confirmations
                    .max(policy.recoveries)
                    .max(SILENT_AFTER_SLOTS);
                i64::from(slots) + 2
            };
            let slots = history.entries().iter().map(slots).max().unwrap_or(0);
            history.longest_interval_ms().saturating_mul(slots)
        };
        let settles_ms = histories.into_iter().map(settles_ms).max().unwrap_or(0);
        Self {
            from_ms: period.from_ms,
            to_ms: period.to_ms,
            as_of_ms: period.to_ms.saturating_add(settles_ms).min(now_ms),
        }
    }

    /// From when to when.
    pub fn span(&self) -> Span {
        Span::new(self.from_ms, self.to_ms)
    }
}

/// A monitor of an agreement, as it was recorded.
#[derive(Clone, Copy, Debug)]
pub struct SlaMember<'a> {
    /// Its number.
    pub monitor: i32,
    /// Its record by the policies that [`SlaPolicy::judging`] makes of its own, from the beginning of the period (or its
    /// creation) to [`SlaPeriod::as_of_ms`]; what is beyond has no influence.
    pub record: &'a [StateInterval],
    /// The records of its regions over the same time.
    pub regions: &'a [RegionRecord],
}

/// Time as it was recorded, before any rule of the agreement. Milliseconds; together the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordedTime {
    /// Up.
    pub up_ms: i64,
    /// Degraded.
    pub degraded_ms: i64,
    /// Down.
    pub down_ms: i64,
    /// In maintenance.
    pub maintenance_ms: i64,
    /// Nothing could be said.
    pub unknown_ms: i64,
    /// Not checked.
    pub paused_ms: i64,
}

/// What there is to say of a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaTime {
    /// Milliseconds of it of which there is a record: from the creation of the first monitor on.
    pub window_ms: i64,
    /// As it was recorded.
    pub recorded: RecordedTime,
    /// As it counts by the agreement. What counts as up for whatever reason is up or degraded, what counts as down is down.
    pub contractual: Measured,
    /// The same with nothing left out but what was not measured: neither maintenance nor exclusions.
    pub strict: Measured,
    /// Milliseconds that would have counted but for exclusions.
    pub excluded_ms: i64,
}

impl SlaTime {
    /// The share of the time that counts by the agreement; `None` for none at all.
    pub fn coverage(&self) -> Option<Share> {
        Share::new(self.contractual.total_ms(), self.window_ms)
    }
}

/// The error budget: `(1 − objective) × counted time`, with what is still to come taken for counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaBudget {
    /// The whole of it, milliseconds, rounded downwards.
    pub total_ms: i64,
    /// What was down, milliseconds.
    pub spent_ms: i64,
    /// What is left, milliseconds, rounded downwards; negative when overspent.
    pub remaining_ms: i64,
    /// What is left in parts per million of the whole; negative when overspent. `None` is no data.
    pub remaining_ppm: Option<i64>,
}

/// A window of the agreement, as far as it lies within the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaWindowFigures {
    /// The first millisecond within.
    pub from_ms: i64,
    /// The first millisecond after it.
    pub to_ms: i64,
    /// Whether it lies wholly within the period.
    pub is_whole: bool,
    /// Whether it is over.
    pub is_over: bool,
    /// Its time.
    pub time: SlaTime,
    /// Whether the promise is kept so far; `None` is no data.
    pub is_held: Option<bool>,
    /// Its error budget.
    pub budget: SlaBudget,
    /// The credit in percent by the share so far, 0 for none; `None` is no data.
    pub credit_percent: Option<u8>,
    /// Whether that is due: there is one, and the window is whole and over.
    pub credit_is_due: bool,
}

/// A day of the period, in the agreement's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaDay {
    /// The first millisecond within.
    pub from_ms: i64,
    /// The first millisecond after it.
    pub to_ms: i64,
    /// Its time.
    pub time: SlaTime,
}

/// The agreement's monitors as a region alone saw them, by the same rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaRegion {
    /// The region.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub region: Region,
    /// The period's time.
    pub time: SlaTime,
    /// Outages that it alone would have told of.
    pub outages: i64,
}

/// A monitor of the agreement by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaMonitor {
    /// Its number.
    pub monitor: i32,
    /// The period's time.
    pub time: SlaTime,
    /// Its outages, and their mean times.
    pub mean_times: MeanTimes,
    /// What counts of each day, as in [`SlaFigures::days`].
    pub days: Vec<Measured>,
}

/// All figures of a period under an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaFigures {
    /// The period.
    pub period: SlaPeriod,
    /// By what they are counted: [`SlaPolicy::hash`].
    pub policy_hash: String,
    /// The period's time, of all monitors by the group rule.
    pub time: SlaTime,
    /// Whether the objective is held over the period; `None` is no data.
    pub is_held: Option<bool>,
    /// The period's error budget.
    pub budget: SlaBudget,
    /// The agreement's windows, in order.
    pub windows: Vec<SlaWindowFigures>,
    /// The days, in order.
    pub days: Vec<SlaDay>,
    /// The regions, by name.
    pub regions: Vec<SlaRegion>,
    /// The monitors, in the order of the agreement.
    pub monitors: Vec<SlaMonitor>,
    /// The outages, in order.
    pub outages: Vec<SlaOutage>,
    /// Their mean times.
    pub mean_times: MeanTimes,
}

/// The figures of a period. A monitor of the agreement of which there is no member has no record; members that it does not
/// name do not count.
pub fn figures(
    policy: &SlaPolicy,
    exclusions: &[Exclusion],
    period: SlaPeriod,
    members: &[SlaMember<'_>],
) -> SlaFigures {
    let looked_at = Span::new(period.from_ms, period.as_of_ms);
    let layers_of = |monitor: i32, record: &[StateInterval]| {
        Layers::of(cut(record, looked_at), policy, &excluded(exclusions, monitor))
    };
    let own: Vec<(i32, Layers, &[RegionRecord])> = policy
        .monitors
        .iter()
        .map(|&monitor| {
            let member = members.iter().find(|member| member.monitor == monitor);
            let record = member.map_or(&[][..], |member| member.record);
            let regions = member.map_or(&[][..], |member| member.regions);
            (monitor, layers_of(monitor, record), regions)
        })
        .collect();
    let group = Layers::combined(
        &own.iter().map(|(_, layers, _)| layers).collect::<Vec<_>>(),
        policy.rule,
    );

    let zone = policy.zone();
    let span = period.span();
    let days: Vec<Span> = periods(zone, Unit::Day, span)
        .map(|day| day.intersection(span))
        .collect();
    let time = group.time(span);
    let budget = |time: &SlaTime, window: Span| budget(policy.objective_ppm, time, window, period.as_of_ms);
    let (is_held, period_budget) = budget(&time, span);
    let windows = policy.window.spans_of(zone, span).into_iter().map(|whole| {
        let window = whole.intersection(span);
        let time = group.time(window);
        let (is_held, budget) = budget(&time, window);
        let share = time.contractual.uptime();
        let credit_percent = share.map(|share| policy.credit_percent(share));
        let (is_whole, is_over) = (window == whole, period.as_of_ms >= whole.to_ms);
        SlaWindowFigures {
            from_ms: window.from_ms,
            to_ms: window.to_ms,
            is_whole,
            is_over,
            time,
            is_held,
            budget,
            credit_percent,
            credit_is_due: is_whole && is_over && credit_percent.is_some_and(|percent| percent > 0),
        }
    });
    let records = own
        .iter()
        .map(|(monitor, layers, _)| (*monitor, layers.counted()));
    let outages = sla_outages(group.counted(), span, &records.collect::<Vec<_>>());
    let monitors = own.iter().map(|(monitor, layers, _)| {
        let time = layers.time(span);
        SlaMonitor {
            monitor: *monitor,
            time,
            mean_times: mean_times_of(&time, layers.outages(span)),
            days: days
                .iter()
                .map(|&day| Figures::of(layers.counted(), day).contractual)
                .collect(),
        }
    });
    let mut names: Vec<&Region> = own
        .iter()
        .flat_map(|(_, _, regions)| regions.iter().map(|record| &record.region))
        .collect();
    names.sort_unstable();
    names.dedup();
    let regions = names.into_iter().map(|name| {
        let seen = own.iter().filter_map(|(monitor, _, regions)| {
            let record = regions.iter().find(|record| record.region == *name)?;
            Some(layers_of(*monitor, &record.record))
        });
        let seen: Vec<_> = seen.collect();
        let group = Layers::combined(&seen.iter().collect::<Vec<_>>(), policy.rule);
        SlaRegion {
            region: name.clone(),
            time: group.time(span),
            outages: group.outages(span) as i64,
        }
    });
    SlaFigures {
        period,
        policy_hash: policy.hash(),
        time,
        is_held,
        budget: period_budget,
        windows: windows.collect(),
        days: days
            .iter()
            .map(|&day| SlaDay {
                from_ms: day.from_ms,
                to_ms: day.to_ms,
                time: group.time(day),
            })
            .collect(),
        regions: regions.collect(),
        monitors: monitors.collect(),
        mean_times: mean_times_of(&time, outages.len()),
        outages,
    }
}

fn mean_times_of(time: &SlaTime, outages: usize) -> MeanTimes {
    let measured = time.contractual;
    mean_times(outages, measured.up_ms + measured.degraded_ms, measured.down_ms)
}

/// Whether the objective is held over a window, and its budget.
fn budget(objective: Objective, time: &SlaTime, window: Span, as_of_ms: i64) -> (Option<bool>, SlaBudget) {
    let so_far = Budget::of(objective, &time.contractual);
    let whole = so_far.with_rest(
        Span::new(as_of_ms, window.to_ms)
            .length_ms()
            .min(window.length_ms()),
    );
    let budget = SlaBudget {
        total_ms: whole.total_ms(),
        spent_ms: whole.down_ms,
        remaining_ms: whole.remaining_ms(),
        remaining_ppm: whole.remaining_parts_per_million(),
    };
    (so_far.is_held(), budget)
}

/// A record in its layers: as recorded, as it counts without exclusions, and as it counts.
struct Layers {
    recorded: Vec<StateInterval>,
    /// `None`: as recorded.
    unexcluded: Option<Vec<StateInterval>>,
    /// `None`: as without exclusions.
    counted: Option<Vec<StateInterval>>,
}

impl Layers {
    fn of(recorded: Vec<StateInterval>, policy: &SlaPolicy, excluded: &SpanSet) -> Self {
        let unexcluded = judged(&recorded, policy, &SpanSet::default());
        Self {
            counted: (!excluded.is_empty()).then(|| judged(&recorded, policy, excluded)),
            unexcluded: (unexcluded != recorded).then_some(unexcluded),
            recorded,
        }
    }

    fn combined(layers: &[&Self], rule: GroupRule) -> Self {
        let combined = |layer: fn(&Self) -> &[StateInterval]| {
            let records: Vec<_> = layers.iter().map(|&layers| layer(layers)).collect();
            match records[..] {
                [alone] => alone.to_vec(),
                _ => combine(&records, rule),
            }
        };
        Self {
            recorded: combined(|layers| &layers.recorded),
            unexcluded: layers
                .iter()
                .any(|layers| layers.unexcluded.is_some())
                .then(|| combined(Self::unexcluded)),
            counted: layers
                .iter()
                .any(|layers| layers.counted.is_some())
                .then(|| combined(Self::counted)),
        }
    }

    fn unexcluded(&self) -> &[StateInterval] {
        self.unexcluded.as_deref().unwrap_or(&self.recorded)
    }

    fn counted(&self) -> &[StateInterval] {
        self.counted.as_deref().unwrap_or(self.unexcluded())
    }

    fn time(&self, span: Span) -> SlaTime {
        let recorded = Figures::of(&self.recorded, span);
        let unexcluded = self.unexcluded.as_ref().map(|record| Figures::of(record, span));
        let unexcluded = unexcluded.unwrap_or(recorded);
        let counted = self.counted.as_ref().map(|record| Figures::of(record, span));
        let counted = counted.unwrap_or(unexcluded);
        SlaTime {
            window_ms: recorded.window_ms,
            recorded: RecordedTime {
                up_ms: recorded.contractual.up_ms,
                degraded_ms: recorded.contractual.degraded_ms,
                down_ms: recorded.contractual.down_ms,
                maintenance_ms: recorded.maintenance_ms,
                unknown_ms: recorded.unknown_ms,
                paused_ms: recorded.paused_ms,
            },
            contractual: counted.contractual,
            strict: counted.strict,
            excluded_ms: unexcluded.contractual.total_ms() - counted.contractual.total_ms(),
        }
    }

    fn outages(&self, span: Span) -> usize {
        sla_outages(self.counted(), span, &[]).len()
    }
}
