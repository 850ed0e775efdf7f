use super::*;
use crate::sample::{DAY, HOUR, MIN};
use chrono::DateTime;
use proptest::prelude::*;

fn at(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

fn recurring(zone: &str, start: &str, duration_min: u32, rule: &str) -> Schedule {
    Schedule::Recurring {
        zone: zone.into(),
        start: start.into(),
        duration_min,
        rule: rule.into(),
    }
}

/// The local dates on which windows of a rule begin.
fn dates(start: &str, rule: &str, until: &str) -> Vec<String> {
    let start_at = format!("{start}T02:30");
    let windows = recurring("Europe/Berlin", &start_at, 60, rule).parse().unwrap();
    let range = Span::new(at("2025-01-01T00:00:00Z"), at(&format!("{until}T12:00:00Z")));
    let date = |span: Span| {
        let local = local_time(zone("Europe/Berlin").unwrap(), span.from_ms);
        local.date().to_string()
    };
    windows.occurrences(range).into_iter().map(date).collect()
}

#[test]
fn rules_recur_as_they_say() {
    assert_eq!(
        dates("2025-06-01", "FREQ=DAILY;INTERVAL=3", "2025-06-10"),
        ["2025-06-01", "2025-06-04", "2025-06-07", "2025-06-10"]
    );
    // Weeks count from the Monday of the start's week: 4 June 2025 is a Wednesday.
    assert_eq!(
        dates("2025-06-04", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "2025-06-30"),
        ["2025-06-04", "2025-06-16", "2025-06-18", "2025-06-30"]
    );
    assert_eq!(
        dates("2025-06-04", "FREQ=WEEKLY;COUNT=2", "2025-12-31"),
        ["2025-06-04", "2025-06-11"]
    );
    assert_eq!(
        dates("2025-01-31", "FREQ=MONTHLY", "2025-05-31"),
        ["2025-01-31", "2025-03-31", "2025-05-31"]
    );
    assert_eq!(
        dates(
            "2025-01-01",
            "FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20250330",
            "2025-12-31"
        ),
        ["2025-01-31", "2025-02-28"]
    );
    assert_eq!(
        dates(
            "2025-01-01",
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,-1FR",
            "2025-03-31"
        ),
        ["2025-01-05", "2025-01-31", "2025-03-02", "2025-03-28"]
    );
    // What was counted before the range counts.
    let windows = recurring("UTC", "2024-12-28T00:00", 60, "FREQ=DAILY;COUNT=6").parse();
    let range = Span::new(at("2025-01-01T00:00:00Z"), at("2025-12-31T00:00:00Z"));
    assert_eq!(windows.unwrap().occurrences(range).len(), 2);
}

/// Clocks go from 02:00 to 03:00 on 30 March 2025, and from 03:00 to 02:00 on 26 October 2025.
#[test]
fn the_skipped_and_the_doubled_hour() {
    let windows = recurring("Europe/Berlin", "2025-01-01T02:30", 60, "FREQ=DAILY");
    let windows = windows.parse().unwrap();
    let night = |from: &str| {
        let from_ms = at(from);
        windows.occurrences(Span::new(from_ms, from_ms + 12 * HOUR))
    };
    // 02:30 CET is 01:30 UTC, which is 03:30 CEST.
    let skipped = at("2025-03-30T03:30:00+02:00");
    assert_eq!(
        night("2025-03-29T22:00:00Z"),
        [Span::new(skipped, skipped + HOUR)]
    );
    let doubled = at("2025-10-26T02:30:00+02:00");
    assert_eq!(
        night("2025-10-25T22:00:00Z"),
        [Span::new(doubled, doubled + HOUR)]
    );
    // The day after, it is local time again.
    assert_eq!(night("2025-10-26T22:00:00Z")[0].from_ms, doubled + 25 * HOUR);
    assert_eq!(
        windows.occurrences(Span::new(doubled + HOUR, doubled + 26 * HOUR)),
        [Span::new(doubled + 25 * HOUR, doubled + 26 * HOUR)]
    );
}

/// Golden case 3, the part of windows: they overlap, and one crosses the month's edge.
#[test]
fn windows_that_overlap_count_once_and_are_cut_by_the_range() {
    let one = Schedule::Once {
        from_ms: at("2025-01-31T22:00:00Z"),
        to_ms: at("2025-02-01T02:00:00Z"),
    };
    let daily = recurring("UTC", "2025-01-31T21:00", 120, "FREQ=DAILY");
    let month = Span::new(at("2025-01-01T00:00:00Z"), at("2025-02-01T00:00:00Z"));
    let spans = one.parse().unwrap().spans(month);
    assert_eq!(spans.length_ms(), 2 * HOUR);
    let both = spans.union(&daily.parse().unwrap().spans(month));
    assert_eq!(both.as_slice(), [Span::new(month.to_ms - 3 * HOUR, month.to_ms)]);
    // A window that began before the range.
    let later = Span::new(at("2025-01-31T22:30:00Z"), at("2025-01-31T22:40:00Z"));
    assert_eq!(daily.parse().unwrap().spans(later).length_ms(), 10 * MIN);
}

#[test]
fn all_that_is_wrong_is_told_by_field() {
    let wrong = recurring("Europe/Berlim", "tomorrow", 0, "FREQ=HOURLY").parse();
    let fields: Vec<_> = wrong.unwrap_err().into_iter().map(|error| error.field).collect();
    assert_eq!(fields, ["zone", "start", "duration_min", "rule"]);
    let empty = Schedule::Once { from_ms: 5, to_ms: 5 };
    assert_eq!(empty.parse().unwrap_err()[0].field, "to_ms");
    for (rule, told) in [
        ("", "NAME=VALUE"),
        ("INTERVAL=2", "FREQ is missing"),
        ("FREQ=YEARLY", "DAILY, WEEKLY and MONTHLY"),
        ("FREQ=DAILY;INTERVAL=0", "1 to 366"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20250101", "either COUNT or UNTIL"),
        ("FREQ=DAILY;BYDAY=MO", "go with WEEKLY"),
        ("FREQ=WEEKLY;BYDAY=1MO", "numbered weekdays"),
        ("FREQ=WEEKLY;BYDAY=é", "not a weekday"),
        ("FREQ=MONTHLY;BYDAY=6MO", "not a weekday"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "1 to 31"),
        ("FREQ=DAILY;UNTIL=2025-01-01", "such as 20261231"),
        ("FREQ=DAILY;FREQ=WEEKLY", "given twice"),
        ("FREQ=DAILY;BYHOUR=3", "not known here"),
    ] {
        let error = rule.parse::<Rule>().unwrap_err();
        assert!(error.contains(told), "{rule}: {error}");
    }
}

#[test]
fn a_scope_covers_what_it_names() {
    let member = Membership {
        monitor: 7,
        tags: &["prod".into()],
        groups: &[2],
        pages: &[],
    };
    assert!(!Scope::default().covers(member));
    let everything = Scope {
        everything: true,
        ..Scope::default()
    };
    assert!(everything.covers(member));
    let tagged = Scope {
        tags: ["prod".into()].into(),
        ..Scope::default()
    };
    assert!(tagged.covers(member));
    let paged = Scope {
        pages: [2].into(),
        monitors: [8].into(),
        ..Scope::default()
    };
    assert!(!paged.covers(member));
}

fn any_rule() -> impl Strategy<Value = String> {
    let frequency = prop_oneof![
        Just("FREQ=DAILY"),
        Just("FREQ=WEEKLY"),
        Just("FREQ=WEEKLY;BYDAY=TU,SU"),
        Just("FREQ=MONTHLY"),
        Just("FREQ=MONTHLY;BYMONTHDAY=1,-1,31"),
        Just("FREQ=MONTHLY;BYDAY=2TU,-1SU,WE"),
        Just("FREQ=MONTHLY;BYMONTHDAY=30;INTERVAL=12"),
    ];
    let end = prop_oneof![Just(""), Just(";COUNT=7"), Just(";UNTIL=20260301")];
    (frequency, end).prop_map(|(frequency, end)| format!("{frequency}{end}"))
}

proptest! {
    #[test]
    fn a_rule_reads_back_and_expands_alike_in_any_parts(
        rule in any_rule(), from in 0i64..900, days in 0i64..200, cut in 0i64..200, duration_min in 1u32..5_000
    ) {
        let parsed: Rule = rule.parse().unwrap();
        prop_assert_eq!(parsed.to_string().parse(), Ok(parsed));
        let windows = recurring("America/New_York", "2025-01-31T02:30", duration_min, &rule).parse().unwrap();
        let start_ms = at("2024-12-01T00:00:00Z") + from * DAY;
        let whole = Span::new(start_ms, start_ms + days * DAY);
        let cut_ms = (start_ms + cut * DAY).min(whole.to_ms);
        let parts = [Span::new(whole.from_ms, cut_ms), Span::new(cut_ms, whole.to_ms)];
        let [left, right] = parts.map(|part| windows.spans(part));
        prop_assert_eq!(windows.spans(whole), left.union(&right));
    }

    #[test]
    fn no_text_makes_a_rule_panic(text in "(RRULE:)?[A-Z]{2,10}=[-A-Z0-9,é]{0,8}(;[A-Z]{4,10}=[-A-Z0-9,]{0,9}){0,3}") {
        let _ = text.parse::<Rule>();
    }
}

#[test]
fn a_range_without_end_is_bounded() {
    let windows = recurring("UTC", "2025-01-31T02:30", 1, "FREQ=DAILY")
        .parse()
        .unwrap();
    let all = windows.occurrences(Span::new(at("2025-01-01T00:00:00Z"), i64::MAX));
    assert!((3_990..4_000).contains(&all.len()), "{}", all.len());
    assert_eq!(windows.occurrences(Span::ALL), []);
    let never = recurring(
        "UTC",
        "2025-01-31T02:30",
        1,
        "FREQ=MONTHLY;BYDAY=5MO;INTERVAL=366;COUNT=1000",
    );
    let from_ms = at("2026-01-31T00:00:00Z");
    assert_eq!(
        never
            .parse()
            .unwrap()
            .occurrences(Span::new(from_ms, from_ms + MAX_RANGE_MS)),
        []
    );
}
