//! The script check: a program that the agent's own configuration names, its exit code and its first line of output.

use crate::{
    assertion::Evidence,
    attempt::{
        excerpt::excerpt,
        judge::{Judgement, judge},
        progress::{NOT_APPLICABLE, Progress},
        stop::Stop,
    },
    check::CheckType,
    engine::Engine,
    platform::{Platform, ScriptError, ScriptOutput},
    validate::{self, Faults},
};
use edgewatch_protocol::{
    assertion::Assertion,
    check::ScriptCheck,
    facts::{Facts, ReplyFacts},
    observation::{Outcome, Sight},
    phase::PhaseTimes,
    reason::Reason,
};

/// The most arguments.
pub const MAX_ARGUMENTS: usize = 20;
/// The longest argument, in bytes.
pub const MAX_ARGUMENT_BYTES: usize = 1024;

/// Whether a text can be the name of a script.
pub fn is_script_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=64).contains(&name.len()) && name.bytes().all(is_plain)
}

impl CheckType for ScriptCheck {
    fn target(&self) -> String {
        self.script.clone()
    }

    fn origin(&self) -> Option<String> {
        None
    }

    fn assertions(&self) -> Vec<&Assertion> {
        self.assertions.iter().collect()
    }

    /// What a program takes is its own affair.
    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>> {
        None
    }

    fn validate(&self, faults: &mut Faults) {
        if !is_script_name(&self.script) {
            let detail = "must be a name of the agent's configuration: 1 to 64 letters, digits, -, _ and .";
            faults.add("/script", detail);
        }
        if self.arguments.len() > MAX_ARGUMENTS {
            faults.add("/arguments", format!("may be at most {MAX_ARGUMENTS}"));
        }
        for (index, argument) in self.arguments.iter().enumerate() {
            if argument.len() > MAX_ARGUMENT_BYTES || argument.contains('\0') {
                let detail = format!("may have at most {MAX_ARGUMENT_BYTES} bytes, none of them 0");
                faults.add(format!("/arguments/{index}"), detail);
            }
        }
        validate::assertions(&self.assertions, &["reply", "latency"], faults);
    }

    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight {
        let platform = engine.platform;
        let mut progress = Progress::begin(platform, timeout_ms);
        progress.phases = PhaseTimes {
            dns: NOT_APPLICABLE,
            tcp: NOT_APPLICABLE,
            tls: NOT_APPLICABLE,
            request: NOT_APPLICABLE,
            ttfb: NOT_APPLICABLE,
            body: NOT_APPLICABLE,
        };
        let run = platform.run_script(&self.script, &self.arguments);
        let ended = progress.deadline.within(platform, run).await;
        let total_us = progress.total_us(platform);
        let (judgement, facts) = match ended {
            None => {
                let message = format!("the script did not end within {timeout_ms} ms and was killed");
                (
                    Judgement::stopped(Stop::down_by_rule(Reason::Timeout, message)),
                    None,
                )
            }
            Some(Err(ScriptError(why))) => (
                Judgement::stopped(Stop::unmeasured(Reason::Unsupported, why)),
                None,
            ),
            Some(Ok(output)) => {
                let judgement = judge_script(&self.assertions, &output, platform.now_ms(), total_us);
                let facts = ReplyFacts {
                    text: excerpt(output.line.as_bytes()).unwrap_or_default(),
                    bytes: output.line.len() as u64,
                    exit_code: output.exit_code,
                };
                (judgement, Some(Facts::Reply(facts)))
            }
        };
        progress.into_sight(total_us, judgement, facts)
    }
}

fn judge_script(assertions: &[Assertion], output: &ScriptOutput, now_ms: i64, total_us: u32) -> Judgement {
    let shown = excerpt(output.line.as_bytes());
    let said = shown.map_or(String::new(), |line| format!(": {line}"));
    let down = |what: String| Judgement::stopped(Stop::down_by_rule(Reason::ScriptFailed, what + &said));
    let evidence = Evidence {
        reply: Some(&output.line),
        ..Evidence::at(now_ms, total_us)
    };
    match output.exit_code {
        None => down("the script was ended by a signal".to_owned()),
        Some(code @ (..0 | 2..)) => down(format!("the script ended with exit code {code}")),
        Some(code) => {
            let mut judgement = judge(assertions, &evidence);
            if code == 1 && judgement.outcome.state() == Outcome::Up.state() {
                let reason = Reason::ScriptFailed;
                judgement.outcome = Outcome::Degraded { reason };
                judgement.message = Some(format!("the script ended with exit code 1{said}"));
            }
            judgement
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::validate;
    use edgewatch_protocol::check::Check;

    fn outcome(exit_code: Option<i32>, line: &str, assertions: &str) -> Outcome {
        let output = ScriptOutput {
            exit_code,
            line: line.to_owned(),
        };
        let assertions: Vec<Assertion> = serde_json::from_str(assertions).unwrap();
        judge_script(&assertions, &output, 0, 1000).outcome
    }

    #[test]
    fn the_exit_code_decides_and_then_the_assertions() {
        let reason = Reason::ScriptFailed;
        let down = Outcome::Down { reason, phase: None };
        assert_eq!(outcome(Some(0), "", "[]"), Outcome::Up);
        assert_eq!(outcome(Some(1), "", "[]"), Outcome::Degraded { reason });
        assert_eq!(outcome(Some(2), "", "[]"), down);
        assert_eq!(outcome(Some(-1), "", "[]"), down);
        assert_eq!(outcome(None, "", "[]"), down);
        let asked = r#"[{"on":"reply","is":"contains","value":"ok"}]"#;
        assert_eq!(outcome(Some(0), "all ok", asked), Outcome::Up);
        let reason = Reason::AssertionFailed;
        assert_eq!(
            outcome(Some(1), "bad", asked),
            Outcome::Down { reason, phase: None }
        );
    }

    #[test]
    fn names_and_arguments_have_bounds() {
        let faults = |json: &str| {
            let check: Check = serde_json::from_str(json).unwrap();
            let faults = validate(&check).into_iter();
            faults.map(|fault| fault.pointer).collect::<Vec<_>>()
        };
        let good = r#"{"type":"script","script":"disk-free.v2","arguments":["/","--quiet"]}"#;
        assert_eq!(faults(good), [""; 0]);
        assert_eq!(
            faults(r#"{"type":"script","script":"../../bin/sh"}"#),
            ["/script"]
        );
        assert_eq!(faults(r#"{"type":"script","script":""}"#), ["/script"]);
        assert_eq!(
            faults(r#"{"type":"script","script":"a","arguments":["a\u0000b"]}"#),
            ["/arguments/0"]
        );
    }
}
