//! A case: what a target does, what is checked there, and what every host has to say of it. All of it is data; what a
//! host cannot see is declared beside it and ends up in the documentation.

use edgewatch_protocol::{
    capability,
    observation::Outcome,
    phase::{NotMeasurable, Phase},
    reason::Reason,
};
use serde_json::{Value, json};

/// The time-out of a check that is not about time-outs.
const TIMEOUT_MS: u32 = 5_000;

/// A check and what has to come of it. Places of the target stand in braces; see [`crate::places`].
#[derive(Clone, Debug)]
pub struct Case {
    /// What the target does, in words.
    pub name: String,
    /// The check's settings.
    pub check: Value,
    /// The check's time-out.
    pub timeout_ms: u32,
    /// What is seen.
    pub expected: Expectation,
    /// What a probe has to be able to do for it that not every host can.
    pub needs: &'static [&'static str],
    /// Where a host sees something else.
    pub differences: Vec<Difference>,
    /// Whether the host does without its resolver for a while afterwards.
    pub takes_resolver_away: bool,
}

/// What has to hold of a sight.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// The outcome; one of several where it is a race.
    pub ends: Vec<Outcome>,
    /// What is known of phases where the outcome and the URL do not tell it.
    pub phases: Vec<(Phase, Shape)>,
    /// How long something takes, as the target was told to, in milliseconds; and how much longer it may take because the
    /// kernel between has timers of its own.
    pub times: Vec<(Timed, u32, u32)>,
    /// What else is in the sight.
    pub facts: Vec<Fact>,
}

/// What a phase shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A time.
    Measured,
    /// Why there is none.
    Hidden(NotMeasurable),
    /// That the check did not get there.
    NotReached,
    /// Anything: it is a race.
    Any,
}

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timed {
    /// A phase.
    Phase(Phase),
    /// The whole check.
    Total,
}

/// Something in a sight.
#[derive(Clone, Debug)]
pub enum Fact {
    /// The value at a JSON pointer; `null` stands for absent.
    Is(&'static str, Value),
    /// The texts of all failed assertions.
    Fails(Vec<String>),
    /// A text that is nowhere in it.
    Untold(&'static str),
}

/// A host, as a probe names itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostKind {
    /// The agent.
    Agent,
    /// The Worker on workerd.
    Cloudflare,
    /// The component on wasmtime.
    Spin,
}

/// What a platform cannot see, or sees otherwise.
#[derive(Clone, Debug)]
pub struct Difference {
    /// On which host.
    pub host: HostKind,
    /// Why.
    pub why: &'static str,
    /// In what.
    pub changes: Vec<Change>,
}

/// In what a host's sight differs.
#[derive(Clone, Debug)]
pub enum Change {
    /// It ends so.
    Ends(Vec<Outcome>),
    /// A phase shows this.
    Shows(Phase, Shape),
    /// Something else is in the sight.
    Says(&'static str, Value),
}

/// `unmeasured` for a reason.
pub fn unmeasured(reason: Reason) -> Outcome {
    Outcome::Unmeasured { reason }
}

/// `down` for a reason, in a phase.
pub fn down(reason: Reason, phase: Phase) -> Outcome {
    let phase = Some(phase);
    Outcome::Down { reason, phase }
}

/// `down` for a reason, though every phase was passed.
pub fn down_by_rule(reason: Reason) -> Outcome {
    Outcome::Down { reason, phase: None }
}

/// An HTTP check of a URL.
pub fn http(name: impl Into<String>, url: impl Into<String>) -> Case {
    check(name, json!({"type": "http", "url": url.into()}))
}

/// A check of any type.
pub fn check(name: impl Into<String>, check: Value) -> Case {
    Case {
        name: name.into(),
        check,
        timeout_ms: TIMEOUT_MS,
        expected: Expectation::default(),
        needs: &[],
        differences: Vec::new(),
        takes_resolver_away: false,
    }
}

impl Case {
    /// Further settings of the check.
    pub fn with(mut self, settings: &Value) -> Self {
        for (name, value) in settings.as_object().into_iter().flatten() {
            self.check[name] = value.clone();
        }
        self
    }

    /// Assertions of the check.
    pub fn asserting(self, assertions: &Value) -> Self {
        self.with(&json!({"assertions": assertions}))
    }

    /// The check's time-out.
    pub fn within(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = timeout_ms;
        self
    }

    /// Only hosts with these capabilities can look; the others say that they cannot.
    pub fn needs(mut self, capabilities: &'static [&'static str]) -> Self {
        self.needs = capabilities;
        self
    }

    /// Ends with one of these.
    pub fn ends(mut self, outcomes: &[Outcome]) -> Self {
        self.expected.ends = outcomes.to_vec();
        self
    }

    /// Ends up.
    pub fn up(self) -> Self {
        self.ends(&[Outcome::Up])
    }

    /// Ends down in a phase.
    pub fn down(self, reason: Reason, phase: Phase) -> Self {
        self.ends(&[down(reason, phase)])
    }

    /// Ends down although every phase was passed.
    pub fn down_by_rule(self, reason: Reason) -> Self {
        self.ends(&[down_by_rule(reason)])
    }

    /// Ends by running out of time in a phase.
    pub fn times_out(mut self, after_ms: u32, phase: Phase) -> Self {
        self.timeout_ms = after_ms;
        self.down(Reason::Timeout, phase).takes_in_all(after_ms)
    }

    /// Ends down by assertions, whose texts name what was found.
    pub fn fails(self, texts: &[&str]) -> Self {
        self.down_by_rule(Reason::AssertionFailed).fails_with(texts)
    }

    /// Ends degraded by assertions, whose texts name what was found.
    pub fn degrades(self, texts: &[&str]) -> Self {
        let reason = Reason::AssertionFailed;
        self.ends(&[Outcome::Degraded { reason }]).fails_with(texts)
    }

    fn fails_with(mut self, texts: &[&str]) -> Self {
        let texts = texts.iter().map(|&text| text.to_owned()).collect();
        self.expected.facts.push(Fact::Fails(texts));
        self
    }

    /// What is at a JSON pointer of the sight.
    pub fn says(mut self, pointer: &'static str, value: impl Into<Value>) -> Self {
        self.expected.facts.push(Fact::Is(pointer, value.into()));
        self
    }

    /// What is nowhere in the sight.
    pub fn does_not_tell(mut self, text: &'static str) -> Self {
        self.expected.facts.push(Fact::Untold(text));
        self
    }

    /// The final response's status.
    pub fn status(self, status: u16) -> Self {
        self.says("/http/status", status)
    }

    /// How many bytes of a body came.
    pub fn body_bytes(self, bytes: u64) -> Self {
        self.says("/http/body_bytes", bytes)
    }

    /// A phase shows this.
    pub fn shows(mut self, phase: Phase, shape: Shape) -> Self {
        self.expected.phases.retain(|&(known, _)| known != phase);
        self.expected.phases.push((phase, shape));
        self
    }

    /// A phase is measured.
    pub fn measures(self, phase: Phase) -> Self {
        self.shows(phase, Shape::Measured)
    }

    /// A phase that there is none of.
    pub fn has_no(self, phase: Phase) -> Self {
        self.shows(phase, Shape::Hidden(NotMeasurable::NotApplicable))
    }

    /// A phase takes so long.
    pub fn takes(mut self, phase: Phase, ms: u32) -> Self {
        self.expected.times.push((Timed::Phase(phase), ms, 0));
        self
    }

    /// A phase takes so long, and up to some milliseconds more by the kernel's timers.
    pub fn takes_by_kernel(mut self, phase: Phase, ms: u32, more_ms: u32) -> Self {
        self.expected.times.push((Timed::Phase(phase), ms, more_ms));
        self
    }

    /// The whole check takes so long.
    pub fn takes_in_all(mut self, ms: u32) -> Self {
        self.expected.times.push((Timed::Total, ms, 0));
        self
    }

    /// The resolver does not answer as one, so that the host does without for a while.
    pub fn takes_resolver_away(mut self) -> Self {
        self.takes_resolver_away = true;
        self
    }

    /// A host sees something else, because its platform cannot do better.
    pub fn differs(mut self, host: HostKind, why: &'static str, changes: &[Change]) -> Self {
        let changes = changes.to_vec();
        self.differences.push(Difference { host, why, changes });
        self
    }

    /// What a host has to see.
    pub fn expected_of(&self, host: HostKind) -> Expectation {
        if self.needs.iter().any(|needed| !host.can(needed)) {
            return Expectation {
                ends: vec![unmeasured(Reason::Unsupported)],
                phases: Phase::ALL.map(|phase| (phase, Shape::NotReached)).to_vec(),
                ..Expectation::default()
            };
        }
        let mut expected = self.expected.clone();
        let differences = self.differences.iter();
        let changes = differences
            .filter(|difference| difference.host == host)
            .flat_map(|difference| &difference.changes);
        for change in changes {
            match change {
                Change::Ends(outcomes) => expected.ends.clone_from(outcomes),
                Change::Shows(phase, shape) => expected.shows(*phase, *shape),
                Change::Says(pointer, value) => expected.says(pointer, value),
            }
        }
        expected
    }
}

impl Expectation {
    fn shows(&mut self, phase: Phase, shape: Shape) {
        self.phases.retain(|&(known, _)| known != phase);
        self.phases.push((phase, shape));
        if shape != Shape::Measured {
            self.times.retain(|&(timed, ..)| timed != Timed::Phase(phase));
        }
    }

    fn says(&mut self, pointer: &'static str, value: &Value) {
        self.facts
            .retain(|fact| !matches!(fact, Fact::Is(known, _) if *known == pointer));
        self.facts.push(Fact::Is(pointer, value.clone()));
    }
}

impl HostKind {
    /// All hosts.
    pub const ALL: [Self; 3] = [Self::Agent, Self::Cloudflare, Self::Spin];

    /// Whether it has a capability that not all have.
    pub fn can(self, capability: &str) -> bool {
        self.capabilities().contains(&capability)
    }

    /// What its probes say that they can do wherever they run.
    pub fn capabilities(self) -> &'static [&'static str] {
        match self {
            Self::Agent => capability::NATIVE,
            Self::Cloudflare | Self::Spin => capability::STREAMS,
        }
    }

    /// As people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Cloudflare => "Cloudflare",
            Self::Spin => "Spin",
        }
    }
}
