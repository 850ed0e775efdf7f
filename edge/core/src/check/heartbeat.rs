//! The heartbeat check, as far as a probe is concerned: its bounds. No probe runs it: the aggregator is called, and is the
//! one to look whether a job is late. What a cron expression means is for the aggregator to say too, so that probes need
//! no calendar.

use crate::{
    check::{CheckType, unsupported},
    engine::Engine,
    platform::Platform,
    validate::Faults,
};
use edgewatch_protocol::{
    assertion::Assertion,
    check::{HeartbeatCheck, heartbeat::HeartbeatSchedule},
    observation::Sight,
};

/// The longest cron expression, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 100;
/// The longest period, in seconds: a leap year.
pub const MAX_PERIOD_S: u32 = 31_622_400;
/// The longest grace, in seconds.
pub const MAX_GRACE_S: u32 = 86_400;
/// The longest run, in seconds.
pub const MAX_RUN_S: u32 = 604_800;

impl CheckType for HeartbeatCheck {
    fn target(&self) -> String {
        match &self.schedule {
            HeartbeatSchedule::Period { period_s } => format!("every {}", duration(*period_s)),
            HeartbeatSchedule::Cron { expression, zone } => format!("cron {expression} ({zone})"),
        }
    }

    fn origin(&self) -> Option<String> {
        None
    }

    /// The job has no latency and no certificate.
    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>> {
        None
    }

    fn validate(&self, faults: &mut Faults) {
        match &self.schedule {
            HeartbeatSchedule::Period { period_s } => {
                faults.range("/schedule/period_s", *period_s, 10, MAX_PERIOD_S);
            }
            HeartbeatSchedule::Cron { expression, zone } => {
                if expression.len() > MAX_EXPRESSION_BYTES {
                    let detail = format!("may have at most {MAX_EXPRESSION_BYTES} bytes");
                    faults.add("/schedule/expression", detail);
                } else if expression.split_ascii_whitespace().count() != 5 {
                    faults.add(
                        "/schedule/expression",
                        "must have five fields: minute, hour, day of the month, month, day of the week, as in `30 2 * * 1-5`",
                    );
                }
                if zone.is_empty() || zone.len() > MAX_EXPRESSION_BYTES {
                    faults.add("/schedule/zone", "must name a time zone such as Europe/Berlin");
                }
            }
        }
        faults.range("/grace_s", self.grace_s, 0, MAX_GRACE_S);
        if let Some(max_run_s) = self.max_run_s {
            faults.range("/max_run_s", max_run_s, 10, MAX_RUN_S);
        }
    }

    async fn run<P: Platform>(&self, _engine: &Engine<'_, P>, _timeout_ms: u32) -> Sight {
        unsupported("a heartbeat is not looked for by probes: the job calls the aggregator")
    }
}

/// Seconds as people say them: `90 s`, `15 min`, `6 h`, `7 d`.
fn duration(seconds: u32) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let unit = units
        .into_iter()
        .find(|(size, _)| seconds >= *size && seconds.is_multiple_of(*size));
    let (size, name) = unit.unwrap_or((1, "s"));
    format!("{} {name}", seconds / size)
}

#[cfg(test)]
mod tests {
    use crate::check::{capabilities, target, validate};
    use edgewatch_protocol::check::Check;
    use serde_json::{Value, json};

    fn check(schedule: &Value, more: &Value) -> Check {
        let mut check = json!({"type": "heartbeat", "schedule": schedule});
        let members = check.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        serde_json::from_value(check).unwrap()
    }

    fn faults(schedule: &Value, more: &Value) -> Vec<String> {
        let faults = validate(&check(schedule, more));
        faults.into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn each_bound_names_its_field() {
        let daily = json!({"every": "period", "period_s": 86_400});
        let none = json!({});
        assert_eq!(
            faults(&daily, &json!({"grace_s": 0, "max_run_s": 604_800})),
            [""; 0]
        );
        for (schedule, more, pointers) in [
            (
                json!({"every": "period", "period_s": 9}),
                &none,
                vec!["/schedule/period_s"],
            ),
            (
                json!({"every": "period", "period_s": 31_622_401}),
                &none,
                vec!["/schedule/period_s"],
            ),
            (
                daily.clone(),
                &json!({"grace_s": 86_401, "max_run_s": 9}),
                vec!["/grace_s", "/max_run_s"],
            ),
            (
                json!({"every": "cron", "expression": "* * * *", "zone": ""}),
                &none,
                vec!["/schedule/expression", "/schedule/zone"],
            ),
            (
                json!({"every": "cron", "expression": "* ".repeat(51), "zone": "UTC"}),
                &none,
                vec!["/schedule/expression"],
            ),
        ] {
            assert_eq!(faults(&schedule, more), pointers, "{schedule} {more}");
        }
    }

    #[test]
    fn its_target_is_its_schedule() {
        let none = json!({});
        let shown = |schedule: Value| target(&check(&schedule, &none));
        assert_eq!(shown(json!({"every": "period", "period_s": 86_400})), "every 1 d");
        assert_eq!(
            shown(json!({"every": "period", "period_s": 5_400})),
            "every 90 min"
        );
        assert_eq!(shown(json!({"every": "period", "period_s": 90})), "every 90 s");
        assert_eq!(
            shown(json!({"every": "cron", "expression": "30 2 * * *", "zone": "Europe/Berlin"})),
            "cron 30 2 * * * (Europe/Berlin)"
        );
        assert_eq!(
            capabilities(&check(&json!({"every": "period", "period_s": 60}), &none)),
            ["heartbeat"]
        );
    }
}
