//! What calls and silence mean: a job's state, and what was seen of it when.
//!
//! Whoever drives it hands over the calls in order of their times, and asks it to go on to now. It has no clock.

use super::schedule::Rule;
use chrono::{DateTime, Utc};
use edgewatch_protocol::{
    facts::{Facts, ReplyFacts},
    observation::{Outcome, Sight},
    reason::Reason,
};

/// What a call says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The job has begun.
    Start,
    /// The job has ended well.
    Success,
    /// The job has failed.
    Failure,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it came.
    pub at: DateTime<Utc>,
    /// What it says.
    pub signal: Signal,
    /// The job's exit code, where it told one.
    pub exit_code: Option<u8>,
    /// What it said beside, bounded and masked.
    pub message: Option<String>,
}

/// Something that was seen of a job at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub sight: Sight,
}

/// What is known of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobState {
    /// When it last ended, well or not.
    pub last_end_at: Option<DateTime<Utc>>,
    /// When it began, while it has not ended.
    pub started_at: Option<DateTime<Utc>>,
    /// Why it is down, until it ends well.
    pub standing: Option<Reason>,
}

impl JobState {
    /// Goes on until a call, and takes it.
    pub fn take(&mut self, rule: &Rule, heard_since: DateTime<Utc>, call: &Call) -> Vec<Look> {
        let mut looks: Vec<_> = self.advance(rule, heard_since, call.at).into_iter().collect();
        if call.signal == Signal::Start {
            self.started_at = Some(call.at);
            return looks;
        }
        let run = self.started_at.take().map(|started_at| call.at - started_at);
        self.last_end_at = Some(call.at);
        self.standing = (call.signal == Signal::Failure).then_some(Reason::HeartbeatFailed);
        let mut sight = match self.standing {
            Some(reason) => down(reason, failure_message(call)),
            None => Sight::of(Outcome::Up, None),
        };
        let run_us = run.and_then(|run| run.num_microseconds()).unwrap_or_default();
        sight.total_us = u32::try_from(run_us.max(0)).unwrap_or(u32::MAX);
        if call.message.is_some() || call.exit_code.is_some() {
            let text = call.message.clone().unwrap_or_default();
            sight.facts = Some(Facts::Reply(ReplyFacts {
                bytes: text.len() as u64,
                text,
                exit_code: call.exit_code.map(i32::from),
            }));
        }
        looks.push(Look { at: call.at, sight });
        looks
    }

    /// Goes on to a moment: if a deadline has passed before it, the job is down from then on.
    pub fn advance(&mut self, rule: &Rule, heard_since: DateTime<Utc>, to: DateTime<Utc>) -> Option<Look> {
        let (at, reason) = self.next_failure(rule, heard_since)?;
        if at >= to {
            return None;
        }
        self.standing = Some(reason);
        let sight = self.look(rule, heard_since, at);
        Some(Look { at, sight })
    }

    /// What is to be seen of the job at a moment up to which it has gone on.
    pub fn look(&self, rule: &Rule, heard_since: DateTime<Utc>, now: DateTime<Utc>) -> Sight {
        if let Some(reason) = self.standing {
            return down(reason, self.standing_message(rule, reason));
        }
        let waiting = |message: String| {
            let reason = Reason::HeartbeatWaiting;
            Sight::of(Outcome::Unmeasured { reason }, Some(message))
        };
        if self.last_end_at.is_none() {
            return waiting("the job has not called yet".to_owned());
        }
        let is_late = self
            .heard_at()
            .and_then(|heard_at| rule.late_at(heard_at))
            .is_some_and(|late_at| late_at < now);
        let runs_long = self.run_over_at(rule).is_some_and(|over_at| over_at < now);
        if is_late || runs_long {
            let since = text(heard_since);
            return waiting(format!(
                "the job could not be heard before {since} and is waited for anew"
            ));
        }
        Sight::of(Outcome::Up, None)
    }

    /// When the job will be down, and why, unless it calls before.
    pub fn next_failure(&self, rule: &Rule, heard_since: DateTime<Utc>) -> Option<(DateTime<Utc>, Reason)> {
        if self.standing.is_some() {
            return None;
        }
        let missed = self
            .heard_at()
            .and_then(|heard_at| rule.late_at(heard_at.max(heard_since)))
            .map(|at| (at, Reason::HeartbeatMissed));
        // The end of a run may have been told while nobody could hear it.
        let was_heard = self
            .started_at
            .is_some_and(|started_at| started_at >= heard_since);
        let over = self.run_over_at(rule).filter(|_| was_heard);
        let over = over.map(|at| (at, Reason::Timeout));
        missed.into_iter().chain(over).min_by_key(|(at, _)| *at)
    }

    fn heard_at(&self) -> Option<DateTime<Utc>> {
        self.last_end_at.max(self.started_at)
    }

    fn run_over_at(&self, rule: &Rule) -> Option<DateTime<Utc>> {
        self.started_at?.checked_add_signed(rule.max_run?)
    }

    fn standing_message(&self, rule: &Rule, reason: Reason) -> String {
        match (reason, self.heard_at(), self.started_at, rule.max_run) {
            (Reason::Timeout, _, Some(started_at), Some(max_run)) => format!(
                "the job began at {} and has not ended within {} s",
                text(started_at),
                max_run.num_seconds()
            ),
            (Reason::HeartbeatMissed, Some(heard_at), ..) => {
                format!("the job has not called since {}", text(heard_at))
            }
            (Reason::HeartbeatFailed, ..) => {
                let end = self.last_end_at.map(text).unwrap_or_default();
                format!("the job failed at {end} and has not ended well since")
            }
            _ => "the job is late".to_owned(),
        }
    }
}

fn down(reason: Reason, message: String) -> Sight {
    let outcome = Outcome::Down { reason, phase: None };
    Sight::of(outcome, Some(message))
}

fn failure_message(call: &Call) -> String {
    let what = match call.exit_code {
        Some(code) => format!("the job ended with exit code {code}"),
        None => "the job says that it failed".to_owned(),
    };
    match call.message.as_deref().and_then(|message| message.lines().next()) {
        Some(line) if !line.is_empty() => format!("{what}: {line}"),
        _ => what,
    }
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::{super::schedule, *};
    use schedule::at;
    use serde_json::json;

    /// Heard without a break since long ago.
    const ALWAYS: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn hourly(max_run_s: Option<u32>) -> Rule {
        schedule::rule(&json!({"every": "period", "period_s": 3600}), 300, max_run_s)
    }

    fn call(at: DateTime<Utc>, signal: Signal) -> Call {
        Call {
            at,
            signal,
            exit_code: None,
            message: None,
        }
    }

    fn told(looks: &[Look]) -> Vec<(String, Outcome)> {
        looks
            .iter()
            .map(|look| (look.at.format("%H:%M:%S").to_string(), look.sight.outcome))
            .collect()
    }

    fn down(reason: Reason) -> Outcome {
        Outcome::Down { reason, phase: None }
    }

    fn waiting() -> Outcome {
        Outcome::Unmeasured {
            reason: Reason::HeartbeatWaiting,
        }
    }

    #[test]
    fn a_job_that_never_called_is_waited_for() {
        let (rule, mut job) = (hourly(None), JobState::default());
        let now = at("2026-05-01T12:00:00");
        assert_eq!(job.advance(&rule, ALWAYS, now), None);
        assert_eq!(job.look(&rule, ALWAYS, now).outcome, waiting());
        assert_eq!(job.next_failure(&rule, ALWAYS), None);
    }

    #[test]
    fn silence_is_down_from_the_deadline_until_the_job_ends_well() {
        let (rule, mut job) = (hourly(None), JobState::default());
        let looks = job.take(&rule, ALWAYS, &call(at("2026-05-01T10:00:00"), Signal::Success));
        assert_eq!(told(&looks), [("10:00:00".to_owned(), Outcome::Up)]);
        // At the deadline itself it is not late yet.
        assert_eq!(job.advance(&rule, ALWAYS, at("2026-05-01T11:05:00")), None);
        let late = job.advance(&rule, ALWAYS, at("2026-05-01T11:05:07")).unwrap();
        assert_eq!(
            told(std::slice::from_ref(&late)),
            [("11:05:00".to_owned(), down(Reason::HeartbeatMissed))]
        );
        assert!(late.sight.message.unwrap().contains("since 2026-05-01T10:00:00Z"));
        // Told once; it stays so, also while the job runs again.
        assert_eq!(job.advance(&rule, ALWAYS, at("2026-05-01T12:00:00")), None);
        assert!(
            job.take(&rule, ALWAYS, &call(at("2026-05-01T12:00:00"), Signal::Start))
                .is_empty()
        );
        let now = at("2026-05-01T12:01:00");
        assert_eq!(
            job.look(&rule, ALWAYS, now).outcome,
            down(Reason::HeartbeatMissed)
        );
        let looks = job.take(&rule, ALWAYS, &call(at("2026-05-01T12:02:00"), Signal::Success));
        assert_eq!(looks[0].sight.outcome, Outcome::Up);
        assert_eq!(looks[0].sight.total_us, 120_000_000);
    }

    #[test]
    fn a_deadline_that_passed_before_a_call_is_told_before_it() {
        let (rule, mut job) = (hourly(None), JobState::default());
        job.take(&rule, ALWAYS, &call(at("2026-05-01T10:00:00"), Signal::Success));
        let looks = job.take(&rule, ALWAYS, &call(at("2026-05-01T11:05:04"), Signal::Success));
        assert_eq!(
            told(&looks),
            [
                ("11:05:00".to_owned(), down(Reason::HeartbeatMissed)),
                ("11:05:04".to_owned(), Outcome::Up)
            ]
        );
    }

    #[test]
    fn a_failure_says_what_the_job_said() {
        let (rule, mut job) = (hourly(None), JobState::default());
        let failure = Call {
            exit_code: Some(3),
            message: Some("disk full\nand more".to_owned()),
            ..call(at("2026-05-01T10:00:00"), Signal::Failure)
        };
        let looks = job.take(&rule, ALWAYS, &failure);
        assert_eq!(looks[0].sight.outcome, down(Reason::HeartbeatFailed));
        assert_eq!(
            looks[0].sight.message.as_deref(),
            Some("the job ended with exit code 3: disk full")
        );
        let Some(Facts::Reply(reply)) = &looks[0].sight.facts else {
            panic!()
        };
        assert_eq!(
            (reply.exit_code, reply.text.as_str()),
            (Some(3), "disk full\nand more")
        );
        // A failure stands; that the next run is missed too changes nothing.
        assert_eq!(job.advance(&rule, ALWAYS, at("2026-05-01T23:00:00")), None);
        let now = at("2026-05-01T23:00:00");
        assert_eq!(
            job.look(&rule, ALWAYS, now).outcome,
            down(Reason::HeartbeatFailed)
        );
    }

    #[test]
    fn a_run_that_does_not_end_times_out() {
        let (rule, mut job) = (hourly(Some(600)), JobState::default());
        job.take(&rule, ALWAYS, &call(at("2026-05-01T10:00:00"), Signal::Success));
        job.take(&rule, ALWAYS, &call(at("2026-05-01T11:00:00"), Signal::Start));
        assert_eq!(
            job.next_failure(&rule, ALWAYS),
            Some((at("2026-05-01T11:10:00"), Reason::Timeout))
        );
        let late = job.advance(&rule, ALWAYS, at("2026-05-01T11:10:01")).unwrap();
        assert_eq!(late.sight.outcome, down(Reason::Timeout));
        assert!(late.sight.message.unwrap().contains("within 600 s"));
    }

    #[test]
    fn a_start_is_a_sign_of_life() {
        let (rule, mut job) = (hourly(None), JobState::default());
        job.take(&rule, ALWAYS, &call(at("2026-05-01T10:00:00"), Signal::Success));
        job.take(&rule, ALWAYS, &call(at("2026-05-01T11:00:00"), Signal::Start));
        assert_eq!(job.advance(&rule, ALWAYS, at("2026-05-01T11:30:00")), None);
        assert!(job.advance(&rule, ALWAYS, at("2026-05-01T12:05:01")).is_some());
    }

    #[test]
    fn what_nobody_could_hear_is_not_held_against_the_job() {
        let (rule, mut job) = (hourly(Some(600)), JobState::default());
        job.take(&rule, ALWAYS, &call(at("2026-05-01T10:00:00"), Signal::Success));
        // Nobody listened from 10:30 to 11:30; the call of 11:00 went unheard.
        let since = at("2026-05-01T11:30:00");
        assert_eq!(job.advance(&rule, since, at("2026-05-01T11:31:00")), None);
        let sight = job.look(&rule, since, at("2026-05-01T11:31:00"));
        assert_eq!(sight.outcome, waiting());
        assert!(sight.message.unwrap().contains("2026-05-01T11:30:00Z"));
        // From then on it is expected again.
        let late = job.advance(&rule, since, at("2026-05-01T12:36:00")).unwrap();
        assert_eq!(late.at, at("2026-05-01T12:35:00"));

        // A run whose end may have gone unheard has not timed out either.
        let mut job = JobState::default();
        job.take(&rule, ALWAYS, &call(at("2026-05-01T10:25:00"), Signal::Success));
        job.take(&rule, ALWAYS, &call(at("2026-05-01T10:29:00"), Signal::Start));
        assert_eq!(job.advance(&rule, since, at("2026-05-01T11:31:00")), None);
        assert_eq!(
            job.look(&rule, since, at("2026-05-01T11:31:00")).outcome,
            waiting()
        );
        // One that was late already stays late.
        let mut job = JobState::default();
        job.take(&rule, ALWAYS, &call(at("2026-05-01T08:00:00"), Signal::Success));
        assert!(job.advance(&rule, ALWAYS, at("2026-05-01T10:29:00")).is_some());
        assert_eq!(
            job.look(&rule, since, since).outcome,
            down(Reason::HeartbeatMissed)
        );
    }

    #[test]
    fn a_nightly_job_is_judged_right_through_both_changes_of_the_clocks() {
        let schedule = json!({"every": "cron", "expression": "30 2 * * *", "zone": "Europe/Berlin"});
        let rule = schedule::rule(&schedule, 600, None);
        for (first, nights) in [
            // As a cron daemon runs it: 02:30 local, in March at 03:00 local on the night without a 02:30.
            (
                "2026-10-23T00:30:20",
                vec![
                    "2026-10-24T00:30:20",
                    "2026-10-25T00:30:20",
                    "2026-10-26T01:30:20",
                ],
            ),
            (
                "2026-03-27T01:30:20",
                vec![
                    "2026-03-28T01:30:20",
                    "2026-03-29T01:00:20",
                    "2026-03-30T00:30:20",
                ],
            ),
        ] {
            let mut job = JobState::default();
            job.take(&rule, ALWAYS, &call(at(first), Signal::Success));
            for night in nights {
                let looks = job.take(&rule, ALWAYS, &call(at(night), Signal::Success));
                let outcomes: Vec<_> = looks.iter().map(|look| look.sight.outcome).collect();
                assert_eq!(outcomes, [Outcome::Up], "{night}");
            }
        }
    }
}
