//! Figures add up, whatever happens.

use super::{exclusion, minutes, of, policy};
use crate::{
    group::GroupRule,
    policy::{Policy, PolicyHistory},
    sample::{HOUR, MIN, any_checks, fold},
    sla::{DegradedRule, MaintenanceRule, SlaPolicy, SlaTime, UnknownRule},
    span::Span,
    timeline::{RegionVotes, TimelineSource, build},
    vote::steps,
};
use proptest::prelude::*;

proptest! {
    /// Whatever the record, days and windows add up to the period, and what counts and what does not to the window.
    #[test]
    fn figures_add_up(
        checks in any_checks(300, 30 * MIN), other in any_checks(300, 30 * MIN), from in 0i64..100, length in 1i64..200,
        cut in (0i64..9_000, 0i64..2_000), rules in (0usize..3, 0usize..2, 0usize..2, 0usize..2)
    ) {
        let history = PolicyHistory::new(Policy::new(30 * MIN, [1]));
        let records: Vec<_> = [checks, other].iter().map(|checks| {
            let votes = [RegionVotes { region: 1, steps: steps(&fold(&history, checks).1) }];
            let maintenance = Span::new(40 * HOUR, 50 * HOUR).into();
            let pauses = Span::new(60 * HOUR, 65 * HOUR).into();
            let source = TimelineSource { created_ms: 0, history: &history, votes: &votes, maintenance: &maintenance, pauses: &pauses };
            build(source, 150 * HOUR)
        }).collect();
        let policy = SlaPolicy {
            unknown: [UnknownRule::Excluded, UnknownRule::Available, UnknownRule::Unavailable][rules.0],
            degraded: [DegradedRule::Available, DegradedRule::Unavailable][rules.1],
            maintenance: [MaintenanceRule::Excluded, MaintenanceRule::Counted][rules.2],
            rule: [GroupRule::All, GroupRule::Any][rules.3],
            ..policy(&[1, 2])
        };
        let exclusions = [exclusion(cut.0, cut.0 + cut.1, &[])];
        let period = minutes(from * 60, (from + length) * 60, 150 * 60);
        let figures = of(&policy, &exclusions, period, &records);
        let sum = |times: &mut dyn Iterator<Item = SlaTime>| {
            let mut sum = SlaTime::default();
            for time in times {
                sum.window_ms += time.window_ms;
                sum.contractual += time.contractual;
                sum.strict += time.strict;
                sum.excluded_ms += time.excluded_ms;
            }
            (sum.window_ms, sum.contractual, sum.strict, sum.excluded_ms)
        };
        let whole = sum(&mut std::iter::once(figures.time));
        prop_assert_eq!(sum(&mut figures.days.iter().map(|day| day.time)), whole);
        prop_assert_eq!(sum(&mut figures.windows.iter().map(|window| window.time)), whole);
        for time in figures.monitors.iter().map(|monitor| monitor.time).chain([figures.time]) {
            let recorded = time.recorded;
            let of_states = recorded.up_ms + recorded.degraded_ms + recorded.down_ms
                + recorded.maintenance_ms + recorded.unknown_ms + recorded.paused_ms;
            prop_assert_eq!(of_states, time.window_ms);
            prop_assert!(time.contractual.total_ms() + time.excluded_ms <= time.window_ms);
            prop_assert!(time.strict.total_ms() >= time.contractual.total_ms());
        }
        let down: i64 = figures.outages.iter().map(|outage| outage.down_ms).sum();
        prop_assert_eq!(down, figures.time.contractual.down_ms);
        for (monitor, days) in figures.monitors.iter().map(|monitor| (monitor, &monitor.days)) {
            let mut sum = crate::uptime::Measured::default();
            for day in days {
                sum += *day;
            }
            prop_assert_eq!(sum, monitor.time.contractual);
        }
    }
}
