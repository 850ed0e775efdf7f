//! Heartbeat and script.

use super::{CheckType, Group, Kind, Section, When, field, shared};
use crate::components::icon::Icon;

pub const HEARTBEAT: CheckType = CheckType {
    name: "heartbeat",
    label: "Heartbeat",
    about: "A job calls in when it has run; its silence is noticed",
    group: Group::Jobs,
    icon: Icon::Heart,
    interval_s: "60",
    least_interval_s: 10,
    fresh: r#"{"schedule":{"every":"period","period_s":86400}}"#,
    sections: &[Section {
        title: "Expected",
        about: "No region checks it: the job calls in by itself, at a secret address.",
        fields: &[
            field(
                "/schedule/every",
                "The job runs",
                Kind::Select(&[
                    ("period", "every so often"),
                    ("cron", "at the times of a cron expression"),
                ]),
            )
            .required(),
            field("/schedule/period_s", "At least every, seconds", Kind::Number)
                .hint("3600 is an hour, 86400 a day.")
                .required()
                .when(&[When("/schedule/every", &["period"])]),
            field("/schedule/expression", "Cron expression", Kind::Text)
                .placeholder("30 2 * * *")
                .hint("Minute, hour, day of the month, month, day of the week.")
                .required()
                .sixths(3)
                .when(&[When("/schedule/every", &["cron"])]),
            field("/schedule/zone", "Time zone", Kind::Text)
                .placeholder("Europe/Berlin")
                .default("UTC")
                .required()
                .sixths(3)
                .when(&[When("/schedule/every", &["cron"])]),
            field("/grace_s", "May be late by, seconds", Kind::Number)
                .default("300")
                .required()
                .sixths(3),
            field("/max_run_s", "May run for, seconds", Kind::Number)
                .placeholder("any time")
                .hint("From /start to the end.")
                .sixths(3),
        ],
    }],
};

pub const SCRIPT: CheckType = CheckType {
    name: "script",
    label: "Script",
    about: "A program on an agent's own machine",
    group: Group::Jobs,
    icon: Icon::Terminal,
    interval_s: "60",
    least_interval_s: 10,
    fresh: "{}",
    sections: &[Section {
        title: "Script",
        about: "Exit code 0 is up, 1 degraded, any other down. Only the agent's own configuration says which program a name stands for.",
        fields: &[
            field("/script", "Script name", Kind::Text)
                .placeholder("backup-age")
                .hint("As in the agent's configuration.")
                .required(),
            field("/arguments", "Arguments", Kind::Lines(3))
                .hint("One a line; taken only where the agent's configuration allows it."),
            shared::assertions(&shared::REPLY_ASSERTIONS),
        ],
    }],
};
