//! The outages of a period.

use crate::{incident::outages, slo::MeanTimes, span::Span, state::MonitorState, timeline::StateInterval};
use serde::{Deserialize, Serialize};

/// An outage, as far as it lies within the period. Times in milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaOutage {
    /// From when on it was down.
    pub from_ms: i64,
    /// It began after this, and at `from_ms` at the latest.
    pub earliest_ms: i64,
    /// When it was measured not to be down any more; the end of the period or of what is recorded where it goes on.
    pub to_ms: i64,
    /// It ended after this, and at `to_ms` at the latest.
    pub end_earliest_ms: i64,
    /// How long it was down: without what was maintenance, excluded, unknown or paused in between.
    pub down_ms: i64,
    /// It was down already when the period began.
    pub began_before: bool,
    /// It was down still when the period ended, or what is recorded does.
    pub goes_on: bool,
    /// The monitors that were down, by number.
    pub monitors: Vec<i32>,
}

/// The outages of a record with time down in the period, which the record must not begin before.
pub(super) fn sla_outages(
    record: &[StateInterval],
    period: Span,
    members: &[(i32, &[StateInterval])],
) -> Vec<SlaOutage> {
    let within_period = outages(record).into_iter().filter_map(|outage| {
        let span = outage.span().intersection(period);
        let down_ms = down_ms(record, span);
        let monitors = members
            .iter()
            .filter(|(_, record)| self::down_ms(record, span) > 0);
        let recorded_to_ms = record.last().map_or(period.to_ms, |last| last.to_ms);
        let end_ms = span.to_ms.min(recorded_to_ms);
        let goes_on = outage.to_ms.is_none_or(|to_ms| to_ms > period.to_ms);
        (down_ms > 0).then(|| SlaOutage {
            from_ms: span.from_ms,
            earliest_ms: outage.earliest_ms.clamp(period.from_ms, span.from_ms),
            to_ms: end_ms,
            end_earliest_ms: if goes_on {
                end_ms
            } else {
                outage.end_earliest_ms.clamp(span.from_ms, end_ms)
            },
            down_ms,
            began_before: outage.began_ms <= period.from_ms,
            goes_on,
            monitors: monitors.map(|(monitor, _)| *monitor).collect(),
        })
    });
    within_period.collect()
}

/// The mean times of outages over the measured time.
pub(super) fn mean_times(outages: usize, up_ms: i64, down_ms: i64) -> MeanTimes {
    let outages = outages as i64;
    MeanTimes {
        outages,
        mttr_ms: down_ms.checked_div(outages),
        mtbf_ms: up_ms.checked_div(outages),
    }
}

/// How long a record is down within a span.
fn down_ms(record: &[StateInterval], span: Span) -> i64 {
    let first = record.partition_point(|interval| interval.to_ms <= span.from_ms);
    let within = record[first..]
        .iter()
        .take_while(|interval| interval.from_ms < span.to_ms);
    let down = within.filter(|interval| interval.state == MonitorState::Down);
    down.map(|interval| interval.span().intersection(span).length_ms())
        .sum()
}
