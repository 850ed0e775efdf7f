//! The golden cases of the rules, each with its figures worked by hand. The calendar's is in [`crate::calendar`].

use crate::{
    policy::{Policy, PolicyHistory, RegionId},
    quorum::Quorum,
    sample::{DAY, HOUR, MIN, checks, steady},
    span::{Span, SpanSet},
    state::MonitorState::{self, Degraded, Down, Maintenance, Paused, Unknown, Up},
    timeline::{RegionVotes, StateInterval, TimelineSource, build},
    uptime::Figures,
    vote::{Check, steps},
    vote_log::VoteLog,
};
use edgewatch_protocol::observation::OutcomeState;
use proptest::prelude::*;

const MONTH: i64 = 30 * DAY;

struct Monitor {
    created_ms: i64,
    history: PolicyHistory,
    /// The results of regions 1, 2, …
    regions: Vec<Vec<Check>>,
    maintenance: SpanSet,
    pauses: SpanSet,
}

impl Monitor {
    fn new(regions: Vec<Vec<Check>>) -> Self {
        let policy = Policy::new(MIN, 1..=regions.len() as RegionId);
        Self {
            created_ms: 0,
            history: PolicyHistory::new(policy),
            regions,
            maintenance: SpanSet::default(),
            pauses: SpanSet::default(),
        }
    }

    fn with_quorum(mut self, quorum: Quorum) -> Self {
        let policy = self.history.at(0).clone();
        self.history = PolicyHistory::new(Policy { quorum, ..policy });
        self
    }

    fn timeline(&self, now_ms: i64) -> Vec<StateInterval> {
        let votes = self.regions.iter().zip(1..).map(|(checks, region)| {
            let mut log = VoteLog::new();
            log.take(&self.history, 0, checks.clone()).unwrap();
            RegionVotes {
                region,
                steps: steps(&log.changes_at(&self.history, now_ms)),
            }
        });
        let source = TimelineSource {
            created_ms: self.created_ms,
            history: &self.history,
            votes: &votes.collect::<Vec<_>>(),
            maintenance: &self.maintenance,
            pauses: &self.pauses,
        };
        build(source, now_ms)
    }

    fn figures(&self, window: Span) -> Figures {
        Figures::of(&self.timeline(window.to_ms), window)
    }

    fn outcomes(&mut self, region: usize, span: Span, outcome: OutcomeState) {
        let within = |check: &&mut Check| span.contains(check.slot_ms);
        for check in self.regions[region].iter_mut().filter(within) {
            check.outcome = outcome;
        }
    }
}

fn up(from_ms: i64, to_ms: i64) -> Vec<Check> {
    steady(from_ms, to_ms, MIN, 'u')
}

fn states(timeline: &[StateInterval]) -> Vec<(i64, MonitorState)> {
    timeline.iter().map(|i| (i.from_ms, i.state)).collect()
}

/// Failing checks at minutes 1,000 to 1,003, the next success at 1,004: 4 of 43,200 minutes are 0.009259…%, the uptime is
/// 99.990740…%, 99.990 rounded downwards. It may have begun after 999 (5 min, 99.98842…%) and ended after 1,003
/// (3 min, 99.99305…%).
#[test]
fn case_1_an_outage_of_four_minutes_in_thirty_days() {
    let mut monitor = Monitor::new(vec![up(0, MONTH)]);
    let outage = Span::new(1_000 * MIN, 1_004 * MIN);
    monitor.outcomes(0, outage, OutcomeState::Down);
    let measured = monitor.figures(Span::new(0, MONTH)).contractual;
    assert_eq!(measured.down_ms, 240_000);
    assert_eq!(measured.uptime().unwrap().percent(), "99.990");
    assert_eq!(measured.lowest().unwrap().percent(), "99.988");
    assert_eq!(measured.highest().unwrap().percent(), "99.993");
    let timeline = monitor.timeline(MONTH);
    assert_eq!(
        states(&timeline),
        [(0, Up), (outage.from_ms, Down), (outage.to_ms, Up)]
    );
}

/// A slot is one check, whatever retries it took: failures that a retry mends never reach the timeline. Nor does one
/// failing check, unconfirmed.
#[test]
fn case_2_retries_that_end_in_success() {
    let monitor = Monitor::new(vec![checks(0, MIN, &"uuduuuduuu".repeat(100))]);
    let figures = monitor.figures(Span::new(0, 1_000 * MIN));
    assert_eq!(figures.contractual.uptime().unwrap().percent(), "100.000");
    assert_eq!(figures.contractual.total_ms(), 1_000 * MIN);
}

/// Windows of 22:00 to 01:00 (crossing the month's edge) and 23:00 to 23:30, which is within it. An outage from 23:30 to
/// 02:00. In the month before: 2 h of maintenance, nothing down but beneath it: 0.5 h of 720 h, strictly
/// 99.930555…%. In the month after: 1 h of maintenance and 1 h down of 719 h measured: 99.860917…%; strictly 2 h
/// of 720 h: 99.722222…%.
#[test]
fn case_3_maintenance_that_overlaps_and_crosses_the_months_edge() {
    let mut monitor = Monitor::new(vec![up(0, 2 * MONTH)]);
    monitor.outcomes(
        0,
        Span::new(MONTH - 30 * MIN, MONTH + 2 * HOUR),
        OutcomeState::Down,
    );
    let windows = [
        Span::new(MONTH - 2 * HOUR, MONTH + HOUR),
        Span::new(MONTH - HOUR, MONTH - 30 * MIN),
    ];
    monitor.maintenance = windows.into_iter().collect();
    let timeline = monitor.timeline(2 * MONTH);
    let before = Figures::of(&timeline, Span::new(0, MONTH));
    assert_eq!(
        (
            before.maintenance_ms,
            before.contractual.down_ms,
            before.strict.down_ms
        ),
        (2 * HOUR, 0, 30 * MIN)
    );
    assert_eq!(before.contractual.uptime().unwrap().percent(), "100.000");
    assert_eq!(before.strict.uptime().unwrap().percent(), "99.930");
    let after = Figures::of(&timeline, Span::new(MONTH, 2 * MONTH));
    assert_eq!(
        (
            after.maintenance_ms,
            after.contractual.down_ms,
            after.strict.down_ms
        ),
        (HOUR, HOUR, 2 * HOUR)
    );
    assert_eq!(after.contractual.uptime().unwrap().percent(), "99.860");
    assert_eq!(after.strict.uptime().unwrap().percent(), "99.722");
    // The outage outlives the window: it is down from the window's end on, known exactly.
    let outlived = timeline.iter().find(|interval| interval.state == Down).unwrap();
    assert_eq!(
        (outlived.from_ms, outlived.earliest_ms),
        (MONTH + HOUR, MONTH + HOUR)
    );
    assert!(
        timeline
            .iter()
            .any(|i| i.state == Maintenance && i.measured == Down)
    );
}

/// 120 slots of 60 s without a result: 7,200 s. Of 24 h, 22 are measured: coverage 91.666…%.
#[test]
fn case_4_a_gap_of_two_hours_of_all_probes() {
    let mut results = up(0, 10 * HOUR);
    results.extend(up(12 * HOUR, DAY));
    let monitor = Monitor::new(vec![results.clone(), results]);
    let figures = monitor.figures(Span::new(0, DAY));
    assert_eq!(figures.unknown_ms, 7_200_000);
    assert_eq!(figures.contractual.uptime().unwrap().percent(), "100.000");
    assert_eq!(figures.coverage().unwrap().percent(), "91.666");
}

/// 12 h at 60 s and 12 h at 300 s, an outage of 30 min in each: 1 of 24 h, 95.833…%. By count of checks it were 36 of 864.
#[test]
fn case_5_a_changed_interval_weighs_by_time() {
    let mut results = up(0, 12 * HOUR);
    results.extend(steady(12 * HOUR, DAY, 5 * MIN, 'u'));
    let mut monitor = Monitor::new(vec![results]);
    monitor.history.change(12 * HOUR, Policy::new(5 * MIN, [1]));
    for from_ms in [6 * HOUR, 18 * HOUR] {
        monitor.outcomes(0, Span::new(from_ms, from_ms + 30 * MIN), OutcomeState::Down);
    }
    let figures = monitor.figures(Span::new(0, DAY));
    assert_eq!(figures.contractual.down_ms, HOUR);
    assert_eq!(figures.contractual.total_ms(), DAY);
    assert_eq!(figures.contractual.uptime().unwrap().percent(), "95.833");
    // Both edges of one outage are known to a minute, those of the other to five.
    assert_eq!(
        (figures.contractual.maybe_down_ms, figures.contractual.maybe_up_ms),
        (6 * MIN, 6 * MIN)
    );
}

/// Region 2 is down for the second of three days: 100 % by majority, with an advisory; 2 of 3 days by `any`: 66.666…%.
#[test]
fn case_6_one_region_of_three_down_for_a_day() {
    let mut monitor = Monitor::new(vec![up(0, 3 * DAY), up(0, 3 * DAY), up(0, 3 * DAY)]);
    let day = Span::new(DAY, 2 * DAY);
    monitor.outcomes(1, day, OutcomeState::Down);
    let window = Span::new(0, 3 * DAY);
    let timeline = monitor.timeline(3 * DAY);
    let advisory: Vec<_> = timeline.iter().filter(|i| !i.advisory.is_empty()).collect();
    assert_eq!(advisory.len(), 1);
    assert_eq!((advisory[0].span(), &advisory[0].advisory[..]), (day, &[2][..]));
    let figures = Figures::of(&timeline, window);
    assert_eq!(figures.contractual.uptime().unwrap().percent(), "100.000");
    let any = monitor.with_quorum(Quorum::Any).figures(window).contractual;
    assert_eq!(any.down_ms, DAY);
    assert_eq!(any.uptime().unwrap().percent(), "66.666");
}

/// Region 1 fails for all its monitors for an hour, and is disqualified for those slots: it does not vote, and the other
/// keeps the monitor up, even by `any`. Where it is the only region, the hour is unknown.
#[test]
fn case_7_a_regions_own_network_fails() {
    let mut own = up(0, 6 * HOUR);
    let hour = Span::new(2 * HOUR, 3 * HOUR);
    for check in own.iter_mut().filter(|check| hour.contains(check.slot_ms)) {
        check.outcome = OutcomeState::Down;
        check.disqualified = true;
    }
    let both = Monitor::new(vec![own.clone(), up(0, 6 * HOUR)]).with_quorum(Quorum::Any);
    assert_eq!(states(&both.timeline(6 * HOUR)), [(0, Up)]);
    assert!(both.timeline(6 * HOUR)[0].advisory.is_empty());
    let alone = Monitor::new(vec![own]);
    assert_eq!(
        states(&alone.timeline(6 * HOUR)),
        [(0, Up), (hour.from_ms, Unknown), (hour.to_ms, Up)]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn case_8_a_thousand_results_shuffled_duplicated_and_split(
        seed in any::<u64>(), sizes in proptest::collection::vec(1usize..90, 50)
    ) {
        let text = "uuuuuudduuxuudduuu..ggguuudddddduuuuuu!uuuu....uuuuuuuudd".repeat(20);
        let history = PolicyHistory::new(Policy::new(MIN, [1]));
        let all = checks(0, MIN, &text[..1_000]);
        let mut in_order = VoteLog::new();
        in_order.take(&history, 0, all.clone()).unwrap();

        let mut shuffled = all.clone();
        shuffled.extend_from_within(..300);
        let mut state = seed;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        let (mut log, mut stored) = (VoteLog::new(), Vec::new());
        let mut rest = &shuffled[..];
        for size in sizes.into_iter().cycle() {
            let (batch, others) = rest.split_at(size.min(rest.len()));
            if batch.is_empty() {
                break;
            }
            stored.extend_from_slice(batch);
            if let Err(refold) = log.take(&history, 0, batch.to_vec()) {
                log.refold(&history, 0, refold, stored.clone());
            }
            rest = others;
        }
        let timeline = |log: &VoteLog| {
            let votes = RegionVotes { region: 1, steps: steps(&log.changes_at(&history, DAY)) };
            let source = TimelineSource {
                created_ms: 0, history: &history, votes: &[votes],
                maintenance: &SpanSet::default(), pauses: &SpanSet::default(),
            };
            serde_json::to_string(&build(source, DAY)).unwrap()
        };
        prop_assert_eq!(timeline(&log), timeline(&in_order));
    }
}

/// Four weeks, the second paused: 3 of 4 weeks are measured, and the outage of a day in the third is 1 of 21 days:
/// 95.238…%.
#[test]
fn case_10_paused_for_a_week() {
    let week = 7 * DAY;
    let mut results = up(0, week);
    results.extend(up(2 * week, 4 * week));
    let mut monitor = Monitor::new(vec![results]);
    monitor.pauses = Span::new(week, 2 * week).into();
    monitor.outcomes(0, Span::new(15 * DAY, 16 * DAY), OutcomeState::Down);
    let figures = monitor.figures(Span::new(0, 4 * week));
    assert_eq!((figures.paused_ms, figures.unknown_ms), (week, 0));
    assert_eq!(figures.contractual.total_ms(), 3 * week);
    assert_eq!(figures.contractual.uptime().unwrap().percent(), "95.238");
    assert_eq!(figures.coverage().unwrap().percent(), "75.000");
    assert!(monitor.timeline(4 * week).iter().any(|i| i.state == Paused));
}

/// Created on the 20th of a month of 30 days, at 12:00: a window of 10.5 days. An outage of 2 h 31 min 12 s is 1 % of it.
#[test]
fn case_11_created_in_mid_month() {
    let created_ms = 19 * DAY + 12 * HOUR;
    let mut monitor = Monitor::new(vec![up(created_ms, MONTH)]);
    monitor.created_ms = created_ms;
    let from_ms = created_ms + 100 * MIN;
    monitor.outcomes(0, Span::new(from_ms, from_ms + 151 * MIN), OutcomeState::Down);
    let mut window = Span::new(0, MONTH);
    let figures = monitor.figures(window);
    assert_eq!(figures.window_ms, 10 * DAY + 12 * HOUR);
    assert_eq!(figures.coverage().unwrap().percent(), "100.000");
    // 151 of 15,120 minutes: 0.998677…%.
    assert_eq!(figures.contractual.uptime().unwrap().percent(), "99.001");
    window.to_ms = created_ms;
    assert_eq!(monitor.figures(window).contractual.uptime(), None);
}

/// Degraded for the second of four days: up all the same, and 86,400 s of it.
#[test]
fn case_12_degraded_for_a_day() {
    let mut monitor = Monitor::new(vec![up(0, 4 * DAY)]);
    let day = Span::new(DAY, 2 * DAY);
    monitor.outcomes(0, day, OutcomeState::Degraded);
    let measured = monitor.figures(Span::new(0, 4 * DAY)).contractual;
    assert_eq!(
        (measured.degraded_ms, measured.up_ms, measured.down_ms),
        (DAY, 3 * DAY, 0)
    );
    assert_eq!(measured.uptime().unwrap().percent(), "100.000");
    assert_eq!(
        states(&monitor.timeline(4 * DAY)),
        [(0, Up), (day.from_ms, Degraded), (day.to_ms, Up)]
    );
}
