//! When a job is expected.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use edgewatch_protocol::{
    check::{HeartbeatCheck, heartbeat::HeartbeatSchedule},
    problem::FieldError,
};

/// A call that comes so shortly before a cron time is taken as that time's: the job's clock may be a little ahead.
const EARLY: TimeDelta = TimeDelta::seconds(30);

/// A heartbeat check's settings, ready to be asked.
#[derive(Clone, Debug)]
pub struct Rule {
    expected: Expected,
    grace: TimeDelta,
    /// The longest run.
    pub max_run: Option<TimeDelta>,
}

#[derive(Clone, Debug)]
enum Expected {
    Every(TimeDelta),
    At { cron: Box<Cron>, zone: Tz },
}

impl Rule {
    /// Reads the settings.
    ///
    /// # Errors
    /// The field at fault, by JSON pointer relative to the check.
    pub fn read(check: &HeartbeatCheck) -> Result<Self, FieldError> {
        let expected = match &check.schedule {
            HeartbeatSchedule::Period { period_s } => Expected::Every(seconds(*period_s)),
            HeartbeatSchedule::Cron { expression, zone } => {
                let zone: Tz = zone.parse().map_err(|_| {
                    let detail = format!(
                        "`{zone}` is not a time zone of the IANA database: use one such as Europe/Berlin"
                    );
                    fault("/schedule/zone", detail)
                })?;
                let cron = CronParser::builder()
                    .seconds(Seconds::Disallowed)
                    .year(Year::Disallowed)
                    .build()
                    .parse(expression)
                    .map_err(|error| {
                        let detail = format!("is not a cron expression: {error}");
                        fault("/schedule/expression", detail)
                    })?;
                // Any moment will do: what never comes after one never comes.
                let epoch = DateTime::UNIX_EPOCH.with_timezone(&zone);
                if cron.find_next_occurrence(&epoch, false).is_err() {
                    let detail = "names a time that never comes".to_owned();
                    return Err(fault("/schedule/expression", detail));
                }
                let cron = Box::new(cron);
                Expected::At { cron, zone }
            }
        };
        Ok(Self {
            expected,
            grace: seconds(check.grace_s),
            max_run: check.max_run_s.map(seconds),
        })
    }

    /// When the job is late if nothing has been heard of it since `heard_at`: the next expected time and the grace after
    /// it.
    pub fn late_at(&self, heard_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.expected_at(heard_at)?.checked_add_signed(self.grace)
    }

    /// The next time at which the job is expected after it was heard of. A local time that comes twice in autumn is
    /// expected once, one that is skipped in spring is made up for as cron daemons do.
    pub fn expected_at(&self, heard_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match &self.expected {
            Expected::Every(period) => heard_at.checked_add_signed(*period),
            Expected::At { cron, zone } => {
                let after = (heard_at + EARLY).with_timezone(zone);
                let next = cron.find_next_occurrence(&after, false).ok()?;
                Some(next.with_timezone(&Utc))
            }
        }
    }
}

fn seconds(seconds: u32) -> TimeDelta {
    TimeDelta::seconds(seconds.into())
}

fn fault(pointer: &str, detail: String) -> FieldError {
    let pointer = pointer.to_owned();
    FieldError { pointer, detail }
}

#[cfg(test)]
pub(super) fn rule(schedule: &serde_json::Value, grace_s: u32, max_run_s: Option<u32>) -> Rule {
    let check = HeartbeatCheck {
        schedule: serde_json::from_value(schedule.clone()).unwrap(),
        grace_s,
        max_run_s,
    };
    Rule::read(&check).unwrap()
}

#[cfg(test)]
pub(super) fn at(text: &str) -> DateTime<Utc> {
    format!("{text}Z").parse().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cron(expression: &str, zone: &str) -> Rule {
        let schedule = json!({"every": "cron", "expression": expression, "zone": zone});
        rule(&schedule, 600, None)
    }

    #[test]
    fn a_period_counts_from_the_last_call() {
        let rule = rule(&json!({"every": "period", "period_s": 3600}), 300, None);
        let late_at = rule.late_at(at("2026-05-01T10:00:00"));
        assert_eq!(late_at, Some(at("2026-05-01T11:05:00")));
    }

    #[test]
    fn a_cron_time_is_that_of_its_zone() {
        let nightly = cron("30 2 * * *", "Europe/Berlin");
        for (heard, late) in [
            ("2026-01-10T12:00:00", "2026-01-11T01:40:00"),
            ("2026-07-10T12:00:00", "2026-07-11T00:40:00"),
        ] {
            assert_eq!(nightly.late_at(at(heard)), Some(at(late)));
        }
        let weekdays = cron("0 9 * * MON-FRI", "America/New_York");
        let monday = weekdays.expected_at(at("2026-05-01T14:00:00"));
        assert_eq!(monday, Some(at("2026-05-04T13:00:00")));
    }

    #[test]
    fn a_call_a_moment_early_is_that_times() {
        let nightly = cron("30 2 * * *", "UTC");
        let expected = |heard| nightly.expected_at(at(heard)).unwrap();
        assert_eq!(expected("2026-05-01T02:29:58"), at("2026-05-02T02:30:00"));
        assert_eq!(expected("2026-05-01T02:29:00"), at("2026-05-01T02:30:00"));
    }

    #[test]
    fn clocks_that_change_make_no_false_alarm() {
        let nightly = cron("30 2 * * *", "Europe/Berlin");
        let expected = |heard| nightly.expected_at(heard).unwrap();
        // 29 March 2026: there is no 02:30 in Berlin. The run is made up for after the gap, or due the day after.
        let skipped = expected(at("2026-03-28T01:30:00"));
        assert!(skipped >= at("2026-03-29T01:00:00"), "{skipped}");
        let next = expected(skipped.max(at("2026-03-29T01:30:00")));
        assert!(next >= at("2026-03-30T00:30:00"), "{next}");
        // 25 October 2026: 02:30 comes twice, at 00:30 and 01:30 UTC. It is expected once.
        let twice = expected(at("2026-10-24T00:30:00"));
        assert_eq!(twice, at("2026-10-25T00:30:00"));
        assert_eq!(expected(twice), at("2026-10-26T01:30:00"));
        // What is expected every half hour is expected through both of the hours.
        let half_hourly = cron("*/30 * * * *", "Europe/Berlin");
        let mut times = vec![at("2026-10-24T23:45:00")];
        for _ in 0..6 {
            times.push(half_hourly.expected_at(times[times.len() - 1]).unwrap());
        }
        let apart: Vec<_> = times[1..]
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).num_minutes())
            .collect();
        assert_eq!(apart, [30; 5]);
    }

    #[test]
    fn what_is_no_schedule_names_its_field() {
        for (expression, zone, pointer) in [
            ("61 * * * *", "UTC", "/schedule/expression"),
            ("0 0 30 2 *", "UTC", "/schedule/expression"),
            ("* * * * * *", "UTC", "/schedule/expression"),
            ("nonsense", "UTC", "/schedule/expression"),
            ("* * * * *", "Europe/Atlantis", "/schedule/zone"),
        ] {
            let schedule = json!({"every": "cron", "expression": expression, "zone": zone});
            let check = serde_json::from_value(json!({"schedule": schedule})).unwrap();
            let fault = Rule::read(&check).unwrap_err();
            assert_eq!(fault.pointer, pointer, "{expression} {zone}");
        }
    }
}
