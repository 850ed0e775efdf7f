//! One scripted behaviour and what the probe has to say of it.

use edgewatch_protocol::{
    observation::{Observation, Outcome, Sight},
    phase::{NotMeasurable, Phase, PhaseTime},
    reason::Reason,
};
use edgewatch_tests::target::Addresses;
use serde_json::{Value, json};

/// How far a measured time may be from what the target did, in milliseconds.
const TOLERANCE_MS: f64 = 20.0;

/// The worker's clock shows whole milliseconds.
const CLOCK_GRAIN_MS: f64 = 1.0;

/// The time-out of a check that is not about time-outs.
const TIMEOUT_MS: u32 = 5_000;

type Fact = Box<dyn Fn(&Sight) -> Result<(), String>>;

/// What is timed.
#[derive(Clone, Copy, Debug)]
enum Timed {
    Phase(Phase),
    Total,
}

/// A check and what has to come of it.
pub struct Case {
    /// What the target does, in words; also the monitor's name.
    pub name: String,
    /// Where it is checked from.
    pub region: &'static str,
    check: Value,
    timeout_ms: u32,
    facts: Vec<Fact>,
    times: Vec<(Timed, f64, f64)>,
}

/// A `GET` of a URL.
pub fn case(name: &str, url: impl Into<String>) -> Case {
    Case {
        name: name.to_owned(),
        region: crate::REGION,
        check: json!({"type": "http", "url": url.into()}),
        timeout_ms: TIMEOUT_MS,
        facts: Vec::new(),
        times: Vec::new(),
    }
}

/// Whether two values are the same, said so that the difference is seen.
#[allow(
    clippy::needless_pass_by_value,
    reason = "facts are compared as they are found"
)]
pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("{what} is {found:?}, not {wanted:?}"))
}

impl Case {
    /// Further settings of the check.
    pub fn with(mut self, settings: &Value) -> Self {
        for (name, value) in settings.as_object().into_iter().flatten() {
            self.check[name] = value.clone();
        }
        self
    }

    /// Checked in another region than the others.
    pub fn in_region(mut self, region: &'static str) -> Self {
        self.region = region;
        self
    }

    /// Ends by running out of time in a phase.
    pub fn times_out(mut self, after_ms: u32, phase: Phase) -> Self {
        self.timeout_ms = after_ms;
        self.down(Reason::Timeout, phase).takes_in_all(after_ms)
    }

    /// What has to hold of every observation.
    pub fn sees(mut self, fact: impl Fn(&Sight) -> Result<(), String> + 'static) -> Self {
        self.facts.push(Box::new(fact));
        self
    }

    /// Ends with this outcome.
    pub fn ends(self, outcome: Outcome) -> Self {
        self.sees(move |sight| same("the outcome", sight.outcome, outcome))
    }

    /// Ends up.
    pub fn up(self) -> Self {
        self.ends(Outcome::Up)
            .sees(|sight| same("the message", sight.message.clone(), None))
    }

    /// Ends down in a phase, and says why.
    pub fn down(self, reason: Reason, phase: Phase) -> Self {
        let phase = Some(phase);
        self.ends(Outcome::Down { reason, phase })
            .says_why()
            .sees(move |sight| {
                let later = Phase::ALL.into_iter().filter(|&later| Some(later) >= phase);
                let measured: Vec<_> = later
                    .filter(|&later| sight.phases.get(later).measured_us().is_some())
                    .collect();
                same("what was measured past the end", measured, Vec::new())
            })
    }

    /// Ends down although every phase was passed.
    pub fn down_by_rule(self, reason: Reason) -> Self {
        let phase = None;
        self.ends(Outcome::Down { reason, phase }).says_why()
    }

    /// Ends down by assertions, whose texts name what was found.
    pub fn fails(self, texts: &'static [&'static str]) -> Self {
        self.down_by_rule(Reason::AssertionFailed).fails_texts(texts)
    }

    /// Ends degraded by assertions, whose texts name what was found.
    pub fn degrades(self, texts: &'static [&'static str]) -> Self {
        let reason = Reason::AssertionFailed;
        self.ends(Outcome::Degraded { reason })
            .says_why()
            .fails_texts(texts)
    }

    fn fails_texts(self, texts: &'static [&'static str]) -> Self {
        self.sees(|sight| {
            let found = sight.failed_assertions.iter();
            let found: Vec<_> = found.map(|failed| failed.text.as_str()).collect();
            same("the failed assertions", found, texts.to_vec())
        })
    }

    fn says_why(self) -> Self {
        self.sees(|sight| match &sight.message {
            Some(message) if !message.is_empty() && !message.contains('\n') => Ok(()),
            other => Err(format!("the message is {other:?}, not one line")),
        })
    }

    /// The final response's status.
    pub fn status(self, status: u16) -> Self {
        self.sees(move |sight| {
            let found = sight.http.as_ref().and_then(|http| http.status);
            same("the status", found, Some(status))
        })
    }

    /// A phase that has no time, and why.
    pub fn hides(self, phase: Phase, why: NotMeasurable) -> Self {
        self.sees(move |sight| {
            let found = sight.phases.get(phase);
            same(phase.as_str(), found, PhaseTime::NotMeasurable(why))
        })
    }

    /// A phase that was measured, however long it took.
    pub fn measures(self, phase: Phase) -> Self {
        self.sees(move |sight| match sight.phases.get(phase) {
            PhaseTime::Measured(_) => Ok(()),
            other => Err(format!("{} is {other:?}, not measured", phase.as_str())),
        })
    }

    /// A phase takes so long.
    pub fn takes(self, phase: Phase, ms: u32) -> Self {
        self.takes_and(phase, ms, 0)
    }

    /// A phase takes so long, and up to some milliseconds more that are the work of both sides.
    pub fn takes_and(mut self, phase: Phase, ms: u32, work_ms: u32) -> Self {
        self.times
            .push((Timed::Phase(phase), f64::from(ms), f64::from(work_ms)));
        self.measures(phase)
    }

    /// The whole check takes so long.
    pub fn takes_in_all(mut self, ms: u32) -> Self {
        self.times.push((Timed::Total, f64::from(ms), 0.0));
        self
    }

    /// The monitor.
    pub fn settings(&self) -> Value {
        json!({
            "name": self.name,
            "check": self.check,
            "interval_s": 10,
            "timeout_ms": self.timeout_ms,
            "regions": [self.region],
        })
    }

    /// What is wrong with an observation.
    pub fn faults(&self, observation: &Observation) -> Vec<String> {
        let facts = self.facts.iter();
        facts.filter_map(|fact| fact(&observation.sight).err()).collect()
    }

    /// How many times are to be judged.
    pub fn timed(&self) -> usize {
        self.times.len()
    }

    /// What is wrong with each time. The machine may have been busy with something else: a time is judged by the best
    /// of some observations, facts by all.
    pub fn late(&self, observation: &Observation) -> Vec<Option<String>> {
        let sight = &observation.sight;
        let times = self.times.iter().map(|&(timed, wanted_ms, work_ms)| {
            let us = match timed {
                Timed::Phase(phase) => sight.phases.get(phase).measured_us()?,
                Timed::Total => sight.total_us,
            };
            let ms = f64::from(us) / 1000.0;
            let right = wanted_ms - CLOCK_GRAIN_MS..=wanted_ms + work_ms + TOLERANCE_MS;
            (!right.contains(&ms)).then(|| format!("{timed:?} took {ms} ms, not {wanted_ms}"))
        });
        times.collect()
    }
}

/// Where the target's behaviours are.
pub struct Places<'a>(pub &'a Addresses);

impl Places<'_> {
    /// A path over HTTP.
    pub fn http(&self, path: &str) -> String {
        format!("{}{path}", self.0.http)
    }

    /// A path over HTTP, at a name of the target's resolver.
    pub fn named(&self, name: &str, path: &str) -> String {
        self.http(path).replace("127.0.0.1", name)
    }

    /// A path over HTTPS, with that kind of certificate.
    pub fn https(&self, kind: &str, path: &str) -> String {
        format!("{}{path}", self.0.https[kind])
    }

    /// A listener that misbehaves below HTTP.
    pub fn tcp(&self, scheme: &str, behaviour: &str) -> String {
        format!("{scheme}://{}/", self.0.tcp[behaviour])
    }
}
